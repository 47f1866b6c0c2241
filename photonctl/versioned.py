"""Would git commit a file? A secret in it would be everybody's who can read the repository."""

import os
import subprocess
from pathlib import Path
from shlex import quote

from photonctl.files import STATE_FOLDER
from photonctl.own_credentials import without_credentials

_TIMEOUT_S = 5.0
_NOT_IGNORED = 1


def would_be_committed(path: Path) -> bool:
    """Is a file, which need not exist, tracked by git, or in a work tree and not ignored?

    Without git, or outside a work tree, the answer is no.
    """
    if STATE_FOLDER in path.parts:  # holds a .gitignore of its own
        return False
    return (
        is_tracked(path) or _git(path.parent, "check-ignore", "-q", "--", path.name) == _NOT_IGNORED
    )


def is_tracked(path: Path) -> bool:
    """Is a file, or anything in a folder, tracked by git?"""
    return _git(path.parent, "ls-files", "--error-unmatch", "--", path.name) == 0


def commit_warning(path: Path) -> str:
    """Say so, and what to do about it."""
    return (
        f"git would commit {path}, which holds secrets. Add it to .gitignore; if it is tracked, "
        f"also run:  git rm --cached {quote(path.name)}"
    )


def _git(folder: Path, *words: str) -> int | None:
    """Run git without anything that a repository's own settings could start; None = no answer."""
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program, no shell
            ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words],  # noqa: S607
            env=without_credentials(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.returncode
