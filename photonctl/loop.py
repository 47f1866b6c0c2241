"""The event loop of a command: a name server that is silent doesn't hold up its end."""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
_LONGEST_S, _HTTPS = 10.0, 443
if sys.platform == "win32":
    _Base = asyncio.ProactorEventLoop
else:
    _Base = asyncio.SelectorEventLoop


class Loop(_Base):
    """Looks names up in threads that nobody waits for: no lookup can be ended from outside."""

    async def getaddrinfo(self, host: Any, port: Any, **hints: int) -> Any:
        """Return a name's addresses, as ``socket.getaddrinfo`` does."""
        found: asyncio.Future[Any] = self.create_future()

        def settle(how: Callable[[Any], None], what: Any) -> None:
            if not found.done():
                how(what)

        def look_up() -> None:
            how: Callable[[Any], None] = found.set_result
            what: Any
            try:
                what = socket.getaddrinfo(host, port, **hints)
            except Exception as error:  # noqa: BLE001  # raised where the name was asked for
                how, what = found.set_exception, error
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self.call_soon_threadsafe(settle, how, what)

        Thread(target=look_up, name="name lookup", daemon=True).start()
        return await found

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log what nobody waited for, unless a signal ended it: that is said once."""
        if not isinstance(context.get("exception"), KeyboardInterrupt):
            super().default_exception_handler(context)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, as ``asyncio.run`` does."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)


async def addresses(host: str) -> list[str]:
    """Look a name up as a program here would.

    Raises:
        OSError, UnicodeError: it has none, as far as this machine knows.
        TimeoutError: nobody answers.
    """
    async with asyncio.timeout(_LONGEST_S):
        found = await asyncio.get_running_loop().getaddrinfo(host, _HTTPS, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})
