"""What a store's notes say, and a step that this run has begun there. Pure."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from photonctl.model.held import ROTATION, Intent, Record, about, asked_line, read_record
from photonctl.model.secret import Secret
from photonctl.model.spoken_of import marks_of
from photonctl.model.state import HELD, Stored
from photonctl.sinks.service import Notes


class Begun(Struct, frozen=True):
    """One step.

    Attributes:
        intent: what is asked for.
        before: by what the values that were there are known again; None = no more.
        marks: letters of digests of what it writes; "" = it hasn't begun to.
    """

    intent: Intent
    before: Mapping[str, str] | None
    marks: str = ""

    @property
    def line(self) -> str:
        """The note."""
        return asked_line(self.intent, self.marks)

    @property
    def plain(self) -> str:
        """The note of a step that hasn't begun to write, or has ended to."""
        return asked_line(self.intent)

    def writing(self, values: Mapping[str, Secret | None]) -> "Begun":
        """Return the step as it is noted before these are written."""
        return replace(self, marks=self.marks + marks_of(values.values()))

    def is_alone(self, now: Mapping[str, str], own: Mapping[str, str | None]) -> bool:
        """Is under each name what was there before, or what this step has written?

        ``now``: marks of what is there; ``own``: of what is written, None = it can't be known.
        """
        if self.before is None:
            return True
        changed = (name for name, mark in now.items() if mark != self.before.get(name))
        return all(own.get(name, "") in (None, now[name]) for name in changed)


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
    kept = notes.kept if notes.is_there else ""
    is_occupied = notes.is_occupied and not notes.is_begun
    record = read_record(kept, notes.asked, is_occupied=is_occupied)
    if record is None or notes.is_untouched or record.holds not in HELD:
        return record
    is_of_it = record.asked == ROTATION or record.asked_of == about(record.webhook_id)
    if notes.is_begun and is_of_it:
        return record  # half of the same webhook's: what isn't rotated is still its own
    holds = Stored.NOTHING if notes.is_begun else Stored.OTHER
    return replace(record, webhook_id="", host="", project_id="", holds=holds)
