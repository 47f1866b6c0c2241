"""What sinks and the journal say of a project's one-time secrets, before a plan is made."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec.structs import replace

from photonctl.journal import Journal, rotation_of
from photonctl.model.held import REGISTRATION, ROTATION, Record, about, is_in_time, word
from photonctl.model.moments import made_at, moment
from photonctl.model.names import ID
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import WRITE_ONLY, Live, OneTimeSecrets, Origin, Spec
from photonctl.model.state import HELD, Evidence, LiveByKind, Occupied, Stored
from photonctl.noted import Note
from photonctl.observer.joining import joined
from photonctl.observer.owners import with_owners
from photonctl.observer.places import Place, Places, look_at, newest_of
from photonctl.observer.request import ObservationRequest
from photonctl.port import AccountPort, ProjectPort
from photonctl.sinks.several import known_part
from photonctl.urls import is_respelled


async def gather_evidence(
    account: AccountPort, request: ObservationRequest, project: ProjectPort | None, live: LiveByKind
) -> Mapping[ResourceRef, Evidence]:
    """Return what is known of each declared secret; ``project``: None = the project isn't live."""
    project_id = project.project_id if project is not None else None
    origin = Origin(host=account.host, project_id=project_id) if project_id is not None else None
    places = await look_at(request)
    found = await asyncio.to_thread(evidence_of, request, origin, live, places)
    return await with_owners(account, found, live)


def is_stored(
    request: ObservationRequest,
    project_id: str,
    places: Places,
    ref: ResourceRef,
    row: Live[Spec],
) -> bool:
    """Does a declared place hold the secret of this row, under whatever name?

    Of one that can't be asked the journal says what it got last.
    """
    found = [place.stored_for(row.id) for place in places.get(ref, ())]
    if any(stored in (*HELD, Stored.ELSEWHERE) for stored in found):
        return True
    if not any(stored in (Stored.UNKNOWN, Stored.UNREADABLE) for stored in found):
        return False
    note = Journal(request.folder, request.state).note(project_id, ref.key)
    return note.last_stored == row.id


def spelled_as_declared(
    request: ObservationRequest,
    project_id: str,
    kind: str,
    rows: Sequence[Live[Spec]],
    places: Places,
) -> list[Live[Spec]]:
    """Give our own registrations the declared key where the server spells it in another way.

    The journal says which registration was made for which key; where it is lost, the id in the
    sink does, if the two spellings could be of one URL: it may be that of a URL which has moved.
    """
    taken = {row.key for row in rows}
    declared = request.keys[kind]
    if declared <= taken:
        return list(rows)
    journal = Journal(request.folder, request.state)
    found = list(rows)
    by_id: dict[str, list[int]] = {}
    for place, row in enumerate(found):
        by_id.setdefault(word(row.id or ""), []).append(place)
    for key in declared - taken:
        kept = [place.kept() for place in places.get(ResourceRef(kind, key), ())]
        if not kept:
            continue
        noted = journal.note(project_id, key).last_registered
        ids = {k.webhook_id for k in kept if k} | ({word(noted)} if noted else set())
        for place in sorted(place for one in ids if one for place in by_id.get(one, ())):
            row = found[place]
            if row.key not in declared and is_respelled(row.key, key):
                found[place] = replace(row, key=key)
                break
    return found


class _Known:
    """What is known of a project; the journal's notes are read only where something asks for them.

    Of a fleet they are all in one folder: reading them for each project would cost its square.

    Attributes:
        origin: whose secrets they are; None = the project isn't live.
        ids: a live webhook's id as notes spell it → the id.
        keys: live and declared webhooks, as notes spell them.
    """

    def __init__(
        self,
        journal: Journal,
        origin: Origin | None,
        ids: Mapping[str, str],
        keys: frozenset[str] = frozenset(),
    ) -> None:
        self.journal = journal
        self.origin = origin
        self.ids = ids
        self.keys = keys

    def note(self, key: str) -> Note:
        """Return what the journal notes of a webhook's URL."""
        return self.journal.note(self.origin.project_id, key) if self.origin else Note()

    @cached_property
    def ours(self) -> frozenset[str]:
        """Ids of our registrations in this project; an answer may have had another project's."""
        if self.origin is None:
            return frozenset()
        found = self.journal.all_registered(self.origin.project_id)
        return found - self.journal.all_registered_elsewhere(self.origin.project_id)

    @cached_property
    def dead(self) -> frozenset[str]:
        """Ids of registrations, of any project, that an apply has deleted."""
        return self.journal.all_deleted()


def evidence_of(
    request: ObservationRequest, origin: Origin | None, live: LiveByKind, places: Places
) -> dict[ResourceRef, Evidence]:
    """Return what places and journal say of each declared secret; it blocks.

    ``origin``: whose secrets they are; None = the project isn't live.
    """
    if not request.secrets:
        return {}
    rows = {
        ResourceRef(kind, key): row
        for kind in {ref.kind for ref in request.secrets}
        for key, row in live.get(kind, {}).items()
    }
    ids = {word(row.id): row.id for row in rows.values() if row.id is not None}
    keys = frozenset(about(ref.key) for ref in (*rows, *request.secrets))
    known = _Known(Journal(request.folder, request.state), origin, ids, keys)
    found = {}
    for ref, declared in request.secrets.items():
        assert declared.secret is not None
        row = rows.get(ref)
        live_id = row.id if row is not None else None
        note = known.note(ref.key)
        secret = newest_of(places[ref], live_id, note.standards(live_id))
        evidence = [_of_place(known, ref, place, live_id, secret, note) for place in places[ref]]
        age_s = _age(request, places[ref], row) if declared.secret.rotation else None
        found[ref] = replace(
            joined(evidence),
            since=_since(places[ref]),
            age_s=age_s,
            was_interrupted=_is_open(known, ref.key, places[ref], REGISTRATION, row),
            rotation_was_interrupted=_is_open(known, ref.key, places[ref], ROTATION, row),
        )
    return found


def _is_open(
    known: _Known, key: str, places: Sequence[Place], step: str, row: Live[Spec] | None
) -> bool:
    """Was a step for this webhook begun and not finished? A store says so, or the journal."""
    origin, made = known.origin, made_at(row.created_at if row is not None else None)
    live_id = row.id if row is not None else None
    if origin is None:
        return False
    asked = [place for place in places if place.was_asked(origin, step, key)]
    if any(live_id is None or place.is_about(step, live_id, made) for place in asked):
        return True
    name = key if step == REGISTRATION else rotation_of(key)
    begun = known.journal.begun_at(origin.project_id, name)
    if begun is None:
        return False
    webhook_id = known.journal.begun_for(origin.project_id, name)
    return live_id in (None, webhook_id) if webhook_id else is_in_time(step, begun, made)


def _of_place(  # noqa: PLR0913, PLR0917
    known: _Known,
    ref: ResourceRef,
    place: Place,
    live_id: str | None,
    secret: Record | None,
    note: Note,
) -> Evidence:
    """Return what one place says.

    ``secret``: what stores note of the live webhook's newest; ``note``: what the journal knows.
    """
    origin, given = known.origin, note.standards(live_id)
    stored = place.stored_for(live_id, secret, given)
    moved_from, noted, last = None, Stored.UNKNOWN, None
    if origin is not None and live_id is not None and not place.is_store:
        newest = secret.digest if secret and secret.holds is not Stored.SIGNING else ""
        noted = note.stored(live_id, known.journal.place_id(place.spec), newest)
        last = note.last_stored
        if stored is Stored.UNKNOWN and noted in (Stored.NOTHING, Stored.UNKNOWN):
            moved_from = last if last != live_id else None
        if stored is Stored.UNKNOWN and noted is not Stored.ALL:
            stored = noted
    kept = place.kept() if stored in _ANOTHERS else None
    stored_id = _shown_id(known, kept.webhook_id) if kept else None
    other = place.kept_for(live_id) if kept and stored is Stored.ELSEWHERE else None
    is_copy = bool(kept and other and _is_copy(kept, other, given))
    is_held = kept is not None and not is_copy and (stored_id is None or stored_id != live_id)
    stored = Stored.OTHER if moved_from is not None else stored
    occupied = Occupied(
        place=place.spec,
        stored_id=moved_from or stored_id,
        is_ours=(origin is not None and place.is_of(origin))
        or (stored_id is not None and (stored_id in known.ours or stored_id in known.dead)),
    )
    is_asked = place.is_anothers(origin, ref.key, known.keys)
    seen = place.whose()
    gives = _gives(known, note, place, stored, live_id, secret)
    is_older = noted is Stored.OLD or place.is_older(live_id, given)
    gives_newest = place.holds_newest(live_id, given)
    return Evidence(
        stored=Stored.UNREADABLE if place.problem else stored,  # once all was asked
        given_by=place.spec if gives else None,
        stored_id=occupied.stored_id,
        occupied=(occupied,) if is_held or is_asked else (),
        seen=((place.spec, seen),),
        is_live_ours=stored is Stored.OTHER and live_id in known.ours,
        was_refused=noted is Stored.NOTHING and last != live_id,
        is_given=stored is Stored.UNKNOWN and noted is Stored.ALL,
        is_unsure=bool(place.problem)
        or (stored is Stored.UNKNOWN and noted is not Stored.ALL)
        or (stored is Stored.OTHER and occupied.stored_id is None),
        is_older=is_older,
        gives_newest=gives_newest,
        problem=place.problem,
    )


def _is_copy(kept: OneTimeSecrets, other: OneTimeSecrets, given: Sequence[str]) -> bool:
    """Is what is under a name only what the webhook has under another one, or had?"""
    standard = kept.standard.digest() if kept.standard is not None else None
    known = (None, *given, other.standard.digest() if other.standard is not None else None)
    return kept.signing is not None and kept.signing == other.signing and standard in known


def _gives(  # noqa: PLR0913, PLR0917
    known: _Known,
    note: Note,
    place: Place,
    stored: Stored,
    live_id: str | None,
    secret: Record | None,
) -> bool:
    """May a secret be copied from here? Anybody may have written a file that claims to hold it.

    A store's note, or the journal, must say that it was given for this webhook.
    """
    if stored not in _GIVEN or place.spec.type in WRITE_ONLY or known.origin is None:
        return False
    kept = None if place.is_store else place.kept_for(live_id)
    if kept is None:
        return place.is_store
    return known_part(kept, secret, note.vouches) is not None


def _shown_id(known: _Known, noted: str) -> str | None:
    """Return whose secret a place says that it holds; None = that is no webhook's id."""
    found = known.ids.get(noted, noted)
    return found if ID.fullmatch(found) else None


_ANOTHERS = (Stored.OTHER, Stored.ELSEWHERE)
_GIVEN = (Stored.ALL, Stored.SIGNING, Stored.ELSEWHERE)


def _since(places: Sequence[Place]) -> tuple[str, ...]:
    dates = [place.since() if place.knows_age else None for place in places]
    return tuple(moment(date) if date is not None else "" for date in dates)


def _age(
    request: ObservationRequest, places: Sequence[Place], row: Live[Spec] | None
) -> float | None:
    """Return how old the standard secret is, in seconds; None = nothing says so."""
    if request.now is None or row is None:
        return None
    made = made_at(row.created_at if row is not None else None)
    known = [place for place in places if place.knows_age]
    dates = [date for place in known if (date := place.since() or made) is not None]
    return (request.now - min(dates)).total_seconds() if dates else None
