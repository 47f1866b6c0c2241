"""Which credentials are where: stored, missing or unset; never their values. Asks no server."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from photonctl.credentials.sources import Sources
from photonctl.errors import PhotonctlError
from photonctl.model.filled import shown_text
from photonctl.model.state import DesiredProject
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
    """

    name: str
    of: str = ""
    state: State
    detail: str


def summarize(
    sources: Sources, env: Mapping[str, str], projects: Sequence[DesiredProject]
) -> list[Line]:
    """Look at every place; a place that can't be read counts as missing, and says why.

    Raises:
        nothing that is expected.
    """
    lines = [_token(sources)]
    for project in projects:
        lines += _project(sources, env, project, is_only=len(projects) == 1)
        lines += _secrets(project)
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


def _secrets(project: DesiredProject) -> list[Line]:
    found = []
    declared = ((kind, d) for kind, by_key in project.resources.items() for d in by_key.values())
    for kind, resource in declared:
        if resource.secret is None:
            continue
        sink = resource.secret.sink
        place = f"{shown_text(sink.key)} in {shown_text(sink.target)}"
        try:
            kept = open_sink(sink, project.folder).kept()
        except PhotonctlError as error:
            line = Line(
                name=f"{kind} key",
                of=resource.label or resource.key,
                state=State.MISSING,
                detail=str(error),
            )
        else:
            if kept is None:
                state, detail = State.MISSING, f"{place}: run photonctl plan"
            elif kept.signing is None:
                state, detail = State.STORED, f"{place}: the standard secret only"
            else:
                state, detail = State.STORED, place
            line = Line(
                name=f"{kind} key", of=resource.label or resource.key, state=state, detail=detail
            )
        found.append(line)
    return found
