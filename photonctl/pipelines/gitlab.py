"""GitLab CI/CD: sections in the log, and files that jobs declare as ``artifacts: reports:``."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from photonctl.files import write_private
from photonctl.findings import Finding
from photonctl.model.plan import Verb
from photonctl.pipelines.base import Pipeline
from photonctl.views.findings import render_gitlab

_MOST = 999_999  # what the widget can show
CODE_QUALITY, TERRAFORM, DOTENV = "gl-code-quality-report.json", "tfplan.json", "plan.env"


class GitLab(Pipeline):
    """Files in the folder of the job's repository."""

    name = "gitlab"

    def __init__(self, env: Mapping[str, str], now: Callable[[], float]) -> None:
        """Take the folder from the environment; ``now``: seconds since 1970."""
        self._folder = Path(env.get("CI_PROJECT_DIR") or ".")
        self._now = now

    def annotated(self, found: Sequence[Finding]) -> list[str]:
        """As a Code Quality report."""
        return self._write(CODE_QUALITY, f"{render_gitlab(found)}\n")

    def output(self, values: Mapping[str, str]) -> list[str]:
        """As a dotenv report: ``PHOTON_DIGEST`` and so on."""
        names = {name: f"PHOTON_{name.upper().replace('-', '_')}" for name in values}
        return self._write(DOTENV, "".join(f"{names[n]}={value}\n" for n, value in values.items()))

    def counted(self, counts: Mapping[Verb, int]) -> list[str]:
        """As a terraform report; a replacement counts as a creation and as a deletion."""
        replaced = counts.get(Verb.REPLACE, 0)
        shown = {
            "create": counts.get(Verb.CREATE, 0) + replaced,
            "update": counts.get(Verb.UPDATE, 0),
            "delete": counts.get(Verb.DELETE, 0) + replaced,
        }
        capped = {name: min(count, _MOST) for name, count in shown.items()}
        return self._write(TERRAFORM, f"{json.dumps(capped)}\n")

    def folded(self, title: str) -> tuple[str, str]:
        """As a section."""
        shown = " ".join(title.split())
        begin = f"\x1b[0Ksection_start:{self._now():.0f}:photonctl_plan[collapsed=true]"
        return (
            f"{begin}\r\x1b[0K{shown}",
            f"\x1b[0Ksection_end:{self._now():.0f}:photonctl_plan\r\x1b[0K",
        )

    def _write(self, name: str, text: str) -> list[str]:
        write_private(self._folder / name, text.encode())
        return []
