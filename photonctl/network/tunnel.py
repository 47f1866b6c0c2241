"""A connection through a proxy: what is said to the proxy before TLS with the server begins.

How long that may take, who connects bounds.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable

import h11
import httpx

from photonctl.network.incoming import Incoming
from photonctl.network.line import Line

_NO_SOCKS = "no SOCKS5 proxy"


async def ask_http(line: Line, proxy: httpx.URL, host: str, port: int) -> None:
    """Ask an HTTP proxy for a tunnel.

    Raises:
        httpx.ProxyError: it refuses, by a status; or it doesn't speak HTTP.
    """
    there = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", there)]
    if proxy.username or proxy.password:
        pair = b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        headers.append(("Proxy-Authorization", f"Basic {pair}"))
    http = h11.Connection(h11.CLIENT)
    try:
        wire = http.send(h11.Request(method="CONNECT", target=there, headers=headers))
        await line.send((wire or b"") + (http.send(h11.EndOfMessage()) or b""), None)
        incoming = Incoming()
        while (event := http.next_event()) is h11.NEED_DATA:
            while not (head := incoming.head()) and (data := await line.take(None)):
                incoming.add(data)
            http.receive_data(head)
    except h11.ProtocolError:
        raise httpx.ProxyError("no HTTP proxy") from None
    if not isinstance(event, h11.Response):
        raise httpx.ProxyError("no answer to CONNECT")
    if not httpx.codes.is_success(event.status_code):
        raise httpx.ProxyError(f"{event.status_code}")
    if incoming or http.trailing_data[0]:
        raise httpx.ProxyError("more than an answer to CONNECT")


async def ask_socks(line: Line, proxy: httpx.URL, host: str, port: int) -> None:
    """Ask a SOCKS5 proxy for a connection; it resolves the host's name (RFC 1928 and 1929).

    Raises:
        httpx.ProxyError: it refuses, or doesn't speak SOCKS5.
    """
    from socksio import SOCKSError, socks5

    socks, answers = socks5.SOCKS5Connection(), _Answers(line)

    async def turn(request: object, read: Callable[[], Awaitable[bytes]]) -> object:
        socks.send(request)
        await line.send(socks.data_to_send(), None)
        return socks.receive_data(await read())

    methods = socks5.SOCKS5AuthMethod
    has_name = bool(proxy.username or proxy.password)
    wanted = methods.USERNAME_PASSWORD if has_name else methods.NO_AUTH_REQUIRED
    try:
        answer = await turn(socks5.SOCKS5AuthMethodsRequest([wanted]), answers.short)
        if getattr(answer, "method", None) != wanted:
            raise httpx.ProxyError("another way to sign in, as with a username, is asked for")
        if has_name:
            name, password = proxy.username.encode(), proxy.password.encode()
            pair = socks5.SOCKS5UsernamePasswordRequest(name, password)
            if not getattr(await turn(pair, answers.short), "success", False):
                raise httpx.ProxyError("the username or password isn't accepted")
        command = socks5.SOCKS5CommandRequest.from_address(
            socks5.SOCKS5Command.CONNECT, (host.encode(), port)
        )
        answer = await turn(command, answers.reply)
    except (SOCKSError, ValueError, OverflowError, IndexError):  # a name of 256 bytes, for one
        raise httpx.ProxyError(_NO_SOCKS) from None
    if getattr(answer, "reply_code", None) != socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise httpx.ProxyError("could not connect")


class _Answers:
    """What a SOCKS5 proxy says: each answer has a length, and may come in pieces."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._arrived = bytearray()

    async def short(self) -> bytes:
        """Read which way to sign in it takes, or whether that has worked."""
        return await self._read(2)

    async def reply(self) -> bytes:
        """Read whether it is connected, and from where; nothing may follow."""
        head = await self._read(5)
        sizes = {1: 5, 3: head[4] + 2, 4: 17}  # the rest of an address, by its kind, and a port
        whole = head + await self._read(sizes.get(head[3], 0))
        if self._arrived:
            raise httpx.ProxyError("more than an answer")
        return whole

    async def _read(self, size: int) -> bytes:
        while len(self._arrived) < size:
            data = await self._line.take(None)
            if not data:
                raise httpx.ProxyError(_NO_SOCKS)
            self._arrived += data
        taken = bytes(self._arrived[:size])
        del self._arrived[:size]
        return taken
