"""Calls of libraries that bound no time by themselves: nobody waits for one forever."""

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from threading import Event, Lock, Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")
THREAD = "store call"
LONGEST_S = 60.0
"""What a call may take with all its repetitions; a request of each client takes less."""

_current: "ContextVar[_Call[Any] | None]" = ContextVar("call", default=None)
_reading: set[Event] = set()
_guard = Lock()


class GaveUp(Exception):
    """A call took too long, or nobody waits for its answer any more."""


def check() -> None:
    """Go on only if somebody still waits; clients ask before each request.

    Raises:
        GaveUp: nobody does. What is asked for now would come after the next run's.
    """
    call = _current.get()
    if call is not None and call.is_given_up:
        raise GaveUp("nobody waits for it any more")


class _Call(Generic[T]):
    """A call in a thread that the end of the process doesn't wait for."""

    def __init__(self, step: Callable[[], T]) -> None:
        self.ended = Event()
        self.is_given_up = False
        self._step = step
        self._found: tuple[T] | None = None
        self._error: BaseException | None = None
        context = copy_context()  # what may be logged, for one
        self._thread = Thread(target=context.run, args=(self._run,), name=THREAD, daemon=True)

    def start(self) -> None:
        """Make it."""
        self._thread.start()

    def _run(self) -> None:
        _current.set(self)
        try:
            self._found = (self._step(),)
        except BaseException as error:  # noqa: BLE001  # raised where the call was made
            self._error = error
        finally:
            self.ended.set()

    def result(self) -> T:
        """Return what it returned, or raise what it raised.

        Raises:
            GaveUp: it hasn't ended.
        """
        if self._error is not None:
            raise self._error
        if self._found is None:
            raise GaveUp("it doesn't answer")
        return self._found[0]


def within(step: Callable[[], T], *, is_read: bool, seconds: float = LONGEST_S) -> T:
    """Make a call, and don't wait for it any longer than that.

    ``is_read``: it changes nothing, so that ``give_up`` ends the waiting, too.

    Raises:
        GaveUp: it takes longer. What it changes may still happen.
    """
    call = _Call(step)
    if is_read:
        with _guard:
            _reading.add(call.ended)
    try:
        call.start()
        call.ended.wait(seconds)
    finally:
        with _guard:
            _reading.discard(call.ended)
        call.is_given_up = True  # it sends nothing more; no exception can be put into a thread
    return call.result()


def give_up() -> None:
    """Let nobody wait for an answer that only a plan needs; a signal asks for it."""
    for ended in tuple(_reading):
        ended.set()
