"""The steps of a plan and of an apply, in order: read, plan, check, ask, apply, read back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from photonctl.concurrent import together
from photonctl.errors import PhotonctlError, PlanRefused, RefusedError
from photonctl.events import (
    PlanMade,
    ProjectRead,
    ReadStarted,
    Warned,
)
from photonctl.executor.execute import execute
from photonctl.executor.given import Planned, Run
from photonctl.executor.preflight import (
    check_deleting,
    check_ids,
    check_limits,
    check_place,
    check_token,
    commit_warnings,
    expiry_warning,
    held_rows,
)
from photonctl.executor.settle import settle_journal
from photonctl.journal import Journal, creation_of
from photonctl.kinds import kind_named
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan, SecretStep, Unplanned
from photonctl.model.policy import Policy
from photonctl.model.ref import ResourceRef
from photonctl.model.report import Report
from photonctl.model.state import Before, DesiredProject, LiveProject
from photonctl.observer.bounds import Bounds
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.observer.secrets import gather_evidence
from photonctl.planner.diff import in_order
from photonctl.planner.fingerprint import fingerprint, resource_hashes, stored_hash
from photonctl.planner.secrets import credentials_refusals, overwrite_refusals
from photonctl.port import ProjectPort, SessionUser
from photonctl.state_folder import look_again
from photonctl.urls import shown_in_text

_AGAIN = "Plan again, and look at what it shows now:\n  photonctl plan --out plan.json"
_AT_ONCE_S = 1.0  # a program approves within it, and no person
_MOST_ROWS = 400_000  # of all projects of a run, each of which may become an action

Planner = Callable[[DesiredProject, LiveProject], ProjectPlan]
Approve = Callable[[Plan], None]


async def plan_all(
    run: Run, desired: Sequence[DesiredProject], planner: Planner, user: SessionUser | None
) -> tuple[list[Planned], list[Unplanned]]:
    """Plan every project; one that can't be read doesn't stop the others, unless none can be.

    Raises:
        ApiError, AuthError, RefusedError: live state can't be known, of no project.
    """
    look_again()
    place = run.account.place(user)
    run.on_event(ReadStarted(projects=len(desired)))
    bounds, is_only = Bounds(_MOST_ROWS), len(desired) == 1
    found = await together(
        *(_plan_one(run, project, planner, bounds, is_only=is_only) for project in desired)
    )
    errors = [item for item in found if isinstance(item, PhotonctlError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    planned = [
        replace(item, plan=replace(item.plan, place=place))
        for item in found
        if isinstance(item, Planned)
    ]
    unplanned = [
        Unplanned(name=project.name, manifest=project.manifest, error=str(item))
        for project, item in zip(desired, found, strict=True)
        if isinstance(item, PhotonctlError)
    ]
    _refuse_twice(planned)
    return planned, unplanned


async def _plan_one(
    run: Run, project: DesiredProject, planner: Planner, bounds: Bounds, *, is_only: bool
) -> Planned | PhotonctlError:
    began = run.clock.monotonic()
    intent = creation_of(project.name, run.account.host)
    was_begun = project.id is None and _was_begun(run, project.name, project.folder, project.state)
    request = ObservationRequest.of_manifest(project, is_only=is_only, now=run.clock.now())
    try:
        live, port = await refresh(run.account, replace(request, was_begun=was_begun))
        bounds.take(live)
        bounds.match(project.policy, live.undeclared(project.resources))
    except PhotonctlError as error:
        run.on_event(ProjectRead(project=project.name, project_id=None))
        return error
    if run.holds_lock:
        await asyncio.to_thread(settle_journal, project, live, port, intent)
    _say_read(run, project.name, port)
    plan = planner(project, live)
    return Planned(plan, port, Before.of(live), run.clock.monotonic() - began)


def _was_begun(run: Run, name: str, folder: Path, state: Path | None) -> bool:
    """Does the journal say that an apply died while it created a project?"""
    return Journal(folder, state).has_intent("", creation_of(name, run.account.host))


def _say_read(run: Run, name: str, port: ProjectPort | None) -> None:
    project_id = port.project_id if port is not None else None
    run.on_event(ProjectRead(project=name, project_id=project_id))


def _refuse_twice(planned: Sequence[Planned]) -> None:
    """Refuse a project that two documents declare, by the one id that whatever opens it knows."""
    ids = Counter(item.project.project_id for item in planned if item.project is not None)
    for project_id, count in ids.items():
        if count > 1:
            raise RefusedError(
                f"{count} documents declare the live project {project_id}: each would undo the "
                "other",
                hint="Join them into one document.",
            )


async def apply_manifests(
    run: Run, desired: Sequence[DesiredProject], planner: Planner, approve: Approve | None
) -> Report:
    """Plan, ask, apply, read back.

    Raises:
        PlanRefused, NotConfirmed: nothing was changed.
        ApiError, AuthError: nothing was changed. Later failures are in the report.
    """
    # Both at once; a rejected token is the better explanation of a plan that failed.
    checking = asyncio.create_task(check_token(run.account, [p.id for p in desired]))
    planning = asyncio.create_task(plan_all(run, desired, planner, None))
    await asyncio.wait((checking, planning))
    if checking.exception() is not None:
        planning.exception()  # retrieved, so that asyncio doesn't report it as lost
    user = await checking
    planned, unplanned = await planning
    place = run.account.place(user)
    planned = [replace(item, plan=replace(item.plan, place=place)) for item in planned]
    plans = tuple(item.plan for item in planned)
    await check_deleting(run.account, user, plans)
    whole = Plan(projects=plans, unplanned=tuple(unplanned), made_at=run.clock.now())
    planned = _ask(run, whole, planned, user, approve)
    return replace(await execute(run, whole, planned), unplanned=whole.unplanned)


async def apply_plan(run: Run, saved: Plan, approve: Approve | None) -> Report:
    """Apply a saved plan, if live state is still what it was made from.

    Raises:
        PlanRefused: it was made elsewhere, or live state has changed; the message names what.
    """
    user = await check_token(run.account, [project.id for project in saved.projects])
    await check_deleting(run.account, user, saved.projects)
    planned = await _checked(run, saved, user)
    planned = _ask(run, saved, planned, user, approve)
    return replace(await execute(run, saved, planned), unplanned=saved.unplanned)


async def check_plan(run: Run, saved: Plan) -> None:
    """Find out whether ``apply_plan`` would still apply a plan.

    Raises:
        As ``apply_plan``.
    """
    await _checked(run, saved, await run.account.session())


async def _checked(run: Run, saved: Plan, user: SessionUser | None) -> list[Planned]:
    look_again()
    check_place(saved, run.account.place(user))
    run.on_event(ReadStarted(projects=len(saved.projects)))
    bounds = Bounds(_MOST_ROWS)
    fresh = await together(*(_still_fresh(run, project, bounds) for project in saved.projects))
    _refuse_twice(fresh)
    return list(fresh)


def _ask(
    run: Run,
    whole: Plan,
    planned: Sequence[Planned],
    user: SessionUser | None,
    approve: Approve | None,
) -> list[Planned]:
    """Report the plan, refuse it if it must not be applied, and have it approved."""
    warning = expiry_warning(user, whole, rate=run.account.rate, now=run.clock.now())
    for text in (*([warning] if warning else []), *commit_warnings(whole)):
        run.on_event(Warned(text=text))
    run.on_event(PlanMade(plan=whole))
    check_limits(whole, lifted=run.lifted)
    began = run.clock.monotonic()
    if approve is not None:
        approve(whole)
    has_waited = run.clock.monotonic() - began > _AT_ONCE_S
    return [replace(item, has_waited=has_waited) for item in planned]


async def _still_fresh(run: Run, saved: ProjectPlan, bounds: Bounds) -> Planned:
    began = run.clock.monotonic()
    request = ObservationRequest.of_plan(saved)
    if any(SecretStep.GENERATE in action.secret_steps for action in saved.actions):
        begun = _was_begun(run, saved.name, saved.folder, saved.state)
        request = replace(request.with_secrets(saved), was_begun=begun)
    live, port = await refresh(run.account, request)
    _say_read(run, saved.name, port)
    stored = await gather_evidence(run.account, request.with_secrets(saved), port, live.resources)
    found = replace(live, evidence=stored)
    refusals = (*overwrite_refusals(saved.actions, found), *credentials_refusals(saved.name, found))
    for refusal in refusals:
        if refusal not in saved.refusals:  # a flag lifts what the plan has shown, nothing else
            raise PlanRefused(refusal.message, hint=refusal.hint)
    _refuse_changed(saved, live)
    bounds.match(Policy(protect=saved.protect), held_rows(saved, live))
    _refuse_other_secrets(saved, found)
    check_ids(saved, live)
    actions, _ = in_order(saved.actions, live)  # no output shows that of the file
    saved = replace(saved, actions=tuple(actions))
    return Planned(saved, port, Before.of(found), run.clock.monotonic() - began)


def _refuse_other_secrets(saved: ProjectPlan, found: LiveProject) -> None:
    """Refuse what was decided of other secrets than are stored now, or of a step that has ended.

    Raises:
        PlanRefused: which.
    """
    changed = [
        action
        for action in saved.actions
        if action.sink is not None
        and action.stored != stored_hash(found.evidence.get(action.ref), action.verb)
    ]
    if changed:
        what = ", ".join(sorted(f"{action.kind} {action.label}" for action in changed))
        raise PlanRefused(
            f'what is stored of "{shown_text(saved.name)}" has changed since the plan was made: '
            f"the secret of {what}",
            hint=_AGAIN,
        )


def _refuse_changed(saved: ProjectPlan, live: LiveProject) -> None:
    """Refuse a plan that was made from other live state than this.

    Raises:
        PlanRefused: what has changed.
    """
    now = resource_hashes(live, saved.kinds)
    if fingerprint(live, now) == saved.fingerprint:
        return
    changed = {ref for ref in saved.live.keys() | now.keys() if saved.live.get(ref) != now.get(ref)}
    labels = {ref: saved.labels.get(ref) or kind_named(ref.kind).label(ref.key) for ref in changed}
    shown = (str(ResourceRef(ref.kind, label)) for ref, label in labels.items())
    what = ", ".join(sorted(map(shown_in_text, shown))) or "the project itself"
    raise PlanRefused(
        f'live state of "{shown_text(saved.name)}" has changed since the plan was made: {what}',
        hint=_AGAIN,
    )
