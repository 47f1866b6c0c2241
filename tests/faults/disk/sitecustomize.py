"""Kill this process right before or after one of its changes to the file system, or refuse it.

Nothing in photonctl knows of this: Python imports a module of this name when it starts.
DISK_FOLDER: only changes below it count. DISK_AT: which one, from 0. DISK_DOES: ``kill-before``,
``kill-after``, or ``full``: from this change on nothing can be written. Removing still works.
"""

import builtins
import errno
import functools
import io
import os
import signal
from pathlib import Path

FOLDER = os.environ.get("DISK_FOLDER", "")
AT = int(os.environ.get("DISK_AT", "-1"))
DOES = os.environ.get("DISK_DOES", "")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
FREEING = {"unlink", "remove", "rmdir"}
seen = 0


def happen(name, change):
    """Carry out a change, unless this is the one."""
    global seen
    number, seen = seen, seen + 1
    if DOES == "full" and number >= AT and name not in FREEING:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if DOES == "kill-before" and number == AT:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        return change()
    finally:
        if DOES == "kill-after" and number == AT:
            os.kill(os.getpid(), signal.SIGKILL)


def watched(module, name, is_change=lambda *_, **__: True):
    original = getattr(module, name)

    @functools.wraps(original)
    def function(*args, **kwargs):
        if is_change(*args, **kwargs) and is_inside(args[0]):
            return happen(name, lambda: original(*args, **kwargs))
        return original(*args, **kwargs)

    setattr(module, name, function)


def is_inside(target):
    if isinstance(target, int):
        target = Path(f"/proc/self/fd/{target}").readlink()
        if target.is_dir():
            return False  # making a change last is none
    return Path(target).absolute().is_relative_to(FOLDER)


def opens_to_write(_, flags, *__, **___):
    return bool(flags & WRITING)


def has_writing_mode(_, mode="r", *__, **___):
    return not isinstance(_, int) and any(letter in mode for letter in "wax+")


if FOLDER:
    watched(os, "open", opens_to_write)
    watched(io, "open", has_writing_mode)
    builtins.open = io.open
    for changing in ("fsync", "replace", "rename", "unlink", "remove", "rmdir", "mkdir"):
        watched(os, changing)
