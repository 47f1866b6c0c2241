"""How much of what is live one command keeps at a time, and holds against patterns."""

from collections.abc import Mapping, Sequence
from typing import Any

from photonctl.errors import RefusedError
from photonctl.kinds.matching import Matching
from photonctl.model.policy import Policy
from photonctl.model.spec import Live
from photonctl.model.state import LiveProject

_MOST_ROWS = 200_000


class Bounds:
    """Counts the resources of all projects that a command reads whole."""

    def __init__(self, most: int = _MOST_ROWS) -> None:
        """Begin at none; ``most``: how many there may be."""
        self._most = most
        self._count = 0
        self._matching = Matching()

    def take(self, live: LiveProject) -> LiveProject:
        """Count a project's resources, and return it.

        Raises:
            RefusedError: there are too many.
        """
        self._count += sum(map(len, live.resources.values()))
        if self._count > self._most:
            raise RefusedError(
                f"the projects have more than {self._most:,} users and webhooks together",
                hint="Name one of them (--project NAME), or fewer manifests (-f, --shard I/N).",
            )
        return live

    def match(self, policy: Policy, rows: Mapping[str, Sequence[Live[Any]]]) -> None:
        """Count what a project's patterns cost; ``rows``: kind → what they are held against.

        Raises:
            RefusedError: those of all projects would take too long.
        """
        if not self._matching.take(policy, rows):
            raise RefusedError(
                "protect and ignore have too many patterns with wildcards for the live resources "
                "of this run that aren't declared",
                hint="Write fewer wildcards, or name fewer manifests (-f, --shard I/N).",
            )
