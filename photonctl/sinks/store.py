"""What the sinks of secret stores have in common: AWS, Kubernetes, Vault, GitHub and GitLab.

Each store keeps two notes beside a secret (``model/held.py``): whose it is, and what was asked for
and not finished. So a run on another machine knows what this one began, with nothing kept between.
What differs between stores is a ``Service``; everything that decides is here.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import NoReturn, TypeVar

from msgspec.structs import replace

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.held import (
    ROTATION,
    Intent,
    Record,
    about,
    asked_line,
    read_record,
    record_of,
    word,
)
from photonctl.model.names import id_name, standard_name
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin
from photonctl.model.state import HELD, Stored
from photonctl.sinks.service import Notes, Service, StoreProblem, if_given
from photonctl.sinks.trying import OvertakenError, asked

T = TypeVar("T")
_AGAIN = "Run apply again."


class StoreSink:
    """Keeps secrets in a store, and says what it keeps without reading it."""

    def __init__(
        self, service: Service, key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Take a place and the name in it."""
        self._service = service
        self._key = key
        self._now = now
        self._known: tuple[Record | None] | None = None
        self._first: Notes | None = None  # as they were before this run wrote anything
        self._own = ""  # the intent that this run has written, while it is open
        self._last = ""  # the same, whether it is open or not
        self._is_partial = False  # a write has begun, and it isn't known that it ended
        self._is_settled = False  # the last write has removed the intent, and that was seen

    @property
    def shown(self) -> str:
        """The place, as messages name it."""
        return self._service.shown

    def check_writable(self) -> None:
        """Find out whether a secret could be stored, without leaving anything."""
        self._not_writable(self._service.prove)

    def look(self) -> None:
        """Read the notes."""
        self._not_writable(self._service.notes)

    def record(self) -> Record | None:
        """Say what is held, asked once; None = nothing.

        Raises:
            SinkError: that can't be known.
        """
        if self._known is None:
            self._known = (self._read(self._look),)
        return self._known[0]

    @property
    def was_held(self) -> bool:
        """Was anything here before this run noted its step?"""
        first = self._first or Notes()
        return not first.asked and (first.is_occupied or (bool(first.kept) and first.is_there))

    def _look(self) -> Record | None:
        notes = self._service.notes()
        self._first = self._first or notes
        kept = notes.kept if notes.is_there else ""
        record = read_record(kept, notes.asked, is_occupied=notes.is_occupied)
        if record is None or notes.is_untouched or record.holds not in HELD:
            return record
        if record.asked == ROTATION or record.asked_of == about(record.webhook_id):
            return record  # half of the same webhook's: what isn't rotated is still its own
        # What was begun may have been written half: that is nobody's, and may be written over.
        holds = Stored.NOTHING if notes.asked else Stored.OTHER
        return replace(record, webhook_id="", host="", project_id="", holds=holds)

    def open_intent(self, intent: Intent) -> None:
        """Note that a secret is about to be asked for.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        self._not_writable(self.record)
        self._known, self._own = None, asked_line(intent)
        self._last, self._is_settled = self._own, False
        with _locks[self._service.shown]:
            self._not_writable(self._note_intent)

    def _note_intent(self) -> None:
        """Note it, and look whether it is there: nothing may be sent that no next run knows of."""
        self._service.write_asked(self._own)
        if self._service.notes().asked != self._own:
            raise StoreProblem("what was noted isn't there", _AGAIN, passes=True)

    def close_intent(self) -> None:
        """Remove that note, if it is there; after a write that failed it stays.

        What was written is known to be ours by this note alone: the next run writes it again.

        Raises:
            SinkError: it stays, and the next plan replaces the secret needlessly.
        """
        self._known = None
        if not (self._is_partial or self._is_settled):
            self._write(self._withdraw)

    def _withdraw(self) -> None:
        asked = self._service.notes().asked
        if asked and (not self._last or asked == self._last):  # another run's is its own
            self._service.write_asked("")
            if self._service.notes().asked == asked:
                raise StoreProblem("the note that was removed is still there", _AGAIN, passes=True)

    def store(self, secrets: OneTimeSecrets) -> None:
        """Store what the server gave, then note whose it is; that ends the intent, if it may."""
        if secrets.origin is None:
            raise SinkError(f"{self._service.shown} keeps no secret whose project isn't known")
        given = {"signing": secrets.signing, "standard": secrets.standard}
        before = self.record()
        since = secrets.given_at if secrets.is_copy else self._now()
        record = record_of(secrets.origin, secrets.webhook_id, given, before, since)
        values: dict[str, Secret | None] = {}
        if secrets.signing is not None:
            values |= {self._key: secrets.signing, standard_name(self._key): secrets.standard}
        else:
            values[standard_name(self._key)] = secrets.standard
            if record.holds is Stored.STANDARD:  # the legacy one there is another registration's
                values[self._key] = None
        # Without one what was there is put back, of which nothing said whose it is.
        whose = Secret(secrets.webhook_id, is_noted=False) if secrets.webhook_id else None
        values[id_name(self._key)] = whose
        self._put(values, record, self._last if secrets.is_unfinished else "")

    def _put(self, values: Mapping[str, Secret | None], record: Record, begun: str = "") -> None:
        """Write values and notes, unless somebody else has noted anything since this run looked.

        ``begun``: the intent that stays.
        """
        self._known = None
        try:
            self._write(lambda: self._write_and_look(values, record, begun))
        except OvertakenError:
            self._leave_to_the_next(record)
        self._first, self._own, self._is_partial = None, begun, False
        self._is_settled = not begun

    def _write_and_look(
        self, values: Mapping[str, Secret | None], record: Record, begun: str
    ) -> None:
        """Write, and look whether it is there: what only says so has written nothing."""
        self._service.write(values, record, lambda: self._check(record, begun), begun)
        notes = self._service.notes()
        held = read_record(notes.kept if notes.is_there else "", "") or Record()
        is_held = (held.holds, *_same(held)) == (record.holds, *_same(record))
        if not is_held or notes.asked != begun:
            raise StoreProblem("what was written isn't there", _AGAIN, passes=True)

    def _check(self, record: Record, begun: str) -> None:
        """Are the notes as this run has left them, or is what it wrote noted already?

        Raises:
            OvertakenError: neither.
        """
        first, notes = self._first or Notes(), self._service.notes()
        if (notes.kept, notes.asked) == (first.kept, self._own or first.asked):
            self._is_partial = True
            return
        held = read_record(notes.kept, "")
        if held is None or notes.asked != begun or _same(held) != _same(record):
            raise OvertakenError  # else the answer to our own note was lost

    def _leave_to_the_next(self, record: Record) -> NoReturn:
        """Another run stores here, too. Of one webhook, nobody knows which secret is the newer one.

        Raises:
            SinkError: nothing is stored; if both are of one project, an intent makes the next run
                ask again.
        """
        try:
            held = read_record(asked(self._service.notes).kept, "")
        except StoreProblem:
            held = None
        ours = record.host, record.project_id
        is_ours = held is None or (held.host, held.project_id) == ours
        if self._own and is_ours:
            self._write(self._note_intent)
        done = "this one may be in" if self._is_partial else "nothing is stored in"
        self._is_partial = True  # what is noted stays
        raise SinkError(
            f"somebody else stores a secret there at the same time: {done} {self._service.shown}"
        )

    def store_values(
        self, origin: Origin, values: Mapping[str, Secret | None], secret: Secret
    ) -> None:
        """Store other values than a webhook's; ``secret``: the one that is known again later.

        Raises:
            SinkError: they are not stored.
        """
        given = {"signing": None, "standard": secret}
        self.record()
        record = record_of(origin, origin.project_id, given, None, self._now())
        self._put(values, record)

    def stored_for(self, webhook_id: str) -> Stored:
        """Compare the note with the live id; what can't be read may hold it."""
        try:
            record = self.record()
        except SinkError:
            return Stored.UNREADABLE
        return Stored.NOTHING if record is None else record.stored_for(webhook_id)

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        """Read the secrets themselves; a plan never does."""
        record = self.record()
        if record is None:
            return None
        if webhook_id is not None and record.webhook_id != word(webhook_id):
            return None
        found = self.values()
        signing, standard = found.get(self._key), found.get(standard_name(self._key))
        if not (signing or standard):
            return None
        return OneTimeSecrets(
            webhook_id=webhook_id if webhook_id is not None else self._whose(record, found),
            signing=Secret(signing, is_noted=False) if signing else None,
            standard=Secret(standard, is_noted=False) if standard else None,
            given_at=record.since,
        )

    def _whose(self, record: Record, found: Mapping[str, str]) -> str:
        """Return the id beside the secrets: a note may have only a digest of it."""
        stored = found.get(id_name(self._key), "")
        return stored if stored and word(stored) == record.webhook_id else record.webhook_id

    def values(self) -> Mapping[str, str]:
        """Read everything in the place, by names.

        Raises:
            SinkError: it can't be read.
        """
        return self._read(self._service.read)

    def values_if_given(self) -> Mapping[str, str] | None:
        """Likewise; None = the store gives nobody what it holds, or not to this token.

        Raises:
            SinkError: it can't be read for another reason.
        """
        return self._read(lambda: if_given(self._service.read))

    def _read(self, step: Callable[[], T]) -> T:
        try:
            return asked(step, is_read=True)
        except StoreProblem as error:
            msg = f"{self._service.shown} can't be read: {error}"
            raise SinkError(msg, hint=error.hint) from None

    def _write(self, step: Callable[[], None]) -> None:
        try:
            with _locks[self._service.shown]:
                asked(step)
        except StoreProblem as error:
            msg = f"the secret could not be stored in {self._service.shown}: {error}"
            raise SinkError(msg, hint=error.hint) from None

    def _not_writable(self, step: Callable[[], object]) -> None:
        try:
            asked(step)
        except StoreProblem as error:
            raise SinkNotWritable(
                f"{self._service.shown} can't be written: {error}",
                hint=f"{error.hint} Nothing was changed.",
            ) from None


_locks: defaultdict[str, Lock] = defaultdict(Lock)
"""By place: webhooks whose secrets share one don't change it at once."""


def _same(record: Record) -> tuple[str, str]:
    return record.webhook_id, record.digest
