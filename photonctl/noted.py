"""What the notes of one URL say: its registrations, what Photon gave for them, where that is. Pure.

A note is lines of words, in the order in which things happened::

    - asked                                 a registration was asked for
    ID                                      one was made
    ID DIGEST signing|standard              Photon gave this secret for it
    ID DIGEST seen                          an answer had it that wasn't believed
    ID stored PLACE SIGNING STANDARD        a place got these, by their digests; "-" = none
    ID deleted                              it is gone

Other lines are what a crash has left of one, and say nothing.
"""

from collections.abc import Sequence

from msgspec import Struct

from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import Stored

ASKED = "- asked"
DELETED = "deleted"
STORED = "stored"
SIGNING, STANDARD, SEEN = "signing", "standard", "seen"
_ANSWERED = (SIGNING, STANDARD, SEEN)


class Note(Struct, frozen=True):
    """Answers from one URL's lines, each split into its words."""

    lines: Sequence[Sequence[str]] = ()

    @property
    def is_asked(self) -> bool:
        """Was a registration ever asked for?"""
        return ASKED.split() in self.lines

    @property
    def last_registered(self) -> str | None:
        """The id of our last registration, also of a deleted one; None = there is none."""
        ids = [words[0] for words in self.lines if words != ASKED.split()]
        return ids[-1] if ids else None

    @property
    def last_stored(self) -> str | None:
        """The id of the registration whose secrets were stored last, anywhere."""
        ids = [words[0] for words in self.lines if _is_stored(words)]
        return ids[-1] if ids else None

    @property
    def all_seen(self) -> frozenset[str]:
        """The digests of every secret that was given, seen or stored, for any registration."""
        seen = {words[1] for words in self.lines if len(words) == 3 and words[2] in _ANSWERED}  # noqa: PLR2004
        stored = {digest for words in self.lines if _is_stored(words) for digest in words[3:]}
        return frozenset(seen | stored - {"-"})

    @property
    def all_given(self) -> frozenset[str]:
        """The digests of every secret that was given, for any registration."""
        return frozenset(words[1] for words in self.lines if _is_given(words))

    def vouches(self, secrets: OneTimeSecrets) -> bool:
        """Was each of these secrets given for this very webhook?"""
        given = [secret for _, secret in parts(secrets) if secret is not None]
        known = [words[:2] for words in self.lines if _is_given(words)] if given else []
        return bool(given) and all([secrets.webhook_id, s.digest()] in known for s in given)

    def standards(self, webhook_id: str | None) -> tuple[str, ...]:
        """Return the digests of a webhook's standard secrets, as far as known; None = no webhook.

        The last is the one that Photon gave last; what was stored before, by a copy also, is older.
        """
        known: dict[str, None] = {}
        found: tuple[str, ...] = ()
        for words in self.lines:
            if words[0] != webhook_id:
                continue
            if _is_stored(words) and words[4] != "-":
                known.setdefault(words[4])
            elif _is_given(words) and words[2] == STANDARD:
                known.pop(words[1], None)
                known[words[1]] = None
                found = tuple(known)
        return found

    def standard_in(self, webhook_id: str, place: str) -> str | None:
        """Return the digest of a webhook's standard secret that a place has got last."""
        lines = (words for words in reversed(self.lines) if _is_stored(words))
        here = (words[4] for words in lines if words[:3] == [webhook_id, STORED, place])
        return next((digest for digest in here if digest != "-"), None)

    def stored(self, webhook_id: str, place: str, newest: str = "") -> Stored:
        """Return what was stored in a place for a webhook; unknown where nothing was ever noted.

        Args:
            webhook_id: the webhook's.
            place: as the notes name it.
            newest: the digest of its standard secret that another place notes; "" = none does.
        """
        kept = [words for words in self.lines if _is_stored(words) and words[0] == webhook_id]
        here = [words[3:] for words in kept if words[2] == place]
        last = [words[0] for words in self.lines if _is_stored(words) and words[2] == place][-1:]
        if not here or last != [webhook_id]:  # another registration's went there since
            return Stored.NOTHING if kept or self.is_asked else Stored.UNKNOWN
        signing = any(signing != "-" for signing, _ in here)
        standard = self.standard_in(webhook_id, place)
        if standard is None:
            return Stored.SIGNING
        if newest not in ("", standard) or standard in self.standards(webhook_id)[:-1]:
            return Stored.OLD
        return Stored.ALL if signing else Stored.STANDARD


def given_lines(note: Note, secrets: OneTimeSecrets) -> list[str]:
    """Return what to add to a note for secrets that Photon gave; what it says already isn't."""
    return [
        f"{secrets.webhook_id} {secret.digest()} {name}"
        for name, secret in parts(secrets)
        if secret is not None and secret.digest() not in note.all_given
    ]


def seen_lines(note: Note, secrets: OneTimeSecrets) -> list[str]:
    """Return what to add for secrets of an answer that isn't believed; what is known already isn't.

    Such a one is no newest secret, and yet nothing that Photon may give again.
    """
    digests = (secret.digest() for _, secret in parts(secrets) if secret is not None)
    known = note.all_seen
    return [f"{secrets.webhook_id} {digest} {SEEN}" for digest in digests if digest not in known]


def stored_line(secrets: OneTimeSecrets, place: str) -> str:
    """Return the line for secrets that a place has got."""
    digests = " ".join(secret.digest() if secret else "-" for _, secret in parts(secrets))
    return f"{secrets.webhook_id} {STORED} {place} {digests}"


def parts(secrets: OneTimeSecrets) -> tuple[tuple[str, Secret | None], ...]:
    """Return both secrets with their names."""
    return (SIGNING, secrets.signing), (STANDARD, secrets.standard)


def shortened(lines: Sequence[str], count: int) -> list[str]:
    """Return what a long note is shortened to: what decides today, and its last lines."""
    older = [line for line in lines[:-count] if line == ASKED or f" {STORED} " in line]
    return [*older[-count:], *lines[-count:]]


def _is_given(words: Sequence[str]) -> bool:
    return len(words) == 3 and words[2] in (SIGNING, STANDARD)  # noqa: PLR2004


def _is_stored(words: Sequence[str]) -> bool:
    return len(words) == 5 and words[1] == STORED  # noqa: PLR2004
