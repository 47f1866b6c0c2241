"""Texts that people write by hand: what must not be in one, and when two of them are the same.

Pure. A name that ends in an invisible character looks right and compares as another one: another
project would be created, or a live user deleted. So such texts are refused where they come in.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from sys import getsizeof

RUN = r"[\w+/=%.~'\u2019-]{1,16384}"
"""What is a word or none, as a pattern: letters, digits, and marks that words and secrets have."""
_APOSTROPHE = re.compile("['\u2019]")
_BETWEEN = re.compile("[_./=-]+")
_WORD = re.compile(
    "a|A|I|[a-z]{2,15}|[A-Z][a-z]{1,15}|[A-Z]{2,15}"
    "|[A-Z]?[a-z]{2,14}([A-Z][a-z]{2,14}){1,4}"  # NotFound; Base64 changes its case more often
)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:~-]{0,127}")
_SECRET = re.compile(r"[A-Za-z0-9._~+/=:%@-]{1,1000}")
_LONGEST_NAME = 1_000
_MOST_TIMES, _MORE = 4, 16
_MOST_ACCENTS = 30  # Unicode's own bound for streams (UAX #15)
_ANY_TEXT, _TEXT_EACH = 4 * 2**20, 400  # bytes; a user's name and address take some 200
_MOST_KNOWN = 65_536
_UNUSUAL = re.compile(r"[^ -~]")
_BLANK = re.compile(r"\s+")
# Shown as nothing by any font, though Unicode doesn't call them control or format characters.
_FILLERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\U00016fe4\U0001bc9d\U0001d159"
)
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_OF_EMOJI = frozenset("\ufe0e\ufe0f")
# Default-ignorable in Unicode, some of them not assigned yet.
_IGNORABLE = re.compile("[\u180b-\u180f\u2060-\u206f\ufff0-\ufff8\U000e0000-\U000e0fff]")
_KEYCAP_BASES, _KEYCAP = "0123456789#*", "\u20e3"
_INFORMATION = "\u2139"  # the one emoji that Unicode calls a letter
_NAMES = {
    "\n": "a line break",
    "\r": "a carriage return",
    "\t": "a tab",
    " ": "a space",
    "\x00": "a NUL",
    "\xa0": "a no-break space",
    "\u200b": "a zero-width space",
    "\ufeff": "a byte order mark",
}


def text_size(rows: Iterable[Iterable[object]]) -> int:
    """Return how many bytes of memory the texts of rows take; a character may take four."""
    return sum(getsizeof(text) for row in rows for text in row)


def is_long(size: int, count: int) -> bool:
    """Do rows hold much more text than such rows do? Each costs time and memory.

    Args:
        size: of all their texts, in bytes of memory.
        count: of the rows.
    """
    return size > _ANY_TEXT + _TEXT_EACH * count


@lru_cache(maxsize=4_096)  # an alias repeats a long text as often as there is room
def text_problem(text: str) -> str | None:
    """Say what must not be in a text, or None where all is well (interface §1).

    No control character and no line break anywhere; no white space and no invisible character at
    either end.
    """
    if text.isascii() and text.isprintable() and text == text.strip(" "):
        return None  # nearly every text of a table of 100,000 users
    for index, character in enumerate(text):
        is_alone = character in _OF_EMOJI and not _changes_an_emoji(text, index)
        if is_alone or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            is_end = all(map(_is_invisible, text[index:]))
            place = "ends with" if is_end else "contains" if index else "begins with"
            return f"{place} {_named(character)}"
    if not text:
        return None
    if _is_invisible(text[0]):
        return f"begins with {_named(text[0])}"
    if _is_invisible(text[-1]) and text[-1] not in _OF_EMOJI:  # which changes one
        return f"ends with {_named(text[-1])}"
    return None


def is_word(run: str) -> bool:
    """Is it a word that people write, or several with marks between them?"""
    parts = [part for part in _BETWEEN.split(_APOSTROPHE.sub("", run)) if part]
    return bool(parts) and all(
        _WORD.fullmatch(part) or (part.isalpha() and not part.isascii()) for part in parts
    )


def is_identifier(text: str) -> bool:
    """May a server's id become a part of a path, a file or a command?"""
    return _IDENTIFIER.fullmatch(text) is not None


def is_plain_secret(text: str) -> bool:
    """May a server's token or secret become a part of a header or a file?

    Wider than what Photon is known to send (hexadecimal, ``whsec_`` and Base64, URL-safe tokens),
    but without anything that a shell, an env file or a header could read as its own.
    """
    return _SECRET.fullmatch(text) is not None


def nfc(text: str) -> str:
    """Return the form in which two spellings of one text compare equal: "é" and "e" + accent.

    One that is longer than any name, or has more accents in a row than any language, stays as it
    is: putting them in order takes the square of their number.
    """
    return text if _is_as_it_is(text) else unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    """Return likewise the form in which letters of another width, too, compare equal."""
    return text if _is_as_it_is(text) else unicodedata.normalize("NFKC", text)


def _is_as_it_is(text: str) -> bool:
    return text.isascii() or len(text) > _LONGEST_NAME or _has_many_accents(text)


def _has_many_accents(text: str) -> bool:
    count = 0
    for character in text:
        # Some of them are two once they are taken apart.
        count = count + 1 if unicodedata.category(character)[0] == "M" else 0
        if count > _MOST_ACCENTS:
            return True
    return False


def printable(text: str) -> str:
    """Return a foreign text with escapes for what moves, hides or isn't seen; no line ends in it.

    In a hint each line may be a command, and a name with a blank that no font shows looks like
    another one.
    """
    if text.isascii() and text.isprintable():
        return text
    if _OF_EMOJI.isdisjoint(text):
        return text.translate(_escapes)  # many times as fast
    return _UNUSUAL.sub(_seen_or_escaped, text)


def quote(text: str) -> str:
    """Quote a text for a command to copy, in which no line ends."""
    return shlex.quote(printable(text))


class _Escapes(dict[int, str]):
    """A character's code → the character, or its escape; found as they come."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character if is_seen(character) else character.encode("unicode_escape").decode()
        if len(self) < _MOST_KNOWN:
            self[code] = shown
        return shown


_escapes = _Escapes()


def _seen_or_escaped(found: re.Match[str]) -> str:
    character, place = found[0], found.start()
    is_shown = is_seen(character)
    if character in _OF_EMOJI:
        is_shown = _changes_an_emoji(found.string, place)
    return character if is_shown else character.encode("unicode_escape").decode()


def _changes_an_emoji(text: str, place: int) -> bool:
    """Does the variation selector there change how the character before it looks?"""
    base, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if base.isascii():  # a digit of a keycap, or nothing
        return base != "" and base in _KEYCAP_BASES and after == _KEYCAP
    return unicodedata.category(base)[0] in "SP" or base == _INFORMATION


def is_seen(character: str) -> bool:
    """Does a font show something for it? Two of the variation selectors only change an emoji."""
    if character.isascii() or character in _OF_EMOJI:
        return character.isprintable()
    return (
        character.isprintable()
        and character not in _FILLERS
        and not (_IGNORABLE.match(character) or _VARIATION.match(character))
    )


def look_alike(name: str) -> str:
    """Return the form in which names that a person would take for the same compare equal.

    Case, white space, invisible characters and Unicode's compatibility forms don't count.
    """
    if name.isascii() and name.isprintable():
        return name.lower().replace(" ", "")
    if len(name) > _LONGEST_NAME or _has_many_accents(name):
        return name
    wide = unicodedata.normalize("NFKC", name).casefold()
    if len(wide) > _MOST_TIMES * len(name) + _MORE:  # one letter may become 18, and costs as much
        return name
    seen = (c for c in unicodedata.normalize("NFKC", wide) if not _is_invisible(c))
    return _BLANK.sub("", "".join(seen))


@lru_cache(maxsize=65_536)
def _is_invisible(character: str) -> bool:
    return (
        character.isspace()
        or character in _FILLERS
        or _IGNORABLE.match(character) is not None
        or _VARIATION.match(character) is not None
        or unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
    )


def _named(character: str) -> str:
    code = f"U+{ord(character):04X}"
    named = _NAMES.get(character)
    if named is None:
        is_control = unicodedata.category(character) == "Cc"
        named = "a control character" if is_control else "an invisible character"
    return f"{named} ({code})"
