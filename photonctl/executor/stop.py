"""The first Ctrl-C, SIGTERM or SIGHUP finishes what is in flight; the second one leaves at once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Windows has no SIGHUP, and nohup lets it be ignored.
_HANGUPS = [one for one in signal.Signals if one.name == "SIGHUP"]
_HEARD = [one for one in _HANGUPS if signal.getsignal(one) is not signal.SIG_IGN]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *_HEARD)


def interrupt() -> None:
    """Leave as Ctrl-C does anywhere else: a sink that is at work is waited for."""
    raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end what blocks the loop, such as a question; a loop would wait for its turn."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # not the main thread: nothing of it comes here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stopping(on_stop: Callable[[], None], on_leave: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Yield an event that the first signal sets; ``on_leave`` is called by every further one."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def first_signal() -> None:
        for number in _SIGNALS:  # first: whoever reads what on_stop says may send the second one
            loop.remove_signal_handler(number)
            signal.signal(number, lambda *_: on_leave())
        stop.set()
        on_stop()

    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)

    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, first_signal)
    except (NotImplementedError, RuntimeError, ValueError):
        # No signal handlers on this platform, or not the main thread: nobody will set the event.
        yield stop
        return
    try:
        yield stop
    finally:
        restore()
