"""Storing a new webhook's secrets in several places, which hold what they held where one fails."""

from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from photonctl.errors import SinkError
from photonctl.model.held import Record, word
from photonctl.model.spec import OneTimeSecrets, Origin
from photonctl.model.state import Stored
from photonctl.sinks.base import KeepsRecords, KnowsBefore, Sink
from photonctl.sinks.several import SeveralSinks, can_be_asked, in_order, why


class _Before(Struct, frozen=True):
    """What a place held before something was stored there; ``kept``: None = it can't be read."""

    place: Sink
    record: Record | None
    kept: OneTimeSecrets | None


def store_or_put_back(sink: Sink, secrets: OneTimeSecrets) -> None:
    """Store a new webhook's secrets in every place; where one fails, all hold what they held.

    That may be of a webhook which stays then. A place may be written half when it fails.

    Raises:
        SinkError: it isn't stored everywhere; what can't be put back is named, and so is what
            can't be asked and was given the secret.
    """
    places = sink.members if isinstance(sink, SeveralSinks) else (sink,)
    before = [found for place in places if (found := _before(place)) is not None]
    done: list[Sink] = []
    try:
        for place in in_order(places):
            place.store(secrets)
            done.append(place)
    except Exception as error:
        lost = [_shown(place) for place in done if not can_be_asked(place, secrets.webhook_id)]
        lost += [name for found in before for name in _put_back(found, secrets)]
        if not lost:
            raise
        what = f"what {' and '.join(lost)} held before may be overwritten, and can't be put back"
        raise SinkError(f"{why(error)}; {what}") from None


def _before(place: Sink) -> _Before | None:
    """Look what a place holds; None = nothing, or nothing that can be known again.

    Raises:
        SinkError: a store can't say.
    """
    record = place.record() if isinstance(place, KeepsRecords) else None
    was_held = record is not None and record.holds is not Stored.NOTHING
    was_held |= isinstance(place, KnowsBefore) and place.was_held
    if isinstance(place, KeepsRecords) and not was_held:
        return None
    try:
        found = place.kept()
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises
        if isinstance(place, KeepsRecords) or not can_be_asked(place, ""):
            found = None  # it gives nobody what it holds
        else:
            raise SinkError(f"what {_shown(place)} holds isn't known: {why(error)}") from None
    is_held = found is not None and bool(found.signing or found.standard)
    return _Before(place, record, found if is_held else None) if is_held or was_held else None


def _put_back(before: _Before, written: OneTimeSecrets) -> Iterator[str]:
    """Yield the name of a place that something was written to, and that doesn't hold the old."""
    place, kept = before.place, before.kept
    with suppress(Exception):  # whatever a plugin raises
        if _is_as_before(before, written):
            return
        if kept is not None:
            # What was begun is over once the new webhook is gone, and not before.
            whose = _owner(before, written)
            place.store(replace(kept, origin=whose, is_copy=True, is_unfinished=True))
    with suppress(Exception):  # what failed again may have put the first values back
        if _is_as_before(before, written):
            return
    yield _shown(place)


def _owner(before: _Before, written: OneTimeSecrets) -> Origin | None:
    """Return whose what is put back is, as a store's note has it; "" = it said nothing of that."""
    if not isinstance(before.place, KeepsRecords):
        return written.origin
    record = before.record or Record()
    return Origin(host=record.host, project_id=record.project_id)


def _is_as_before(before: _Before, written: OneTimeSecrets) -> bool:
    """Has nothing of what was to be written come to a place?"""
    place = before.place
    if isinstance(place, KeepsRecords) and before.kept is None:  # it gives nobody what it holds
        now, then = place.record() or Record(), before.record or Record()
        return then.holds is not Stored.NOTHING and _same(now) == _same(then)
    found, kept = place.kept(), before.kept
    if found is None or kept is None:
        return found == kept
    if word(found.webhook_id) == word(written.webhook_id):
        return False
    obtained = {one for one in (written.signing, written.standard) if one is not None}
    # Its id goes first, so that what is written half counts as nobody's.
    is_begun = found.webhook_id != kept.webhook_id and not found.webhook_id
    return not is_begun and obtained.isdisjoint({found.signing, found.standard})


def _same(record: Record) -> tuple[str, Stored, str]:
    return record.webhook_id, record.holds, record.digest


def _shown(place: Sink) -> str:
    return getattr(place, "shown", "a place")
