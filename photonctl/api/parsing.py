"""Reading the JSON of an answer, within bounds."""

import json

import msgspec

from photonctl.model.spec import JsonValue

_WEIGHTS = {b",": 1, b"[": 2, b"{": 3}
_MOST_VALUES = 2_500_000  # 100,000 users are about 1.7 million


def parse_json(body: bytes) -> JsonValue:
    """Read JSON, also JSON inside a JSON string (contract §5.3); half characters become "?".

    Raises:
        ValueError: not JSON, or nested or divided beyond reason.
    """
    # Each value of a list or an object but the first has a comma before it; an object weighs more.
    if sum(body.count(mark) * weight for mark, weight in _WEIGHTS.items()) > _MOST_VALUES:
        msg = "more values than any answer has"
        raise ValueError(msg)
    try:
        value = _read(body)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _loaded(value)
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error
    return value


def _read(body: bytes) -> JsonValue:
    try:
        # From the bytes themselves: a text of them would be another 40 MB of a large list.
        value: JsonValue = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):  # not JSON, or what the other one repairs
        return _loaded(body.decode(errors="replace"))
    return value


def _loaded(text: str) -> JsonValue:
    value: JsonValue = json.loads(text)
    if "\\ud" in text or "\\uD" in text:  # half a character can be neither hashed nor written
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value
