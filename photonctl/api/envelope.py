"""Status and body of an answer → its data, or the error it means (contract §5)."""

from http import HTTPStatus

from photonctl.api.given_away import MOST, may_hold_new_one, secrets_in, was_done
from photonctl.api.parsing import parse_json
from photonctl.api.retry import Answer, Repeat
from photonctl.api.transport import Request
from photonctl.errors import (
    Ambiguous,
    ApiError,
    Conflict,
    NotFound,
    NotOffered,
    RateLimited,
    Rejected,
    ServerFailed,
    Unauthorized,
    UnknownShape,
)
from photonctl.model.foreign import LONGEST_READ, REPEATED, one_line
from photonctl.model.secret import note_given
from photonctl.model.spec import JsonObject, JsonValue

_SHORTEST = 8  # a shorter text is part of too many others
_LONGEST_MESSAGE = 300
_LONGEST_WORD = 100
_LONGEST_WAIT_S = 86_400.0
_NEW_TOKEN_HINT = "The token may have expired or been revoked. To sign in again:\n  photonctl login"
_WRONG_PAIR_HINT = (
    "The project's id and secret don't match, or the secret was regenerated. "
    "Without PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET, photonctl reads them from the dashboard."
)
_SHAPE_HINT = (
    "Is a proxy in between, or does PHOTON_DASHBOARD_HOST or PHOTON_SPECTRUM_HOST name another "
    "server? Nothing was concluded from this answer."
)


def read_dashboard(request: Request, answer: Answer) -> JsonValue:
    """Return the body of a dashboard answer; a 200 may still mean failure (contract §3.5).

    Raises:
        ApiError: anything but success.
    """
    body = _body_of_success(request, answer, hint=_NEW_TOKEN_HINT)
    if isinstance(body, dict):
        failed = body.get("success") is False or body.get("succeed") is False
        if failed or (body.get("error") and not body.get("success")):
            message, code = _explain(request, body)
            is_gone = "not found" in message.lower()
            error = NotFound if is_gone else Rejected
            raise error(_message(request, 200, message), status=200, code=code)
    return body


def read_spectrum(request: Request, answer: Answer) -> JsonValue:
    """Return ``data`` of Spectrum's envelope (contract §4.0).

    A bare array, or an object that doesn't speak of success at all, is returned as it is: the
    shape reader decides whether it knows it.

    Raises:
        ApiError: anything but success.
    """
    body = _body_of_success(request, answer, hint=_WRONG_PAIR_HINT)
    if not isinstance(body, dict):
        return body
    if body.get("succeed") is True:
        return body.get("data")
    if "succeed" in body or body.get("success") is False or body.get("error"):
        message, code = _explain(request, body)
        raise Rejected(_message(request, answer.status, message), status=answer.status, code=code)
    return body


def _body_of_success(request: Request, answer: Answer, *, hint: str) -> JsonValue:
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise _error(request, answer, hint=hint)
    if not answer.body.strip():
        return None
    try:
        return parse_json(answer.body)
    except ValueError:
        where = f"{request.method} {request.path}"
        message = f"{where}: the answer is no JSON (status {answer.status})"
        if request.repeat is Repeat.SAFE:
            raise UnknownShape(message, hint=_SHAPE_HINT) from None
        raise Ambiguous(message, hint="Run the same command again.") from None


def _error(  # noqa: C901, PLR0911  # a table in the form of ifs
    request: Request, answer: Answer, *, hint: str
) -> ApiError:
    try:
        body = parse_json(answer.body)
    except ValueError:
        body = None
    message, code = _explain(request, body)
    status = answer.status
    detail = _message(request, status, message)
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorized(detail, hint=hint)
    if status == HTTPStatus.FORBIDDEN and request.method == "GET":
        return Unauthorized(detail, hint=hint)
    if status == HTTPStatus.NOT_FOUND and isinstance(body, dict):
        return NotFound(detail, status=status, code=code)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        detail = _message(request, status, message or "this server doesn't offer it")
        return NotOffered(detail, status=status, code=code)
    if status == HTTPStatus.CONFLICT:
        if request.repeat is Repeat.SAFE or answer.sent == 1:
            return Conflict(detail, status=status, code=code)
        return Ambiguous(f"{detail}; it was sent twice, so the first may have been carried out")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(detail, hint=_limited_hint(answer.retry_after_s))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Also a 503, though Photon rolls a registration back (contract §4.4): proxies send it, too.
        failed = ServerFailed if request.repeat is Repeat.SAFE else Ambiguous
        return failed(detail, hint="Try again later.")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        detail = _message(request, status, "redirected to another place, which isn't followed")
        return Rejected(detail, status=status, hint="Check the host that PHOTON_*_HOST names.")
    return Rejected(detail, status=status, code=code)


def _limited_hint(asked_s: float | None) -> str:
    lower = "Lower --rate: other programs share the project's limit."
    if not asked_s or asked_s > _LONGEST_WAIT_S:
        return lower
    return f"Photon asks to wait {asked_s:.0f} s: try then, or with a longer --timeout. {lower}"


def _message(request: Request, status: int, message: str) -> str:
    reason = message or "no explanation"
    return f"{request.method} {request.path}: {reason} (status {status})"


def _explain(request: Request, body: JsonValue) -> tuple[str, str | None]:
    """Find message and code in an error body, in whichever of contract §7's places they are.

    Raises:
        UnknownShape: see ``_refuse_given_secret``.
    """
    given = _refuse_given_secret(request, body)
    if not isinstance(body, dict):
        return "", None
    error = body.get("error")
    inner: JsonObject = error if isinstance(error, dict) else {}
    code = _first_text(body.get("code"), inner.get("code"), _one_word(error))
    message = _first_text(
        body.get("message"),
        inner.get("message"),
        error,
        body.get("error_description"),
        body.get("detail"),
        body.get("summary"),
    )
    text = message or code or ""
    field = body.get("property") if body.get("type") == "validation" else None
    if isinstance(field, str) and field.strip("/"):
        text = f"{field.strip('/')}: {text or 'not valid'}"
    read = text[:LONGEST_READ]
    is_repeated = len(given) > MOST or any(len(s) >= _SHORTEST and s in read for s in given)
    if is_repeated or may_hold_new_one(request, f"{read} {code or ''}"):
        return REPEATED, None
    return one_line(text, _LONGEST_MESSAGE), code


def _refuse_given_secret(request: Request, body: JsonValue) -> list[str]:
    """Remember what a failure gives away, and return it: messages may repeat it.

    It isn't left out of our own words. Who chose it could make a whole report disappear.

    Raises:
        UnknownShape: what creates a secret failed, and has given one all the same.
    """
    given = secrets_in(body)
    for text in given:
        note_given(text)
    is_answer = was_done(request, body)
    if (given and request.changes_once) or is_answer:
        what = "refuses its own answer" if is_answer else "gives a secret"
        raise UnknownShape(
            f"{request.method} {request.path}: Photon says that it failed, and {what}; it may have "
            "been done",
            hint="Run the same command again: it starts from what is live.",
        )
    return given


def _first_text(*values: JsonValue) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)


def _one_word(value: JsonValue) -> str | None:
    is_word = isinstance(value, str) and 0 < len(value) <= _LONGEST_WORD and " " not in value
    return value if isinstance(value, str) and is_word else None
