"""Apply every project of an approved plan, side by side, and read each one back."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from photonctl.concurrent import all_of
from photonctl.errors import PhotonctlError, SinkError, Unauthorized
from photonctl.events import (
    ActionFinished,
    ActionStarted,
    ApplyStarted,
    IntentNoted,
    ProjectApplied,
)
from photonctl.executor.given import Planned, Run
from photonctl.executor.preflight import prove_sinks
from photonctl.executor.read_back import read_back, with_twins
from photonctl.executor.run import run_actions, with_lost_secrets
from photonctl.journal import Journal, rotation_of
from photonctl.kinds import kind_named
from photonctl.kinds.operations import ApplyContext
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Plan, ProjectPlan, Verb
from photonctl.model.report import NO_USAGE, Outcome, ProjectReport, Report, Status
from photonctl.model.spec import Origin, SinkSpec
from photonctl.port import ProjectPort

_TRIES = 3


async def execute(run: Run, whole: Plan, planned: Sequence[Planned]) -> Report:
    """Apply a plan that was approved; what fails is in the report.

    Raises:
        SinkNotWritable: a secret couldn't be stored. Nothing was changed.
    """
    await asyncio.to_thread(prove_sinks, [(item.plan, item.before) for item in planned])
    run.on_event(ApplyStarted(plan=whole))
    # What fails in one project mustn't end a request of another, whose answer may be a secret.
    applied = await all_of(*(_apply_project(run, item) for item in planned))
    reports = await with_twins(run.account, applied)
    return Report(
        projects=tuple(reports), was_interrupted=run.stop.is_set(), made_at=run.clock.now()
    )


async def _apply_project(run: Run, planned: Planned) -> ProjectReport:
    plan, began = planned.plan, run.clock.monotonic()
    ctx = ApplyContext(
        account=run.account,
        plan=plan,
        journal=Journal(plan.folder, plan.state, _intents(run, plan)),
        clock=run.clock,
        holds_lock=run.holds_lock,
        project=planned.project,
        known_ids=set(planned.before.ids),
        before=planned.before,
        has_waited=planned.has_waited,
    )
    outcomes = await run_actions(
        ctx,
        slots=asyncio.Semaphore(run.account.parallelism),
        stop=run.stop,
        on_step=partial(_say_step, run, plan.name),
    )
    notes, errors = await _keep_credentials(plan.credentials_due, ctx)
    report = ProjectReport(
        plan=plan,
        id=ctx.project.row.id if ctx.project else plan.id,
        outcomes=tuple(outcomes),
        notes=notes,
        errors=errors,
        converged=not errors,
        after=plan.live,
    )
    if outcomes:
        report = await read_back(run.account, report, run.clock)
        await _note_deleted(ctx, report.outcomes)
    report = replace(
        report,
        outcomes=tuple(with_lost_secrets(ctx, report.outcomes)),
        seconds=planned.seconds + run.clock.monotonic() - began,
        usage=run.usage(ctx.project.project_id) if ctx.project else NO_USAGE,
    )
    run.on_event(ProjectApplied(report=report))
    return report


async def _note_deleted(ctx: ApplyContext, outcomes: Sequence[Outcome]) -> None:
    """Note of each webhook that the list shows no more that its secret is of no use."""
    for outcome in outcomes if ctx.project is not None else ():
        action = outcome.action
        is_gone = action.verb is Verb.DELETE and outcome.status is Status.OK
        if is_gone and kind_named(action.kind).has_secret:
            note, whose = ctx.journal.note_deleted, ctx.api.project_id
            await ctx.in_thread(note, whose, action.key, action.id or "")


def _say_step(run: Run, project: str, step: Action | Outcome) -> None:
    if isinstance(step, Action):
        run.on_event(ActionStarted(project=project, action=step))
    else:
        run.on_event(ActionFinished(project=project, outcome=step))


def _intents(run: Run, plan: ProjectPlan) -> Callable[[str, bool], None]:
    """Return what reports intents, which are noted in threads, in the event loop.

    By the labels of what they are about: a key may hold what was filled in.
    """
    loop = asyncio.get_running_loop()
    shown = {action.key: action.label or shown_text(action.key) for action in plan.actions}
    labels = shown | {rotation_of(key): rotation_of(label) for key, label in shown.items()}

    def noted(key: str, is_open: bool) -> None:  # noqa: FBT001  # a callback
        about = labels.get(key, "the creation of the project")
        event = IntentNoted(project=plan.name, about=about, is_open=is_open)
        loop.call_soon_threadsafe(run.on_event, event)

    return noted


async def _keep_credentials(
    sink: SinkSpec | None, ctx: ApplyContext
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Store the project's own id and secret where the manifest says, once they are proven.

    Another machine may rotate it before that, and in the meantime: Spectrum is asked each time.
    """
    if sink is None or ctx.project is None:
        return (), ()
    project = ctx.project
    try:
        await project.webhooks()
    except PhotonctlError as error:
        return (), (f"the project's credentials aren't stored: {error}",)
    for _ in range(_TRIES):
        secret = project.row.secret
        notes, errors = await asyncio.to_thread(_store_pair, sink, ctx, project)
        if notes:
            try:
                await project.webhooks()
            except Unauthorized as error:
                return notes, (*errors, f"the project's credentials are stored, but {error}")
            except PhotonctlError:
                pass  # they were proven right before
        if project.row.secret == secret:
            break
    return notes, errors


def _store_pair(
    sink: SinkSpec, ctx: ApplyContext, project: ProjectPort
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Store a project's own id and secret; unchanged = not written."""
    from photonctl.sinks.pair import keep_pair
    from photonctl.sinks.pair_places import pair_places

    places = pair_places(sink, ctx.plan.folder, ctx.plan.state)
    origin = Origin(host=ctx.account.host, project_id=project.project_id)
    over = [ctx.before.pairs.get(place) for place in sink.places]
    try:
        written = keep_pair(places, origin, project.row.secret, over)
    except SinkError as error:
        return (), (str(error),)
    return tuple(f"stored the project's credentials in {place}" for place in written), ()
