"""The tolerant reader: every shape of a value that contract §7 knows, and an error for any other.

A list that can't be found in an answer is never an empty list: the planner would take it for
"nothing is live" and create or delete everything.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from photonctl.errors import UnknownShape
from photonctl.model.secret import Secret, holds_secret, is_credential, is_session
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.texts import is_identifier, is_long, is_plain_secret

_LONGEST = 2_000
_MOST_PLATFORMS = 100  # there are four
_SHORTEST_SECRET = 16  # Photon's have 38 and more


class _Row(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Row)
_HINT = "photonctl doesn't know this form of Photon's API. Nothing was concluded from it."


def unknown(what: str) -> UnknownShape:
    """Return the error for an answer in which ``what`` can't be found."""
    return UnknownShape(f"Photon's answer holds no {what} in any known form", hint=_HINT)


def foreign(text: str, *, what: str, longest: int = _LONGEST) -> str:
    """Return a server's text as it is.

    Raises:
        UnknownShape: it is longer than any that Photon has, or repeats a secret of this run.
    """
    if len(text) > longest:
        raise unknown(f"{what} of a usual length")
    if holds_secret(text):
        raise unknown(f"{what} without a secret in it")
    return text


def find_list(value: JsonValue, *paths: str, what: str) -> tuple[JsonObject, ...]:
    """Return the rows of a list: bare, or below the first of the dotted paths that leads to one.

    Raises:
        UnknownShape: no list there, or a row that is no object.
    """
    candidates = (value, *(_at(value, path) for path in paths))
    rows = next((found for found in candidates if isinstance(found, list)), None)
    if rows is None:
        raise unknown(what)
    objects = tuple(row for row in rows if isinstance(row, dict))
    if len(objects) != len(rows):
        raise unknown(what)
    return objects


def find_object(value: JsonValue, *wrappers: str, having: Iterable[str], what: str) -> JsonObject:
    """Return the object with any of the keys ``having``, at the top or inside a wrapper.

    Raises:
        UnknownShape: no such object.
    """
    wanted = tuple(having)
    for found in (value, *(_at(value, wrapper) for wrapper in wrappers)):
        if isinstance(found, dict) and any(key in found for key in wanted):
            return found
    raise unknown(what)


def first_text(row: JsonObject, paths: Sequence[str]) -> str | None:
    """Return the first non-empty text at the dotted paths."""
    found = (_at(row, path) for path in paths)
    return next((text for text in found if isinstance(text, str) and text), None)


def has_any(row: JsonObject, paths: Sequence[str]) -> bool:
    """Is any of the dotted paths present, also with null?"""
    for path in paths:
        *parents, last = path.split(".")
        holder = _at(row, ".".join(parents)) if parents else row
        if isinstance(holder, dict) and last in holder:
            return True
    return False


def need_text(row: JsonObject, *paths: str, what: str) -> str:
    """Return the first non-empty text at the dotted paths.

    Raises:
        UnknownShape: none there.
    """
    text = first_text(row, paths)
    if text is None:
        raise unknown(what)
    return foreign(text, what=what)


def need_id(row: JsonObject, *paths: str, what: str) -> str:
    """Return the first non-empty id: it becomes a part of paths, files and commands.

    Raises:
        UnknownShape: none there, or one in other characters than ids have.
    """
    return checked_id(need_text(row, *paths, what=what), what=what)


def checked_id(text: str, *, what: str) -> str:
    """Return an id.

    Raises:
        UnknownShape: it is in other characters than ids have.
    """
    if not is_identifier(text) or holds_secret(text):
        raise unknown(what)
    return text


def each_once(rows: tuple[R, ...], *, what: str) -> tuple[R, ...]:
    """Return the rows of a list.

    Raises:
        UnknownShape: two of them have one id: a delete of one would delete the other.
    """
    if len({row.id for row in rows}) != len(rows):
        raise unknown(f"{what} with one row for each id")
    return rows


def optional_secret(row: JsonObject, paths: Sequence[str], *, what: str) -> Secret | None:
    """Return the first secret at the dotted paths: it becomes a part of files and headers.

    Raises:
        UnknownShape: it is no text, in other characters than secrets have, or the session's token.
    """
    found = (_at(row, path) for path in paths)
    text = next((value for value in found if value not in (None, "")), None)
    if text is None:
        return None
    if not isinstance(text, str) or not is_plain_secret(text) or is_session(text):
        raise unknown(what)
    return Secret(text)


def one_time_secret(row: JsonObject, paths: Sequence[str], *, what: str) -> Secret | None:
    """Return the first secret at the dotted paths, where it is to be new.

    Raises:
        UnknownShape: as for ``optional_secret``; or it is a credential of this run, or so short
            that it could be guessed.
    """
    text = first_text(row, paths)
    if text is not None and (is_credential(text) or len(text) < _SHORTEST_SECRET):
        raise unknown(f"new {what}")
    return optional_secret(row, paths, what=what)


def optional_text(row: JsonObject, key: str) -> str | None:
    """Return a text, or None for null, absent and empty (contract §4.3: read missing as null)."""
    value = row.get(key)
    return foreign(value, what=key) if isinstance(value, str) and value else None


def enabled_platforms(value: JsonValue) -> frozenset[str]:
    """Read the enabled platforms in any of the five forms of contract §7.

    Raises:
        UnknownShape: none of them, or more than there are.
    """
    if isinstance(value, list | dict) and len(value) > _MOST_PLATFORMS:
        raise unknown("list of platforms")
    return frozenset(checked_id(word, what="platform") for word in _words(value))


def _words(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (word for word, state in value.items() if _is_enabled(state))
    elif isinstance(value, list):
        yield from filter(None, map(_platform_word, value))
    else:
        raise unknown("list of platforms")


def _platform_word(item: JsonValue) -> str | None:
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        word = need_text(item, "id", "platform", "name", what="platform")
        return word if _is_enabled(item) else None
    raise unknown("platform")


def _is_enabled(state: JsonValue) -> bool:
    if isinstance(state, bool):
        return state
    if isinstance(state, dict):
        return state.get("enabled", True) is True
    if state is None:
        return False
    raise unknown("platform's state")


def _at(value: JsonValue, path: str) -> JsonValue:
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def refuse_long(size: int, count: int, *, what: str) -> None:
    """Refuse a list whose rows hold much more text than such rows do: each costs time and memory.

    Args:
        size: of all its texts, in bytes of memory.
        count: of its rows.
        what: the list, in words.

    Raises:
        UnknownShape: it is one.
    """
    if is_long(size, count):
        raise unknown(f"{what} with texts of an ordinary length")
