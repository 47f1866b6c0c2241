"""httpx's transport over asyncio's own connections.

httpx goes through anyio, which costs a tenth of each request. It sends a request's head and body
apart. And it asks the system of every idle connection, for each request and for each answer,
whether the server has closed it: with several hundred projects, a third of a plan's time.
"""

import asyncio
import select
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

_AFTER_USE_S, _AFTER_LOOK_S = 0.2, 0.05
"""For so long a connection counts as open, which is less than the news of its end may travel.

No server closes a connection that it wants to keep as soon after an answer as that.
"""
_NEXT_ADDRESS_S = 0.25  # until a host's next address is tried, as RFC 8305 recommends
_MOST_HELD = 256 * 2**10  # bytes that have arrived and weren't read
_LARGEST_HEAD = 2**19  # with what says only that an answer will come (1xx)
_LARGEST_FAILURE, _PIECE_COST = 2**20, 64  # bytes


class NetworkTransport(httpx.AsyncHTTPTransport):
    """As httpx makes it, with other connections below."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if hasattr(select, "poll") and hasattr(self._pool, "_network_backend"):  # not on Windows
            self._pool._network_backend = _Backend()  # noqa: SLF001  # no other way

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and make sure that the answer is its own."""
        response = await super().handle_async_request(request)
        stream = response.extensions.get("network_stream")
        if isinstance(stream, _Stream):
            if not stream.is_sent:
                await response.aclose()
                await stream.aclose()
                raise httpx.ConnectError("an answer came before the request was sent")
            stream.parser = stream.parser or self._parser_of(stream) or _Unknown
            stream.head_left = None
        if response.status_code >= httpx.codes.BAD_REQUEST:
            # httpx reads such an answer whole before it sends a request with other credentials.
            response.stream = _Bounded(response.stream)  # type: ignore[arg-type]
        try:
            refuse_compressed(response)
        except httpx.DecodingError:
            await response.aclose()
            raise
        return response

    def _parser_of(self, stream: "_Stream") -> Any:
        """Return what reads the answers of a connection; None = not where it used to be."""
        for connection in getattr(self._pool, "_connections", ()):
            inner = getattr(connection, "_connection", None)
            if getattr(inner, "_network_stream", None) is stream:
                return getattr(inner, "_h11_state", None)
        return None


def refuse_compressed(response: httpx.Response) -> None:
    """Refuse an answer that would become larger than what was sent.

    Raises:
        httpx.DecodingError: it is compressed, which nobody asked for.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise httpx.DecodingError("the answer is compressed, which wasn't asked for")


class _Bounded(httpx.AsyncByteStream):
    """The body of a failure, which explains itself in a few words."""

    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece) + _PIECE_COST
            if size > _LARGEST_FAILURE:
                raise httpx.DecodingError("the answer is larger than that of any failure")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Unknown:
    """What reads answers, if httpcore has changed: the connection isn't used again."""

    trailing_data = (b"?", False)


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections."""

    async def connect_tcp(  # as httpcore calls it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        own = (local_address, 0) if local_address else None
        with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                _, line = await loop.create_connection(
                    _Line, host, port, local_addr=own, happy_eyeballs_delay=_NEXT_ADDRESS_S
                )
        for option in socket_options or ():
            line.transport.get_extra_info("socket").setsockopt(*option)
        return _Stream(line)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Line(asyncio.Protocol):
    """Both directions of a connection; one caller at a time, as HTTP/1.1 needs it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.arrived = bytearray()
        self.is_over = False
        self._error: Exception | None = None
        self._is_full = False
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.arrived += data
        if len(self.arrived) > _MOST_HELD:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.is_over = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    async def send(self, data: bytes) -> None:
        """Send; returns once the system has taken most of it."""
        if data and not self.is_over:
            self.transport.write(data)
        while self._is_full and not self.is_over:
            await self._wait()

    async def take(self, most: int) -> bytes:
        """Return what has arrived, or wait for something; nothing = the connection has ended.

        Raises:
            OSError: it has broken.
        """
        while not self.arrived and not self.is_over:
            await self._wait()
        if not self.arrived and self._error is not None:
            raise self._error
        taken = bytes(self.arrived[:most])
        del self.arrived[:most]
        if len(self.arrived) <= _MOST_HELD:
            self.transport.resume_reading()
        return taken

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore sees it.

    What has arrived when a request is about to be sent can't be the answer to it: a proxy that
    answers twice would give one request the answer to another. Such a connection isn't used again.
    """

    def __init__(self, line: _Line) -> None:
        self._line = line
        self.parser: Any = None
        self.head_left: int | None = None  # bytes until an answer begins; None = it has
        self._unsent = bytearray()
        self._is_tls = line.transport.get_extra_info("ssl_object") is not None
        self._poll = select.poll()
        self._poll.register(line.transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._open_until = time.monotonic() + _AFTER_USE_S

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        unsent = bytes(self._unsent)
        if unsent and self._has_surplus():
            raise httpcore.ConnectError("the connection had ended, or held another answer")
        self._unsent.clear()
        self.head_left = _LARGEST_HEAD if unsent else self.head_left
        with _as(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                await self._line.send(unsent)
                data = await self._line.take(max_bytes)
        self._open_until = time.monotonic() + _AFTER_USE_S
        if self.head_left is not None:
            self.head_left -= len(data)
            if self.head_left < 0:
                raise httpcore.RemoteProtocolError("the head of the answer doesn't end")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Keep what comes in pieces: all goes out at once when the answer is asked for."""
        self._unsent += buffer

    @property
    def is_sent(self) -> bool:
        """Has all that was written gone out?"""
        return not self._unsent

    async def aclose(self) -> None:
        self._line.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop, outer, inner = asyncio.get_running_loop(), self._line.transport, _Line()
        with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(
                    outer, inner, ssl_context, server_hostname=server_hostname
                )
        assert transport is not None
        inner.connection_made(transport)
        return _Stream(inner)

    def get_extra_info(self, info: str) -> Any:
        return (
            self._has_news() if info == "is_readable" else self._line.transport.get_extra_info(info)
        )

    def _has_news(self) -> bool:
        """Has something arrived that nobody asked for, which is mostly the connection's end?"""
        if self._line.is_over or self._line.arrived or self._unsent or self._is_read_on():
            return True
        now = time.monotonic()
        if now < self._open_until:
            return False
        self._open_until = now + _AFTER_LOOK_S
        return bool(self._poll.poll(0))

    def _has_surplus(self) -> bool:
        """Has anything arrived before a request is sent, or has the connection ended?"""
        if self._line.is_over or self._line.arrived or self._is_read_on():
            return True
        # A server's tickets arrive by themselves on a connection with TLS: the loop reads these.
        return not self._is_tls and bool(self._poll.poll(0))

    def _is_read_on(self) -> bool:
        """Has more been read than the last answer?"""
        return self.parser is not None and bool(self.parser.trailing_data[0])


@contextmanager
def _as(
    late: type[httpcore.TimeoutException], failed: type[httpcore.NetworkError]
) -> Iterator[None]:
    """Raise what httpcore expects; an error of TLS is an OSError, too."""
    try:
        yield
    except TimeoutError as error:
        raise late from error
    except OSError as error:
        raise failed(error) from error
