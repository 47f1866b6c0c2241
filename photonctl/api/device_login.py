"""Device login (RFC 8628; contract §2.1 to §2.3) without I/O: a generator says what to do next.

It yields ``Send``, ``Show`` and ``Wait``, receives an answer (or the error that came instead) for
each ``Send``, and ends with the candidates for a token. The caller owns clock and network, so that
no test needs either.
"""

import re
from collections.abc import Callable, Generator, Iterator
from http import HTTPStatus
from typing import Never
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from photonctl.api.given_away import secrets_in
from photonctl.api.parsing import parse_json
from photonctl.api.retry import Answer
from photonctl.api.shapes import first_text
from photonctl.errors import (
    Ambiguous,
    ApiError,
    AuthError,
    LoginDenied,
    LoginExpired,
    RateLimited,
    ServerFailed,
    UnknownShape,
)
from photonctl.model.foreign import one_line
from photonctl.model.secret import Secret, note_given
from photonctl.model.spec import JsonObject
from photonctl.own_credentials import bare_token
from photonctl.texts import is_plain_secret

CLIENT_ID = "photon-cli"  # allow-listed; any other is refused (contract §2.1)
_SCOPE = "openid profile email"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_CODE_PATH = "/api/auth/device/code"
_TOKEN_PATH = "/api/auth/device/token"
_LIFETIME_S = 900.0  # the smaller of two clients' fallbacks (contract §1.4)
_INTERVAL_S = 5.0
_SLOWER_S = 5.0  # RFC 8628 §3.5: from then on
_LIMITED_S = 10.0  # after a 429 that doesn't say how long (contract §2.2)
_AGAIN = "To try again:\n  photonctl login"
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]{1,2000}")
_PLACES = ("access_token", "accessToken", "session.access_token", "data.access_token",
           "data.accessToken")  # fmt: skip
_LONGEST_DETAIL = 500
_HEADER = "the set-auth-token header"


class DeviceCode(Struct, frozen=True, kw_only=True):
    """What a person needs in order to approve.

    Attributes:
        url: the dashboard's page for it, with the code in it where the server gives that.
        lifetime_s: seconds from now on.
    """

    user_code: str
    url: str
    lifetime_s: float


class Send(Struct, frozen=True, kw_only=True):
    """Send a POST; ``is_poll``: once, as the next poll is the repetition."""

    path: str
    body: JsonObject
    is_poll: bool

    def __repr__(self) -> str:
        return f"Send({self.path})"  # the body holds the device code


class Show(Struct, frozen=True, kw_only=True):
    """Show the code to the person."""

    code: DeviceCode


class Wait(Struct, frozen=True, kw_only=True):
    """Let time pass. ``left_s``: until the code expires, seen from before the wait."""

    seconds: float
    left_s: float


class Candidate(Struct, frozen=True, kw_only=True):
    """A text that may be the token. ``place``: where in the answer it stood."""

    place: str
    token: Secret


Step = Send | Show | Wait
Reply = Answer | ApiError | None


def log_in(
    dashboard_url: str, now: Callable[[], float]
) -> Generator[Step, Reply, tuple[Candidate, ...]]:
    """Log in by a device code.

    Args:
        dashboard_url: what a relative address is relative to.
        now: a monotonic clock, in seconds.

    Returns:
        The token's candidates in the contract's order, each text once; at least one.

    Raises:
        LoginDenied, LoginExpired, AuthError: there is no token.
        ApiError: the server can't be asked, or its answer is in no known form.
    """
    started = now()
    code, device_code, pause_s = _read_code(
        (yield Send(path=_CODE_PATH, body=_start_body(), is_poll=False)), dashboard_url
    )
    yield Show(code=code)
    deadline = started + code.lifetime_s
    was_lost = False
    while True:
        left_s = deadline - now()
        if left_s <= 0:
            raise LoginExpired("the code expired before anybody approved it", hint=_AGAIN)
        yield Wait(seconds=min(pause_s, left_s), left_s=left_s)
        reply = yield Send(path=_TOKEN_PATH, body=_poll_body(device_code), is_poll=True)
        if not isinstance(reply, Answer):
            was_lost |= isinstance(reply, Ambiguous)
            continue
        if reply.status == HTTPStatus.OK:
            found = _candidates(reply)
            if found is not None:
                return found
            was_lost = True  # no JSON: a proxy's page, perhaps instead of the token
        pause_s = _next_pause_s(reply, pause_s, was_lost=was_lost)


def _start_body() -> JsonObject:
    return {"client_id": CLIENT_ID, "scope": _SCOPE}


def _poll_body(device_code: Secret) -> JsonObject:
    code = device_code.reveal()
    return {"grant_type": _GRANT, "device_code": code, "client_id": CLIENT_ID}


def _read_code(reply: Reply, dashboard_url: str) -> tuple[DeviceCode, Secret, float]:
    if isinstance(reply, ApiError):
        raise reply
    if reply is None or reply.status != HTTPStatus.OK:
        _refuse_start(reply)
    body = _object(reply) or {}
    device_code = first_text(body, ["device_code"])
    user_code = first_text(body, ["user_code"])
    url = first_text(body, ["verification_uri"])
    are_plain = is_plain_secret(device_code or "") and is_plain_secret(user_code or "")
    if not (device_code and user_code and url and are_plain):
        raise UnknownShape(
            "the sign-in server's answer holds no device code in any known form",
            hint="Does PHOTON_DASHBOARD_HOST name another server?",
        )
    complete = first_text(body, ["verification_uri_complete"])
    plain_page = _page(url, dashboard_url)
    page = _page(complete, dashboard_url) if complete else None
    if plain_page is None and page is None:
        raise AuthError(
            "the sign-in server names a page that isn't its own, so it isn't shown",
            hint=f"Does PHOTON_DASHBOARD_HOST name Photon's dashboard? It is {dashboard_url}.",
        )
    code = DeviceCode(
        user_code=user_code,
        url=page or plain_page or "",
        lifetime_s=_seconds(body, "expires_in", _LIFETIME_S),
    )
    return code, Secret(device_code), _seconds(body, "interval", _INTERVAL_S)


def _refuse_start(reply: Answer | None) -> Never:
    status = reply.status if reply else 0
    word, detail = _error(reply)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(f"the sign-in server is busy (429): {detail}", hint="Try again later.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServerFailed(
            f"the sign-in server failed ({status}): {detail}", hint="Try again later."
        )
    if word == "invalid_client":
        raise AuthError(
            f"the sign-in server doesn't know the client {CLIENT_ID}: {detail}",
            hint="Does PHOTON_DASHBOARD_HOST name Photon's dashboard? If it does, get a token "
            "elsewhere, and set PHOTON_TOKEN to it.",
        )
    raise AuthError(f"the sign-in server refused to begin ({status}): {detail}", hint=_AGAIN)


def _next_pause_s(answer: Answer, pause_s: float, *, was_lost: bool) -> float:
    """Return how long to wait from now on; anything unknown is taken for passing trouble.

    Raises:
        AuthError: it can't come to a good end any more.
    """
    word, detail = _error(answer)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return max(pause_s, answer.retry_after_s or pause_s + _LIMITED_S)
    if answer.status != HTTPStatus.BAD_REQUEST:
        return pause_s
    match word:
        case "slow_down":
            return pause_s + _SLOWER_S
        case "access_denied":
            raise LoginDenied("the sign-in was denied", hint=_AGAIN)
        case "expired_token":
            raise LoginExpired("the code expired before anybody approved it", hint=_AGAIN)
        case "invalid_grant":
            why = (
                "it was approved, but the answer with the token was lost on the way"
                if was_lost
                else "it is unknown to the server, or was used already"
            )
            raise AuthError(f"the code can't be used: {why}", hint=_AGAIN)
        case "invalid_client" | "invalid_request" | "unauthorized_client" | "invalid_scope":
            raise AuthError(f"the sign-in server refused: {word}: {detail}", hint=_AGAIN)
        case "unsupported_grant_type":
            raise AuthError(f"the server offers no device login: {detail}")
    return pause_s


def _candidates(answer: Answer) -> tuple[Candidate, ...] | None:
    """Collect what may be the token (contract §2.3); None = the answer is no JSON object.

    Raises:
        UnknownShape: none in any known place.
    """
    body = _object(answer)
    if body is None:
        return None
    found: dict[str, Candidate] = {}
    for place, text in _texts(body, answer):
        token = bare_token(text)
        if is_plain_secret(token):
            found.setdefault(token, Candidate(place=place, token=Secret(token)))
    if not found:
        raise UnknownShape(
            "the sign-in was approved, but the answer holds no token in any known place",
            hint=f"Looked at: {', '.join((*_PLACES, _HEADER))}.",
        )
    return tuple(found.values())


def _texts(body: JsonObject, answer: Answer) -> Iterator[tuple[str, str]]:
    for place in _PLACES:
        text = first_text(body, [place])
        if text is not None:
            yield place, text
    if answer.auth_token is not None:
        yield _HEADER, answer.auth_token


def _error(answer: Answer | None) -> tuple[str, str]:
    """Return the word to act on, and the words to show (contract §2.2)."""
    body = (_object(answer) if answer else None) or {}
    for text in secrets_in(body):  # its message may repeat one
        note_given(text)
    word = first_text(body, ["error", "message"]) or ""
    detail = first_text(body, ["error_description", "message", "error"]) or "no explanation"
    return word, one_line(detail, _LONGEST_DETAIL)


def _object(answer: Answer) -> "JsonObject | None":
    try:
        value = parse_json(answer.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


_SHORTEST_S, _LONGEST_S = 1.0, 3600.0


def _seconds(body: JsonObject, name: str, default: float) -> float:
    """Read seconds; 0, null, missing and nonsense count as absent (contract §2.1)."""
    value = body.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    seconds = float(value) if is_number and 0 < value < 10**6 else default  # type: ignore[arg-type, operator]
    return min(max(seconds, _SHORTEST_S), _LONGEST_S)


def _page(url: str, dashboard_url: str) -> str | None:
    """Return a page's address; None = it isn't one of the dashboard (contract §2.1)."""
    try:
        # No address has accents, and many of them in a host would take any time.
        whole = urljoin(f"{dashboard_url}/", url.encode("ascii").decode())
        page, home = urlsplit(whole), urlsplit(dashboard_url)
    except ValueError:
        return None
    is_own = (page.scheme, page.netloc) == (home.scheme, home.netloc)
    return whole if is_own and _ADDRESS.fullmatch(whole) else None
