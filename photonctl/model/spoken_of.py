"""Is what a store's note speaks of there, and is it what the note was written about? Pure."""

from collections.abc import Collection, Mapping

from photonctl.model.held import BY_WORD, words_in
from photonctl.model.names import standard_name
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


def as_noted(
    line: str, key: str, names: Collection[str], values: Mapping[str, str]
) -> tuple[bool, bool]:
    """Say whether the values that such a note speaks of are there, and whether they are its own."""
    words = words_in(line)
    digest, legacy = words.get("digest", ""), words.get("legacy", "")
    found = {n: Secret(v, is_noted=False).digest() for n, v in values.items() if v and n in names}
    is_legacy = not (legacy and key in found) or found[key].startswith(legacy)
    is_own = is_legacy and (not digest or digest in found.values())
    return found.keys() >= named_in(line, key, names), is_own
