"""Apply a plan's actions: a batch at a time; a failure stops only what depends on it.

A delete depends on everything else of its kind: what a failed action was to put in its place
wasn't made.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from photonctl.errors import AuthError, PhotonctlError, Unauthorized
from photonctl.executor.shown import with_successors_seen
from photonctl.kinds import kind_named, level
from photonctl.kinds.live import operations_of
from photonctl.kinds.operations import ApplyContext, Effect
from photonctl.model.filled import without_filled
from photonctl.model.places import place_name
from photonctl.model.plan import Action, Verb
from photonctl.model.report import Outcome, Status
from photonctl.model.spec import spec_to_json

OnStep = Callable[[Action | Outcome], None]
_NEW = {Verb.CREATE: "new ", Verb.UPDATE: "", Verb.REPLACE: "", Verb.DELETE: ""}
_DONE = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.REPLACE: "replaced",
    Verb.DELETE: "deleted",
}


async def run_actions(
    ctx: ApplyContext,
    *,
    slots: asyncio.Semaphore,
    stop: asyncio.Event,
    on_step: OnStep,
) -> list[Outcome]:
    """Apply every action of a plan, in its order.

    Neighbours of one batch run at the same time, as many as there are slots. After ``stop`` is set
    nothing more is begun; what is in flight is finished.

    ``on_step``: called with each action that begins, and with its outcome.

    Returns:
        One outcome per action, in the plan's order.
    """
    outcomes: list[Outcome] = []
    for batch in _batches(ctx.plan.actions):
        if batch[0].verb is Verb.DELETE:
            kinds = {action.kind for action in batch}
            outcomes = await with_successors_seen(ctx, outcomes, kinds, stop)
        unsure = tuple(o for o in outcomes if o.status is not Status.OK or o.awaits_confirmation)
        turn = _Turn(before=unsure, slots=slots, stop=stop, on_step=on_step)
        runs = [_run_one(ctx, action, turn) for action in batch]
        for run in asyncio.as_completed([asyncio.create_task(run) for run in runs]):
            outcome = await run
            outcomes.append(outcome)
            on_step(outcome)
    places = {id(action): place for place, action in enumerate(ctx.plan.actions)}
    return sorted(outcomes, key=lambda outcome: places[id(outcome.action)])


def with_lost_secrets(ctx: ApplyContext, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Say of what isn't deleted, after all, that another secret was stored over its own."""
    over = {
        stored_id: outcome.action
        for outcome in outcomes
        if outcome.status is Status.OK and outcome.action.sink is not None
        for stored_id in ctx.before.held.get(outcome.action.ref, ())
    }
    return [_without_secret(o, over.get(o.action.id)) for o in outcomes]


def _without_secret(outcome: Outcome, by: Action | None) -> Outcome:
    action = outcome.action
    if by is None or by.sink is None or action.verb is not Verb.DELETE or outcome.status.is_done:
        return outcome
    lost = f"its secret is lost: {place_name(by.sink)} holds that of {by.label or by.key} now"
    return replace(outcome, error=f"{outcome.error}; {lost}. Run apply again to delete it")


def _batches(actions: Sequence[Action]) -> Iterator[list[Action]]:
    for _, batch in groupby(actions, key=_stage):
        yield list(batch)


def _stage(action: Action) -> tuple[int, Verb]:
    """Return what an action may run beside: its like, of kinds that need the same."""
    return level(action.kind), action.verb


class _Turn(Struct, frozen=True, kw_only=True):
    """What the actions of a batch share; ``before``: what wasn't done before it, or isn't known."""

    before: Sequence[Outcome]
    slots: asyncio.Semaphore
    stop: asyncio.Event
    on_step: OnStep


async def _run_one(ctx: ApplyContext, action: Action, turn: _Turn) -> Outcome:
    async with turn.slots:
        if turn.stop.is_set():
            return Outcome(
                action=action, status=Status.SKIPPED, error="interrupted before it began"
            )
        why = _why_skipped(action, turn.before)
        if why is not None:
            return Outcome(action=action, status=Status.SKIPPED, error=why)
        turn.on_step(action)
        try:
            effect = await _apply_one(ctx, action)
        except Exception as error:  # noqa: BLE001  # a bug in one must not lose the others' report
            return Outcome(action=action, status=Status.FAILED, error=_message(error, action))
        return Outcome(
            action=action,
            status=Status.OK,
            note=_without_filled(effect.note, action) if effect.note else None,
            awaits_confirmation=effect.awaits_confirmation,
            id=effect.id,
        )


def _why_skipped(action: Action, before: Sequence[Outcome]) -> str | None:
    """Say what an action needs and hasn't got."""
    for other in before:
        done = other.action
        label = done.label or done.key
        if other.status is not Status.OK:
            if kind_named(done.kind).blocks(done, action):
                return f"needs {done.kind} {label}, which failed"
            if _is_put_before(done, action):
                return f"the {_NEW[done.verb]}{done.kind} {label} wasn't {_DONE[done.verb]}"
        elif other.awaits_confirmation and _is_put_before(done, action):
            return (
                f"it isn't known yet whether {done.kind} {label} was {_DONE[done.verb]} by this run"
            )
    return None


def _is_put_before(done: Action, action: Action) -> bool:
    """Is this a delete of something that the other one may have been to replace?"""
    is_delete = action.verb is Verb.DELETE
    return is_delete and done.kind == action.kind and done.verb is not Verb.DELETE


async def _apply_one(ctx: ApplyContext, action: Action) -> Effect:
    kind = operations_of(action.kind)
    match action.verb:
        case Verb.CREATE:
            return await kind.create(ctx, action, action.spec)
        case Verb.UPDATE:
            return await kind.update(ctx, action, action.spec)
        case Verb.REPLACE:
            return await kind.replace(ctx, action, action.spec)
        case Verb.DELETE:
            return await kind.delete(ctx, action)


def _message(error: Exception, action: Action) -> str:
    if not isinstance(error, PhotonctlError | OSError):
        return f"unexpected {type(error).__name__}; this is a bug in photonctl"
    is_credential = isinstance(error, AuthError | Unauthorized)
    hint = error.hint if isinstance(error, PhotonctlError) and is_credential else None
    text = f"{error} {hint}" if hint else str(error)
    return _without_filled(text, action)


def _without_filled(text: str, action: Action) -> str:
    """Hide what the manifest filled in: a server may repeat what it was sent."""
    sent = list(spec_to_json(action.spec).values()) if action.spec is not None else []
    return without_filled(text, sent)
