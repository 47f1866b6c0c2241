"""Whether a captured delivery bears the signature of a stored secret (contract §4.4, delivery).

Pure. HMAC and the comparison in constant time are the standard library's.
"""

import ast
import base64
import codecs
import hmac
import json
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from types import NoneType
from typing import Any

from msgspec import Struct

from photonctl.model.spec import STANDARD_PREFIX, OneTimeSecrets

TOLERANCE_S = 300
"""A receiver refuses what was signed longer ago, or so far ahead (contract §4.4)."""
SIGNATURE_HEADERS = ("x-spectrum-signature", "webhook-signature")
_HEADER = re.compile(r"^(?:[<>] ?)?([!#-\'*+.\w^`|~-]+):[^\S\n]*([^\n]*)$", re.ASCII | re.MULTILINE)
_VARIABLE = re.compile(r"^(HTTP_[A-Z0-9_]+)=([^\n]*)$", re.MULTILINE)
_REQUEST_LINE = re.compile(r"[A-Z]+ \S+ HTTP/")
_CONSTRUCTED = re.compile(r"[\w.]+\((.*)\)", re.DOTALL)
_SIGNS = re.compile(r"[-+~]{200}")
_HOLDERS = frozenset(
    {"headers", "multivalueheaders", "rawheaders", "request", "log", "entries", "event", "environ"}
)
_LONGEST_LITERAL = 2**16  # parsing one costs more than its length
_DEEPEST = 20


class Verdict(StrEnum):
    """What is to be said of one signature."""

    VALID = "valid"
    WRONG = "wrong"
    ABSENT = "absent"
    NO_SECRET = "no secret"


class Checked(Struct, frozen=True, kw_only=True):
    """One signature, and what was found.

    Attributes:
        header: where it is.
        is_standard: by the Standard Webhooks rules; else Photon's older ``v0``.
    """

    header: str
    is_standard: bool
    verdict: Verdict


class Verification(Struct, frozen=True, kw_only=True):
    """What checking a delivery found.

    Attributes:
        age_s: since it was signed; None = it doesn't say when.
        is_of_other: it names another webhook than the one whose secret is stored.
    """

    signatures: tuple[Checked, ...]
    age_s: float | None
    is_of_other: bool

    @property
    def is_valid(self) -> bool:
        """Is one signature valid, and none wrong? Its age is the receiver's matter."""
        verdicts = {signature.verdict for signature in self.signatures}
        return Verdict.VALID in verdicts and Verdict.WRONG not in verdicts

    @property
    def is_stale(self) -> bool:
        """Would a receiver refuse it for its age?"""
        return self.age_s is not None and abs(self.age_s) > TOLERANCE_S


def verify(
    headers: Mapping[str, str], body: bytes, secrets: OneTimeSecrets, *, now_s: float
) -> Verification:
    """Judge both signatures of a delivery.

    Args:
        headers: names in lower case.
        body: the bytes as they came; any change, also of white space, breaks the signature.
        secrets: what is stored for the webhook; either may be missing.
        now_s: seconds since 1970.
    """
    legacy = _legacy(headers, body, secrets.signing.reveal()) if secrets.signing else None
    standard = _standard(headers, body, secrets.standard.reveal()) if secrets.standard else None
    at = headers.get("x-spectrum-timestamp") or headers.get("webhook-timestamp") or ""
    named = headers.get("x-spectrum-webhook-id")
    return Verification(
        signatures=(
            _checked(SIGNATURE_HEADERS[0], legacy, headers, is_standard=False),
            _checked(SIGNATURE_HEADERS[1], standard, headers, is_standard=True),
        ),
        age_s=now_s - int(at) if re.fullmatch("[0-9]{1,12}", at) else None,
        is_of_other=named is not None and named != secrets.webhook_id,
    )


def parse_headers(captured: str | bytes) -> dict[str, str]:
    """Read captured headers, in whatever form something wrote them; names in lower case.

    Lines of ``Name: value``, also with a request line, the signs of ``curl -v`` or folded; JSON and
    Python's ``repr`` of an object, of pairs, of a flat list (Node's ``rawHeaders``), of HAR's
    objects, of an environ (``HTTP_…``), also inside an event of API Gateway or a HAR file. Of
    several values of a name the first counts. What can't be read holds no headers.
    """
    text = _decoded(captured)
    data = _data(text.strip())
    found = [_by_name(pairs) for pairs in _candidates(data)] or [_by_name(_lines(text))]
    return max(found, key=lambda one: (any(h in one for h in SIGNATURE_HEADERS), len(one)))


def _decoded(captured: str | bytes) -> str:
    if isinstance(captured, str):
        return captured.removeprefix("\ufeff")
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if captured.startswith(bom):
            return captured[len(bom) :].decode(encoding, errors="replace")
    return captured.decode(errors="replace")


def _data(text: str) -> Any:
    """Return the value of JSON, or of Python's repr of one; None = it is neither."""
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    wrapped = _CONSTRUCTED.fullmatch(text)  # such as Headers({…})
    literal = wrapped[1] if wrapped else text
    if literal[:1] not in ("{", "[", "(") or len(literal) > _LONGEST_LITERAL:
        return None
    if _depth(literal) > _DEEPEST or _SIGNS.search(literal):
        return None  # Python's parser may give up on what is deep without an exception
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.literal_eval(literal)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, SystemError):
        return None


def _depth(text: str) -> int:
    return max(accumulate((c in "([{") - (c in ")]}") for c in text))


def _candidates(data: Any, depth: int = 0) -> Iterator[list[tuple[Any, Any]]]:
    """Yield each list of pairs that may be the headers, the value itself or one inside it."""
    if depth > _DEEPEST or not isinstance(data, dict | list | tuple):
        return
    if isinstance(data, dict):
        yield list(data.items())
        inner = [v for k, v in data.items() if isinstance(k, str) and k.lower() in _HOLDERS]
    else:
        yield _pairs(list(data))
        inner = [one for one in data if isinstance(one, dict)]
    for one in inner:
        yield from _candidates(one, depth + 1)


def _pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    if all(isinstance(one, dict) for one in items):  # HAR
        return [(one.get("name") or one.get("key"), one.get("value")) for one in items]
    if all(isinstance(one, list | tuple) and len(one) == 2 for one in items):  # noqa: PLR2004
        return [(name, value) for name, value in items]
    texts = [one for one in items if isinstance(one, str | bytes)]
    if all(_HEADER.match(_text(one)) for one in texts):
        return [pair for one in texts for pair in _lines(_text(one))]
    return list(zip(texts[0::2], texts[1::2], strict=False))  # Node's rawHeaders


def _lines(text: str) -> list[tuple[str, str]]:
    """Read lines; those of no header, such as a request's first, are passed over."""
    text = textwrap.dedent(text.replace("\r\n", "\n").replace("\r", "\n")).lstrip("\n")
    if _REQUEST_LINE.match(text):
        text = text.partition("\n\n")[0]  # the body is no header
    text = re.sub(r"\n[ \t]+", " ", text)  # a folded line goes on
    return _HEADER.findall(text) + _VARIABLE.findall(text)


def _by_name(pairs: list[tuple[Any, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        first = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(first, dict | list | tuple | NoneType):
            continue
        key = _text(name).strip().lower()
        if key.startswith("http_"):  # WSGI and CGI
            key = key.removeprefix("http_").replace("_", "-")
        found.setdefault(key, _text(first).strip())
    return found


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _checked(
    header: str, expected: str | None, headers: Mapping[str, str], *, is_standard: bool
) -> Checked:
    if header not in headers:
        verdict = Verdict.ABSENT
    elif expected is None:
        verdict = Verdict.NO_SECRET
    else:
        # Several are there while an older secret is still valid.
        sent = (one.encode(errors="replace") for one in headers[header].split())
        is_valid = any(hmac.compare_digest(one, expected.encode()) for one in sent)
        verdict = Verdict.VALID if is_valid else Verdict.WRONG
    return Checked(header=header, is_standard=is_standard, verdict=verdict)


def _legacy(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    stamp = headers.get("x-spectrum-timestamp", "")
    message = f"v0:{stamp}:".encode(errors="replace") + body
    return "v0=" + hmac.digest(secret.encode(), message, "sha256").hex()


def _standard(headers: Mapping[str, str], body: bytes, secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except ValueError:
        return ""  # no signature is empty, so nothing matches
    about = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}."
    signature = hmac.digest(key, about.encode(errors="replace") + body, "sha256")
    return "v1," + base64.b64encode(signature).decode()
