"""The text of an env file: setting variables in it, and leaving every other byte alone. Pure.

What most lines look like is read by one pattern, 30 times as fast as by python-dotenv's parser,
which reads all others: a file of 1,000 webhooks is read again for each secret.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import StringIO
from itertools import islice
from typing import NamedTuple

_BOM = "\ufeff"
_USUAL = re.compile(
    r"""(?:\r?\n)*+
    (?:
        (?:export[ \t]++)?+(?P<key>[A-Za-z_][\w.-]*+)=
        (?:
            (?P<plain>(?:[^\s'"\#]\S*+(?:[ ][^\s\#]++)*+)?+)
          | '(?P<single>[^'\\\r\n]*+)'
          | "(?P<double>[^"\\\r\n]*+)"
        )
      | \#[^\r\n]*+
    )
    (?:\r?\n|\Z)""",
    re.VERBOSE,
)
_BLANK = re.compile(r"(?:\r?\n)++")
_MOST_UNUSUAL, _MOST_UNUSUAL_TEXT = 1_000, 2**16  # lines, and characters: reading takes 25 ms
_LEAD = re.compile(r"\s*(?:export[^\S\r\n]+)?")
_PLAIN = re.compile(r"[A-Za-z0-9_./+=:@%,-]*", re.ASCII)


class Line(NamedTuple):
    """A piece of an env file: an assignment with what is before it, a comment, or neither.

    ``value``: None = a name alone.
    """

    key: str | None
    value: str | None
    text: str
    is_error: bool = False


@lru_cache(maxsize=16)  # a file is proven, changed and read again, and others are in turn
def lines_of(text: str) -> tuple[Line, ...]:
    """Read an env file; the texts of its lines together are the file's.

    Raises:
        ValueError: too many of its lines look like those of no file of variables.
    """
    return tuple(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    place, unusual, size = 0, 0, 0
    if text.startswith(_BOM):
        place = 1
        yield Line(None, None, _BOM)
    while place < len(text):
        usual = _USUAL.match(text, place)
        if usual is not None:
            value = usual[usual.lastgroup] if usual.lastgroup else None
            yield Line(usual["key"], value, usual.group())
            place = usual.end()
            continue
        blank = _BLANK.match(text, place)
        if blank is not None:  # once, not again for each of its lines
            yield Line(None, None, blank.group())
            place = blank.end()
            continue
        for line in _unusual(text, place):
            place += len(line.text)
            unusual += 1
            size += len(line.text)
            yield line
        if unusual > _MOST_UNUSUAL or size > _MOST_UNUSUAL_TEXT:
            raise _too_unusual()


def _unusual(text: str, place: int) -> list[Line]:
    """Read one line, and what a quotation goes on to."""
    end = text.find("\n", place) + 1 or len(text)
    if text.count("\r", place, end) > _MOST_UNUSUAL or end - place > _MOST_UNUSUAL_TEXT:
        raise _too_unusual()
    found = _parsed(text[place:end])
    for number, line in enumerate(found):
        after = place + len(line.text)
        # One that may go on is asked for again, alone: it is read on to where it is closed.
        if line.is_error and any(q in line.text and text.find(q, after) >= 0 for q in "'\""):
            rest = text[place:]
            is_long = len(rest) > _MOST_UNUSUAL_TEXT
            if is_long or rest.count("\n") + rest.count("\r") > _MOST_UNUSUAL:
                raise _too_unusual()
            return [*found[:number], *_parsed(rest, most=1)]
        place = after
    return found


def _parsed(text: str, most: int | None = None) -> list[Line]:
    from dotenv.parser import parse_stream

    # The break before it keeps the parser from taking a mark of the byte order away.
    found = list(islice(parse_stream(StringIO(f"\n{text}", newline="")), most))
    lines = [Line(b.key, b.value, b.original.string, b.error) for b in found]
    return [lines[0]._replace(text=lines[0].text[1:]), *lines[1:]]


def _too_unusual() -> ValueError:
    return ValueError(
        f"more than {_MOST_UNUSUAL:,} of its lines, or {_MOST_UNUSUAL_TEXT // 2**10} KiB, can't be "
        "read as NAME=value, or come after a quotation mark that isn't closed in its line"
    )


def refuse_other(text: str) -> None:
    """Refuse a file that is anything but variables, such as a table without a suffix.

    Raises:
        ValueError: no line of it assigns a variable.
    """
    found = [line for line in lines_of(text) if line.is_error or line.key is not None]
    if found and all(line.is_error or line.value is None for line in found):
        msg = "it isn't a file of variables: no line of it is NAME=value"
        raise ValueError(msg)


def edit(text: str, values: Mapping[str, str | None]) -> str:
    """Return the text of an env file with the variables set; None removes one."""
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    pending = dict(values)
    parts: list[str] = []
    for line in lines_of(text):
        if line.key is None or line.key not in values:
            parts.append(line.text)
            continue
        value = pending.pop(line.key, None)
        if value is not None:
            parts.append(_reassigned(line.text, line.key, value))
    edited = "".join(parts)
    added = [
        f"{key}={_quoted(value)}{newline}" for key, value in pending.items() if value is not None
    ]
    needs_newline = added and edited and not edited.endswith(("\n", "\r"))
    return edited + (newline if needs_newline else "") + "".join(added)


def _reassigned(original: str, key: str, value: str) -> str:
    """Replace an assignment, keeping what is before it: blank lines, indent, ``export``."""
    lead = _LEAD.match(original)
    ending = next((end for end in ("\r\n", "\n", "\r") if original.endswith(end)), "")
    return f"{lead.group() if lead else ''}{key}={_quoted(value)}{ending}"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
