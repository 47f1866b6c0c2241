"""A connection through a proxy: what is said to the proxy before TLS with the server begins.

How long that may take, who connects bounds.
"""

from base64 import b64encode

import h11
import httpx

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
        while (event := http.next_event()) is h11.NEED_DATA:
            http.receive_data(await line.take(None))
    except h11.ProtocolError:
        raise httpx.ProxyError("no HTTP proxy") from None
    if not isinstance(event, h11.Response):
        raise httpx.ProxyError("no answer to CONNECT")
    if not httpx.codes.is_success(event.status_code):
        raise httpx.ProxyError(f"{event.status_code}")
    if http.trailing_data[0]:
        raise httpx.ProxyError("more than an answer to CONNECT")


async def ask_socks(line: Line, proxy: httpx.URL, host: str, port: int) -> None:
    """Ask a SOCKS5 proxy for a connection; it resolves the host's name.

    Raises:
        httpx.ProxyError: it refuses, or doesn't speak SOCKS5.
    """
    from socksio import SOCKSError, socks5

    socks = socks5.SOCKS5Connection()

    async def turn(request: object) -> object:
        socks.send(request)
        await line.send(socks.data_to_send(), None)
        return socks.receive_data(await line.take(None))

    methods = socks5.SOCKS5AuthMethod
    has_name = bool(proxy.username or proxy.password)
    wanted = methods.USERNAME_PASSWORD if has_name else methods.NO_AUTH_REQUIRED
    try:
        answer = await turn(socks5.SOCKS5AuthMethodsRequest([wanted]))
        if getattr(answer, "method", None) != wanted:
            raise httpx.ProxyError("another way to sign in, as with a username, is asked for")
        if has_name:
            name, password = proxy.username.encode(), proxy.password.encode()
            answer = await turn(socks5.SOCKS5UsernamePasswordRequest(name, password))
            if not getattr(answer, "success", False):
                raise httpx.ProxyError("the username or password isn't accepted")
        command = socks5.SOCKS5CommandRequest.from_address(
            socks5.SOCKS5Command.CONNECT, (host.encode(), port)
        )
        answer = await turn(command)
    except SOCKSError:
        raise httpx.ProxyError(_NO_SOCKS) from None
    code = getattr(answer, "reply_code", None)
    if code is None:
        raise httpx.ProxyError(_NO_SOCKS)
    if code != socks5.SOCKS5ReplyCode.SUCCEEDED:
        raise httpx.ProxyError("could not connect")
