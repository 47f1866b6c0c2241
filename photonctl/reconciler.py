"""The story: load → refresh → plan → apply → read back. The only module that knows all of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.project import ProjectApi
from photonctl.api.rows import SessionUser
from photonctl.errors import PhotonctlError, PlanRefused, RefusedError, SinkError
from photonctl.executor.evidence import gather_evidence
from photonctl.executor.preflight import (
    check_token,
    commit_warnings,
    expiry_warning,
    prove_sinks,
    refuse,
    refuse_edited,
    refuse_elsewhere,
    settle_journal,
)
from photonctl.executor.read_back import read_back
from photonctl.executor.refresh import refresh, together
from photonctl.executor.run import run_actions
from photonctl.executor.scope import Scope
from photonctl.executor.stop import interrupt, interruptible, stopping
from photonctl.journal import Journal, creation_of
from photonctl.locks import LockRules, lock_names, one_at_a_time
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan, Unplanned
from photonctl.model.report import Outcome, ProjectReport, Report
from photonctl.model.spec import SinkSpec
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.planner.diff import emptied, plan_destruction, plan_project, plan_removal
from photonctl.planner.fingerprint import fingerprint, resource_hashes
from photonctl.planner.secrets import overwrite_refusals
from photonctl.resources.values import ApplyContext
from photonctl.urls import shown_in_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """How a run speaks to whoever watches it.

    Attributes:
        show: called with the plan, also with one that will be refused.
        approve: called with the plan before anything is changed; raises to refuse.
        on_outcome: called after each action with the project's name.
        on_stop: called when a signal asks for an end.
        on_leave: called when a second one asks for it at once. It may end the process: the next run
            goes on from wherever this one was.
        warn: called with what should be known before anything is approved.
    """

    show: Callable[[Plan], None] = lambda _: None
    approve: Callable[[Plan], None] = lambda _: None
    on_outcome: Callable[[str, Outcome], None] = lambda _, __: None
    on_stop: Callable[[], None] = lambda: None
    on_leave: Callable[[], None] = interrupt
    warn: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an apply goes about it.

    Attributes:
        lifted: the flags that lift refusals, as ``Refusal.lifted_by`` names them.
        lock: how to wait for another apply of the same projects.
    """

    lifted: frozenset[str] = frozenset()
    hooks: Hooks = field(default_factory=Hooks)
    lock: LockRules = field(default_factory=LockRules)


def plan(desired: Sequence[DesiredProject], access: Access, *, asks_account: bool = False) -> Plan:
    """Compare manifests with live state; changes nothing.

    ``asks_account``: spend a request on whose plan it is, as a plan file says.

    Raises:
        ApiError, AuthError, RefusedError: live state can't be known, of no project.
    """

    async def run() -> Plan:
        async with Account(access) as account:
            asking = account.account_name() if asks_account else asyncio.sleep(0)
            (planned, unplanned), name = await asyncio.gather(
                _plan_all(account, desired, plan_project), asking
            )
            return _whole(account, planned, unplanned, name)[0]

    return asyncio.run(run())


def apply(desired: Sequence[DesiredProject], access: Access, options: Options) -> Report:
    """Plan, ask, carry out, read back.

    Raises:
        PlanRefused, NotConfirmed: nothing was changed.
        ApiError, AuthError: nothing was changed. Later failures stand in the report.
    """
    with one_at_a_time(lock_names(desired, access.spectrum_url), options.lock):
        return asyncio.run(_apply(desired, access, options, plan_project))


def destroy(
    desired: Sequence[DesiredProject], access: Access, options: Options, *, project_too: bool
) -> Report:
    """Delete what lives in the declared projects, and perhaps the projects; raises as ``apply``."""
    planner = plan_removal if project_too else plan_destruction
    empty = [emptied(project) for project in desired]
    with one_at_a_time(lock_names(desired, access.spectrum_url), options.lock):
        return asyncio.run(_apply(empty, access, options, planner))


def apply_plan_file(saved: Plan, access: Access, options: Options) -> Report:
    """Carry out a saved plan, if live state is still what it was made from.

    Raises:
        PlanRefused: it was made elsewhere, or live state has changed; the message names what.
    """

    async def run() -> Report:
        async with Account(access) as account:
            session = await check_token(account, [project.id for project in saved.projects])
            refuse_elsewhere(saved, account.access.place(_name_of(session)))
            apis = await together(
                *(_still_fresh(account, project, options) for project in saved.projects)
            )
            _ask(saved, session, access, options)
            report = await _execute(account, list(zip(saved.projects, apis, strict=True)), options)
            return replace(report, unplanned=saved.unplanned)

    with one_at_a_time(lock_names(saved.projects, access.spectrum_url), options.lock):
        return asyncio.run(run())


Planner = Callable[[DesiredProject, LiveProject], ProjectPlan]
Planned = tuple[ProjectPlan, ProjectApi | None]


async def _plan_all(
    account: Account,
    desired: Sequence[DesiredProject],
    planner: Planner,
    *,
    holds_lock: bool = False,
) -> tuple[list[Planned], list[Unplanned]]:
    """Plan every project; one that can't be read doesn't stop the others, unless none can be."""

    async def one(project: DesiredProject) -> Planned | PhotonctlError:
        scope = Scope.of_manifest(project, is_only=len(desired) == 1)
        intent = creation_of(project.name, account.spectrum_url)
        was_begun = project.id is None and Journal(project.folder).has_intent("", intent)
        try:
            live, api = await refresh(account, scope, is_young=holds_lock and was_begun)
        except PhotonctlError as error:
            return error
        if holds_lock:
            await asyncio.to_thread(settle_journal, project, live, api, intent)
        return planner(project, live), api

    found = await together(*(one(project) for project in desired))
    errors = [item for item in found if isinstance(item, PhotonctlError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    planned = [item for item in found if not isinstance(item, PhotonctlError)]
    unplanned = [
        Unplanned(name=project.name, manifest=project.manifest, error=str(item))
        for project, item in zip(desired, found, strict=True)
        if isinstance(item, PhotonctlError)
    ]
    ids = Counter(project.id for project, _ in planned if project.id is not None)
    for project_id, count in ids.items():
        if count > 1:
            raise RefusedError(
                f"{count} documents declare the live project {project_id}: each would undo the "
                "other",
                hint="Join them into one document.",
            )
    return planned, unplanned


def _whole(
    account: Account, planned: Sequence[Planned], unplanned: Sequence[Unplanned], name: str | None
) -> tuple[Plan, list[Planned]]:
    """Say of each plan where it was made, and join them."""
    place = account.access.place(name)
    placed = [(replace(project, place=place), api) for project, api in planned]
    whole = Plan(projects=tuple(project for project, _ in placed), unplanned=tuple(unplanned))
    return whole, placed


def _name_of(session: SessionUser | None) -> str | None:
    return (session.email or session.id) if session else None


async def _apply(
    desired: Sequence[DesiredProject], access: Access, options: Options, planner: Planner
) -> Report:
    async with Account(access) as account:
        # Both at once; a rejected token is the better explanation of a plan that failed.
        checking = asyncio.create_task(check_token(account, [p.id for p in desired]))
        planning = asyncio.create_task(_plan_all(account, desired, planner, holds_lock=True))
        await asyncio.wait((checking, planning))
        if checking.exception() is not None:
            planning.exception()  # seen, so that it isn't reported as forgotten
        session = await checking
        whole, planned = _whole(account, *await planning, _name_of(session))
        _ask(whole, session, access, options)
        report = await _execute(account, planned, options)
        return replace(report, unplanned=whole.unplanned)


def _ask(whole: Plan, session: SessionUser | None, access: Access, options: Options) -> None:
    """Show the plan, refuse it if it must not be applied, and have it approved."""
    warning = expiry_warning(session, whole, access.rate)
    for text in (*([warning] if warning else []), *commit_warnings(whole)):
        options.hooks.warn(text)
    options.hooks.show(whole)
    refuse(whole, lifted=options.lifted)
    with interruptible():
        options.hooks.approve(whole)


async def _still_fresh(account: Account, saved: ProjectPlan, options: Options) -> ProjectApi | None:
    scope = Scope.of_plan(saved)
    live, api = await refresh(account, scope)
    now_stored = await gather_evidence(account, scope.with_secrets(saved), api, live.resources)
    refusals = list(overwrite_refusals(saved.actions, replace(live, evidence=now_stored)))
    if any(r.lifted_by not in options.lifted and r not in saved.refusals for r in refusals):
        raise PlanRefused(refusals[0].message, hint=refusals[0].hint)
    if fingerprint(live, saved.kinds) == saved.fingerprint:
        refuse_edited(saved, live)
        return api
    now = resource_hashes(live, saved.kinds)
    changed = sorted(
        name for name in saved.live.keys() | now.keys() if saved.live.get(name) != now.get(name)
    )
    labels = {name: f"{name.split(' ')[0]} {label}" for name, label in saved.labels.items()}
    what = ", ".join(labels.get(name, name) for name in changed) or "the project itself"
    raise PlanRefused(
        f'live state of "{shown_text(saved.name)}" has changed since the plan was made: '
        f"{shown_in_text(what)}",
        hint="Plan again, and look at what it shows now:\n  photonctl plan --out plan.json",
    )


async def _execute(account: Account, planned: Sequence[Planned], options: Options) -> Report:
    await asyncio.to_thread(prove_sinks, [project for project, _ in planned])
    with stopping(options.hooks.on_stop, options.hooks.on_leave) as stop:
        reports = await together(*(_execute_one(account, item, options, stop) for item in planned))
    return Report(projects=tuple(reports), was_interrupted=stop.is_set())


async def _execute_one(
    account: Account,
    planned: Planned,
    options: Options,
    stop: asyncio.Event,
) -> ProjectReport:
    project, api = planned
    ctx = ApplyContext(
        account=account,
        plan=project,
        journal=Journal(project.folder),
        project=api,
    )
    outcomes = await run_actions(
        ctx,
        slots=asyncio.Semaphore(account.parallelism),
        stop=stop,
        on_outcome=lambda outcome: options.hooks.on_outcome(project.name, outcome),
    )
    notes, errors = await asyncio.to_thread(_keep_credentials, project.credentials, ctx)
    report = ProjectReport(
        plan=project,
        id=ctx.project.row.id if ctx.project else project.id,
        outcomes=tuple(outcomes),
        notes=notes,
        errors=errors,
        converged=not errors,
    )
    return await read_back(account, report) if outcomes else report


def _keep_credentials(
    sink: SinkSpec | None, ctx: ApplyContext
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Store the project's own id and secret where the manifest says; unchanged = not written."""
    if sink is None or ctx.project is None:
        return (), ()
    from photonctl.sinks.env_file import keep_pair

    path = ctx.plan.folder / sink.target
    try:
        was_written = keep_pair(path, ctx.project.spectrum.project_id, ctx.project.row.secret)
    except SinkError as error:
        return (), (str(error),)
    shown = ctx.plan.folder / shown_text(sink.target)
    return ((f"stored the project's credentials in {shown}",) if was_written else ()), ()
