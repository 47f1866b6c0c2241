"""Observe every kind of one project at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from photonctl.api.account import Account
from photonctl.api.project import ProjectApi
from photonctl.executor.evidence import gather_evidence, is_stored, spelled_as_declared
from photonctl.executor.scope import Scope
from photonctl.model.spec import Live, Spec
from photonctl.model.state import LiveProject, twin_name
from photonctl.resources import kind_named
from photonctl.resources.base import ResourceKind

T = TypeVar("T")
_TIER_CAPS = {"free": 10, "pro": 100}  # shared users (contract §4.3); other tiers have none


async def refresh(
    account: Account, scope: Scope, *, is_young: bool = False
) -> tuple[LiveProject, ProjectApi | None]:
    """Find the project and list what is live in it; ``is_young``: see ``Account.find``.

    Raises:
        ApiError: anything that can't be read. Never taken for "nothing is live".
    """
    api = await account.find(
        scope.name,
        scope.id,
        is_only=scope.is_only,
        may_be_gone=scope.may_be_gone,
        is_young=is_young,
    )
    if api is None:
        absent = LiveProject(
            evidence=await gather_evidence(account, scope, None, {}),
            look_alikes=await account.look_alikes(scope.name) if scope.creates else (),
            credentials_of=await asyncio.to_thread(_credentials_of, scope, None),
        )
        return absent, None
    kinds = [kind_named(name) for name in scope.keys]
    found = await together(*(kind.observe(api, scope.keys[kind.name]) for kind in kinds))
    resources = {
        kind.name: await asyncio.to_thread(_by_key, kind, rows, scope, api.spectrum.project_id)
        for kind, rows in zip(kinds, found, strict=True)
    }
    live = LiveProject(
        id=api.row.id,
        name=api.row.name,
        shared_user_cap=_TIER_CAPS.get(api.row.plan or ""),
        resources=resources,
        evidence=await gather_evidence(account, scope, api, resources),
        credentials_of=await asyncio.to_thread(_credentials_of, scope, api.spectrum.project_id),
    )
    return live, api


def _credentials_of(scope: Scope, project_id: str | None) -> str | None:
    if scope.credentials is None:
        return None
    from photonctl.sinks.env_file import pair_of

    return pair_of(scope.folder / scope.credentials.target, project_id)


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Await all at once; the first failure stops the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _by_key(
    kind: ResourceKind[Any], rows: list[Live[Spec]], scope: Scope, project_id: str
) -> dict[str, Live[Spec]]:
    """Index by key. A twin, e.g. a URL in two spellings, gets a name of its own: it is undeclared.

    Of twins, the declared one is that whose secret is stored, else that which is spelled as
    declared. A saved plan names them as it did when it was made.
    """
    found: dict[str, Live[Spec]] = {}
    if kind.has_secret:
        rows = spelled_as_declared(scope, project_id, rows, scope.keys[kind.name])
    for row in sorted(rows, key=lambda row: (row.key, row.id or "")):
        twin = twin_name(row.key, row.id)
        first = found.get(row.key)
        if twin in scope.keys[kind.name]:
            found[twin] = row
        elif first is None:
            found[row.key] = row
        elif _rank(kind, row, scope) < _rank(kind, first, scope):
            found[row.key] = row
            found[twin_name(first.key, first.id)] = first
        else:
            found[twin] = row
    return found


def _rank(kind: ResourceKind[Any], row: Live[Spec], scope: Scope) -> tuple[bool, bool]:
    want = scope.secrets.get(row.key)
    if want is None:
        return (True, True)
    as_declared = Live(key=want.key, spec=want.spec)
    return (not is_stored(scope, want, row), kind.texts(row) != kind.texts(as_declared))
