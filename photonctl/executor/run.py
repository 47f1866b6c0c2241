"""Carry out a plan's actions: a batch at a time, a failure stops only what depends on it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from photonctl.errors import AuthError, PhotonctlError, Unauthorized
from photonctl.model.plan import Action, Verb
from photonctl.model.report import Outcome, Status
from photonctl.model.state import LiveProject
from photonctl.resources import STAGES, kind_named
from photonctl.resources.base import ApplyContext, Effect

OnOutcome = Callable[[Outcome], None]


async def run_actions(
    ctx: ApplyContext,
    *,
    slots: asyncio.Semaphore,
    stop: asyncio.Event,
    on_outcome: OnOutcome,
) -> list[Outcome]:
    """Carry out every action of a plan, in its order.

    Neighbours of one stage run at the same time, as many as there are slots. After ``stop`` is set
    nothing more is begun; what is in flight is finished.

    Returns:
        One outcome per action, in the plan's order.
    """
    outcomes: list[Outcome] = []
    for batch in _batches(ctx.plan.actions):
        failed = [o.action for o in outcomes if o.status is not Status.OK]
        runs = [_run_one(ctx, action, failed, slots, stop) for action in batch]
        for run in asyncio.as_completed([asyncio.create_task(run) for run in runs]):
            outcome = await run
            outcomes.append(outcome)
            on_outcome(outcome)
    places = {id(action): place for place, action in enumerate(ctx.plan.actions)}
    return sorted(outcomes, key=lambda outcome: places[id(outcome.action)])


def confirm(outcomes: Sequence[Outcome], live: LiveProject) -> list[Outcome]:
    """Settle what only live state, read back, can tell: what it doesn't show isn't done."""
    return [_confirmed(outcome, live) for outcome in outcomes]


def is_visible(action: Action, live: LiveProject) -> bool:
    """Does live state, read back, show the effect of an action?"""
    if action.kind == "project" and action.verb is Verb.DELETE:
        return live.id is None
    kind = kind_named(action.kind)
    return kind.is_visible(action, live.resources.get(action.kind, {}).get(action.key))


def _confirmed(outcome: Outcome, live: LiveProject) -> Outcome:
    if outcome.status is not Status.OK or is_visible(outcome.action, live):
        return replace(outcome, awaits_confirmation=False)
    accepted = "Photon accepted it, but live state, read back, doesn't show it"
    error = outcome.note if outcome.awaits_confirmation else None
    return Outcome(action=outcome.action, status=Status.FAILED, error=error or accepted)


def _batches(actions: Sequence[Action]) -> Iterator[list[Action]]:
    for _, batch in groupby(actions, key=_stage):
        yield list(batch)


def _stage(action: Action) -> tuple[str, str]:
    if action.kind in STAGES:
        return (action.kind, "")
    return ("", action.verb.value)


async def _run_one(
    ctx: ApplyContext,
    action: Action,
    failed: Sequence[Action],
    slots: asyncio.Semaphore,
    stop: asyncio.Event,
) -> Outcome:
    async with slots:
        if stop.is_set():
            return Outcome(
                action=action, status=Status.SKIPPED, error="interrupted before it began"
            )
        for other in failed:
            if kind_named(other.kind).blocks(other, action):
                why = f"needs {other.kind} {other.key}, which failed"
                return Outcome(action=action, status=Status.SKIPPED, error=why)
        try:
            effect = await _carry_out(ctx, action)
        except Exception as error:  # noqa: BLE001  # a bug in one must not lose the others' report
            return Outcome(action=action, status=Status.FAILED, error=_told(error))
        return Outcome(
            action=action,
            status=Status.OK,
            note=effect.note,
            awaits_confirmation=effect.awaits_confirmation,
        )


async def _carry_out(ctx: ApplyContext, action: Action) -> Effect:
    kind = kind_named(action.kind)
    match action.verb:
        case Verb.CREATE:
            return await kind.create(ctx, action, action.spec)
        case Verb.UPDATE:
            return await kind.update(ctx, action, action.spec)
        case Verb.REPLACE:
            return await kind.replace(ctx, action, action.spec)
        case Verb.DELETE:
            return await kind.delete(ctx, action)


def _told(error: Exception) -> str:
    if not isinstance(error, PhotonctlError | OSError):
        return f"unexpected {type(error).__name__}; this is a bug in photonctl"
    is_credential = isinstance(error, AuthError | Unauthorized)
    hint = error.hint if isinstance(error, PhotonctlError) and is_credential else None
    return f"{error} {hint}" if hint else str(error)
