"""Change one value in a JSON text and leave every other byte of it alone.

The credential file is shared with other tools: their keys, their order, their numbers and their
white space stay as they wrote them.
"""

import json
import re
from collections.abc import Iterator, Sequence

from photonctl.model.spec import JsonValue

_SPACE = re.compile(r"[ \t\n\r]*")
_INDENT = 2
_scan = json.JSONDecoder().raw_decode


def splice(text: str, path: Sequence[str], value: JsonValue) -> str:
    """Return the text of a JSON object with ``value`` at the path.

    Objects on the way are made where they are missing; what is there and is no object goes.

    Raises:
        ValueError: the text is no JSON object.
    """
    whole = json.loads(text)
    if not isinstance(whole, dict):
        msg = "it is no JSON object"
        raise ValueError(msg)  # noqa: TRY004  # what json raises for a text that isn't right
    return _spliced(text, _after_space(text, 0), list(path), value, depth=1)


def _spliced(text: str, start: int, path: list[str], value: JsonValue, *, depth: int) -> str:
    """Change the object that begins at ``start``."""
    name, *rest = path
    last_end = None
    for key, value_start, value_end in _members(text, start):
        last_end = value_end
        if key != name or _is_repeated(text, value_end, name):
            continue
        if rest and text[value_start] == "{":
            return _spliced(text, value_start, rest, value, depth=depth + 1)
        return text[:value_start] + _written(rest, value, depth) + text[value_end:]
    added = f"{json.dumps(name)}: {_written(rest, value, depth)}"
    inner = "\n" + " " * _INDENT * depth
    if last_end is not None:
        return f"{text[:last_end]},{inner}{added}{text[last_end:]}"
    return f"{text[: start + 1]}{inner}{added}\n{' ' * _INDENT * (depth - 1)}{_rest(text, start)}"


def _rest(text: str, start: int) -> str:
    """Return an empty object's text from its closing brace on."""
    return text[_after_space(text, start + 1) :]


def _written(path: Sequence[str], value: JsonValue, depth: int) -> str:
    for name in reversed(path):
        value = {name: value}
    lines = json.dumps(value, indent=_INDENT).split("\n")
    return ("\n" + " " * _INDENT * depth).join(lines)


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Yield each member of the object at ``start``: its key, and where its value is."""
    at = _after_space(text, start + 1)
    while text[at] != "}":
        key, at = _scan(text, at)
        value_start = _after_space(text, _after_space(text, at) + 1)
        _, value_end = _scan(text, value_start)
        yield key, value_start, value_end
        at = _after_space(text, value_end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _is_repeated(text: str, value_end: int, name: str) -> bool:
    """Does the same key follow in this object? Readers take the last one."""
    at = _after_space(text, value_end)
    if text[at] != ",":
        return False
    return any(key == name for key, _, _ in _members(text, at))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
