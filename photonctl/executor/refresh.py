"""Observe every kind of one project at once, and what sinks and journal say of its secrets."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from photonctl.api.account import Account
from photonctl.api.project import ProjectApi
from photonctl.errors import SinkError
from photonctl.journal import Journal, rotation_of
from photonctl.model.plan import ProjectPlan, Verb
from photonctl.model.spec import Live, SecretRule, Spec
from photonctl.model.state import DesiredProject, Evidence, LiveProject, Stored
from photonctl.resources import kind_named
from photonctl.sinks import open_sink

T = TypeVar("T")
_TIER_CAPS = {"free": 10, "pro": 100}  # shared users (contract §4.3); other tiers have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be observed of one project.

    Attributes:
        keys: kind → the declared keys; a kind that isn't in it isn't read.
        secrets: webhook key → how its secret is kept.
        folder: where relative sink paths and the journal are.
        reads_default_sinks: False where the disk is new in every run.
        is_only: it is the run's one project; the environment's credentials may be its own.
        may_be_gone: a pinned id that isn't live is no error.
    """

    name: str
    id: str | None
    keys: Mapping[str, frozenset[str]]
    secrets: Mapping[str, SecretRule] = field(default_factory=dict)
    folder: Path
    reads_default_sinks: bool = True
    is_only: bool = False
    may_be_gone: bool = False

    @classmethod
    def of_manifest(cls, desired: DesiredProject, *, is_only: bool) -> "Scope":
        """Return what planning a manifest needs."""
        declared = [d for by_key in desired.resources.values() for d in by_key.values()]
        return cls(
            name=desired.name,
            id=desired.id,
            keys={kind: frozenset(by_key) for kind, by_key in desired.resources.items()},
            secrets={d.key: d.secret for d in declared if d.secret is not None},
            folder=desired.folder,
            is_only=is_only,
            reads_default_sinks=desired.policy.allows_default_sinks,
        )

    @classmethod
    def of_plan(cls, plan: ProjectPlan) -> "Scope":
        """Return what a plan was made from, secrets left out: these it has judged already."""
        known = [name.split(" ", 1) for name in plan.live]
        keys = {kind: {key for of, key in known if of == kind} for kind in plan.kinds}
        for action in plan.actions:
            keys.setdefault(action.kind, set()).add(action.key)
        return cls(
            name=plan.name,
            id=plan.id,
            keys={kind: frozenset(found) for kind, found in keys.items()},
            folder=plan.folder,
            may_be_gone=any(a.kind == "project" and a.verb is Verb.DELETE for a in plan.actions),
        )


async def refresh(account: Account, scope: Scope) -> tuple[LiveProject, ProjectApi | None]:
    """Find the project and list what is live in it.

    Raises:
        ApiError: anything that can't be read. Never taken for "nothing is live".
    """
    api = await account.find(
        scope.name, scope.id, is_only=scope.is_only, may_be_gone=scope.may_be_gone
    )
    if api is None:
        return LiveProject(evidence=await asyncio.to_thread(_evidence, scope, None, {})), None
    kinds = [kind_named(name) for name in scope.keys]
    found = await together(*(kind.observe(api, scope.keys[kind.name]) for kind in kinds))
    resources = {
        kind.name: await asyncio.to_thread(_by_key, rows, scope)
        for kind, rows in zip(kinds, found, strict=True)
    }
    live = LiveProject(
        id=api.row.id,
        name=api.row.name,
        shared_user_cap=_TIER_CAPS.get(api.row.plan or ""),
        resources=resources,
        evidence=await asyncio.to_thread(_evidence, scope, api.spectrum.project_id, resources),
    )
    return live, api


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


def _by_key(rows: list[Live[Spec]], scope: Scope) -> dict[str, Live[Spec]]:
    """Index by key. A twin, e.g. a URL in two spellings, gets its own: it is undeclared.

    Of twins, the declared one is that whose secret is stored, else the first.
    """
    found: dict[str, Live[Spec]] = {}
    for row in rows:
        first = found.get(row.key)
        if first is not None and _is_stored(row, scope) and not _is_stored(first, scope):
            found[row.key], row = row, first  # noqa: PLW2901  # they change places
        found[row.key if row.key not in found else f"{row.key} ({row.id})"] = row
    return found


def _is_stored(row: Live[Spec], scope: Scope) -> bool:
    rule = scope.secrets.get(row.key)
    is_ours = (Stored.ALL, Stored.STANDARD, Stored.ELSEWHERE)
    return rule is not None and _stored(scope, rule, row.id or "") in is_ours


def _evidence(
    scope: Scope, project_id: str | None, resources: Mapping[str, Mapping[str, Live[Spec]]]
) -> dict[str, Evidence]:
    """``project_id``: None = it isn't live, so no intent is about it."""
    journal = Journal(scope.folder)
    live = {key: row for by_key in resources.values() for key, row in by_key.items()}
    found = {}
    for key, rule in scope.secrets.items():
        stored = _stored(scope, rule, (live[key].id if key in live else None) or "")
        found[key] = Evidence(
            stored=stored,
            stored_id=_stored_id(scope, rule)
            if stored in (Stored.OTHER, Stored.ELSEWHERE)
            else None,
            was_interrupted=project_id is not None and journal.has_intent(project_id, key),
            rotation_was_interrupted=project_id is not None
            and journal.has_intent(project_id, rotation_of(key)),
        )
    return found


def _stored(scope: Scope, rule: SecretRule, webhook_id: str) -> Stored:
    if rule.sink.is_default and not scope.reads_default_sinks:
        return Stored.UNKNOWN
    return open_sink(rule.sink, scope.folder).stored_for(webhook_id)


def _stored_id(scope: Scope, rule: SecretRule) -> str | None:
    try:
        kept = open_sink(rule.sink, scope.folder).kept()
    except SinkError:
        return None
    return (kept.webhook_id or None) if kept else None
