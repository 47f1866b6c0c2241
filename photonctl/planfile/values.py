"""Single values of a plan file: times, paths, ids, texts that were filled in, places of secrets."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from photonctl.kinds.sinks import DEFAULT_KEY, MOST_PLACES, PAIR_KEY, read_sink, write_sink
from photonctl.model.filled import LONGEST_RAW, Filled, could_be, shown_text
from photonctl.model.plan import SecretStep
from photonctl.model.spec import SEVERAL, SinkSpec
from photonctl.texts import is_identifier

_LONGEST_PATH, _LONGEST_NAME = 4_095, 255
_LONGEST_OVERLAP_S = 604_800
_KEY_OF_COMMAND = re.compile(rf"(?:{DEFAULT_KEY}|{PAIR_KEY})[A-Z0-9_]*")


def time_of(text: str) -> datetime:
    """Read a time; one that no clock shows is an OverflowError as well as a ValueError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def path_of(value: Any) -> str:
    """Check a path that an operating system could have given."""
    text = str(value)
    if (
        len(text) > _LONGEST_PATH
        or any(character in text for character in "\0\r\n")
        or any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in text.split("/"))
    ):
        msg = "a path that no file has"
        raise ValueError(msg)
    return text


def id_of(value: Any) -> str | None:
    """Check an id, which becomes a part of a request's path."""
    if value is None or (isinstance(value, str) and is_identifier(value)):
        return value
    msg = "an id of other characters"
    raise ValueError(msg)


def refilled(data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give texts that were filled in their origin back."""
    raw = data.get("filled", {})
    if not isinstance(raw, dict):  # in a list each would be looked for from its beginning
        msg = "expressions without the names of their fields"
        raise TypeError(msg)
    return {k: _refilled_one(v, raw[k]) if k in raw else v for k, v in values.items()}


def _refilled_one(value: Any, raw: Any) -> Any:
    """Give a text its expression back, if that can have given it.

    Raises:
        ValueError: it can't, so somebody has edited one of the two.
    """
    if isinstance(value, list) and isinstance(raw, list):
        return [_refilled_one(v, r) for v, r in zip(value, raw, strict=True)]
    are_texts = isinstance(value, str) and isinstance(raw, str) and len(raw) <= LONGEST_RAW
    if are_texts and could_be(value, raw):
        return Filled(value, raw)
    if value == raw and are_texts:  # an item without an expression, beside one that has one
        return value
    msg = "an expression that can't have given this value"
    raise ValueError(msg)


def overlap_of(value: object, steps: tuple[SecretStep, ...]) -> int | None:
    """Read for how long a rotated secret stays valid (contract §4.4)."""
    if value is None:
        return None
    is_time = isinstance(value, int) and not isinstance(value, bool)
    if not (is_time and SecretStep.ROTATE in steps and value in range(_LONGEST_OVERLAP_S + 1)):
        msg = "an overlap of another kind than any rotation has"
        raise ValueError(msg)
    assert isinstance(value, int)
    return value


def sink_of(data: Mapping[str, Any] | None) -> SinkSpec | None:
    """Read a place for secrets, or several; None = there is none.

    Raises:
        TypeError, ValueError: it is no place.
    """
    if data is None:
        return None
    words = (data["type"], data["target"], data["key"], *data["arguments"])
    if not all(isinstance(word, str) for word in words):
        msg = "a sink of other than texts"
        raise TypeError(msg)
    texts = refilled(data, {"target": data["target"], "key": data["key"]})
    sink = SinkSpec(
        type=data["type"],
        target=texts["target"],
        arguments=tuple(data["arguments"]),
        key=texts["key"],
        is_default=data["isDefault"] is True,
        members=_members(data),
    )
    _check_whole(sink, data["isDefault"])
    return sink


def _check_whole(sink: SinkSpec, is_default: object) -> None:
    """Refuse what no manifest can write: nothing would show it.

    Raises:
        ValueError: there is something.
    """
    if sink.members:  # each was read like this
        is_own = shown_text(sink.key) == shown_text(sink.members[0].key)
    else:
        is_own = read_sink(write_sink(sink), sink.key) == replace(sink, is_default=False)
        is_own &= sink.type != "exec" or _KEY_OF_COMMAND.fullmatch(sink.key) is not None
    if not (is_own and isinstance(is_default, bool)):
        msg = "a sink that no manifest can write"
        raise ValueError(msg)


def _members(data: Mapping[str, Any]) -> tuple[SinkSpec, ...]:
    """Read the places of a sink that is several, and only of one.

    Raises:
        ValueError: what is shown of it wouldn't be what is done.
    """
    rows = data.get("members", [])
    is_several = data["type"] == SEVERAL
    if is_several is not bool(rows) or len(rows) == 1 or len(rows) > MOST_PLACES:
        msg = "places of a sink that isn't several"
        raise ValueError(msg)
    if is_several and (data["target"] or data["arguments"] or data["isDefault"]):
        msg = "several places with one of their own"
        raise ValueError(msg)
    if any(row.get("members") or row["type"] == SEVERAL for row in rows):
        msg = "several places in another"
        raise ValueError(msg)
    return tuple(filter(None, map(sink_of, rows)))
