"""What sinks and journal say of the secrets of a project's webhooks, before a plan is made."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from photonctl.api.account import Account
from photonctl.api.project import ProjectApi
from photonctl.errors import PhotonctlError, SinkError
from photonctl.executor.scope import Scope
from photonctl.journal import Journal, rotation_of
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared, Live, OneTimeSecrets, SecretRule, Spec
from photonctl.model.state import Evidence, LiveByKind, Stored
from photonctl.sinks import open_sink
from photonctl.urls import is_respelled


async def gather_evidence(
    account: Account, scope: Scope, api: ProjectApi | None, live: LiveByKind
) -> Mapping[str, Evidence]:
    """Return webhook key → what is known of its secret; ``api``: None = the project isn't live.

    A secret under a declared name may be that of another project, whose manifest lies beside this
    one. That is asked for only where a secret stands there that nothing in this project owns.
    """
    rows = {key: row for by_key in live.values() for key, row in by_key.items()}
    project_id = api.spectrum.project_id if api is not None else None
    found = await asyncio.to_thread(_gather, scope, project_id, rows)
    known = {row.id for row in rows.values()}
    strangers = {e.stored_id for e in found.values() if not e.is_ours} - known
    owners = await _owners(account, strangers - {None})
    return {key: replace(e, stored_of=owners.get(e.stored_id)) for key, e in found.items()}


def is_stored(scope: Scope, want: Declared[Spec], row: Live[Spec]) -> bool:
    """Does the declared sink hold the secret of this row, under whatever name?"""
    is_ours = (Stored.ALL, Stored.STANDARD, Stored.ELSEWHERE)
    return want.secret is not None and _stored(scope, want.secret, row.id) in is_ours


def spelled_as_declared(
    scope: Scope, project_id: str, rows: Sequence[Live[Spec]], declared: frozenset[str]
) -> list[Live[Spec]]:
    """Give our own registrations the declared key where the server spells it in another way.

    The journal says which registration was made for which key; where it is lost, the id in the
    sink does, if the two spellings could be of one URL: it may be that of a URL which has moved.
    """
    taken = {row.key for row in rows}
    journal = Journal(scope.folder)
    found = list(rows)
    for key in declared - taken:
        want = scope.secrets.get(key)
        if want is None or want.secret is None:
            continue
        noted, kept = journal.registered(project_id, key), _kept(scope, want.secret)
        for place, row in enumerate(found):
            is_kept = kept is not None and row.id == kept.webhook_id and is_respelled(row.key, key)
            if row.id is not None and row.key not in declared and (row.id == noted or is_kept):
                found[place] = replace(row, key=key)
                break
    return found


def _gather(
    scope: Scope, project_id: str | None, rows: Mapping[str, Live[Spec]]
) -> dict[str, Evidence]:
    journal = Journal(scope.folder)
    ours = journal.all_registered(project_id) if project_id is not None else frozenset()
    dead = journal.all_deleted()
    found = {}
    for key, declared in scope.secrets.items():
        assert declared.secret is not None
        live_id = rows[key].id if key in rows else None
        stored = _stored(scope, declared.secret, live_id)
        kept = _kept(scope, declared.secret) if stored in _ANOTHERS else None
        stored_id = kept.webhook_id or None if kept else None
        is_same = (
            kept is not None
            and kept.signing is not None
            and kept.signing == _own(scope, declared.secret, live_id, stored)
        )
        found[key] = Evidence(
            stored=stored,
            is_occupied=kept is not None
            and not is_same
            and (stored_id is None or stored_id != live_id),
            stored_id=stored_id,
            is_ours=stored_id in ours | dead,
            is_live_ours=live_id in ours,
            was_interrupted=project_id is not None and journal.has_intent(project_id, key),
            rotation_was_interrupted=project_id is not None
            and journal.has_intent(project_id, rotation_of(key)),
        )
    return found


_ANOTHERS = (Stored.OTHER, Stored.ELSEWHERE)


def _stored(scope: Scope, rule: SecretRule, webhook_id: str | None) -> Stored:
    if rule.sink.is_default and not scope.reads_default_sinks:
        return Stored.UNKNOWN
    return open_sink(rule.sink, scope.folder).stored_for(webhook_id or "")


def _kept(scope: Scope, rule: SecretRule) -> OneTimeSecrets | None:
    if rule.sink.is_default and not scope.reads_default_sinks:
        return None
    try:
        return open_sink(rule.sink, scope.folder).kept()
    except (SinkError, OSError):
        return None


def _own(scope: Scope, rule: SecretRule, webhook_id: str | None, stored: Stored) -> Secret | None:
    """Return the live webhook's secret, where the sink holds it under another name."""
    if stored is not Stored.ELSEWHERE:
        return None
    try:
        kept = open_sink(rule.sink, scope.folder).kept(webhook_id)
    except (SinkError, OSError):
        return None
    return kept.signing if kept is not None else None


async def _owners(account: Account, ids: set[str | None]) -> dict[str | None, str]:
    """Find webhooks in every project of the account: id → the project's name.

    What can't be read is left out: the plan says of such a secret that its origin isn't known.
    """

    async def of_one(name: str, project_id: str) -> dict[str | None, str]:
        try:
            api = await account.find(name, project_id, may_be_gone=True)
            rows = await api.spectrum.webhooks() if api is not None else ()
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
