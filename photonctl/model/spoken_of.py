"""Is what a store's notes speak of there, and what is there beside it? Pure."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from photonctl.model.held import BY_WORD, MARK, marks_in, word, words_in
from photonctl.model.names import id_name, standard_name
from photonctl.model.secret import Secret
from photonctl.model.state import Stored


class There(Struct, frozen=True):
    """What is under a place's names.

    Attributes:
        held: the note, of as much of it as is there; "" = nothing is.
        begun: names of values that a step has begun to write.
        others: names of values of which no note speaks.
    """

    held: str = ""
    begun: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()

    @property
    def is_untouched(self) -> bool:
        """Is each value one that the note speaks of?"""
        return not (self.begun or self.others)

    @property
    def is_begun(self) -> bool:
        """Is there something beside these, and is all of it what a step has begun to write?"""
        return bool(self.begun) and not self.others


def mark_in(line: str) -> str:
    """Return what the store itself said of the secret when a note was written; "" = nothing."""
    return words_in(line).get("mark", "")


def writing_in(line: str) -> str:
    """Return the marks of what a step has begun to write; "" = nothing yet."""
    return words_in(line).get("writing", "")


def marks_of(values: Iterable[Secret | None]) -> str:
    """Return by what values are known again that are about to be written: letters of digests."""
    return "".join(secret.digest()[:MARK] for secret in values if secret is not None)


def judge(
    kept: str, asked: str, key: str, names: Collection[str], values: Mapping[str, object]
) -> There:
    """Judge each value by itself, and under its own name: moved to another one it verifies nothing.

    Args:
        kept: the note of what is held.
        asked: that of what was begun.
        key: the name.
        names: those of the values under it, which are a webhook's or a project's own.
        values: what is there, whatever it is.
    """
    words, writing = words_in(kept), marks_in(writing_in(asked))
    whose, spoken = _spoken_of(words, key, names)
    present = {name: values[name] for name in names if values.get(name) not in (None, "")}
    digests = {name: _digest(value) for name, value in present.items() if name != whose}
    noted = {n for n, digest in digests.items() if _is_known_by(digest, spoken.get(n, ""))}
    begun = frozenset(n for n, d in digests.items() if n not in noted and d[:MARK] in writing)
    others = [name for name in digests if name not in noted | begun]
    if whose in present and not _is_whose(present[whose], words, kept):
        if _digest(present[whose])[:MARK] in writing:  # of a project's own, written first
            begun |= {whose}
        elif not begun:
            others.append(whose)
    own = {name: digests[name] for name in noted | (begun & spoken.keys())}
    if id_name(key) not in names and whose not in present:
        own = {}  # a project's own: both or nothing
    return There(held=_of_what_is_there(kept, words, key, own), begun=begun, others=tuple(others))


def _digest(value: object) -> str:
    """Return by what a value is known again; "" = it is no text, so it is nothing of ours."""
    return Secret(value, is_noted=False).digest() if isinstance(value, str) else ""


def _is_known_by(digest: str, letters: str) -> bool:
    """Is it known again by these letters? By fewer than a mark has, anything would be."""
    return len(letters) >= MARK and digest.startswith(letters)


def _spoken_of(
    words: Mapping[str, str], key: str, names: Collection[str]
) -> tuple[str, dict[str, str]]:
    """Return the name of the id, and of which names a note speaks, with letters of digests."""
    holds = BY_WORD.get(words.get("holds", ""))
    digest, legacy = words.get("digest", ""), words.get("legacy", "")
    if id_name(key) not in names:
        whose, own = names
        return whose, {own: digest} if holds is not None else {}
    spoken = {
        Stored.ALL: {standard_name(key): digest, key: legacy},
        Stored.STANDARD: {standard_name(key): digest},
        Stored.SIGNING: {key: digest},
    }
    return id_name(key), spoken.get(holds, {}) if holds is not None else {}


def _is_whose(value: object, words: Mapping[str, str], kept: str) -> bool:
    """Is an id the one of a note?"""
    noted = words.get("webhook", "")
    return bool(kept) and isinstance(value, str) and noted in ("", word(value))


def _of_what_is_there(kept: str, words: Mapping[str, str], key: str, own: Mapping[str, str]) -> str:
    """Return a note as it is of these names, each with its digest."""
    if not own:
        return ""
    if words.get("holds") != "both" or len(own) > 1:
        return kept
    rest = {name: text for name, text in words.items() if name != "legacy"}
    if key in own:
        rest |= {"holds": "signing", "digest": own[key]}
    else:
        rest["holds"] = "standard"
    return " ".join(f"{name}={text}" for name, text in rest.items())
