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
_QUOTES = "\"'"
_BLOCKS = ("|", ">")
_LONGEST_NUMBER = 100  # with what separates its digits
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
    names = _names()
    scalars = _Scalars(text, names)
    before = parse(text, values, on_scalar=scalars.take)
    if before.problems:
        line, column, _, message, _ = before.problems[0]
        raise NotYaml(message, line, column)
    after, wanted = text, before.documents
    if scalars.are_numbers_clear:
        after = _with_numbers(text, scalars.numbers)
        wanted = [_rewritten(one, names) for one in wanted]
    if scalars.may_be_tidied:
        after = _tidied(after)
    # Never change what a reader sees by more than that.
    is_same = after == text or parse(after).documents == wanted
    return after if is_same else text


class _Scalars:
    """What a text's scalars allow; looked at once, as reading a text again costs as much.

    Attributes:
        numbers: line → where phone numbers are in it, all counted from 0.
        are_numbers_clear: each number that is to be rewritten is one of these.
        may_be_tidied: no block of text holds white space on purpose.
    """

    def __init__(self, text: str, names: frozenset[str]) -> None:
        self.numbers = defaultdict[int, list[tuple[int, int]]](list)
        self.are_numbers_clear = True
        self.may_be_tidied = True
        self._names = names
        self._lines = text.split("\n")

    def take(self, key: str | None, event: Any, value: JsonValue) -> None:
        """Look at a scalar, or an alias."""
        if not hasattr(event, "value"):  # an alias: its number is where its anchor is
            self._take_number(key, value)
            return
        start, end = event.start_mark, event.end_mark
        if start.line != end.line:
            self.may_be_tidied &= not self._holds_space(start, end, event.style)
        if (
            event.anchor is None
            and key in self._names
            and start.line == end.line
            and start.column < end.column
        ):
            self.numbers[start.line].append((start.column, end.column))
            written = self._lines[start.line][start.column : end.column]
            if _number(written.strip(_QUOTES)) == _number(event.value):
                return
        self._take_number(key, event.value)

    def _take_number(self, key: str | None, value: JsonValue) -> None:
        if key in self._names and isinstance(value, str):
            self.are_numbers_clear &= _number(value) in (None, value)

    def _holds_space(self, start: Any, end: Any, style: str) -> bool:
        """Has a scalar of several lines white space that means something?"""
        if style not in _BLOCKS:
            return _BLANKS.search("\n".join(self._lines[start.line : end.line + 1])) is not None
        last = end.line if end.column else end.line - 1  # the line before the next token's
        piece = "\n".join(self._lines[start.line : last + 1])
        is_kept = "+" in self._lines[start.line][start.column : start.column + 3]
        is_unended = last + 1 >= len(self._lines)
        if not is_kept:
            piece = piece.rstrip()
        return is_kept or is_unended or _tidied(piece) != f"{piece}\n"


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
        number = _number(line[start:end].strip(_QUOTES))
        yield line[done:start]
        yield line[start:end] if number is None else f'"{number}"'
        done = end
    yield line[done:]


def _number(text: str) -> str | None:
    """Return a phone number in E.164; None = its form isn't clear."""
    if not text.startswith("+") or len(text) > _LONGEST_NUMBER:
        return None
    found = _SEPARATORS.sub("", text)
    return found if _E164.fullmatch(found) else None
