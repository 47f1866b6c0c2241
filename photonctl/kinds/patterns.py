"""Patterns of ``protect`` and ``ignore``: shell-style, and generous about spelling. Pure."""

import unicodedata
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

_SEPARATORS = frozenset("().")


def matches(texts: Iterable[str], forms: Iterable[str]) -> bool:
    """Does any of a resource's texts match any form of a pattern?"""
    wanted = list(forms)
    return any(text == form or fnmatchcase(text, form) for text in texts for form in wanted)


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
