"""What a secret store's own module gives: a ``Service``, and what it raises."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from photonctl.extras import install_command
from photonctl.model.held import MARK, Record, kept_line, marks_in
from photonctl.model.names import id_name
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import judge, mark_in, writing_in

LARGEST = 2 * 2**20
"""Bytes of an answer: a secret has at most some 64 KiB, or 1 MiB."""
_MOST_VALUES = 100_000


T = TypeVar("T")
Check = Callable[[Mapping[str, str] | None], None]


class StoreProblem(Exception):
    """A store doesn't do what it is asked.

    Attributes:
        passes: trying again may help.
        is_denied: the store itself says that it isn't allowed.
    """

    def __init__(
        self, why: str, hint: str, *, passes: bool = False, is_denied: bool = False
    ) -> None:
        """Take the reason, without anything that the store said, and what to do about it."""
        super().__init__(why)
        self.hint = hint
        self.passes = passes
        self.is_denied = is_denied


def not_installed(library: str, extra: str) -> StoreProblem:
    """Say which extra a store needs."""
    return StoreProblem(
        f"{library} isn't installed, which is photonctl's extra {extra}",
        f"To install it:\n  {install_command(extra)}\n",
    )


def not_understood(store: str) -> StoreProblem:
    """Say that an answer is none that a store gives; it says nothing, least of all "not there"."""
    return StoreProblem(
        f"the answer isn't one of {store}",
        "Is a proxy or a sign-in page in between? Check the store's address.",
    )


def json_object(data: bytes | bytearray, hint: str) -> dict[str, Any] | None:
    """Read an answer; None = it is no object.

    Raises:
        StoreProblem: it is too large.
    """
    if len(data) > LARGEST or sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise StoreProblem("the answer is too large", hint)
    return fields_in(data)


def fields_in(data: str | bytes | bytearray) -> dict[str, Any] | None:
    """Read a JSON object that may be written again with other fields; None = it is none.

    Raises:
        StoreProblem: something in it wouldn't be written as it is.
    """
    try:
        found = json.loads(
            data or "{}", parse_float=_exact, parse_constant=_exact, object_pairs_hook=_once
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _exact(number: str) -> float:
    if Decimal(number) != Decimal(repr(float(number))):  # NaN, too, is no number of JSON
        raise _not_exact("a number of more digits than can be kept")
    return float(number)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _not_exact("a name that is there twice")
    return found


def _not_exact(what: str) -> StoreProblem:
    return StoreProblem(
        f"it holds {what}, which would be changed where others are written beside it",
        "Write it as a text, or name another secret.",
    )


class Notes(Struct, frozen=True, kw_only=True):
    """Both notes of a secret as they are stored; "" = there is none.

    Attributes:
        held: the first, of as much of it as is there, as far as that is seen without reading it.
        is_occupied: something is there of which no note speaks, as far as that is seen likewise.
        is_untouched: all that is there is what photonctl has put there, as far as that is seen.
        is_begun: beside that is only what the step that is asked for may have begun to write.
    """

    kept: str = ""
    asked: str = ""
    held: str = ""
    is_occupied: bool = False
    is_untouched: bool = True
    is_begun: bool = False


def judged_notes(
    kept: str, asked: str, key: str, names: Collection[str], values: Mapping[str, object]
) -> Notes:
    """Return notes, and what these values say of them; ``names``: of the values under a key."""
    there = judge(kept, asked, key, names, values)
    return Notes(
        kept=kept,
        asked=asked,
        held=there.held,
        is_occupied=bool(there.others),
        is_untouched=there.is_untouched,
        is_begun=there.is_begun,
    )


def if_given(read: Callable[[], Mapping[str, T]]) -> Mapping[str, T] | None:
    """Read values; None = the store gives nobody what it holds, or not to this token.

    Raises:
        StoreProblem: they can't be read for another reason.
    """
    try:
        return read()
    except StoreProblem as error:
        if error.is_denied:
            return None
        raise


def compared(
    noted: Notes,
    version: str,
    key: str,
    names: Collection[str],
    read: Callable[[], Mapping[str, object]],
) -> Notes:
    """Return notes, and whether the data is still what they speak of, if it is another version.

    Where the store doesn't allow to read the data, the note counts.

    Args:
        noted: as they are stored.
        version: the present one, as a note's ``mark`` says it.
        key: the name.
        names: those of the values under it.
        read: reads the values; called only if somebody has written since.

    Raises:
        StoreProblem: they can't be read for another reason, so nothing is known of them.
    """
    is_begun_there = bool(writing_in(noted.asked))
    is_old = bool(noted.held) and mark_in(noted.kept) != version
    if not (is_begun_there or is_old):
        return noted
    values = if_given(read)
    if values is None:
        return replace(noted, is_begun=is_begun_there)
    return judged_notes(noted.kept, noted.asked, key, names, values)


def marks(values: Mapping[str, Any], names: Collection[str]) -> dict[str, str]:
    """Return by what each value under these names is known again, also one that is no text."""
    found = ((name, values.get(name)) for name in names)
    texts = ((n, v if isinstance(v, str) else repr(v)) for n, v in found if v not in (None, ""))
    return {name: Secret(text, is_noted=False).digest() for name, text in texts}


def own_marks(values: Mapping[str, Secret | None]) -> dict[str, str | None]:
    """Return the same of values that are written."""
    return {name: secret.digest() for name, secret in values.items() if secret is not None}


def noted_at(
    record: Record, version: str, key: str, names: Collection[str], values: Mapping[str, Any]
) -> str:
    """Return the note of what was written as a version, for ``compared``.

    Where what was left there isn't what the record says, it names no version: each run looks.
    """
    line = kept_line(replace(record, mark=version))
    there = judge(line, "", key, names, values)
    is_own = there.is_untouched and there.held == line
    return line if is_own else kept_line(record)


class Service(Protocol):
    """One store's API, for one place in it. Each call may be made again; all raise StoreProblem."""

    @property
    def shown(self) -> str:
        """How messages name the place."""
        ...

    def notes(self) -> Notes:
        """Read the notes, and never a secret."""
        ...

    def prove(self) -> None:
        """Find out whether secrets can be written there, without leaving anything."""
        ...

    def write_asked(self, line: str) -> None:
        """Note what is about to be asked for, and make the place if it isn't there.

        "" removes the note, and the place, if nothing else was ever in it.
        """
        ...

    def marks(self) -> Mapping[str, str]:
        """Return by what each value that is there now is known again, by the names."""
        ...

    def has_strangers(self, there: Mapping[str, str], asked: str) -> bool:
        """Is anything there that no step has begun to write, and that ``notes`` doesn't look at?

        ``there``: marks of what is in a place without a note; ``asked``: what was begun.
        """
        ...

    def own_marks(self, values: Mapping[str, Secret | None]) -> Mapping[str, str | None]:
        """Return the same of values that are written; None = it can't be known."""
        ...

    def write(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        check: Check,
        asked: str = "",
    ) -> None:
        """Set these names and remove those of None, leave others, then note what is held.

        ``asked`` becomes the note of what is asked for; "" = nothing is any more.

        What somebody else writes at the same time is kept, or this raises. ``check`` is called with
        the marks of what is there, once that was read and before anything is written, and, unless
        all of it is one change, again before the note: it raises if another run has begun since, or
        somebody has written.
        """
        ...

    def read(self) -> Mapping[str, str]:
        """Read what is there, by names."""
        ...


class ReadableStore(ABC):
    """A place that gives its values back, so that each is known again by its digest."""

    _key: str
    _names: tuple[str, ...]

    @abstractmethod
    def read(self) -> Mapping[str, str]:
        """Read what is there, by names."""

    def marks(self) -> Mapping[str, str]:
        """Return the digest of each value that is there now, by the names."""
        return marks(self.read(), self._names)

    def has_strangers(self, there: Mapping[str, str], asked: str) -> bool:
        """Is anything there that no step has begun to write?"""
        writing = marks_in(writing_in(asked))
        begun = {name for name, digest in there.items() if digest[:MARK] in writing}
        return bool(there.keys() - begun - ({id_name(self._key)} if begun else set()))

    def own_marks(self, values: Mapping[str, Secret | None]) -> Mapping[str, str | None]:
        """Return the same of values that are written."""
        return own_marks(values)
