"""Read every kind of one project at once."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from photonctl.concurrent import together
from photonctl.errors import NoProjectSecret, UnknownShape
from photonctl.kinds import kind_named, root_kind
from photonctl.kinds.base import Kind
from photonctl.kinds.live import operations_of
from photonctl.model.held import CREATION
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Live, Origin, Spec, spec_from_json
from photonctl.model.state import Evidence, HeldPair, LiveProject, Stored, twin_name
from photonctl.observer.owners import with_owners
from photonctl.observer.places import Places, look_at
from photonctl.observer.request import ObservationRequest
from photonctl.observer.secrets import (
    evidence_of,
    gather_evidence,
    is_stored,
    spelled_as_declared,
)
from photonctl.port import AccountPort, ProjectPort

_MOST_TWINS = 100  # each is looked for in every place


async def refresh(
    account: AccountPort, request: ObservationRequest
) -> tuple[LiveProject, ProjectPort | None]:
    """Find the project and list what is live in it; None = it isn't live, or can't be opened yet.

    Raises:
        ApiError: anything that can't be read. Never taken for "nothing is live".
    """
    try:
        project = await account.find(
            request.name,
            request.id,
            is_only=request.is_only,
            may_be_gone=request.may_be_gone,
        )
    except NoProjectSecret as error:
        if not await _was_begun(account, request):
            raise
        return await _incomplete(account, request, error), None
    if project is None:
        return await _absent(account, request), None
    places = await look_at(request)
    kinds = [kind_named(name) for name in request.keys]
    rows = await together(
        *(operations_of(k.name).observe(project, request.keys[k.name]) for k in kinds)
    )
    if request.credentials is not None:
        await project.prove()  # what a place holds is compared with what Photon accepts
    host, listed = account.host, dict(zip(kinds, rows, strict=True))
    # All at once: each turn of a thread has its price.
    known = await asyncio.to_thread(_beside, host, request, project, listed, places)
    live = LiveProject(
        id=project.row.id,
        name=project.row.name,
        shared_user_cap=account.capabilities.shared_user_caps.get(project.row.plan or ""),
        resources=known.resources,
        evidence=await with_owners(account, known.evidence, known.resources),
        credentials=known.credentials,
    )
    return live, project


async def _was_begun(account: AccountPort, request: ObservationRequest) -> bool:
    """Does the journal or a store say that a run died while it created the project?

    A note of a creation names no id: what is pinned by one isn't what was being created. What isn't
    about the project itself, as a ``destroy`` isn't, completes none.
    """
    if root_kind().name not in request.keys:
        return False
    if request.was_begun or request.is_pinned:
        return request.was_begun
    origin = Origin(host=account.host, project_id=request.name)
    places = await look_at(request)
    return any(place.was_asked(origin, CREATION) for found in places.values() for place in found)


async def _absent(account: AccountPort, request: ObservationRequest) -> LiveProject:
    return LiveProject(
        evidence=await gather_evidence(account, request, None, {}),
        look_alikes=await account.look_alikes(request.name) if request.creates else (),
        credentials=await asyncio.to_thread(_pairs, request),
    )


class _Beside(Struct, frozen=True, kw_only=True):
    """What the disk and the journal say beside what Photon lists."""

    resources: dict[str, dict[str, Live[Spec]]]
    evidence: dict[ResourceRef, Evidence]
    credentials: tuple[HeldPair, ...]


def _beside(
    host: str,
    request: ObservationRequest,
    project: ProjectPort,
    listed: Mapping[Kind[Any], list[Live[Spec]]],
    places: Places,
) -> _Beside:
    origin = Origin(host=host, project_id=project.project_id)
    resources = {
        kind.name: _by_key(kind, rows, request, project.project_id, places)
        for kind, rows in listed.items()
    }
    return _Beside(
        resources=resources,
        evidence=evidence_of(request, origin, resources, places),
        credentials=_pairs(request, origin, project),
    )


async def _incomplete(
    account: AccountPort, request: ObservationRequest, error: NoProjectSecret
) -> LiveProject:
    """Return a project that an interrupted apply of ours has created; nothing is in it yet."""
    kind = root_kind()
    spec = spec_from_json(kind.spec_type, {"name": error.name})
    keys = request.keys.get(kind.name, frozenset())
    rows = {key: Live(key=key, spec=spec, id=error.project_id) for key in keys}
    evidence = await gather_evidence(account, request, None, {})
    begun = {
        ResourceRef(kind.name, key): Evidence(stored=Stored.NOTHING, was_interrupted=True)
        for key in keys
    }
    return LiveProject(
        id=error.project_id,
        name=error.name,
        resources={name: rows if name == kind.name else {} for name in request.keys},
        evidence={**evidence, **begun},
        credentials=await asyncio.to_thread(_pairs, request),
    )


def _pairs(
    request: ObservationRequest, origin: Origin | None = None, project: ProjectPort | None = None
) -> tuple[HeldPair, ...]:
    """Return what is wrong with the places that the project's own credentials go to."""
    if request.credentials is None:
        return ()
    from photonctl.sinks.pair import wrong_pairs

    secret = project.row.secret if project is not None else None
    return wrong_pairs(request.credentials, request.folder, request.state, origin, secret)


def _by_key(
    kind: Kind[Any],
    rows: list[Live[Spec]],
    request: ObservationRequest,
    project_id: str,
    places: Places,
) -> dict[str, Live[Spec]]:
    """Index by key. A twin, e.g. a URL in two spellings, gets a name of its own: it is undeclared.

    Of twins, the declared one is the one whose secret is stored, or else the one that is spelled as
    declared. A saved plan keeps the names that they had when it was made.
    """
    found: dict[str, Live[Spec]] = {}
    declared = request.keys[kind.name]
    rank = partial(_rank, kind, request, project_id, places)
    if kind.has_secret:
        most = max(Counter(row.key for row in rows).values(), default=0)
        if most > _MOST_TWINS:
            text = f"Photon lists {most:,} {kind.section} of one URL, which no project has"
            raise UnknownShape(text)
        rows = spelled_as_declared(request, project_id, kind.name, rows, places)
    for row in sorted(rows, key=lambda row: (row.key, row.id or "")):
        twin = twin_name(row.key, row.id)
        first = found.get(row.key)
        if twin in declared:
            found[twin] = row
        elif first is None:
            found[row.key] = row
        elif rank(row) < rank(first):
            found[row.key] = row
            found[twin_name(first.key, first.id)] = first
        else:
            found[twin] = row
    return found


def _rank(
    kind: Kind[Any],
    request: ObservationRequest,
    project_id: str,
    places: Places,
    row: Live[Spec],
) -> tuple[bool, bool]:
    ref = ResourceRef(kind.name, row.key)
    want = request.secrets.get(ref)
    if want is None:
        return (True, True)
    as_declared = Live(key=want.key, spec=want.spec)
    has_secret = is_stored(request, project_id, places, ref, row)
    return (not has_secret, kind.texts(row) != kind.texts(as_declared))
