"""Patterns of ``protect`` and ``ignore``: shell-style, and generous about spelling. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from functools import cached_property, lru_cache
from itertools import groupby
from typing import NamedTuple

from photonctl.model.filled import Filled, without_expressions

LONGEST_PATTERN = 500  # characters, as the schema has it
_LOOSE = 8  # times what it takes to find a text
_WILD = re.compile(r"[*?\[]")
_WITH_QUERY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^*?\[]+\?[^*?\[]*")
_END = re.compile(r"\\[Zz]\Z")
_SEPARATORS = frozenset("().")


class Patterns:
    """Patterns that many texts are compared with."""

    def __init__(self, forms: Iterable[str], literal: Iterable[str] = ()) -> None:
        """Take patterns, and texts that are compared as they are, such as what was filled in."""
        found = dict.fromkeys(forms)
        self._plain = frozenset(found) | frozenset(literal)
        self._wild = [_wild(form) for form in found if _WILD.search(form)]

    def match(self, texts: Iterable[str], shown: Iterable[str] | None = None) -> bool:
        """Does any text match any pattern?

        ``shown``: the texts as outputs show them, for patterns with wildcards: by these somebody
        could find out, a character at a time, what outputs hide.
        """
        whole = tuple(texts)
        if any(text in self._plain for text in whole):
            return True
        seen = dict.fromkeys(whole if shown is None or not self._wild else shown)
        return any(wild.match(text) for text in seen for wild in self._wild)

    def has_any(self, texts: set[str]) -> bool:
        """Is one of them among these texts, as it is written?"""
        return not self._plain.isdisjoint(texts)

    @property
    def cost(self) -> int:
        """What it costs to hold a text against those with wildcards, in 0.1 µs: each piece counts.

        Once they are made ready: see ``loose``.
        """
        return sum(wild.cost for wild in self._wild)

    @property
    def loose(self) -> frozenset[str]:
        """Those that take time to be made ready, as ? and sets in square brackets do."""
        return frozenset(wild.pattern for wild in self._wild if wild.is_loose)


Forms = Callable[[str], Iterable[str]]


def patterns_in(forms: Forms, given: Sequence[str]) -> Patterns:
    """Return the patterns of a policy in every form in which they may be meant, made ready once.

    What was filled in is compared as it is: which texts it matched as a pattern would tell it.
    """
    return _made_ready(forms, _Same(given))


def made_ready(forms: Forms, given: Iterable[str]) -> Patterns:
    """Return the same of patterns that are asked for once."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for pattern in given:
        found[isinstance(pattern, Filled)] += _forms_of(forms, pattern)
    return Patterns(found[False], literal=found[True])


class _Same(NamedTuple):
    """Patterns that are the same object, so that they needn't be compared for each live row."""

    of: Sequence[str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.of is other.of

    def __hash__(self) -> int:
        return id(self.of)


@lru_cache(maxsize=64)
def _made_ready(forms: Forms, given: _Same) -> Patterns:
    return made_ready(forms, given.of)


@lru_cache(maxsize=20_000)
def _forms_of(forms: Forms, pattern: str) -> tuple[str, ...]:
    """Return the forms of one pattern; a URL's takes as long as comparing many."""
    return tuple(forms(pattern))


class _Wild:
    """One pattern with wildcards, held against a text in a time that grows with its length only.

    A regular expression would try every text again at each place where a piece may begin.
    """

    def __init__(self, pattern: str) -> None:
        groups = groupby(_tokens(pattern), key=lambda token: token == "*")
        pieces = [None if is_star else _Piece(list(tokens)) for is_star, tokens in groups]
        self._is_exact = None not in pieces
        self._first = pieces[0] or _NOTHING
        self._last = pieces[-1] or _NOTHING
        self._middle = [piece for piece in pieces[1:-1] if piece is not None]
        self.pattern = pattern
        self.is_loose = any(piece is not None and piece.is_loose for piece in pieces)
        self.cost = 2 + sum(_LOOSE if piece and piece.is_loose else 1 for piece in pieces)

    def match(self, text: str) -> bool:
        first, last = self._first, self._last
        if self._is_exact:
            return len(text) == first.length and first.find(text, 0, len(text)) == 0
        place, end = first.length, len(text) - last.length
        if place > end or first.find(text, 0, place) != 0:
            return False
        if last.find(text, end, len(text)) != end:
            return False
        for piece in self._middle:
            found = piece.find(text, place, end)
            if found < 0:
                return False
            place = found + piece.length
        return True


@lru_cache(maxsize=20_000)
def _wild(pattern: str) -> _Wild:
    """Return a pattern, made ready once for all documents that have it."""
    return _Wild(pattern)


class _Piece:
    """A part of a pattern without ``*``: what matches it has always the same length."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.length = len(tokens)
        is_plain = all(len(token) == 1 and token != "?" for token in tokens)
        self._text = "".join(tokens) if is_plain else None
        self._tokens = () if is_plain else tuple(tokens)

    @property
    def is_loose(self) -> bool:
        return self._text is None

    @cached_property
    def _form(self) -> re.Pattern[str]:
        """Compiled once it is needed: most are counted only, or held against nothing."""
        return re.compile("".join(map(_expression, self._tokens)))

    def find(self, text: str, start: int, end: int) -> int:
        if self._text is not None:
            return text.find(self._text, start, end)
        found = self._form.search(text, start, end)
        return found.start() if found is not None else -1


def _expression(token: str) -> str:
    if token == "?":
        return "(?s:.)"
    return re.escape(token) if len(token) == 1 else _END.sub("", translate(token))


_NOTHING = _Piece(())


def _tokens(pattern: str) -> Iterator[str]:
    """Yield characters and sets in square brackets; one that isn't closed is a character."""
    place, last = 0, pattern.rfind("]")
    while place < len(pattern):
        end = place
        if pattern[place] == "[" and place < last:
            start = place + 1 + (pattern[place + 1 : place + 2] == "!")
            end = max(pattern.find("]", start + 1), place)
        yield pattern[place : end + 1]
        place = end + 1


def has_wildcards(pattern: str) -> bool:
    """Does a pattern that was filled in have wildcards? The question mark of a URL is none."""
    if _WILD.search(without_expressions(pattern)):
        return True
    return _WILD.search(pattern) is not None and not _WITH_QUERY.fullmatch(pattern)


def longest_loose(pattern: str) -> int:
    """Return the length of the longest piece between two ``*`` in which not all is literal."""
    groups = groupby(_tokens(pattern), key=lambda token: token == "*")
    pieces = [list(tokens) for is_star, tokens in groups if not is_star]
    loose = (p for p in pieces if any(len(token) > 1 or token == "?" for token in p))
    return max(map(len, loose), default=0)


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
