"""What the sinks of secret stores have in common: AWS, Kubernetes, Vault, GitHub and GitLab.

Each store keeps two notes beside a secret (``model/held.py``): whose it is, and what was asked for
and not finished. So a run on another machine knows what this one began, with nothing kept between.
What differs between stores is a ``Service``; everything that decides is here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NoReturn

from photonctl.errors import SinkError
from photonctl.model.held import Intent, Record, is_note, read_record, word
from photonctl.model.names import id_name, standard_name
from photonctl.model.recorded import record_of
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin
from photonctl.model.state import Stored
from photonctl.sinks.begun import Begun, begun_step, held_by, judged, secret_of, secret_values
from photonctl.sinks.service import Notes, Service, StoreProblem, if_given
from photonctl.sinks.trying import OvertakenError, asked, prove_in, read_from, write_to

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
        self._begun: Begun | None = None  # what this run has begun, open or not
        self._own = ""  # its note, while it is open
        self._is_refused = False  # it couldn't be noted
        self._is_partial = False  # a write has begun, and it isn't known that it ended
        self._is_settled = False  # the last write has removed the intent, and that was seen

    @property
    def shown(self) -> str:
        """The place, as messages name it."""
        return self._service.shown

    def check_writable(self) -> None:
        """Find out whether a secret could be stored, without leaving anything."""
        prove_in(self.shown, self._service.prove)

    def look(self) -> None:
        """Read the notes."""
        prove_in(self.shown, self._service.notes)

    def record(self) -> Record | None:
        """Say what is held, asked once; None = nothing.

        Raises:
            SinkError: that can't be known.
        """
        if self._known is None:
            read_from(self.shown, self._look)
        return self._known[0] if self._known is not None else None

    def look_again(self) -> None:
        """Forget what is known of the place: the caller decides whose it is."""
        self._first = self._known = None

    @property
    def was_held(self) -> bool:
        """Was anything here before this run noted its step?"""
        first = self._first or Notes()
        return not first.is_begun and (first.is_occupied or bool(first.held))

    def _look(self) -> None:
        notes = self._service.notes()
        self._first = self._first or notes
        self._known = (judged(notes),)

    def open_intent(self, intent: Intent) -> None:
        """Note that a secret is about to be asked for.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        if self._known is None:
            prove_in(self.shown, self._look)
        known, self._known, self._is_settled = self.record(), None, False
        self._begun, self._is_refused = None, True
        prove_in(self.shown, partial(self._begin, intent, known), changes=True)
        self._is_refused = False

    def _begin(self, intent: Intent, known: Record | None) -> None:
        """Note a step, if what is there is still what is ``known``."""
        before, notes = self._service.marks(), self._service.notes()
        is_free = not (held_by(known) or is_note(notes.kept))
        is_taken = is_free and self._service.has_strangers(before, notes.asked)
        is_taken |= self._first is not None and notes.kept != self._first.kept
        if is_taken or held_by(judged(notes)) != held_by(known):
            raise StoreProblem("somebody else has stored a secret there since", "Plan again.")
        self._note(begun_step(notes, intent, before))

    def _note(self, begun: Begun) -> None:
        self._begun, self._own = begun, begun.line
        self._note_intent()

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
        if not (self._is_partial or self._is_settled):
            self._known = None
            write_to(self.shown, self._withdraw)

    def _withdraw(self) -> None:
        notes, begun = self._service.notes(), self._begun
        asked = notes.asked
        is_own = asked in (begun.line, begun.plain) if begun else not self._is_refused
        if asked and is_own:  # another run's is its own
            # What an earlier run has left by halves stays known as nobody's.
            marks = begun.marks if begun is not None and notes.is_begun else ""
            self._service.write_asked(begun.after(marks) if begun is not None else "")
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
        marked = secret_values(self._key, secrets, record.holds)
        # Without one what was there is put back, of which nothing said whose it is.
        whose = Secret(secrets.webhook_id, is_noted=False) if secrets.webhook_id else None
        values = {**marked, id_name(self._key): whose}
        self._put(values, record, marked, is_done=not secrets.is_unfinished)

    def _put(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        marked: Mapping[str, Secret | None],
        *,
        is_done: bool = True,
    ) -> None:
        """Write values and notes, unless somebody else has noted anything since this run looked.

        ``marked``: those by which a half-written place is known again; ``is_done``: that is what
        was begun, and else it stays open.
        """
        begun = ""
        if self._begun is not None:
            begun = self._begun.after(is_done=True) if is_done else self._begun.plain
        self._known = None
        try:
            if self._own and self._begun is not None:
                writing = self._begun.writing(marked)
                write_to(self.shown, partial(self._note_writing, self._own, writing))
            write_to(self.shown, partial(self._write_and_look, values, record, begun))
        except OvertakenError:
            self._leave_to_the_next(record)
        except SinkError:
            self._is_partial = True
            raise
        finally:
            if self._begun is not None:  # from now on what it wrote may be there
                self._begun = self._begun.having_written(self._service.own_marks(values))
        self._own, self._is_partial, self._is_settled = "" if is_done else begun, False, is_done

    def _note_writing(self, own: str, begun: Begun) -> None:
        """Note what is about to be written, or else it would be somebody else's."""
        first, notes = self._first or Notes(), self._service.notes()
        if notes.kept != first.kept or notes.asked not in (own, begun.line):
            raise OvertakenError
        self._note(begun)

    def _write_and_look(
        self, values: Mapping[str, Secret | None], record: Record, begun: str
    ) -> None:
        """Write, and look whether it is there: what only says so has written nothing."""
        self._service.write(values, record, partial(self._check, values, record, begun), begun)
        notes = self._service.notes()
        held = read_record(notes.held, "") or Record()
        is_held = (held.holds, *secret_of(held)) == (record.holds, *secret_of(record))
        if not is_held or notes.asked != begun:
            raise StoreProblem("what was written isn't there", _AGAIN, passes=True)
        # A next step of this run goes over this, and over nothing that came since.
        self._first, self._known = notes, (judged(notes),)

    def _check(
        self,
        values: Mapping[str, Secret | None],
        record: Record,
        begun: str,
        now: Mapping[str, str] | None,
    ) -> None:
        """Are the notes as this run has left them, or is what it wrote noted already?

        ``now``: marks of what is there; it is what was there, or what this run has written.

        Raises:
            OvertakenError: neither.
        """
        begun_now = self._begun if self._own else None
        own = self._service.own_marks(values)
        if begun_now is not None and now is not None and not begun_now.is_alone(now, own):
            raise OvertakenError
        first, notes = self._first or Notes(), self._service.notes()
        if (notes.kept, notes.asked) == (first.kept, self._own or first.asked):
            self._is_partial = True
            return
        held = read_record(notes.kept, "")
        if held is None or notes.asked != begun or secret_of(held) != secret_of(record):
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
        done = "this one may be in" if self._is_partial else "nothing is stored in"
        self._is_partial = True  # what is noted stays
        if self._own and is_ours:
            write_to(self.shown, self._note_intent)
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
        self._put(values, record, values)

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
        stored_id = found.get(id_name(self._key), "")
        noted_id = stored_id if word(stored_id) == record.webhook_id else record.webhook_id
        return OneTimeSecrets(
            webhook_id=webhook_id if webhook_id is not None else noted_id,
            signing=Secret(signing, is_noted=False) if signing else None,
            standard=Secret(standard, is_noted=False) if standard else None,
            given_at=record.since,
        )

    def values(self) -> Mapping[str, str]:
        """Read everything in the place, by names; raises SinkError where it can't be read."""
        return read_from(self.shown, self._service.read)

    def values_if_given(self) -> Mapping[str, str] | None:
        """Likewise; None = the store gives nobody what it holds, or not to this token."""
        return read_from(self.shown, partial(if_given, self._service.read))
