"""What a store's notes say, and a step that this run has begun there. Pure."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from photonctl.model.held import (
    ADOPTION,
    COPY,
    LEFT,
    REGISTRATION,
    ROTATION,
    Intent,
    Record,
    about,
    asked_line,
    owner_words,
    read_record,
)
from photonctl.model.names import standard_name
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.spoken_of import marks_of, writing_in
from photonctl.model.state import HELD, Stored
from photonctl.sinks.service import Notes


class Begun(Struct, frozen=True):
    """One step.

    Attributes:
        intent: what is asked for.
        before: by what the values that were there are known again.
        marks: letters of digests of what it writes; "" = it hasn't begun to.
        written: by what is known again what this run may have written, a write each.
        rotated: the id of a webhook whose rotation was open when this step began, as notes have it.
        keeps: likewise of the webhook whose secret is there, if it is another one.
        registering: since when its registration was open then; None = it wasn't.
    """

    intent: Intent
    before: Mapping[str, str]
    marks: str = ""
    written: tuple[Mapping[str, str | None], ...] = ()
    rotated: str = ""
    keeps: str = ""
    registering: datetime | None = None

    @property
    def line(self) -> str:
        """The note."""
        return asked_line(self.intent, self.marks, self.rotated, self.registering, self.keeps)

    @property
    def plain(self) -> str:
        """The note of a step that hasn't begun to write, or has ended to."""
        return asked_line(self.intent, "", self.rotated, self.registering, self.keeps)

    def after(self, marks: str = "", *, is_done: bool = False) -> str:
        """Return the note of what is open still once this step is over; "" = nothing is.

        A step that ends well also ends what was open before it, except that a copy doesn't: what
        a rotation or a person doesn't give, ``onMissingSecret`` decides about.

        Args:
            marks: of what was written by halves, and is there.
            is_done: it ended well.
        """
        if is_done and self.intent.step != COPY:
            return ""
        if self.registering is not None:
            since = replace(self.intent, step=REGISTRATION, at=self.registering, webhook_id="")
            return asked_line(since, marks, keeps=self.keeps)
        left = replace(self.intent, step=LEFT)
        is_open = self.rotated or self.keeps or marks
        return asked_line(left, marks, self.rotated, keeps=self.keeps) if is_open else ""

    def writing(self, values: Mapping[str, Secret | None]) -> "Begun":
        """Return the step as it is noted before these are written."""
        return replace(self, marks=self.marks + marks_of(values.values()))

    def having_written(self, own: Mapping[str, str | None]) -> "Begun":
        """Return the step once these may be there."""
        return replace(self, written=(*self.written, dict(own)))

    def is_alone(self, now: Mapping[str, str], own: Mapping[str, str | None]) -> bool:
        """Is under each name what was there before, or what this step has written?

        ``now``: marks of what is there; ``own``: of what is written, None = it can't be known.
        """
        known = (self.before, *self.written, own)
        return all(
            any(one.get(name, "") in (None, mark) for one in known) for name, mark in now.items()
        )


def begun_step(notes: Notes, intent: Intent, before: Mapping[str, str]) -> Begun:
    """Return a step that is to begin, with what it isn't to forget of an earlier one.

    ``before``: by what the values that are there are known again.
    """
    # What an earlier run has begun to write stays known as such.
    marks = writing_in(notes.asked) if notes.is_begun else ""
    asked = read_record(notes.kept, notes.asked) or Record()
    begun = Begun(intent, before, marks, keeps=asked.keeps)
    if (asked.asked_by, asked.asked_about) != (owner_words(intent.origin), intent.about):
        is_held = asked.rotation_of == about(asked.webhook_id)
        return replace(begun, keeps=asked.rotation_of) if is_held else begun
    # A note has room for one of them; a rotation that ends also ends the registration before it.
    if intent.step == ROTATION or (intent.step == ADOPTION and not asked.rotation_of):
        return replace(begun, registering=asked.registering_since)
    return replace(begun, rotated=asked.rotation_of)


def secret_of(record: Record) -> tuple[str, str]:
    """Return which secret of which webhook a note is about."""
    return record.webhook_id, record.digest


def held_by(record: Record | None) -> tuple[str, ...]:
    """Return what a note says is there, so that a change of it can be seen."""
    if record is None or record.holds is Stored.NOTHING:
        return ()
    return (record.holds.name, record.host, record.project_id, *secret_of(record))


def judged(notes: Notes) -> Record | None:
    """Read notes; what a step has begun to write is nobody's, and may be written over."""
    is_occupied = notes.is_occupied and not notes.is_begun
    record = read_record(notes.held, notes.asked, is_occupied=is_occupied)
    if record is None or notes.is_untouched or record.holds not in HELD:
        return record
    is_of_it = record.asked == ROTATION or record.asked_of == about(record.webhook_id)
    if notes.is_begun and is_of_it:
        return record  # half of the same webhook's: what isn't rotated is still its own
    holds = Stored.NOTHING if notes.is_begun else Stored.OTHER
    return replace(record, webhook_id="", host="", project_id="", holds=holds)


def secret_values(key: str, secrets: OneTimeSecrets, holds: Stored) -> dict[str, Secret | None]:
    """Return the values of a webhook's secrets by their names; None = what is there is removed.

    ``holds``: what is there once they are.
    """
    if secrets.signing is not None:
        return {key: secrets.signing, standard_name(key): secrets.standard}
    values: dict[str, Secret | None] = {standard_name(key): secrets.standard}
    if holds is Stored.STANDARD:  # the legacy one there is another registration's
        values[key] = None
    return values
