"""Reading the JSON of an answer, within bounds."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from photonctl.model.spec import JsonObject, JsonValue

T = TypeVar("T")
_WEIGHTS = {b",": 1, b"[": 2, b"{": 3}
_MOST_VALUES = 2_500_000  # 100,000 users are about 1.7 million
_LONGEST_TEXT = 2**20  # bytes; a character may take four times as much in memory
_MOST_REPAIRED = 16 * 2**20


def parse_json(body: bytes, *, is_inner: bool = False) -> JsonValue:
    """Read JSON, also JSON inside a JSON string (contract §5.3); half characters become "?".

    Raises:
        ValueError: not JSON, or nested or divided beyond reason.
    """
    _refuse_huge(body)
    try:
        value = _read(body)
        if isinstance(value, str) and value.lstrip().startswith("{") and not is_inner:
            return parse_json(value.encode(errors="replace"), is_inner=True)
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error
    return value


def parse_users(
    body: bytes, read: Callable[[JsonObject], T]
) -> tuple[tuple[T, ...], int | None] | None:
    """Read a list of users as documented (contract §4.3), and its total; None = it isn't one.

    Row by row: all of them as dictionaries take more memory than what is read of them.

    Raises:
        ValueError: divided beyond reason.
    """
    _refuse_huge(body)
    try:
        answer = msgspec.json.decode(body, type=_UsersAnswer)
        if not answer.succeed:
            return None
        rows = (msgspec.json.decode(row, type=dict) for row in answer.data.users)
        return tuple(map(read, rows)), answer.data.total
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Users(msgspec.Struct):
    users: list[msgspec.Raw]
    total: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _UsersAnswer(msgspec.Struct):
    data: _Users
    succeed: bool = False


def _refuse_huge(body: bytes) -> None:
    # Each value of a list or an object but the first has a comma before it; an object weighs more.
    if sum(body.count(mark) * weight for mark, weight in _WEIGHTS.items()) > _MOST_VALUES:
        msg = "more values than any answer has"
        raise ValueError(msg)
    if any(body.find(b'"', at, at + _LONGEST_TEXT) < 0 for at in _whole_steps(body)):
        msg = "a longer text than any answer has"
        raise ValueError(msg)


def _whole_steps(body: bytes) -> range:
    """Return where each part of a length begins that no text fills; a few are enough to look at."""
    return range(0, len(body) - _LONGEST_TEXT, _LONGEST_TEXT)


def _read(body: bytes) -> JsonValue:
    try:
        # From the bytes themselves: a text of them would be another 40 MB of a large list.
        value: JsonValue = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):  # not JSON, or what the other one repairs
        if len(body) > _MOST_REPAIRED:
            msg = "not JSON, and too large to be repaired"
            raise ValueError(msg) from None
        return _loaded(body.decode(errors="replace"))
    return value


def _loaded(text: str) -> JsonValue:
    value: JsonValue = json.loads(text)
    if "\\ud" in text or "\\uD" in text:  # half a character can be neither hashed nor written
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value
