"""Which credentials are where: stored, missing or unset; never their values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from photonctl.credentials.sources import Sources
from photonctl.errors import PhotonctlError
from photonctl.journal import Journal
from photonctl.kinds.webhook.lost_secret import is_standard_signed
from photonctl.model.filled import shown_text
from photonctl.model.held import Record
from photonctl.model.places import place_name
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Live, Spec
from photonctl.model.state import DesiredProject, Stored
from photonctl.noted import Note
from photonctl.observer.places import Place, newest_of
from photonctl.sinks import open_sink


class State(StrEnum):
    """How it is with one credential."""

    STORED = "stored"
    MISSING = "missing"
    UNSET = "unset"


class Line(Struct, frozen=True, kw_only=True):
    """One credential.

    Attributes:
        name: ``device token``, ``project id``, ``project key`` or ``webhook key``.
        of: the project or webhook it belongs to, or empty.
        detail: where it is, or what to do.
        since: when it was stored, or when its webhook was made, ISO 8601; None = not known.
        now: in words, whether it verifies what Photon delivers now; "" = not known.
        verifies: the same for machines; None = not known.
    """

    name: str
    of: str = ""
    state: State
    detail: str
    since: str | None = None
    now: str = ""
    verifies: bool | None = None


class Known(Struct, frozen=True):
    """What is live of one project, and its id."""

    rows: Mapping[ResourceRef, Live[Spec]]
    project_id: str | None = None


def summarize(
    sources: Sources,
    env: Mapping[str, str],
    projects: Sequence[DesiredProject],
    live: Sequence[Known | None] = (),
) -> list[Line]:
    """Look at every place; a place that can't be read counts as missing, and says why.

    Args:
        sources: of photonctl's own credentials.
        env: the environment.
        projects: as declared.
        live: what is live of each; None = not known.

    Raises:
        nothing that is expected.
    """
    lines = [_token(sources)]
    for place, project in enumerate(projects):
        lines += _project(sources, env, project, is_only=len(projects) == 1)
        lines += _secrets(project, live[place] if place < len(live) else None)
    return lines


def _token(sources: Sources) -> Line:
    try:
        token = sources.token()
    except PhotonctlError as error:
        return Line(name="device token", state=State.MISSING, detail=str(error))
    if token is None:
        return Line(name="device token", state=State.MISSING, detail="run photonctl login")
    return Line(name="device token", state=State.STORED, detail=token.source)


def _project(
    sources: Sources, env: Mapping[str, str], project: DesiredProject, *, is_only: bool
) -> list[Line]:
    def lines(id_: tuple[State, str], key: tuple[State, str]) -> list[Line]:
        return [
            Line(name=name, of=shown_text(project.name), state=state, detail=detail)
            for name, (state, detail) in (("project id", id_), ("project key", key))
        ]

    env_id, env_key = env.get("PHOTON_PROJECT_ID"), env.get("PHOTON_PROJECT_SECRET")
    if (env_id or env_key) and (project.id == env_id or (project.id is None and is_only)):
        return lines(
            _variable("PHOTON_PROJECT_ID", env_id), _variable("PHOTON_PROJECT_SECRET", env_key)
        )
    try:
        stored = sources.stored_pairs()
    except PhotonctlError as error:
        detail = (State.MISSING, str(error))
        return lines(detail, detail)
    later = (State.UNSET, "read from the dashboard when it is needed")
    pinned = (State.STORED, "the manifest") if project.id else later
    if project.id not in stored:
        return lines(pinned, later)
    known = (State.STORED, f"the credential file {sources.file.path}")
    return lines(known, known)


def _variable(name: str, value: str | None) -> tuple[State, str]:
    if value:
        return State.STORED, name
    return State.UNSET, f"set {name} as well, or unset the other: one alone isn't used"


def _secrets(project: DesiredProject, known: Known | None) -> list[Line]:
    found = []
    journal = Journal(project.folder, project.state)
    project_id = known.project_id if known is not None else None
    declared = ((kind, d) for kind, by_key in project.resources.items() for d in by_key.values())
    for kind, resource in declared:
        if resource.secret is None:
            continue
        row = known.rows.get(ResourceRef(kind, resource.key)) if known is not None else None
        label = resource.label or resource.key
        try:
            places = [
                Place(spec=spec, sink=open_sink(spec, project.folder, project.state))
                for spec in resource.secret.sink.places
            ]
        except PhotonctlError as error:  # a plugin that isn't installed
            line = Line(name=f"{kind} key", of=label, state=State.MISSING, detail=str(error))
            found.append(line)
            continue
        for place in places:
            place.ask()
        note = journal.note(project_id, resource.key) if project_id is not None else Note()
        live_id = row.id if row is not None else None
        given = note.standards(live_id)
        newest = newest_of(places, live_id, given)
        for place in places:
            line = _secret(kind, label, place)
            found.append(_as_live(line, place, row, newest, given) if known is not None else line)
    return found


def _secret(kind: str, label: str, place: Place) -> Line:
    where = place_name(place.spec)
    since = place.since()
    line = Line(
        name=f"{kind} key",
        of=label,
        state=State.STORED,
        detail=where,
        since=since.isoformat() if since is not None else None,
    )
    if place.problem:
        return replace(line, state=State.MISSING, detail=place.problem)
    if place.record is not None:
        holds, is_there = place.record.holds, place.record.holds is not Stored.NOTHING
    else:
        try:
            kept = place.sink.kept() if not place.is_store else None
        except PhotonctlError as error:
            return replace(line, state=State.MISSING, detail=str(error))
        is_there = kept is not None
        holds = Stored.STANDARD if kept is not None and kept.signing is None else Stored.ALL
    if not is_there:
        return replace(line, state=State.MISSING, detail=f"{where}: run photonctl plan")
    if holds is Stored.STANDARD:
        return replace(line, detail=f"{where}: the standard secret only")
    return line


def _as_live(
    line: Line,
    place: Place,
    row: Live[Spec] | None,
    newest: Record | None,
    given: Sequence[str],
) -> Line:
    """Add whether the stored secret verifies what Photon delivers now."""
    if row is None:
        return replace(line, now="its webhook isn't registered", verifies=False)
    made = None if place.since() is not None else row.created_at
    line = replace(line, since=line.since or made)
    stored = place.stored_for(row.id, newest, given)
    if stored in (Stored.UNKNOWN, Stored.UNREADABLE):
        return line
    is_standard = is_standard_signed(row.spec)
    enough = (Stored.ALL, Stored.STANDARD if is_standard else Stored.SIGNING)
    if stored in enough:
        return replace(line, now="verifies deliveries now", verifies=True)
    return replace(line, now=f"doesn't verify deliveries: it is {stored.value}", verifies=False)
