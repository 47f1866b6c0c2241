"""How a signal ends the command, from its first line on. It imports nothing: see ``_interrupt``."""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_IMPORTING = "<frozen importlib._bootstrap>"  # the file that a frame of an import names


def take_signals() -> None:
    """Treat SIGTERM and SIGHUP as Ctrl-C; an apply handles them itself."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may ignore it
        signal.signal(signal.SIGINT, _interrupt)
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup ignores it
        signal.signal(hangup, _interrupt)


def _interrupt(_: int, frame: FrameType | None) -> NoReturn:
    """End the command; a second signal leaves at once, as a thread may hold up the end.

    So does the first one within an import: Python may drop an exception there, or take it for
    another one. What has begun by then is what a crash would leave.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, leave)
    waiting = sys.modules.get("photonctl.deadline")
    if waiting is not None:
        waiting.give_up()
    if _is_importing(frame):
        say_interrupted()
        leave()
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    return frame is not None


def say_interrupted() -> None:
    """Say that the command was interrupted, if there is still somebody to read it."""
    with suppress(OSError):  # the terminal may be gone
        print("\nInterrupted.", file=sys.stderr, flush=True)  # noqa: T201


def leave(_: int = 0, __: FrameType | None = None) -> NoReturn:
    """End the process, and a sink's command with it: what it stores later would be too old."""
    sinks = sys.modules.get("photonctl.sinks.exec")
    for group in tuple(getattr(sinks, "running", ())):
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    os._exit(INTERRUPTED)
