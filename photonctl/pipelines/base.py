"""What a CI system can be given beside a log. The base class gives nothing: it is no CI system."""

from collections.abc import Mapping, Sequence

from photonctl.findings import Finding
from photonctl.model.plan import Verb

LONGEST_SUMMARY = 240_000
"""Characters, of up to four bytes; GitHub takes 1 MiB of a step, and drops a longer one."""


class Pipeline:
    """A CI system. Methods return lines that it reads from the log, and write the files it reads.

    Every text is escaped here: no message can be taken for a command.
    """

    name = "none"

    def annotated(self, found: Sequence[Finding]) -> list[str]:
        """Show findings on the lines of their files."""
        return []

    def summarised(self, markdown: str) -> list[str]:
        """Show a text beside the log. It names no person."""
        return []

    def output(self, values: Mapping[str, str]) -> list[str]:
        """Hand values to the steps that follow."""
        return []

    def counted(self, counts: Mapping[Verb, int]) -> list[str]:
        """Show how much a plan would do."""
        return []

    def folded(self, title: str) -> tuple[str, str]:
        """Return the lines around a part of the log that is folded; "" = none."""
        return "", ""
