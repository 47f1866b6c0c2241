"""Who may ask: programs on this machine and the emulator's own pages, and no page of another site.

A web page in the same browser can send requests to loopback, and a name of its own that leads there
(DNS rebinding). The documented token is no secret, so the host and the origin must say who asks.
"""

import re
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

_NAMES = ("127.0.0.1", "[::1]", "localhost")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_LARGEST_BODY = 16 * 2**20
_OPEN = frozenset({"/api/health", "/openapi/json"})
_CLOSED = ("/device", "/api/auth/device", "/__emulator__")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without one, a form would say its origin is null
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Refuses requests before anything of them is read."""

    def __init__(self, host: str, *, opens: Callable[[str], bool] | None = None) -> None:
        """Take what may ask.

        Args:
            host: the address that the emulator listens on: it is one of its names.
            opens: does an Authorization header hold this run's token, or a project's credentials?
                None = anybody is served.
        """
        own = f"[{host}]" if ":" in host else host
        self._names = {*_NAMES, own.lower()}
        self._opens = opens

    def refusal(self, request: Request) -> Response | None:
        """Return why a request isn't served; None = it is."""
        hosts = request.headers.getlist("host")
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None or match[1].lower() not in self._names:
            told = "this host isn't served here; call it 127.0.0.1, localhost or as in --host"
            return PlainTextResponse(told, 421)
        origins = request.headers.getlist("origin")
        is_own = all(origin == f"http://{hosts[0]}" for origin in origins)
        site = request.headers.get("sec-fetch-site", "none")
        is_visit = request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
        if not is_own or (site not in ("none", "same-origin") and not is_visit):
            return PlainTextResponse("not for pages of another origin", 403)
        if self._opens is not None and not self._is_ours(request, self._opens):
            return PlainTextResponse("this emulator serves one command only", 403)
        return None

    @staticmethod
    def _is_ours(request: Request, opens: Callable[[str], bool]) -> bool:
        path = request.scope["path"]
        if path in _OPEN:
            return True
        is_page = path == "/" or path.startswith(_CLOSED)
        return not is_page and opens(request.headers.get("authorization", ""))


async def read_body(request: Request) -> bytes | None:
    """Read a body of bounded size; None = it is too large, or the client has gone."""
    told = request.headers.get("content-length", "0")
    if not (told.isascii() and told.isdecimal()) or int(told[:12]) > _LARGEST_BODY:
        return None
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > _LARGEST_BODY:
                return None
    except ClientDisconnect:
        return None
    return bytes(content)


def harden(answer: Response) -> Response:
    """Add what every page and answer says to a browser."""
    for name, value in {**_HEADERS, "Content-Security-Policy": policy()}.items():
        answer.headers.setdefault(name, value)
    return answer


def policy(nonce: str = "") -> str:
    """Return the one content security policy; ``nonce``: of a page's own script."""
    script = f"'nonce-{nonce}'" if nonce else "'none'"
    return (
        "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; script-src {script}"
    )
