"""A manifest's text in its usual form: comments and layout stay, what YAML reads stays the same.

Phone numbers are quoted, since YAML 1.1 reads ``+15551234567`` as an integer, and written in E.164
where their form is clear: ``+1 (415) 555-0102`` → ``"+14155550102"``.
"""

import re
from collections.abc import Iterator, Sequence

import yaml
from msgspec import Struct

from photonctl.kinds import kinds
from photonctl.kinds.values import Personal
from photonctl.manifest.decode import NotYaml, decode
from photonctl.manifest.read import LOADER, parse
from photonctl.model.spec import JsonValue

_BLANKS = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s().\u00a0/-]")


class _Place(Struct, frozen=True):
    """A scalar: from line and column (from 0) to those of its end."""

    start: tuple[int, int]
    end: tuple[int, int]


def formatted(data: bytes) -> str:
    """Return a manifest's text in its usual form.

    Raises:
        NotYaml: it can't be read, or it can't be written in another form safely.
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    before = parse(text)
    if before.problems:
        line, column, _, message, _ = before.problems[0]
        raise NotYaml(message, line, column)
    names = _names()
    numbered = _with_numbers(text, names)
    if parse(numbered).documents != _rewritten(before.documents, names):
        numbered = text  # never change what a reader sees by more than that
    spaced = _BLANKS.sub("\n\n", _TRAILING.sub("", numbered)).strip("\n") + "\n"
    # A block of text may hold its white space on purpose: then only the numbers are written.
    return spaced if parse(spaced).documents == parse(numbered).documents else numbered


def _names() -> frozenset[str]:
    """Return the fields that hold phone numbers."""
    return frozenset(
        field
        for kind in kinds()
        for field, what in kind.personal.items()
        if field and what is Personal.PHONE
    )


def _rewritten(value: JsonValue, names: frozenset[str], *, is_number: bool = False) -> JsonValue:
    """Return a document with its phone numbers as ``formatted`` writes them."""
    if isinstance(value, str) and is_number:
        return _number(value) or value
    if isinstance(value, list):
        return [_rewritten(item, names) for item in value]
    if isinstance(value, dict):
        return {k: _rewritten(v, names, is_number=k in names) for k, v in value.items()}
    return value


def _with_numbers(text: str, names: frozenset[str]) -> str:
    lines = text.split("\n")
    by_line: dict[int, list[tuple[int, int]]] = {}
    for place in sorted(_numbers(text, names), key=lambda p: p.start):
        if place.start[0] == place.end[0]:
            by_line.setdefault(place.start[0], []).append((place.start[1], place.end[1]))
    for line, places in by_line.items():
        lines[line] = "".join(_rewritten_line(lines[line], places))
    return "\n".join(lines)


def _rewritten_line(line: str, places: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield a line's parts, its numbers rewritten."""
    done = 0
    for start, end in places:
        number = _number(line[start:end].strip("\"'"))
        yield line[done:start]
        yield line[start:end] if number is None else f'"{number}"'
        done = end
    yield line[done:]


def _number(text: str) -> str | None:
    """Return a phone number in E.164; None = its form isn't clear."""
    found = _SEPARATORS.sub("", text)
    return found if text.startswith("+") and _E164.fullmatch(found) else None


def _numbers(text: str, names: frozenset[str]) -> Iterator[_Place]:
    """Yield where the values of phone numbers are."""
    keys: list[str | None] = []  # of each open mapping: its key, None while one is expected
    loader = LOADER(text)
    try:
        while loader.check_event():
            event = loader.get_event()
            is_number = isinstance(event, yaml.ScalarEvent) and keys and keys[-1] in names
            if is_number and event.anchor is None:
                start, end = event.start_mark, event.end_mark
                yield _Place((start.line, start.column), (end.line, end.column))
            _follow(keys, event)
    finally:
        loader.dispose()


_NOT_A_KEY = ""


def _follow(keys: list[str | None], event: yaml.Event) -> None:
    """Keep track of the key that the next value belongs to."""
    match event:
        case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            keys.append(None if is_mapping else _NOT_A_KEY)
            return
        case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
            keys.pop()
        case yaml.ScalarEvent() | yaml.AliasEvent():
            if keys and keys[-1] is None:
                keys[-1] = event.value if isinstance(event, yaml.ScalarEvent) else _NOT_A_KEY
                return
        case _:
            return
    if keys and keys[-1] != _NOT_A_KEY:
        keys[-1] = None  # that was the value
