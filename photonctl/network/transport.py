"""A transport of httpx on asyncio and h11, for HTTP/1.1.

httpx's own goes through httpcore and anyio, which take two thirds of a request's processor time,
and a sixth of what a command imports. It also takes whatever has arrived on an idle connection for
the answer to the next request. Here a connection that isn't quiet isn't used again.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

import h11
import httpx

from photonctl.network.bodies import refuse_compressed
from photonctl.network.incoming import LARGEST_EVENT, Incoming
from photonctl.network.line import Line, connect, secured

_IDLE_S = 5.0  # a connection that nobody used for so long is likely to be closed on the way
_LARGEST_HEAD = 2**19  # bytes, with what says only that an answer will come (1xx)
_LARGEST_FAILURE, _PIECE_COST = 2**20, 64  # bytes
_PORTS = {"http": 80, "https": 443}
BEFORE = "photonctl.before"
"""The extension of a request whose function is called when a connection is there, before anything
is sent; what it raises is raised."""
Origin = tuple[str, str, int, str]
"""Scheme, host and port, and the name that a certificate must be for."""
Timeouts = dict[str, float | None]


class NetworkTransport(httpx.AsyncBaseTransport):
    """Keeps connections open between requests; how many there are at a time, callers bound."""

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.URL | None = None) -> None:
        """Take what is trusted, and a proxy for https."""
        tls.set_alpn_protocols(["http/1.1"])
        self._tls = tls
        self._proxy = proxy
        self._idle: dict[Origin, list[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its answer once that begins.

        Raises:
            httpx.TransportError: of which kind, says what became of the request.
            httpx.DecodingError: the answer is compressed.
        """
        url = request.url
        if url.scheme not in _PORTS:
            raise httpx.UnsupportedProtocol("only http and https are spoken")
        port = url.port or _PORTS[url.scheme]
        host = url.raw_host.decode("ascii")
        origin = (url.scheme, host, port, request.extensions.get("sni_hostname", host))
        times: Timeouts = request.extensions.get("timeout", {})
        connection = self._used(origin) or await self._connected(origin, times)
        try:
            request.extensions.get(BEFORE, _nothing)()
        except BaseException:
            connection.close()
            raise
        head = await connection.ask(request, times)
        response = httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=_Body(connection, head.status_code, times),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": head.reason},
        )
        try:
            refuse_compressed(response)
        except httpx.DecodingError:
            connection.close()
            raise
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            connection.close()

    def _used(self, origin: Origin) -> "_Connection | None":
        """Return an idle connection that can be used once more; the last used first."""
        idle = self._idle.get(origin, [])
        while idle:
            connection = idle.pop()
            if time.monotonic() - connection.idle_since < _IDLE_S and connection.is_quiet():
                return connection
            connection.close()
        return None

    async def _connected(self, origin: Origin, times: Timeouts) -> "_Connection":
        try:
            async with asyncio.timeout(times.get("connect")):
                line = await self._line(*origin)
                line.refuse_early()
        except TimeoutError as error:
            raise httpx.ConnectTimeout("") from error
        except (OSError, UnicodeError) as error:  # the second: a name that DNS can't hold
            raise httpx.ConnectError(str(error)) from error
        idle = self._idle.setdefault(origin, [])
        connection = _Connection(line, on_idle=idle.append, on_end=self._open.discard)
        self._open.add(connection)
        return connection

    async def _line(self, scheme: str, host: str, port: int, name: str) -> Line:
        tls = self._tls if scheme == "https" else None
        if self._proxy is None:
            return await connect(host, port, tls, name)
        if tls is None:
            raise httpx.UnsupportedProtocol("a proxy is used for https only")
        from photonctl.network.tunnel import ask_http, ask_socks

        proxy = self._proxy
        is_socks = proxy.scheme.startswith("socks")
        there = proxy.port or (1080 if is_socks else _PORTS[proxy.scheme])
        outer = tls if proxy.scheme == "https" else None
        line = await connect(proxy.raw_host.decode("ascii"), there, outer)
        try:
            await (ask_socks if is_socks else ask_http)(line, proxy, host, port)
            return await secured(line, tls, name)
        except BaseException:
            line.close()
            raise


def _nothing() -> None:
    """Say nothing against a request."""


class _Connection:
    """HTTP/1.1 on a line, one exchange after the other."""

    def __init__(
        self,
        line: Line,
        *,
        on_idle: "Callable[[_Connection], None]",
        on_end: "Callable[[_Connection], None]",
    ) -> None:
        self.idle_since = 0.0
        self._line = line
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_EVENT)
        self._incoming = Incoming()
        self._is_chunked = False
        self._on_idle = on_idle
        self._on_end = on_end
        self._head_left: int | None = None  # bytes until an answer begins; None = it has

    async def ask(self, request: httpx.Request, times: Timeouts) -> h11.Response:
        """Send a request in one piece, and return the head of its answer."""
        try:
            await self._line.send(await self._wire(request), times.get("write"))
        except BaseException as error:  # noqa: BLE001  # raised again, by the name httpx has for it
            self._fail(error, httpx.WriteTimeout, httpx.WriteError)
        self._head_left = _LARGEST_HEAD
        while True:
            event = await self.event(times)
            if isinstance(event, h11.Response):
                self._head_left = None
                self._is_chunked = any(n == b"transfer-encoding" for n, _ in event.headers)
                return event
            if not isinstance(event, h11.InformationalResponse):
                self.close()
                raise httpx.RemoteProtocolError("the server ended before it answered")

    async def event(self, times: Timeouts) -> Any:
        """Return what comes next of an answer."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._next(times))
        except BaseException as error:  # noqa: BLE001  # raised again, by the name httpx has for it
            self._fail(error, httpx.ReadTimeout, httpx.ReadError)
        return event

    async def _next(self, times: Timeouts) -> bytes:
        """Return what h11 gets next; nothing = the connection has ended."""
        if self._head_left is None:
            if not self._incoming:
                data = await self._line.take(times.get("read"))
                if not self._is_chunked:
                    return data
                self._incoming.add(data)
            return self._incoming.piece() if self._is_chunked else self._incoming.rest()
        while not (head := self._incoming.head()):
            data = await self._line.take(times.get("read"))
            if not data:
                break
            self._count_head(len(data))
            self._incoming.add(data)
        return head

    def finish(self) -> None:
        """Make it ready for the next exchange; one that can't have another is closed."""
        is_done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if not is_done or self._incoming or self._http.trailing_data[0]:
            self.close()
            return
        self._http.start_next_cycle()
        self.idle_since = time.monotonic()
        self._on_idle(self)

    def is_quiet(self) -> bool:
        """May a request be sent, and is what comes then its answer?"""
        return self._line.is_quiet()

    def close(self) -> None:
        self._line.close()
        self._on_end(self)

    def _fail(
        self,
        error: BaseException,
        late: type[httpx.TimeoutException],
        broken: type[httpx.NetworkError],
    ) -> NoReturn:
        self.close()
        known = _as_httpx(error, late, broken)
        if known is None:
            raise error
        raise known from error

    async def _wire(self, request: httpx.Request) -> bytes:
        stream = request.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        body = b"".join([piece async for piece in stream])
        head = h11.Request(
            method=request.method, target=request.url.raw_path, headers=request.headers.raw
        )
        events = (head, h11.Data(data=body), h11.EndOfMessage())
        return b"".join(self._http.send(event) or b"" for event in events)

    def _count_head(self, size: int) -> None:
        if self._head_left is not None:
            self._head_left -= size
            if self._head_left < 0:
                raise httpx.RemoteProtocolError("the head of the answer doesn't end")


class _Body(httpx.AsyncByteStream):
    """The body of an answer. That of a failure, which explains itself in a few words, is bounded.

    httpx reads it whole before it sends a request with other credentials.
    """

    def __init__(self, connection: _Connection, status: int, times: Timeouts) -> None:
        self._connection = connection
        self._left = _LARGEST_FAILURE if status >= httpx.codes.BAD_REQUEST else None
        self._times = times
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._connection.event(self._times), h11.Data):
            if self._left is not None:
                self._left -= len(event.data) + _PIECE_COST
                if self._left < 0:
                    raise httpx.DecodingError("the answer is larger than that of any failure")
            yield bytes(event.data)

    async def aclose(self) -> None:
        if not self._is_closed:  # the connection may be another exchange's by now
            self._is_closed = True
            self._connection.finish()


def _as_httpx(
    error: BaseException,
    late: type[httpx.TimeoutException],
    broken: type[httpx.NetworkError],
) -> httpx.TransportError | None:
    """Return the error of httpx that says the same; None = it is none of the network's."""
    match error:
        case TimeoutError():
            return late("")
        case OSError():
            return broken(str(error))
        case h11.RemoteProtocolError():
            return httpx.RemoteProtocolError(str(error))
        case h11.LocalProtocolError():
            return httpx.LocalProtocolError(str(error))
    return None
