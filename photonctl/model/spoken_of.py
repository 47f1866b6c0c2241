"""Is what a store's note speaks of there, and is it what the note was written about? Pure."""

from collections.abc import Collection, Iterable, Mapping

from photonctl.model.held import BY_WORD, MARK, marks_in, word, words_in
from photonctl.model.names import id_name, standard_name
from photonctl.model.secret import Secret
from photonctl.model.state import Stored


def named_in(line: str, key: str, names: Collection[str]) -> set[str]:
    """Return which names such a note speaks of: the secrets that it says are held, and the id.

    ``names``: all that the place may have; those of a project's own credentials are needed all.
    """
    holds = BY_WORD.get(words_in(line).get("holds", ""), Stored.NOTHING)
    held = {key: holds is not Stored.STANDARD, standard_name(key): holds is not Stored.SIGNING}
    return {name for name, is_held in held.items() if is_held and name in names} or set(names)


def mark_in(line: str) -> str:
    """Return what the store itself said of the secret when a note was written; "" = nothing."""
    return words_in(line).get("mark", "")


def writing_in(line: str) -> str:
    """Return the marks of what a step has begun to write; "" = nothing yet."""
    return words_in(line).get("writing", "")


def marks_of(values: Iterable[Secret | None]) -> str:
    """Return by what values are known again that are about to be written: letters of digests."""
    return "".join(secret.digest()[:MARK] for secret in values if secret is not None)


def is_begun(line: str, values: Iterable[str]) -> bool:
    """Is one of these values what a step has begun to write?"""
    known = marks_in(writing_in(line))
    digests = (Secret(value, is_noted=False).digest() for value in values if value)
    return bool(known) and any(digest[:MARK] in known for digest in digests)


def as_noted(
    line: str, key: str, names: Collection[str], values: Mapping[str, str]
) -> tuple[bool, bool]:
    """Say whether the values that such a note speaks of are there, and whether they are its own.

    Each under its own name: a secret that was moved to another one verifies nothing.
    """
    words = words_in(line)
    found = {name: value for name, value in values.items() if value and name in names}
    own, whose = _names_of(words, key, names)
    noted_id, found_id = words.get("webhook", ""), word(found.get(whose, ""))
    is_own = (
        _is(found.get(own), words.get("digest", ""))
        and _is(found.get(key), words.get("legacy", ""))
        and (found_id == noted_id or not (found_id and noted_id))
    )
    return found.keys() >= named_in(line, key, names), is_own


def _names_of(words: Mapping[str, str], key: str, names: Collection[str]) -> tuple[str, str]:
    """Return the names of the secret that a note's digest is of, and of the id beside it."""
    if id_name(key) not in names:
        whose, own = names  # a project's own
        return own, whose
    is_legacy = BY_WORD.get(words.get("holds", "")) is Stored.SIGNING
    return key if is_legacy else standard_name(key), id_name(key)


def _is(value: str | None, digest: str) -> bool:
    """Is a value, if it is there, the one of a digest, or of its first letters?"""
    return not value or Secret(value, is_noted=False).digest().startswith(digest)
