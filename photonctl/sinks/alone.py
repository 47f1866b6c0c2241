"""Locks of sinks: one run of a command at a time, and one writer in a folder.

A command inherits its lock, so it is held for as long as the command lives, also after a photonctl
that began it was killed; one that sees its end lets go of it, whatever it has left running.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from photonctl.errors import RefusedError, SinkError

try:
    import fcntl
except ImportError:  # Windows: a command ends with the console that it was started from
    fcntl = None  # type: ignore[assignment]

_ASK_AGAIN_S = 0.1
_WRITE_S, _ASK_WRITER_S = 30.0, 0.01
_guard = Lock()
_held: dict[Path, tuple[int, int]] = {}  # the lock's handle, and how many of this process use it


@contextmanager
def alone(path: Path, timeout_s: float) -> Iterator[tuple[int, ...]]:
    """Hold a lock against other processes; yields the handles that a command inherits.

    Raises:
        SinkError: a command of another process still holds it.
    """
    if fcntl is None:
        yield ()
        return
    handle = _take(path, timeout_s)
    try:
        yield (handle,)
    finally:
        _give_back(path)


def _take(path: Path, timeout_s: float) -> int:
    end = time.monotonic() + timeout_s
    while True:
        with _guard:
            handle, count = _held.get(path, (-1, 0))
            if not count:
                handle = _locked(path)
            if handle >= 0:
                _held[path] = handle, count + 1
                return handle
        if time.monotonic() > end:
            raise SinkError(
                "the command of an earlier run hasn't ended; what it stores would be mistaken for "
                "what is stored now"
            )
        time.sleep(_ASK_AGAIN_S)


def _locked(path: Path) -> int:
    """Return a handle that holds the lock; -1 = another process holds it."""
    flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise SinkError(f"the lock {path} can't be held: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return -1
    except OSError as error:  # a file system without locks
        os.close(handle)
        raise SinkError(f"the lock {path} can't be held: {error.strerror}") from None
    return handle


def _give_back(path: Path) -> None:
    with _guard:
        handle, count = _held[path]
        if count > 1:
            _held[path] = handle, count - 1
            return
        del _held[path]
        fcntl.flock(handle, fcntl.LOCK_UN)  # also for what the command has left running
        os.close(handle)


_writers: defaultdict[Path, Lock] = defaultdict(Lock)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder itself against other writers of ours, whose state folders may be others.

    As far as its file system can: where it can't, the lock in the state folder is all there is.

    Raises:
        RefusedError: somebody else held it for too long.
    """
    with _writers[folder]:  # between threads, without asking again and again
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC) if fcntl else None
        except OSError:
            handle = None
        if handle is None:
            yield
            return
        try:
            _hold(handle, folder)
            yield
        finally:
            os.close(handle)


def _hold(handle: int, folder: Path) -> None:
    end = time.monotonic() + _WRITE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise RefusedError(
                    f"{folder} has been locked by another process for {_WRITE_S:.0f} s",
                    hint="Wait for the other photonctl to end, then try again.",
                ) from None
            time.sleep(_ASK_WRITER_S)
        except OSError:  # a file system without such locks
            return
        else:
            return
