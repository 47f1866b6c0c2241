"""GitLab CI/CD: sections in the log, and files that jobs declare as ``artifacts: reports:``."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import write_private
from photonctl.findings import Finding
from photonctl.model.plan import Verb
from photonctl.pipelines.base import Pipeline
from photonctl.variables_file import PIPELINES_REPORT
from photonctl.views.findings import render_gitlab

_MOST = 999_999  # what the widget can show
CODE_QUALITY, TERRAFORM, DOTENV = "gl-code-quality-report.json", "tfplan.json", PIPELINES_REPORT
_LARGEST = 2**20
_OURS = {
    CODE_QUALITY: re.compile(rb"\["),
    TERRAFORM: re.compile(rb'\{"create"'),
    DOTENV: re.compile(rb"(?:PHOTON_(?!PROJECT_)[A-Z_]+=.*\n)+\Z"),
}
"""How each looks that photonctl has written."""


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
        path = self._folder / name
        self._refuse_anothers(path)
        write_private(path, text.encode())
        return []

    def _refuse_anothers(self, path: Path) -> None:
        """Refuse to overwrite what isn't ours: it may be the only copy of a secret.

        Raises:
            RefusedError: it isn't.
        """
        with suppress(OSError):  # what can't be read can't be written either, and writing says why
            if not path.exists() or not path.is_file() or path.stat().st_size == 0:
                return
            with path.open("rb") as file:
                data = file.read(_LARGEST)  # of variables, there are never as many
            is_cut = path.name == DOTENV and len(data) == _LARGEST
            if is_cut or not _OURS[path.name].match(data):
                raise RefusedError(
                    f"{path.name} is there and holds something else, so --ci gitlab doesn't "
                    "overwrite it",
                    hint="Give that file another name.",
                )
