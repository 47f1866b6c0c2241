"""Patterns of ``protect`` and ``ignore``: shell-style, and generous about spelling. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from fnmatch import translate

_WILD = re.compile(r"[*?\[]")
_SEPARATORS = frozenset("().")


class Patterns:
    """Patterns that many texts are compared with."""

    def __init__(self, forms: Iterable[str]) -> None:
        found = dict.fromkeys(forms)
        self._plain = frozenset(found)
        self._wild = [re.compile(translate(form)) for form in found if _WILD.search(form)]

    def match(self, texts: Iterable[str]) -> bool:
        """Does any text match any pattern?"""
        return any(
            text in self._plain or any(wild.match(text) for wild in self._wild) for text in texts
        )


def without_separators(pattern: str) -> str:
    """Return a pattern of phone numbers without blanks, dashes, dots and round brackets.

    A set in square brackets, such as ``[0-9]``, keeps its dashes.
    """
    return "".join(_kept(pattern))


def _kept(pattern: str) -> Iterator[str]:
    is_set = False
    for character in pattern:
        is_set = character == "[" or (is_set and character != "]")
        is_separator = character in _SEPARATORS or unicodedata.category(character) in ("Pd", "Zs")
        if is_set or not is_separator:
            yield character
