"""Calls of clients that bound no time by themselves: who waits for one doesn't wait forever."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from photonctl.sinks.service import StoreProblem

T = TypeVar("T")
LONGEST_S = 60.0
"""What a call may take with all its repetitions; a request of each client takes less."""

_reading: set[Event] = set()
_guard = Lock()


class _Call(Generic[T]):
    """A call in a thread that the end of the process doesn't wait for."""

    def __init__(self, step: Callable[[], T]) -> None:
        self.ended = Event()
        self._step = step
        self._found: tuple[T] | None = None
        self._error: BaseException | None = None
        context = copy_context()  # what may be logged, for one
        Thread(target=context.run, args=(self._run,), daemon=True).start()

    def _run(self) -> None:
        try:
            self._found = (self._step(),)
        except BaseException as error:  # noqa: BLE001  # raised where the call was made
            self._error = error
        finally:
            self.ended.set()

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
    return call.result()


def give_up() -> None:
    """Let nobody wait for an answer that only a plan needs; a signal asks for it."""
    for ended in tuple(_reading):
        ended.set()
