"""GitHub Actions, and what imitates it.

See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from photonctl.findings import Finding
from photonctl.pipelines.base import Pipeline
from photonctl.views.findings import github_data, github_lines


class GitHub(Pipeline):
    """Annotations and groups in the log; summary and outputs in files."""

    name = "github"

    def __init__(self, env: Mapping[str, str]) -> None:
        """Take the names of the files from the environment."""
        self._env = env

    def annotated(self, found: Sequence[Finding]) -> list[str]:
        """As workflow commands."""
        return github_lines(found)

    def summarised(self, markdown: str) -> list[str]:
        """In the step's summary."""
        self._append("GITHUB_STEP_SUMMARY", f"{markdown}\n")
        return []

    def output(self, values: Mapping[str, str]) -> list[str]:
        """As the step's outputs; no value has a line break."""
        lines = (f"{name}={value}\n" for name, value in values.items())
        self._append("GITHUB_OUTPUT", "".join(lines))
        return []

    def folded(self, title: str) -> tuple[str, str]:
        """As a group."""
        return f"::group::{github_data(title)}", "::endgroup::"

    def _append(self, variable: str, text: str) -> None:
        name = self._env.get(variable)
        if name:
            with Path(name).open("a", encoding="utf-8") as file:
                file.write(text)
