"""Bytes → the text of a manifest or table, without anything that a reviewer may not see."""

import re
from itertools import islice
from typing import Any

DEEPEST = 50
TOO_DEEP = f"nested deeper than {DEEPEST} levels. No manifest needs that."
_MOST_DIRECTIVES = 100
_DIRECTIVE = re.compile("(?:\\A|\n)%(TAG\\b)?")
# Breaks for YAML 1.1, and so for libyaml, that many viewers of a change show within a line.
_HIDDEN_BREAKS = frozenset("\r\x85\u2028\u2029")
# What turns the order of what is shown: a comment could look like a setting, or the reverse.
_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_UNPRINTABLE = re.compile(
    "[^\t\n\r -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\r(?!\n)"
)


class NotYaml(Exception):
    """A text that can't be read as YAML at all.

    Attributes:
        line, column: from 1.
        quotes: the part of the message that repeats the text.
    """

    def __init__(self, message: str, line: int, column: int, quotes: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.quotes = quotes


def decode(data: bytes) -> str:
    """Return the text of a manifest.

    Raises:
        NotYaml: not UTF-8, or control characters in it.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message = "the file is UTF-16. Save it as UTF-8."
        raise NotYaml(message, 1, 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message = f"the byte 0x{data[error.start]:02x} is no UTF-8. Save the file as UTF-8."
        raise NotYaml(message, line, column) from None
    _refuse_unprintable(text)
    directives = list(islice(_DIRECTIVE.finditer(text), _MOST_DIRECTIVES + 1))
    if len(directives) > _MOST_DIRECTIVES:  # libyaml compares each with all before it
        message = f"more than {_MOST_DIRECTIVES} lines begin with %. No manifest needs directives."
        raise NotYaml(message, text.count("\n", 0, directives[-1].end()) + 1, 1)
    short = next((found for found in directives if found[1]), None)
    if short is not None:  # of a few letters it makes tags of any length
        message = "%TAG isn't supported, and no tag is allowed. Remove the line."
        raise NotYaml(message, text.count("\n", 0, short.end()) + 1, 1)
    return text


def _refuse_unprintable(text: str) -> None:
    found = _UNPRINTABLE.search(text)
    if found is None:
        return
    code, before = f"U+{ord(found.group()):04X}", text[: found.start()]
    message = f"the control character {code} has no place in a manifest. Remove it."
    if found.group() in _HIDDEN_BREAKS:
        message = (
            f"the line break {code} isn't shown as one everywhere, so what follows it may look "
            "like part of a comment. End lines with a line feed."
        )
    elif found.group() in _TURNS:
        message = (
            f"the control character {code} changes the order in which the text around it is shown. "
            "Remove it."
        )
    raise NotYaml(message, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def syntax_message(error: Any) -> str:
    """Say what YAML's parser minds."""
    problem = " ".join(str(part) for part in (error.context, error.problem) if part)
    if "nesting depth" in problem:  # libyaml 0.2.6 reads ahead, and gives up before we are asked
        return TOO_DEEP
    if "cannot start any token" in problem:
        return f"YAML syntax: {problem}. Indent with spaces, not tabs, and quote odd characters."
    return f"YAML syntax: {problem}. Check indentation, quotes and brackets here."
