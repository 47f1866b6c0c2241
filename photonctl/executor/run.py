"""Apply a plan's actions: a batch at a time; a failure stops only what depends on it.

A delete depends on everything else of its kind: what a failed action was to put in its place
wasn't made.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from photonctl.errors import ApiError, AuthError, PhotonctlError, Unauthorized
from photonctl.kinds import kind_named, level
from photonctl.kinds.live import operations_of
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext, Effect
from photonctl.model.filled import without_filled
from photonctl.model.plan import Action, Verb
from photonctl.model.report import Outcome, Status
from photonctl.model.spec import Live, Spec, spec_to_json
from photonctl.model.state import LiveProject, twin_name
from photonctl.urls import is_respelled

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
            outcomes = [await _checked(ctx, outcome, batch) for outcome in outcomes]
        turn = _Turn(before=tuple(outcomes), slots=slots, stop=stop, on_step=on_step)
        runs = [_run_one(ctx, action, turn) for action in batch]
        for run in asyncio.as_completed([asyncio.create_task(run) for run in runs]):
            outcome = await run
            outcomes.append(outcome)
            on_step(outcome)
    places = {id(action): place for place, action in enumerate(ctx.plan.actions)}
    return sorted(outcomes, key=lambda outcome: places[id(outcome.action)])


async def _checked(ctx: ApplyContext, outcome: Outcome, deletes: Sequence[Action]) -> Outcome:
    """Before a delete: is what was created in its place live? What isn't awaits confirmation."""
    action = outcome.action
    is_new = outcome.status is Status.OK and action.verb in (Verb.CREATE, Verb.REPLACE)
    if not is_new or outcome.id is None or all(d.kind != action.kind for d in deletes):
        return outcome
    for pause_s in READ_BACK_DELAYS_S:
        await ctx.clock.sleep(pause_s)
        with suppress(ApiError):
            rows = await operations_of(action.kind).observe(ctx.api, frozenset({action.key}))
            if any(row.id == outcome.id and is_named(row, action) for row in rows):
                return outcome
    return replace(outcome, awaits_confirmation=True)


def confirm(outcomes: Sequence[Outcome], live: LiveProject) -> list[Outcome]:
    """Settle what only live state, read back, can show: what it doesn't show isn't done."""
    return [_confirmed(outcome, live) for outcome in outcomes]


def is_complete(outcomes: Sequence[Outcome], live: LiveProject) -> bool:
    """Has Photon decided everything that is reported of what was created?"""
    created = [o for o in outcomes if o.status is Status.OK and o.action.verb is Verb.CREATE]
    rows = ((kind_named(o.action.kind), find_row(live, o.action, o.id)) for o in created)
    return all(row is None or kind.is_complete(row) for kind, row in rows)


def is_visible(outcome: Outcome, live: LiveProject) -> bool:
    """Does live state, read back, show the effect of an action?"""
    action = outcome.action
    kind = kind_named(action.kind)
    if kind.is_root and action.verb is Verb.DELETE:
        return live.id is None
    row = find_row(live, action, outcome.id or action.id)
    is_another = row is not None and outcome.id is not None and row.id not in (None, outcome.id)
    return not is_another and kind.is_visible(action, row)


def find_row(live: LiveProject, action: Action, resource_id: str | None) -> Live[Spec] | None:
    """Return an action's live resource: by its key, else by its id (see ``Journal.registered``)."""
    rows = live.resources.get(action.kind, {})
    found = rows.get(action.key)
    if found is not None or action.verb is Verb.DELETE or resource_id is None:
        return found
    return next((row for row in rows.values() if row.id == resource_id), None)


def is_named(row: Live[Any], action: Action) -> bool:
    """Is a live resource the one that an action names? Photon may spell a URL otherwise."""
    if action.key in (row.key, twin_name(row.key, row.id)):
        return True
    return kind_named(action.kind).has_secret and is_respelled(row.key, action.key)


def _confirmed(outcome: Outcome, live: LiveProject) -> Outcome:
    if outcome.status is Status.OK and not is_visible(outcome, live):
        accepted = "Photon accepted the change, but it isn't visible in live state"
        error = outcome.note if outcome.awaits_confirmation else None
        return replace(
            outcome,
            status=Status.FAILED,
            error=error or accepted,
            note=None,
            awaits_confirmation=False,
        )
    row = find_row(live, outcome.action, outcome.id)
    is_new = outcome.action.verb in (Verb.CREATE, Verb.REPLACE) and row is not None
    facts = kind_named(outcome.action.kind).facts(row) if is_new and row is not None else {}
    new_id = outcome.id or (row.id if is_new and row is not None else None)
    return replace(outcome, awaits_confirmation=False, id=new_id, facts=facts)


def _batches(actions: Sequence[Action]) -> Iterator[list[Action]]:
    for _, batch in groupby(actions, key=_stage):
        yield list(batch)


def _stage(action: Action) -> tuple[int, Verb]:
    """Return what an action may run beside: its like, of kinds that need the same."""
    return level(action.kind), action.verb


class _Turn(Struct, frozen=True, kw_only=True):
    """What the actions of a batch share; ``before``: what became of the batches before it."""

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
