"""Would git commit a file? Everybody who can read the repository could then read a secret in it.

git is never left to find the repository by itself: a folder that a pull request adds can look like
one, with settings that start programs. The work tree is found here, by its ``.git``, which git
doesn't let anybody commit.
"""

import os
import subprocess
from pathlib import Path
from shlex import quote

from photonctl.files import STATE_FOLDER
from photonctl.own_credentials import without_credentials
from photonctl.reach import resolved

_TIMEOUT_S = 5.0
_NO = 1
_PLAIN_INDEXES = (b"\0\0\0\2", b"\0\0\0\3")
_LARGEST_INDEX = 512 * 2**20
# No settings of the repository may start a program, and nothing is fetched.
_HARMLESS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    *(f"protocol{name}.allow=never" for name in ("", ".file", ".ext", ".ssh", ".git")),
    *(f"protocol.{name}.allow=never" for name in ("http", "https")),
    "submodule.recurse=false",
)


def would_be_committed(path: Path) -> bool:
    """Is a file, which need not exist, tracked by git, or in a work tree and not ignored?

    Without git, or outside a work tree, the answer is no.
    """
    if STATE_FOLDER in resolved(path).parts:  # holds a .gitignore of its own
        return False
    found = _git(path, "ls-files", "--error-unmatch")
    return found == 0 or (found is not None and _git(path, "check-ignore", "-q") == _NO)


def is_tracked(path: Path) -> bool | None:
    """Is a file, or anything in a folder, tracked by git? None = git can't tell."""
    root = _work_tree(path)
    if root is None:
        return False
    # In whatever case: some file systems find one name by another, and git's list doesn't.
    found = _git(path, "ls-files", "--error-unmatch", magic=":(top,icase,literal)")
    if found in (0, _NO):
        return found == 0
    return None if _may_be_in_index(path, root) else False


def commit_warning(path: Path) -> str:
    """Say so, and what to do about it."""
    return (
        f"git would commit {path}, which holds secrets. Add it to .gitignore; if it is tracked, "
        f"also run:  git rm --cached {quote(path.name)}"
    )


def _work_tree(path: Path) -> Path | None:
    """Return the work tree that a path is in: the nearest folder above it with a ``.git``."""
    try:
        folder = path.parent.resolve()
    except (OSError, RuntimeError):
        return None
    return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)


def _is_own(git: Path) -> bool:
    """Does a repository belong to this user? Naming it takes away git's own check of that."""
    try:
        places = [git, _git_folder(git)]
        return not hasattr(os, "geteuid") or all(p.stat().st_uid == os.geteuid() for p in places)
    except (OSError, ValueError):
        return False


def _git_folder(git: Path) -> Path:
    """Return where a repository is; ``.git`` of a worktree or a submodule is a file."""
    if git.is_dir():
        return git
    text = git.read_text(encoding="utf-8")[:4096].strip()
    return (git.parent / text.removeprefix("gitdir:").strip()).resolve()


def _may_be_in_index(path: Path, root: Path) -> bool:
    """Without an answer from git: does its list of files name the path, or can't it be read?"""
    index = root / ".git" / "index"
    if not (root / ".git").is_dir():  # of a worktree or a submodule: it is elsewhere
        return True
    try:
        if not index.exists() or index.stat().st_size > _LARGEST_INDEX:
            return index.exists()
        name, data = path.parent.resolve() / path.name, index.read_bytes()
        # Version 4 shortens names, and a split index has some of them elsewhere.
        is_plain = data[4:8] in _PLAIN_INDEXES and b"link" not in data
        return not is_plain or bytes(name.relative_to(root)).lower() in data.lower()
    except (OSError, ValueError):
        return True


def _git(path: Path, *words: str, magic: str = "") -> int | None:
    """Ask git about one path of its work tree; None = no answer, or it isn't in one.

    ``magic``: how git compares the path, from the top of the work tree.
    """
    root = _work_tree(path)
    if root is None or not _is_own(root / ".git"):
        return None
    settings = [word for setting in _HARMLESS for word in ("-c", setting)]
    where = [f"--git-dir={root / '.git'}", f"--work-tree={root}"]
    name = path.parent.resolve() / path.name
    asked = f"{magic}{name.relative_to(root)}" if magic else str(name)
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program, no shell
            ["git", *settings, *where, "-C", str(root), *words, "--", asked],  # noqa: S607
            env={
                **without_credentials(os.environ),
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_OPTIONAL_LOCKS": "0",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.returncode
