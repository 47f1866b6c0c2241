"""A manifest's text in its usual form: comments and layout stay, what YAML reads stays the same.

Phone numbers are quoted, since YAML 1.1 reads ``+15551234567`` as an integer, and written in E.164
where their form is clear: ``+1 (415) 555-0102`` → ``"+14155550102"``.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from photonctl.kinds import kinds
from photonctl.kinds.values import Personal
from photonctl.manifest.decode import NotYaml, decode
from photonctl.manifest.read import Values, parse
from photonctl.model.spec import JsonValue

_BLANKS = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s().\u00a0/-]")


def formatted(data: bytes, values: Values | None = None) -> str:
    """Return a manifest's text in its usual form.

    Args:
        data: the file.
        values: what the run has read before; None = nothing.

    Raises:
        NotYaml: it can't be read, or it can't be written in another form safely.
    """
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    names, numbers = _names(), defaultdict[int, list[tuple[int, int]]](list)

    def note(key: str, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        if (
            key in names
            and event.anchor is None
            and start.line == end.line
            and start.column < end.column
        ):
            numbers[start.line].append((start.column, end.column))

    before = parse(text, values, on_field=note)
    if before.problems:
        line, column, _, message, _ = before.problems[0]
        raise NotYaml(message, line, column)
    numbered, documents = _with_numbers(text, numbers), _rewritten(before.documents, names)
    # Never change what a reader sees by more than that. A block of text may hold its white space on
    # purpose: then only the numbers are written.
    for after, wanted in (
        (_tidied(numbered), documents),
        (numbered, documents),
        (_tidied(text), before.documents),
    ):
        found = before.documents if after == text else parse(after).documents
        if found == wanted:
            return after
    return text


def _tidied(text: str) -> str:
    return _BLANKS.sub("\n\n", _TRAILING.sub("", text)).strip("\n") + "\n"


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


def _with_numbers(text: str, numbers: Mapping[int, Sequence[tuple[int, int]]]) -> str:
    """Rewrite numbers; ``numbers``: line → where they are in it, all counted from 0."""
    lines = text.split("\n")
    for line, places in numbers.items():
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
