"""A plan's or a report's JSON without people, by field."""

from collections.abc import Iterator
from typing import Any

from photonctl.kinds import is_kind, kind_named
from photonctl.kinds.values import Personal
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.views.redact import Redaction, names_of

_AS_THEY_ARE = (
    "id", "name", "manifest", "sink", "credentials", "hosts", "live", "liveAfter", "liveAfterKey",
)  # fmt: skip


def without_people(data: JsonObject, redaction: Redaction) -> JsonObject:
    """Return the JSON of a plan or a report, with people as ``redaction`` shows them."""
    if not redaction.is_on:
        return data
    known = Redaction(is_on=True, key=redaction.key, names=names_of(_names(data)))
    found = _hidden(data, "", known)
    assert isinstance(found, dict)
    return {**found, "isRedacted": True}


def _names(data: Any) -> Iterator[str]:
    """Yield every name of a person that a report knows: its errors may repeat one.

    A plan's messages hold none, and words that the author of a pull request has chosen.
    """
    for project in data.get("projects") or ():
        for action in project.get("actions") or ():
            if "status" not in action:
                continue
            sent = action.get("spec") or {}
            changed = {change["field"]: change["before"] for change in action.get("changes") or ()}
            for field, value in (*sent.items(), *changed.items()):
                what = kind_named(action["kind"]).personal.get(field)
                if isinstance(value, str) and what is Personal.NAME:
                    yield value
            yield (action.get("who") or "").rpartition("<")[0]


def _hidden(value: JsonValue, kind: str, redaction: Redaction) -> JsonValue:
    if isinstance(value, str):
        return redaction.message(value)
    if isinstance(value, list):
        return [_hidden(item, kind, redaction) for item in value]
    if not isinstance(value, dict):
        return value
    found = value.get("kind")
    kind = found if isinstance(found, str) and is_kind(found) else kind
    kept = {name: item for name, item in value.items() if name != "protect"}  # may name anybody
    return {name: _field(name, item, value, kind, redaction) for name, item in kept.items()}


def _field(
    name: str, value: JsonValue, parent: JsonObject, kind: str, redaction: Redaction
) -> JsonValue:
    if name in _AS_THEY_ARE:
        return value
    if name == "fingerprint":  # of all that is live, with people in it, and without a key
        return ""
    if name == "account":
        return _shown(value, Personal.EMAIL, redaction)
    if name == "who" and isinstance(value, str):
        return redaction.who(value)
    changed = parent.get("field")
    about = changed if name in ("before", "after") and isinstance(changed, str) else name
    about = "" if name in ("key", "label") else about
    what = kind_named(kind).personal.get(about) if kind else None
    if what is not None and isinstance(value, str):
        return _shown(value, what, redaction)
    return _hidden(value, kind, redaction)


def _shown(value: JsonValue, what: Personal, redaction: Redaction) -> JsonValue:
    return redaction.field(value, what) if isinstance(value, str) else value
