"""Files to be neither lost nor read by others: bounded reads, private atomic writes, locks."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import BinaryIO

from photonctl.errors import RefusedError

STATE_FOLDER = ".photonctl"
EMULATOR_FOLDER = (STATE_FOLDER, "emulator")
_LOCK_TIMEOUT_S = 30.0
_PRIVATE, _PUBLIC = 0o600, 0o644
_MARK, _SHOWN = 12, 60
_DONT_WAIT = getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def home_folder(env: Mapping[str, str]) -> Path | None:
    """Return whose home this is; None = there is no HOME, and the system knows no such user."""
    if env.get("HOME"):
        return Path(env["HOME"])
    try:
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):  # ImportError: Windows
        return None


def read_bounded(path: Path, limit: int, *, may_wait: bool = False) -> bytes:
    """Read a regular file of at most ``limit`` bytes; if it may wait for a writer, also a pipe.

    Raises:
        OSError: missing, unreadable, or a folder.
        ValueError: larger than the limit, or no regular file (a device would never end).
    """
    # What was opened is looked at, not what the name leads to a moment later.
    how = os.O_RDONLY | getattr(os, "O_NOCTTY", 0) | (0 if may_wait else _DONT_WAIT)
    with os.fdopen(os.open(path, how), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or (may_wait and stat.S_ISFIFO(mode))):
            msg = "it is not a regular file"
            raise ValueError(msg)
        data = file.read(limit + 1)
    if len(data) > limit:
        size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
        msg = f"it is larger than {size}"
        raise ValueError(msg)
    return data


def write_private(
    path: Path, data: bytes, *, by_way_of: Path | None = None, keeps_owner: bool = False
) -> None:
    """Replace a file's content in one step, mode 0600, on disk before this returns.

    A reader sees the old content or the new, never a mixture; a crash leaves one of the two.
    ``by_way_of`` is a folder of the same file system for the temporary file: its own by default.
    What crashes left there for this file is removed, so who has other writers holds a lock.
    A symbolic link is refused: somebody may have made it to have another file replaced.
    ``keeps_owner``: a service reads its secrets from the file, and would be locked out of it else.
    Anything else is the writer's own: somebody may have made the file to wait for what is written.

    Raises:
        OSError: the folder is missing, read-only or full.
        RefusedError: the file is a link.
    """
    refuse_link(path)
    folder = path.parent
    if by_way_of is not None and by_way_of.stat().st_dev == folder.stat().st_dev:
        folder = by_way_of
    prefix = temporary_prefix(path)
    if by_way_of is not None:
        from glob import escape

        for left in folder.glob(f"{escape(prefix)}*.tmp"):
            left.unlink(missing_ok=True)
    try:
        _swap(path, data, folder, prefix, keeps_owner=keeps_owner)
    except OSError as error:
        if error.errno != errno.EXDEV or folder == path.parent:
            raise
        # Two mounts of one file system.
        _swap(path, data, path.parent, prefix, keeps_owner=keeps_owner)
    sync_folder(path.parent)


def write_public(path: Path, data: bytes) -> None:
    """Replace a file's content in one step, for everybody to read. A link is replaced, too.

    Raises:
        OSError: the folder is missing, read-only or full.
    """
    _swap(path, data, path.parent, f".{path.name[:_SHOWN]}.", mode=_PUBLIC)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content in one step; its mode stays.

    Raises:
        OSError: the folder is missing, read-only or full.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    _swap(path, data, path.parent, temporary_prefix(path), mode=mode)


def temporary_prefix(target: Path) -> str:
    """Return how the names of a file's temporary files begin: no other file's do.

    Each file has a lock of its own, so what is left of one may be what another is writing.
    """
    whose = hashlib.sha256(os.fsencode(target.resolve())).hexdigest()[:_MARK]
    return f".{target.name[:_SHOWN]}.{whose}."


def _swap(  # noqa: PLR0913
    target: Path,
    data: bytes,
    folder: Path,
    prefix: str,
    *,
    keeps_owner: bool = False,
    mode: int = _PRIVATE,
) -> None:
    """Write a temporary file in a folder, and put it in the target's place."""
    import tempfile  # 3 ms, and most commands write nothing

    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if keeps_owner:
                _keep_owner(file.fileno(), target)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(Path(name), target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keep_owner(handle: int, target: Path) -> None:
    """Give a new file the owner and group of the one that it replaces, as far as is allowed."""
    try:
        before = target.stat()
    except FileNotFoundError:
        return
    for uid, gid in ((before.st_uid, before.st_gid), (-1, before.st_gid)):
        with suppress(PermissionError):
            os.fchown(handle, uid, gid)
            return


def _replace(new: Path, target: Path) -> None:
    """Put a file in the place of another one.

    Raises:
        OSError: it can't be; of a mount point says what that means.
    """
    try:
        new.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        detail = "it is mounted by itself, so it can't be replaced in one step: mount its folder"
        raise OSError(error.errno, detail) from None


def create_private(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, on disk before this returns, where a crash in between is no matter.

    Without a temporary file, so that a crash leaves none behind. Raises as ``open_private``.
    """
    _write(path, data, appends=False)


def append_private(path: Path, data: bytes) -> None:
    """Add to the end of a file, mode 0600, on disk before this returns.

    A crash leaves all of what was there, and perhaps a part of what was to be added.

    Raises:
        OSError: the folder is missing, read-only or full.
    """
    _write(path, data, appends=True)


def open_private(path: Path, *, appends: bool = False) -> BinaryIO:
    """Open a file to write it, empty unless one ``appends``, mode 0600. A link isn't followed.

    Raises:
        OSError: the folder is missing, read-only or full.
        RefusedError: the file is somebody else's, who could read what is written, or has a second
            name.
    """
    how = os.O_WRONLY | os.O_CREAT | _NO_LINK | (os.O_APPEND if appends else 0)
    file = os.fdopen(os.open(path, how, _PRIVATE), "wb")
    try:
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            _refuse_anothers(path, found)
            os.fchmod(file.fileno(), _PRIVATE)
            if not appends:
                os.ftruncate(file.fileno(), 0)
    except BaseException:
        file.close()
        raise
    return file


def _refuse_anothers(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid() or found.st_nlink > 1:
        raise RefusedError(
            f"{path} belongs to somebody else, or has a second name, so it isn't written to",
            hint="Remove it, or name another file.",
        )


def _write(path: Path, data: bytes, *, appends: bool) -> None:
    with open_private(path, appends=appends) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone."""
    for one in (*reversed(folder.parents), folder):  # mkdir's own parents have the umask's mode
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a created, replaced or removed name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes and threads.

    Raises:
        RefusedError: somebody else held it for 30 seconds.
    """
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=_LOCK_TIMEOUT_S, mode=_PRIVATE):
            yield
    except Timeout as error:
        msg = f"{path} has been locked by another process for {_LOCK_TIMEOUT_S:.0f} s"
        raise RefusedError(
            msg, hint="Wait for the other photonctl to end, then try again."
        ) from error


def refuse_link(path: Path) -> None:
    """Refuse to write a file that the user named, where its name is a link to another one.

    Raises:
        RefusedError: it is.
    """
    if os.path.islink(path):  # noqa: PTH114  # takes a name of any length
        raise RefusedError(
            f"{path} is a symbolic link, so it isn't written to",
            hint="Remove the link, or name the file that it leads to.",
        )


def is_emulators_file(path: PurePath) -> bool:
    """Is this a place for secrets of a local Photon, relative to a manifest? ``..`` leads away."""
    return path.parts[:2] == EMULATOR_FOLDER and ".." not in path.parts


def own_target(path: Path) -> Path:
    """Return the file itself, where a name is a symbolic link inside its folder.

    Raises:
        RefusedError: the link leads out of the folder.
    """
    if not path.is_symlink():
        return path
    target = path.resolve()
    if not target.is_relative_to(path.parent.resolve()):
        msg = f"{path} is a symbolic link out of its folder, so it isn't written to"
        raise RefusedError(msg, hint="Replace the link with a file, or name the file it leads to.")
    return target
