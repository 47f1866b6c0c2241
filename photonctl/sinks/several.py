"""Several places for one webhook's secrets: stored in all of them, or the webhook is taken back."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from photonctl.errors import GivesNobodyError, PhotonctlError, SinkError
from photonctl.model.held import Record, word
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import HELD, Stored, weakest
from photonctl.sinks.base import Inspectable, KeepsRecords, Readable, Sink

_AGAIN = "Make it readable, and run the command again."
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class SeveralSinks:
    """Asks every place in turn."""

    def __init__(self, members: Sequence[Sink]) -> None:
        """Take the places, in the order of the manifest."""
        self.members = tuple(members)

    def check_writable(self) -> None:
        """Every place must be writable."""
        for member in self.members:
            member.check_writable()

    def look(self) -> None:
        """Look at each that can be looked at."""
        for member in self.members:
            if isinstance(member, Inspectable):
                member.look()

    def store(self, secrets: OneTimeSecrets) -> None:
        """Store in every place; the first that fails ends it, and nothing counts as stored."""
        for member in in_order(self.members):
            member.store(secrets)

    def lacking(
        self, webhook_id: str, secrets: OneTimeSecrets, given: Sequence[str] = ()
    ) -> list[Sink]:
        """Return the places that lack a webhook's secrets, or surely hold an older one.

        ``given``: what is known of its standard secrets, the newest last. A place with one that
        nobody knows isn't written over: it may be a newer one.
        """
        is_newest = secrets.standard is not None and secrets.standard.digest() in given[-1:]
        found = {member: surely_stored(member, webhook_id) for member in self.members}
        return [
            member
            for member, stored in found.items()
            if stored not in HELD or (is_newest and is_older(member, webhook_id, given))
        ]

    def given(
        self,
        webhook_id: str,
        vouches: Callable[[OneTimeSecrets], bool],
        given: Sequence[str] = (),
    ) -> OneTimeSecrets | None:
        """Read what a store notes, or ``vouches`` knows, from the place that has most of it.

        Anybody may have written a file that claims to hold them. ``given``: as for ``lacking``.
        """
        noted = newest(map(record_of, self.members), webhook_id, given)
        parts: list[OneTimeSecrets] = []
        for member in self.members:
            found = kept_for(member, webhook_id)
            if found is None or is_older(member, webhook_id, given):
                continue
            is_own_note = isinstance(member, KeepsRecords) and noted is None
            part = found if is_own_note else known_part(found, noted, vouches)
            parts += [part] if part is not None else []
        return max(parts, key=lambda part: (bool(part.standard), bool(part.signing)), default=None)

    def stored_for(self, webhook_id: str) -> Stored:
        """Return what the place holds that holds least."""
        known = newest(map(record_of, self.members), webhook_id)
        outdated = (known and is_outdated(member, webhook_id, known) for member in self.members)
        found = (member.stored_for(webhook_id) for member in self.members)
        pairs = zip(found, outdated, strict=True)
        try:
            return weakest([Stored.OLD if is_old else stored for stored, is_old in pairs])
        except (SinkError, OSError):  # of one that was compared
            return Stored.UNREADABLE

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read from the first place that gives it; with a webhook's id, that one's only."""
        error: SinkError | None = None
        for member in self.members:
            try:
                found = member.kept(webhook_id)
            except SinkError as refused:
                error = refused
                continue
            if found is not None and webhook_id in (None, found.webhook_id):
                return found
        if error is not None:
            raise error
        return None


def in_order(places: Iterable[Sink]) -> list[Sink]:
    """Return the places of a secret in the order in which they get it.

    Those that hold the intent come last: as long as another one lacks the secret, it is open.
    """
    return sorted(places, key=lambda place: isinstance(place, KeepsRecords))


def why(error: Exception) -> str:
    """Return an error's text; that of one which is none of ours might hold the secret."""
    if isinstance(error, PhotonctlError | OSError):
        return str(error)
    return f"the secret sink failed with an unexpected {type(error).__name__}"


def can_be_asked(place: Sink, webhook_id: str) -> bool:
    """Can it be seen what a place holds? What a command got, only the journal knows."""
    try:
        return place.stored_for(webhook_id) is not Stored.UNKNOWN
    except Exception:  # noqa: BLE001  # whatever a plugin raises
        return False


def surely_stored(place: Sink, webhook_id: str) -> Stored:
    """Say what a place holds for a webhook.

    Raises:
        SinkError: it can't be read now, which says nothing.
    """
    stored = place.stored_for(webhook_id)
    if stored is Stored.UNREADABLE:
        raise SinkError(f"{getattr(place, 'shown', 'a place')} can't be read any more", hint=_AGAIN)
    return stored


def record_of(sink: Readable) -> Record | None:
    """Return what a place says of its secret; None = nothing, or it can't."""
    try:
        return sink.record() if isinstance(sink, KeepsRecords) else None
    except SinkError:
        return None


def remember(places: Iterable[Sink], secrets: Iterable[Secret]) -> bool:
    """Does the note of any place say that it holds one of these secrets, or has held it?

    Raises:
        SinkError: a store can't say, so an answer that repeats one wouldn't be known.
    """
    records = [place.record() for place in places if isinstance(place, KeepsRecords)]
    return any(record.has_held(secret) for secret in secrets for record in records if record)


def newest(
    records: Iterable[Record | None], webhook_id: str | None, given: Sequence[str] = ()
) -> Record | None:
    """Return the record of a webhook's newest secret; None = no place has one with a digest.

    Of those that are surely older, as ``given`` says, it is none.
    """
    known = (
        record
        for record in records
        if record and webhook_id and record.webhook_id == word(webhook_id)
        if record.digest and record.digest not in given[:-1]
    )
    return max(known, key=lambda record: record.since or _BEFORE_ALL, default=None)


def is_older(sink: Readable, webhook_id: str, given: Sequence[str]) -> bool:
    """Does a place hold a standard secret that was given before this webhook's newest?"""
    return bool(given[:-1]) and standard_of(sink, webhook_id) in given[:-1]


def standard_of(sink: Readable, webhook_id: str) -> str | None:
    """Return the digest of a webhook's standard secret in a place; None = there is none."""
    if isinstance(sink, KeepsRecords):
        own = newest([record_of(sink)], webhook_id)
        return own.digest if own is not None and own.holds is not Stored.SIGNING else None
    kept = kept_for(sink, webhook_id)
    return kept.standard.digest() if kept is not None and kept.standard is not None else None


def is_outdated(sink: Readable, webhook_id: str, known: Record) -> bool:
    """Does a place hold another secret of this webhook than ``known``, which another place says?

    Two records can be compared only if both are about the same one of its secrets.
    """
    if isinstance(sink, KeepsRecords):
        own = newest([record_of(sink)], webhook_id)
        if own is None or (own.holds is Stored.SIGNING) != (known.holds is Stored.SIGNING):
            return False
        return own.digest != known.digest
    kept = kept_for(sink, webhook_id)
    return kept is not None and not is_same(kept, known)


def kept_for(sink: Readable, webhook_id: str) -> OneTimeSecrets | None:
    """Return what a place holds for a webhook, under whatever name.

    None = nothing, or nobody can ask it.

    Raises:
        SinkError, OSError: it can't be read now.
    """
    stored = sink.stored_for(webhook_id)
    if stored is Stored.UNKNOWN:
        return None
    try:
        kept = sink.kept(webhook_id) if stored is Stored.ELSEWHERE else sink.kept()
    except GivesNobodyError:
        return None
    if stored is Stored.ELSEWHERE:
        return kept
    return kept if kept is not None and word(kept.webhook_id) == word(webhook_id) else None


def known_part(
    kept: OneTimeSecrets, known: Record | None, vouches: Callable[[OneTimeSecrets], bool]
) -> OneTimeSecrets | None:
    """Return those of a place's secrets that a record, or the journal, knows; None = neither.

    A standard secret that another place notes is the only one: of two nobody knows which is newer.
    ``vouches``: says whether all of some secrets were given for this very webhook.
    """
    signing, standard = kept.signing, kept.standard
    if signing is not None:
        alone = replace(kept, standard=None)
        signing = signing if _speaks_of_legacy(known, signing) or vouches(alone) else None
    if standard is not None:
        alone = replace(kept, signing=None)
        if known is not None and known.holds in (Stored.ALL, Stored.STANDARD):
            standard = standard if standard.digest() == known.digest else None
        else:
            standard = standard if vouches(alone) else None
    return replace(kept, signing=signing, standard=standard) if signing or standard else None


def _speaks_of_legacy(known: Record | None, signing: Secret) -> bool:
    if known is None or known.holds not in (Stored.ALL, Stored.SIGNING):
        return False
    noted = known.digest if known.holds is Stored.SIGNING else known.legacy
    return signing.digest().startswith(noted)


def is_same(kept: OneTimeSecrets, known: Record) -> bool:
    """Is it the secret that a record is about, and the legacy one beside it?"""
    legacy = kept.signing.digest() if kept.signing is not None else known.legacy
    if not legacy.startswith(known.legacy):
        return False
    secret = kept.signing if known.holds is Stored.SIGNING else kept.standard
    return secret is not None and secret.digest() == known.digest
