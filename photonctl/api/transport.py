"""Sending a request: time-outs, a size bound, no foreign redirect, no foreign error."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from math import isfinite

import httpx
from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.api.auth import ONCE, PairAuth
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Answer, Repeat, Retrying, send_persistently
from photonctl.errors import Ambiguous, ApiError, Blocked, Unreachable
from photonctl.events import OnEvent, RequestFinished, Waiting, ignore
from photonctl.model.spec import JsonValue
from photonctl.network.bodies import read_whole
from photonctl.network.client import proxy_for

LARGEST_LIST = 48 * 2**20  # bytes; 100,000 users are about 40 MB
LARGE_LIST = 16 * 2**20  # 10,000 projects are about 6 MB
_SLASH_REDIRECTS = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_LONGEST_PLACE = 300
_GRACE_S = 0.1  # httpx's own time-out knows more of what happened, so it comes first
_TRUST_HINT = (
    "If a proxy or your company issues certificates of its own, name its certificate in "
    "SSL_CERT_FILE (a file), SSL_CERT_DIR (a folder) or REQUESTS_CA_BUNDLE. What these name is "
    "trusted instead of the usual certificates."
)
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Request(Struct, frozen=True, kw_only=True):
    """One request, before host and credentials; ``largest``: bytes that its answer may have."""

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, JsonValue] | None = None
    repeat: Repeat = Repeat.SAFE
    largest: int = 2**20

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"  # a body may hold what is secret

    @property
    def changes_once(self) -> bool:
        """Would it change something twice, if it were sent twice?"""
        return self.method != "GET" and self.repeat is Repeat.ONCE


class Transport:
    """Sends requests to one base URL with one credential.

    ``limiter`` is the project's, ``slots`` are the run's: how many requests are on their way at the
    same time. A request waits for its limiter first, so that it takes no slot from other projects.
    """

    def __init__(  # noqa: PLR0913  # what a request passes on its way
        self,
        http: httpx.AsyncClient,
        base_url: str,
        auth: httpx.Auth,
        *,
        limiter: Limiter,
        retrying: Retrying,
        slots: asyncio.Semaphore,
        on_event: OnEvent = ignore,
        project_id: str | None = None,
    ) -> None:
        self._http = http
        self._base = httpx.URL(base_url.rstrip("/"))
        self._auth = auth
        self._limiter = limiter
        self._retrying = retrying
        self._slots = slots
        self._on_event = on_event
        self._project_id = project_id

    def accept_credentials(self) -> None:
        """Take the credential as valid: an answer to it was understood."""
        if isinstance(self._auth, PairAuth):
            self._auth.accept()

    async def send(self, request: Request) -> Answer:
        """Send a request, waiting for its turn, again where that is safe.

        Raises:
            Unreachable, Ambiguous: no answer (see ``send_persistently``).
        """
        url = httpx.URL(str(self._base) + request.path, params=dict(request.params) or None)
        sent = 0

        async def once(left_s: float) -> Answer:
            nonlocal sent
            sent += 1
            try:
                async with asyncio.timeout(left_s + _GRACE_S):
                    answer = await self._once(request, url, left_s)
                    last = await self._follow(request, url, answer, left_s)
                    return replace(last, sent=sent if last is answer else sent + 1)
            except TimeoutError:
                # The server sends something now and then, but never all of it.
                raise translate(httpx.ReadTimeout(""), request.method, url) from None

        return await send_persistently(
            once,
            repeat=request.repeat,
            retrying=self._retrying,
            turn=self._turn,
            on_wait=partial(self._will_wait, f"{request.method} {request.path}"),
        )

    def _will_wait(self, request: str, reason: str, seconds: float) -> None:
        self._on_event(
            Waiting(request=request, reason=reason, seconds=seconds, project_id=self._project_id)
        )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        await self._limiter.wait()
        async with self._slots:
            await self._limiter.begin()
            yield

    async def _follow(
        self, request: Request, url: httpx.URL, answer: Answer, left_s: float
    ) -> Answer:
        """Follow one 307 or 308 within the origin: the slash redirect of contract §3.0."""
        if answer.status not in _SLASH_REDIRECTS or not answer.location:
            return answer
        target = _with_other_slash(url, answer.location)
        if target is None:
            return answer
        await self._limiter.wait()
        return await self._once(request, target, left_s)

    async def _once(self, request: Request, url: httpx.URL, left_s: float) -> Answer:
        # Silence ends an attempt early enough for a second one.
        silence_s = min(left_s, self._retrying.limit_s / 2)
        clock = self._retrying.clock
        began_at = clock.monotonic()
        try:
            # A DELETE without a body carries no content type (contract §8, 27).
            async with self._http.stream(
                request.method,
                url,
                json=request.body,
                auth=self._auth,
                timeout=silence_s,
                extensions={ONCE: True} if request.changes_once else {},
            ) as response:
                body = await read_whole(response, request.largest)
                if response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                    raise _proxy_asks(request, url)
                self._on_event(
                    RequestFinished(
                        method=request.method,
                        path=request.path,
                        status=response.status_code,
                        seconds=clock.monotonic() - began_at,
                        project_id=self._project_id,
                    )
                )
                is_429 = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
                self._limiter.learn(was_limited=is_429)
                return _answer(response, body, clock.now())
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, UnicodeError) as error:
            raise translate(error, request.method, url) from None


def _with_other_slash(url: httpx.URL, location: str) -> httpx.URL | None:
    """Return where a redirect leads if that is the same path with a slash more or less, else None.

    Any other path is another resource, which nobody asked to be read or deleted.
    """
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):  # an IDNAError is one
        return None
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
        return None
    (here, mark, query), (there, *_) = (u.raw_path.partition(b"?") for u in (url, target))
    if there not in (here + b"/", here.removesuffix(b"/")) or there == here:
        return None
    return url.copy_with(raw_path=there + mark + query)


def translate(error: Exception, method: str, url: httpx.URL) -> ApiError:
    """Turn an httpx error into ours: was the request surely not carried out, or possibly?

    The original isn't chained: its request carries the credential.
    """
    where = f"{method} {url.scheme}://{url.netloc.decode()}{url.path}"[:_LONGEST_PLACE]
    # A protocol error may quote a header; the others speak of the network or are our own.
    harmless = httpx.TimeoutException | httpx.NetworkError | httpx.DecodingError
    is_harmless = isinstance(error, harmless)
    kind = type(error).__name__ + (f": {error}" if is_harmless and str(error) else "")
    if not isinstance(error, _NEVER_SENT):
        return Ambiguous(
            f"{where}: the answer was lost ({kind})",
            hint="Run the same command again: it starts from what is live.",
        )
    proxy = proxy_for(str(url))
    if isinstance(error, httpx.ProxyError):
        return _proxy_said(where, str(error), proxy[0] if proxy else "the proxy's variable")
    untrusted = _untrusted(error)
    if untrusted is not None:
        return Blocked(f"{where}: its certificate isn't trusted ({untrusted})", hint=_TRUST_HINT)
    hint = "Check the network and PHOTON_DASHBOARD_HOST and PHOTON_SPECTRUM_HOST."
    if proxy is not None:
        hint += f"\nThe request goes through the proxy that {proxy[0]} names: is it there?"
    return Unreachable(f"{where}: can't connect ({kind})", hint=hint)


def _proxy_asks(request: Request, url: httpx.URL) -> Blocked:
    """Photon never answers 407: something on the way does."""
    return Blocked(
        f"{request.method} {url.scheme}://{url.netloc.decode()}{url.path}: a proxy on the way asks "
        "for a user name and a password (status 407); this isn't Photon's answer",
        hint="Put them into HTTPS_PROXY, or name the host in NO_PROXY.",
    )


def _proxy_said(where: str, said: str, variable: str) -> Unreachable:
    """Report a proxy's refusal as its own. Its words may quote a password: only a number passes."""
    number = said[:3] if re.match(r"[1-5][0-9]{2}\b", said) else ""
    answer = f"answered {number} to CONNECT" if number else "refused the connection"
    message = f"{where}: the proxy that {variable} names {answer}; nothing reached Photon"
    if number.startswith("5") or "could not connect" in said:
        return Unreachable(message, hint="The proxy can't reach Photon. Try again later.")
    needs_login = number == "407" or "username" in said or said.startswith("Requested")
    fix = (
        f"Put the proxy's user name and password into {variable}."
        if needs_login
        else f"Ask who runs the proxy to allow it, or name another proxy in {variable}."
    )
    return Blocked(message, hint=f"{fix} NO_PROXY lists hosts that need no proxy.")


def _untrusted(error: BaseException | None) -> str | None:
    """Return why a certificate isn't trusted, if that is what an error began with."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or "it can't be verified"
        error = error.__cause__ or error.__context__
    return None


def _answer(response: httpx.Response, body: bytes, now: datetime) -> Answer:
    headers = response.headers
    return Answer(
        status=response.status_code,
        body=body,
        retry_after_s=_retry_after_s(headers, now),
        location=headers.get("location"),
        auth_token=headers.get("set-auth-token"),
        date=_date(headers.get("date")),
    )


def _retry_after_s(headers: httpx.Headers, now: datetime) -> float | None:
    """Read ``Retry-After`` in seconds or as a date, or ``X-Retry-After`` (contract §5.5)."""
    text = headers.get("retry-after") or headers.get("x-retry-after")
    if text is None:
        return None
    try:
        seconds = float(text)
        return max(0.0, seconds) if isfinite(seconds) else None
    except ValueError:
        pass
    date = _date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _date(text: str | None) -> datetime | None:
    """Read a date of HTTP's form."""
    try:
        found = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
