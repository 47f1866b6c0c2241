"""Azure Pipelines: logging commands.

See https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from photonctl.files import write_private
from photonctl.findings import Finding
from photonctl.pipelines.base import Pipeline
from photonctl.views.findings import azure_data, azure_lines, azure_property


class Azure(Pipeline):
    """Everything is a line of the log; a summary is a file that a line names."""

    name = "azure"

    def __init__(self, env: Mapping[str, str]) -> None:
        """Take the folder for files from the environment."""
        self._folder = Path(env.get("AGENT_TEMPDIRECTORY") or ".")

    def annotated(self, found: Sequence[Finding]) -> list[str]:
        """As issues of the log."""
        return azure_lines(found)

    def summarised(self, markdown: str) -> list[str]:
        """As an uploaded summary."""
        path = (self._folder / "photonctl-summary.md").absolute()
        write_private(path, f"{markdown}\n".encode())
        return [f"##vso[task.uploadsummary]{azure_data(str(path))}"]

    def output(self, values: Mapping[str, str]) -> list[str]:
        """As output variables."""
        return [
            f"##vso[task.setvariable variable={azure_property(name)};isOutput=true]"
            f"{azure_data(value)}"
            for name, value in values.items()
        ]

    def folded(self, title: str) -> tuple[str, str]:
        """As a group."""
        return f"##[group]{azure_data(title)}", "##[endgroup]"
