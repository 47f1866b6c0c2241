"""``.photonctl``, where journal, locks and the emulator's state are; and whose it is.

What is in it decides what happens to live webhooks. So it must be this user's, writable by nobody
else, no link to anywhere, and not a part of a repository, which anybody may propose a change to.
"""

import os
import stat
from functools import cache
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import STATE_FOLDER, create_private, make_private, sync_folder
from photonctl.texts import quote
from photonctl.versioned import is_tracked

STATE_VARIABLE = "PHOTONCTL_STATE_DIR"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def state_folder(beside: Path) -> Path:
    """Return (and make, private and out of version control) the ``.photonctl`` of a folder.

    Raises:
        OSError: it can't be made.
        RefusedError: it isn't this user's alone.
    """
    if STATE_FOLDER in beside.parts:  # what is in there is private already
        root = beside.parts.index(STATE_FOLDER)
        for count in range(root + 1, len(beside.parts) + 1):
            refuse_foreign(Path(*beside.parts[:count]), "the folder")
        make_private(beside)
        return beside
    return _made(beside / STATE_FOLDER)


def work_folder(beside: Path, chosen: Path | None = None) -> Path:
    """Return (and make) where journal, locks and temporary files of a folder's manifests are.

    ``chosen``: that is it, for folders that can't be written.

    Raises:
        OSError: it can't be made.
        RefusedError: it isn't this user's alone.
    """
    return state_folder(beside) if chosen is None else _made(chosen, with_parents=True)


def work_place(beside: Path, chosen: Path | None = None) -> Path:
    """Return where ``work_folder`` is or would be; makes nothing.

    Raises:
        RefusedError: it isn't this user's alone.
    """
    folder = beside if STATE_FOLDER in beside.parts else beside / STATE_FOLDER
    folder = folder if chosen is None else chosen
    refuse_foreign(folder, is_root=True)
    return folder


def refuse_foreign(folder: Path, what: str = "the journal", *, is_root: bool = False) -> None:
    """Refuse a folder of state that somebody else may have put there; one that is missing is fine.

    Args:
        folder: the folder.
        what: the same in words.
        is_root: it is all of the state, as ``.photonctl`` is: no repository may hold any of it.

    Raises:
        RefusedError: why, and what to do.
    """
    try:
        found = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISDIR(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no folder"
        raise RefusedError(
            f"{what} {folder} is {kind}, so it isn't used", hint="Remove it. Nothing was changed."
        )
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise RefusedError(
            f"{what} {folder} belongs to another user, so it isn't used",
            hint="Remove it, give it to the user who runs photonctl, or name another place in "
            f"{STATE_VARIABLE}.",
        )
    if found.st_mode & _OTHERS_WRITE:
        raise RefusedError(
            f"{what} {folder} can be written by other users, so it isn't used",
            hint="Check that nobody has put anything into it, then take their right away:  "
            "chmod -R go-w",
        )
    if is_root or folder.name == STATE_FOLDER:
        _refuse_committed(folder, what)


def _refuse_committed(folder: Path, what: str) -> None:
    is_committed = _is_committed(folder)
    if is_committed is None:
        raise RefusedError(
            f"git can't tell whether {what} {folder} is a part of the repository, so it isn't used",
            hint="Check what git says of it:\n  git status\nOr keep the journal elsewhere, in the "
            f"folder that {STATE_VARIABLE} names.",
        )
    if is_committed:
        raise RefusedError(
            f"{what} {folder} is a part of the git repository, so it isn't used",
            hint=f"Somebody may have written it to have webhooks replaced. Remove it:\n"
            f"  git rm -r --cached {quote(str(folder))}",
        )


def look_again() -> None:
    """Forget what git said of folders: somebody may have pulled since an earlier plan was made."""
    _is_committed.cache_clear()


@cache
def _is_committed(folder: Path) -> bool | None:
    return (folder / ".git").exists() or is_tracked(folder)


def _made(folder: Path, *, with_parents: bool = False) -> Path:
    refuse_foreign(folder, is_root=True)
    is_own = folder.name == STATE_FOLDER
    if not folder.is_dir():
        if with_parents:
            make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
        is_own = True
    if is_own:
        _keep_from_git(folder / ".gitignore")
    return folder


def _keep_from_git(ignore: Path) -> None:
    if ignore.is_symlink() or (ignore.exists() and not ignore.is_file()):
        kind = "a symbolic link" if ignore.is_symlink() else "no file"
        raise RefusedError(f"{ignore} is {kind}, so it isn't used", hint="Remove it.")
    if not (ignore.exists() and ignore.stat().st_size):  # a crash may have left it empty
        create_private(ignore, b"*\n")
