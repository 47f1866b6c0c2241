"""What is wrong with manifests, as other programs and other people read it. Pure."""

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from pathlib import Path

from msgspec import Struct

from photonctl.codes import MEANINGS, Code
from photonctl.errors import Diagnostic
from photonctl.urls import shown_in_text

_HIDDEN = '"•••"'
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY")


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or doubtful.

    Attributes:
        code: None for what isn't about a manifest's text, such as a refusal.
        file: relative to the repository, with forward slashes.
        line, column: from 1; of what is about the file itself, 1.
        message: as the person at the keyboard reads it.
        shown: the same for others: without what it repeats of the line that it is shown on.
    """

    code: Code | None
    is_warning: bool
    file: str
    line: int = 1
    column: int = 1
    message: str
    shown: str

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if self.code is None:
            return "photonctl"
        return f"photonctl {self.code.value}: {MEANINGS[self.code].title}"


def findings_of(found: Iterable[Diagnostic], env: Mapping[str, str]) -> list[Finding]:
    """Return diagnostics as findings, the errors first; ``env``: names the repository's folder."""
    return sorted(
        (
            Finding(
                code=diagnostic.code,
                is_warning=diagnostic.is_warning,
                file=in_repository(diagnostic.file, env),
                line=max(diagnostic.line, 1),
                column=max(diagnostic.column, 1),
                message=shown_in_text(diagnostic.message),
                shown=shown_in_text(_unquoted(diagnostic)),
            )
            for diagnostic in found
        ),
        key=lambda finding: finding.is_warning,
    )


def in_repository(file: str, env: Mapping[str, str]) -> str:
    """Return a path as the repository has it; ``-``, standard input, as it is."""
    if file == "-":
        return file
    return _below_root(file, os.getcwd(), tuple(filter(None, map(env.get, _ROOTS))))  # noqa: PTH109


@lru_cache(maxsize=4_096)
def _below_root(file: str, here: str, named: tuple[str, ...]) -> str:
    """Return a path below the first of these that it is in; a file may have many findings."""
    path = Path(here) / file
    above = (folder for folder in path.parents if (folder / ".git").exists())
    for root in chain(map(Path, named), above, (Path(here),)):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return Path(os.path.relpath(path)).as_posix()


def _unquoted(diagnostic: Diagnostic) -> str:
    """Leave out what a message repeats of the line that it is shown on: it may name a person."""
    if not diagnostic.quotes:
        return diagnostic.message
    return diagnostic.message.replace(diagnostic.quotes, _HIDDEN)
