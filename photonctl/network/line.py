"""One connection to a server: bytes out and in, over asyncio."""

import asyncio
import select
import ssl
from collections.abc import Callable
from typing import TypeAlias

_NEXT_ADDRESS_S = 0.25  # until a host's next address is tried, as RFC 8305 recommends
_MOST_HELD = 256 * 2**10  # bytes that have arrived and weren't read
_Making: TypeAlias = "asyncio.Task[tuple[asyncio.Transport, Line]]"


class Line(asyncio.Protocol):
    """Both directions of a connection; one caller at a time, as HTTP/1.1 needs it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.is_over = False
        self._arrived = bytearray()
        self._error: Exception | None = None
        self._is_full = False
        self._waiting: asyncio.Future[None] | None = None
        self._asks: Callable[[], bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: the loop calls this."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what arrives, up to a bound."""
        self._arrived += data
        if len(self._arrived) > _MOST_HELD:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note that no more will arrive."""
        self.is_over = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how it ended."""
        self.is_over, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        """Note that the system takes no more for now."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Note that it does again."""
        self._is_full = False
        self._wake()

    async def send(self, data: bytes, timeout: float | None) -> None:
        """Send; returns once the system has taken most of it.

        Raises:
            TimeoutError: it hasn't.
        """
        if data and not self.is_over:
            self.transport.write(data)
        if self._is_full:
            async with asyncio.timeout(timeout):
                while self._is_full and not self.is_over:
                    await self._wait()

    async def take(self, timeout: float | None) -> bytes:
        """Return what has arrived, or wait for something; nothing = the connection has ended.

        Raises:
            TimeoutError: nothing comes.
            OSError: it has broken.
        """
        if not self._arrived and not self.is_over:
            async with asyncio.timeout(timeout):
                while not self._arrived and not self.is_over:
                    await self._wait()
        if not self._arrived and self._error is not None:
            raise self._error
        taken = bytes(self._arrived)
        self._arrived.clear()
        if len(taken) > _MOST_HELD:
            self.transport.resume_reading()
        return taken

    def is_quiet(self) -> bool:
        """Is it open, and has nothing arrived that nobody asked for?

        With TLS that may be no more than a ticket of the server's; the line isn't quiet either way.
        """
        if self.is_over or self._arrived:
            return False
        if self._asks is None:
            self._asks = _asking(self.transport.get_extra_info("socket").fileno())
        return not self._asks()

    def refuse_early(self) -> None:
        """Refuse a server that speaks before it is asked; with TLS, tickets are none of its words.

        Raises:
            ConnectionError: it does, or it has ended the connection.
        """
        is_plain = self.transport.get_extra_info("sslcontext") is None
        if self._arrived or self.is_over or (is_plain and not self.is_quiet()):
            self.close()
            raise ConnectionError("the server speaks, or ends, before it is asked")

    def close(self) -> None:
        """End it at once."""
        self.transport.abort()

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _asking(handle: int) -> Callable[[], bool]:
    """Return what asks the system whether there is something to read."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: bool(select.select((handle,), (), (), 0)[0])
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return lambda: bool(poll.poll(0))


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None = None, name: str | None = None
) -> Line:
    """Open a connection, by TLS if a context is given.

    ``name``: whose certificate it must be, where that isn't the host's.

    Raises:
        OSError: it can't be opened; an error of TLS is one, too.
    """
    loop = asyncio.get_running_loop()
    making = loop.create_task(
        loop.create_connection(
            Line,
            host,
            port,
            ssl=tls,
            server_hostname=(name or host) if tls is not None else None,
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
        )
    )
    try:
        # Cancelled in the middle, asyncio would forget a connection that it has just made.
        _, line = await asyncio.shield(making)
    except asyncio.CancelledError:
        _late.add(making)
        making.add_done_callback(_end)
        raise
    return line


_late: set[_Making] = set()


def _end(making: _Making) -> None:
    """Close a connection that nobody waits for any more, once it is there."""
    _late.discard(making)
    if not making.cancelled() and making.exception() is None:
        making.result()[1].close()


async def secured(line: Line, tls: ssl.SSLContext, name: str) -> Line:
    """Go on by TLS on a connection that leads to whom a name belongs.

    Raises:
        OSError: that can't be.
    """
    inner = Line()
    loop = asyncio.get_running_loop()
    transport = await loop.start_tls(line.transport, inner, tls, server_hostname=name)
    if transport is None:
        raise ConnectionError("the connection ended before TLS began")
    inner.connection_made(transport)
    return inner
