"""What a failed answer gives away: secrets, under whatever name, which its message may repeat."""

import re
from collections.abc import Iterator

from photonctl.api.transport import Request
from photonctl.model.spec import JsonValue
from photonctl.texts import RUN, is_word

MOST = 100
_LONGEST_NAME = 1_000  # what is looked at
_NAME = re.compile(r"secret|token|password", re.IGNORECASE)
# What Photon's secrets look like (contract §3.2, §4.4), wherever they are.
_FORM = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]{8,}|spk_[A-Za-z0-9_-]{8,}|(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])"
)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
# Ids and times.
_USUAL = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]{0,16}Z?",
    re.IGNORECASE,
)
_RUN, _SHORTEST = re.compile(RUN), 16
_PLAIN = re.compile("[a-z_./=-]+|[0-9.]+")  # words, numbers, addresses


def secrets_in(body: JsonValue) -> list[str]:
    """Return what seems to be secrets in a failure, each once; one more than ``MOST`` = too many.

    A text right below such a name is one, whatever it is, and so is what a validation has found
    there; deeper down, or in another place, one that looks like one.
    """
    found: dict[str, None] = {}
    for name, is_below, text in _texts(body, is_about=_is_about_secret(body)):
        if _is_named_so(name) or (is_below and _TOKEN.fullmatch(text)):
            found[text] = None
        else:
            found.update((form[0], None) for form in _FORM.finditer(text))
        if len(found) > MOST:
            break
    return list(found)


def may_hold_new_one(request: Request, text: str) -> bool:
    """May a message repeat a secret that the request has made, whole or in groups of characters?

    What was sent is none, nor are ids, times, numbers and words.
    """
    if not request.changes_once:
        return False
    sent = f"{request.path} {' '.join(map(str, (request.body or {}).values()))}"
    runs = (found[0].rstrip(".") for found in _RUN.finditer(_USUAL.sub("", text)))
    odd = (run for run in runs if run not in sent and not is_word(run))
    return sum(len(run) for run in odd if not _PLAIN.fullmatch(run)) >= _SHORTEST


def was_done(request: Request, body: JsonValue) -> bool:
    """Was what was asked for done, and only its answer refused (contract §5.3)?"""
    if not isinstance(body, dict) or body.get("type") != "validation":
        return False
    return request.changes_once and body.get("on") == "response"


def _is_about_secret(body: JsonValue) -> bool:
    field = body.get("property") if isinstance(body, dict) else None
    return isinstance(field, str) and _is_named_so(field)


def _is_named_so(name: str) -> bool:
    return _NAME.search(name, 0, _LONGEST_NAME) is not None


def _texts(body: JsonValue, *, is_about: bool) -> Iterator[tuple[str, bool, str]]:
    """Yield each text, with its own name, and whether a name above it is a secret's.

    ``is_about``: what a validation has found is one.
    """
    left: list[tuple[str, bool, JsonValue]] = [("", False, body)]
    while left:
        name, is_below, item = left.pop()
        if isinstance(item, str) and item:
            yield ("secret" if is_about and name == "found" else name), is_below, item
        elif isinstance(item, list | dict):
            is_named = is_below or _is_named_so(name)  # once, however many are in it
            each = item.items() if isinstance(item, dict) else (("", one) for one in item)
            left += [(key, is_named, one) for key, one in each]
