"""The first Ctrl-C, SIGTERM or SIGHUP finishes what is in flight; the second one leaves at once."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from photonctl.cli.console import Console
from photonctl.cli.leaving import leave

# Windows has no SIGHUP, and nohup lets it be ignored.
_HANGUPS = [one for one in signal.Signals if one.name == "SIGHUP"]
_HEARD = [one for one in _HANGUPS if signal.getsignal(one) is not signal.SIG_IGN]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *_HEARD)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end what blocks the event loop, such as a question."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # not the main thread: no signal comes here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Stopper:
    """Sets ``stop`` at the first signal, once it listens; leaves at once at the second."""

    def __init__(
        self,
        console: Console,
        limit: "Limit | None" = None,
        ending: str = "The next apply continues from here.",
    ) -> None:
        """Prepare; ``ending``: what is said of the end, once it was asked for."""
        self.stop = asyncio.Event()
        self._ending = ending
        self._console = console
        self._limit = limit
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, handler)  # type: ignore[arg-type]  # what getsignal returned

    def listen(self, ending: str | None = None) -> None:
        """Take the signals over, where this platform and thread can; let the time run.

        Args:
            ending: what is said of the end instead.
        """
        self._ending = ending or self._ending
        loop = asyncio.get_running_loop()
        if self._limit is not None:
            loop.call_later(self._limit.left_s(), self._expire)
        before: dict[signal.Signals, object] = {n: signal.getsignal(n) for n in _SIGNALS}
        try:
            for number in _SIGNALS:
                loop.add_signal_handler(number, self._stop)
        except (NotImplementedError, RuntimeError, ValueError):
            return  # nobody will set the event
        self._before = before

    def _expire(self) -> None:
        if self._limit is not None and not self.stop.is_set():
            self._limit.is_over = True
            self.stop.set()
            self._console.warn(
                "--max-duration is over: nothing more is begun. The next apply continues from here."
            )

    def _stop(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:  # before anything is said: the answer to it may be a second signal
            loop.remove_signal_handler(number)
            signal.signal(number, leave)
        self.stop.set()
        self._console.say(
            f"Stopping after the requests in flight (Ctrl-C again to quit now). {self._ending}"
        )


class Limit:
    """How long a command may begin new work; ``is_over``: that has ended an apply."""

    def __init__(self, seconds: float) -> None:
        """Start it now."""
        self.is_over = False
        self._end = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return what is left of it."""
        return max(0.0, self._end - time.monotonic())
