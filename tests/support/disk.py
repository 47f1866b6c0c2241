"""A disk that dies, or is full, at a chosen change; and a process that dies with it."""

import errno
import functools
import io
import os
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
FREEING = {"unlink", "remove", "rmdir"}
CHANGING = ("fsync", "replace", "rename", "unlink", "remove", "rmdir", "mkdir")


class Killed(BaseException):
    """The process was killed: no code of its own runs any more, so nothing catches this."""


class World:
    """Counts requests and changes of files, and ends the process at one of them.

    After that every further request and change fails the same way: what a ``finally`` would do,
    a killed process doesn't.
    """

    def __init__(self, *, kind="", at=-1, when="before"):
        self.kind = kind
        self.at = at
        self.when = when
        self.counts = {"request": 0, "write": 0}
        self.is_dead = False

    def gate(self, name, *, is_done=False):
        """Let a request of the fake Photon pass, or die: before it is carried out, or after."""
        if self.is_dead:
            raise Killed
        number = self.counts["request"]
        if self.kind == "request" and number == self.at and is_done == (self.when == "after"):
            self.is_dead = True
            raise Killed
        if is_done:
            self.counts["request"] += 1

    def change(self, name, carry_out):
        """Carry out a change of a file, unless this is the one."""
        if self.is_dead:
            raise Killed
        number = self.counts["write"]
        self.counts["write"] += 1
        is_full = self.kind == "full" and number >= self.at and name not in FREEING
        if is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        is_this = self.kind == "write" and number == self.at
        if is_this and self.when == "before":
            self.is_dead = True
            raise Killed
        try:
            return carry_out()
        finally:
            if is_this:
                self.is_dead = True
                raise Killed

    def watch(self, monkeypatch, folder):
        """Take over what changes files below a folder."""

        def watched(module, name, is_change=lambda *_, **__: True):
            original = getattr(module, name)

            @functools.wraps(original)
            def function(*args, **kwargs):
                if is_change(*args, **kwargs) and _is_inside(args[0], folder):
                    return self.change(name, lambda: original(*args, **kwargs))
                return original(*args, **kwargs)

            monkeypatch.setattr(module, name, function)

        watched(os, "open", lambda _, flags, *__, **___: bool(flags & WRITING))
        watched(io, "open", _has_writing_mode)
        for name in CHANGING:
            watched(os, name)


def _has_writing_mode(file, mode="r", *_, **__):
    return not isinstance(file, int) and any(letter in mode for letter in "wax+")


def _is_inside(target, folder):
    if isinstance(target, int):
        target = Path(f"/proc/self/fd/{target}").readlink()
        if target.is_dir():
            return False  # making a change last is none
    return Path(target).absolute().is_relative_to(folder)
