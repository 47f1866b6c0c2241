"""What sinks and journal say of the secrets of a project's webhooks, before a plan is made."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from photonctl.api.account import Account
from photonctl.api.project import ProjectApi
from photonctl.errors import PhotonctlError, SinkError
from photonctl.executor.scope import Scope
from photonctl.journal import Journal, rotation_of
from photonctl.model.spec import Declared, Live, SecretRule, Spec
from photonctl.model.state import Evidence, LiveByKind, Stored
from photonctl.sinks import open_sink


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
    strangers = {known.stored_id for known in found.values()} - {row.id for row in rows.values()}
    owners = await _owners(account, strangers - {None})
    return {
        key: replace(known, stored_of=owners.get(known.stored_id)) for key, known in found.items()
    }


def is_stored(scope: Scope, want: Declared[Spec], row: Live[Spec]) -> bool:
    """Does the declared sink hold the secret of this row, under whatever name?"""
    is_ours = (Stored.ALL, Stored.STANDARD, Stored.ELSEWHERE)
    return want.secret is not None and _stored(scope, want.secret, row.id) in is_ours


def _gather(
    scope: Scope, project_id: str | None, rows: Mapping[str, Live[Spec]]
) -> dict[str, Evidence]:
    journal = Journal(scope.folder)
    found = {}
    for key, declared in scope.secrets.items():
        assert declared.secret is not None
        stored = _stored(scope, declared.secret, rows[key].id if key in rows else None)
        is_foreign = stored in (Stored.OTHER, Stored.ELSEWHERE)
        found[key] = Evidence(
            stored=stored,
            stored_id=_stored_id(scope, declared.secret) if is_foreign else None,
            was_interrupted=project_id is not None and journal.has_intent(project_id, key),
            rotation_was_interrupted=project_id is not None
            and journal.has_intent(project_id, rotation_of(key)),
        )
    return found


def _stored(scope: Scope, rule: SecretRule, webhook_id: str | None) -> Stored:
    if rule.sink.is_default and not scope.reads_default_sinks:
        return Stored.UNKNOWN
    return open_sink(rule.sink, scope.folder).stored_for(webhook_id or "")


def _stored_id(scope: Scope, rule: SecretRule) -> str | None:
    try:
        kept = open_sink(rule.sink, scope.folder).kept()
    except SinkError:
        return None
    return (kept.webhook_id or None) if kept else None


async def _owners(account: Account, ids: set[str | None]) -> dict[str | None, str]:
    """Find webhooks in every project of the account: id → the project's name.

    What can't be read is left out: the plan warns of a secret that nobody is known to own.
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
