"""Calls of clients that bound no time by themselves: who waits for one doesn't wait forever."""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from photonctl.sinks.service import StoreProblem

T = TypeVar("T")
THREAD = "store call"
LONGEST_S = 60.0
"""What a call may take with all its repetitions; a request of each client takes less."""

_reading: set[Event] = set()
_guard = Lock()


class _TooLateError(BaseException):
    """Raised in the thread of a call that nobody waits for any more."""


class _Call(Generic[T]):
    """A call in a thread that the end of the process doesn't wait for."""

    def __init__(self, step: Callable[[], T]) -> None:
        self.ended = Event()
        self.has_ended = False  # ``ended`` is set, too, where nobody waits any more
        self._step = step
        self._found: tuple[T] | None = None
        self._error: BaseException | None = None
        context = copy_context()  # what may be logged, for one
        self._thread = Thread(target=context.run, args=(self._run,), name=THREAD, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with suppress(_TooLateError):  # also where it comes last of all
            try:
                self._found = (self._step(),)
            except _TooLateError:
                raise
            except BaseException as error:  # noqa: BLE001  # raised where the call was made
                self._error = error
            finally:
                self.has_ended = True
                self.ended.set()

    def end(self) -> None:
        """End the thread, as soon as it isn't in a wait of the system's, which clients bound.

        A server may keep it busy for ever: http.client reads one "100 Continue" after the other.
        """
        ident = self._thread.ident
        if ident is not None and self._thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(ident), ctypes.py_object(_TooLateError)
            )

    def result(self) -> T:
        """Return what it returned, or raise what it raised.

        Raises:
            StoreProblem: it hasn't ended.
        """
        if self._error is not None:
            raise self._error
        if self._found is None:
            raise StoreProblem("it doesn't answer", "Try again later.")
        return self._found[0]


def within(step: Callable[[], T], *, is_read: bool, seconds: float = LONGEST_S) -> T:
    """Make a call, and don't wait for it any longer than that.

    ``is_read``: it changes nothing, so that ``give_up`` ends the waiting, too.

    Raises:
        StoreProblem: it takes longer. What it changes may still happen.
    """
    call = _Call(step)
    if is_read:
        with _guard:
            _reading.add(call.ended)
    try:
        call.ended.wait(seconds)
    finally:
        with _guard:
            _reading.discard(call.ended)
        if not call.has_ended:
            call.end()
    return call.result()


def give_up() -> None:
    """Let nobody wait for an answer that only a plan needs; a signal asks for it."""
    for ended in tuple(_reading):
        ended.set()
