"""Text that came from the environment or a file: it may be a secret, so it is never shown.

Outputs and errors show what the manifest says instead: the expression.
"""

import re
from collections.abc import Callable, Iterator
from typing import Self

from photonctl.model.spec import JsonValue

HIDDEN = "***"
LONGEST_RAW = 10_000
"""Characters of a text with its expressions: what they give may be bounded, and they not."""
# An expression ends before the next one begins: looking for "}" to the end of a text that has many
# beginnings would take time by the square of its length.
EXPRESSION = r"\$\{(?:env|file):(?:[^}$]|\$(?!\{))*\}"
_EXPRESSION = re.compile(rf"(?<!\$){EXPRESSION}")
_LIKE_ONE = re.compile(EXPRESSION)


class Filled(str):
    """A text that ``${env:…}`` or ``${file:…}`` filled in; equal to any text of the same content.

    The origin travels with the value, so that no output has to search its text for secrets.

    Attributes:
        raw: the text as the manifest has it, with the expressions.
    """

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, text: str, raw: str) -> Self:
        """Make a text of this content that the manifest writes as ``raw``."""
        made = super().__new__(cls, text)
        made.raw = raw
        return made

    def __reduce__(self) -> tuple[type["Filled"], tuple[str, str]]:
        """Say how it is copied."""
        return Filled, (str(self), self.raw)


def without_expressions(text: str) -> str:
    """Return what a manifest writes of a text around its expressions."""
    return _EXPRESSION.sub("", shown_text(text))


def parts_of(raw: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text as a manifest writes it, and whether each is an expression."""
    end = 0
    for found in _EXPRESSION.finditer(raw):
        yield raw[end : found.start()], False
        yield found[0], True
        end = found.end()
    yield raw[end:], False


def looks_filled(text: str) -> bool:
    """Is there something in a text that outputs would take for an expression, and that is none?"""
    return _LIKE_ONE.search(text) is not None


def after_expressions(text: str) -> str:
    """Return what a manifest writes of a text after its last expression."""
    return _EXPRESSION.split(shown_text(text))[-1]


def shown(value: JsonValue) -> JsonValue:
    """Return a value as outputs and errors may show it: as the manifest has it."""
    return _each_text(value, shown_text)


def shown_text(text: str) -> str:
    """Return a text as outputs and errors may show it."""
    return text.raw if isinstance(text, Filled) else text


def is_filled(value: JsonValue) -> bool:
    """Was a value, or one in a list, filled in?"""
    if isinstance(value, list):
        return any(map(is_filled, value))
    return isinstance(value, Filled)


def is_one_expression(raw: str) -> bool:
    """Is all of a text one expression, with nothing around it?"""
    return _EXPRESSION.split(raw) == ["", ""]


def could_be(text: str, raw: str) -> bool:
    """Could an expression in ``raw`` have given this text? What is around it must be in both."""
    around = _EXPRESSION.split(raw)
    if len(around) == 1:
        return False
    pieces = [p.lower() for part in around for p in part.replace("$${", "${").split(HIDDEN)]
    first, *inner, last = pieces
    whole = text.lower()
    place, end = len(first), len(whole) - len(last)
    if place > end or not (whole.startswith(first) and whole.endswith(last)):
        return False
    for piece in inner:  # each as far to the left as it can be: no other choice helps the next
        found = whole.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _each_text(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    return value


def without_filled(text: str, values: list[JsonValue]) -> str:
    """Hide in somebody else's text, such as a server's answer, what was filled into ``values``."""
    each = [item for value in values for item in (value if isinstance(value, list) else [value])]
    hidden = [value for value in each if isinstance(value, Filled) and len(value) > 3]  # noqa: PLR2004  # shorter ones are parts of other words
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, value.raw)
    return text
