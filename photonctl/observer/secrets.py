"""What sinks and the journal say of a project's one-time secrets, before a plan is made."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from photonctl.errors import PhotonctlError, SinkError
from photonctl.journal import Journal, rotation_of
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared, Live, OneTimeSecrets, SecretRule, Spec
from photonctl.model.state import Evidence, LiveByKind, Stored
from photonctl.observer.request import ObservationRequest
from photonctl.port import AccountPort, ProjectPort
from photonctl.sinks import open_sink
from photonctl.urls import is_respelled


async def gather_evidence(
    account: AccountPort, request: ObservationRequest, project: ProjectPort | None, live: LiveByKind
) -> Mapping[ResourceRef, Evidence]:
    """Return what is known of each declared secret; ``project``: None = the project isn't live.

    A secret under a declared name may be that of another project, whose manifest lies beside this
    one. That is asked for only where a secret is there that nothing in this project owns.
    """
    kinds = {ref.kind for ref in request.secrets}
    rows = {
        ResourceRef(kind, key): row for kind in kinds for key, row in live.get(kind, {}).items()
    }
    project_id = project.project_id if project is not None else None
    found = await asyncio.to_thread(_gather, request, project_id, rows)
    known = {row.id for row in rows.values()}
    strangers = {e.stored_id for e in found.values() if not e.is_ours} - known
    owners = await _owners(account, strangers - {None})
    return {ref: replace(e, stored_of=owners.get(e.stored_id)) for ref, e in found.items()}


def is_stored(request: ObservationRequest, want: Declared[Spec], row: Live[Spec]) -> bool:
    """Does the declared sink hold the secret of this row, under whatever name?"""
    is_ours = (Stored.ALL, Stored.SIGNING, Stored.STANDARD, Stored.ELSEWHERE)
    return want.secret is not None and _stored(request, want.secret, row.id) in is_ours


def spelled_as_declared(
    request: ObservationRequest, project_id: str, kind: str, rows: Sequence[Live[Spec]]
) -> list[Live[Spec]]:
    """Give our own registrations the declared key where the server spells it in another way.

    The journal says which registration was made for which key; where it is lost, the id in the
    sink does, if the two spellings could be of one URL: it may be that of a URL which has moved.
    """
    taken = {row.key for row in rows}
    declared = request.keys[kind]
    journal = Journal(request.folder, request.state)
    found = list(rows)
    for key in declared - taken:
        want = request.secrets.get(ResourceRef(kind, key))
        if want is None or want.secret is None:
            continue
        noted, kept = journal.registered(project_id, key), _kept(request, want.secret)
        for place, row in enumerate(found):
            is_ours = row.id is not None and row.id in (noted, kept.webhook_id if kept else None)
            if is_ours and row.key not in declared and is_respelled(row.key, key):
                found[place] = replace(row, key=key)
                break
    return found


def _gather(
    request: ObservationRequest, project_id: str | None, rows: Mapping[ResourceRef, Live[Spec]]
) -> dict[ResourceRef, Evidence]:
    journal = Journal(request.folder, request.state)
    ours = journal.all_registered(project_id) if project_id is not None else frozenset()
    dead = journal.all_deleted()
    found = {}
    for ref, declared in request.secrets.items():
        assert declared.secret is not None
        live_id = rows[ref].id if ref in rows else None
        stored = _stored(request, declared.secret, live_id)
        moved_from, noted = None, Stored.UNKNOWN
        if project_id is not None and live_id is not None:
            noted = journal.stored(project_id, ref.key, live_id)
            if stored is Stored.UNKNOWN and noted in (Stored.NOTHING, Stored.UNKNOWN):
                moved_from = journal.last_stored(project_id, ref.key)
            if stored is Stored.UNKNOWN and noted in (Stored.NOTHING, Stored.STANDARD):
                stored = noted
        kept = _kept(request, declared.secret) if stored in _ANOTHERS else None
        stored_id = kept.webhook_id or None if kept else None
        is_same = (
            kept is not None
            and kept.signing is not None
            and kept.signing == _own(request, declared.secret, live_id, stored)
        )
        found[ref] = Evidence(
            stored=Stored.OTHER if moved_from is not None else stored,
            is_occupied=kept is not None
            and not is_same
            and (stored_id is None or stored_id != live_id),
            stored_id=moved_from or stored_id,
            is_ours=stored_id in ours | dead,
            is_live_ours=live_id in ours,
            was_refused=noted is Stored.NOTHING,
            was_interrupted=project_id is not None and journal.has_intent(project_id, ref.key),
            rotation_was_interrupted=project_id is not None
            and journal.has_intent(project_id, rotation_of(ref.key)),
        )
    return found


_ANOTHERS = (Stored.OTHER, Stored.ELSEWHERE)


def _stored(request: ObservationRequest, rule: SecretRule, webhook_id: str | None) -> Stored:
    if rule.sink.is_default and not request.reads_default_sinks:
        return Stored.UNKNOWN
    return open_sink(rule.sink, request.folder).stored_for(webhook_id or "")


def _kept(request: ObservationRequest, rule: SecretRule) -> OneTimeSecrets | None:
    if rule.sink.is_default and not request.reads_default_sinks:
        return None
    try:
        return open_sink(rule.sink, request.folder).kept()
    except (SinkError, OSError):
        return None


def _own(
    request: ObservationRequest, rule: SecretRule, webhook_id: str | None, stored: Stored
) -> Secret | None:
    """Return the live webhook's secret, where the sink holds it under another name."""
    if stored is not Stored.ELSEWHERE:
        return None
    try:
        kept = open_sink(rule.sink, request.folder).kept(webhook_id)
    except (SinkError, OSError):
        return None
    return kept.signing if kept is not None else None


async def _owners(account: AccountPort, ids: set[str | None]) -> dict[str | None, str]:
    """Find webhooks in every project of the account: id → the project's name.

    What can't be read is left out: the plan says of such a secret that its origin isn't known.
    """

    async def of_one(name: str, project_id: str) -> dict[str | None, str]:
        try:
            project = await account.find(name, project_id, may_be_gone=True)
            rows = await project.webhooks() if project is not None else ()
        except PhotonctlError:
            return {}
        return {row.id: name for row in rows if row.id in ids}

    if not ids:
        return {}
    try:
        projects = await account.projects()
    except PhotonctlError:
        return {}
    owned = await asyncio.gather(*(of_one(row.name, row.id) for row in projects))
    return {webhook_id: name for found in owned for webhook_id, name in found.items()}
