"""Deleting what was registered in vain: a webhook whose secret nobody knows, or nobody could store.

Only what is surely that: a webhook whose secret some place holds stays.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from photonctl.errors import (
    LOOK_AGAIN,
    Ambiguous,
    ApiError,
    Conflict,
    PlanRefused,
    SinkError,
)
from photonctl.kinds import kind_named
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext
from photonctl.kinds.webhook.rows import WebhookSpec
from photonctl.model.moments import is_past, made_at
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import Live
from photonctl.model.state import HELD, Stored
from photonctl.port import WebhookRow
from photonctl.sinks import each
from photonctl.urls import is_respelled, webhook_key

_CLOCKS_DIFFER = timedelta(seconds=5)  # Photon's and this machine's
_MAY_DIFFER = timedelta(minutes=2)  # where an answer says that a webhook is the new one
_PLAN = "See what is live, once the place can be read:\n  photonctl plan"
_IS_STORED = (*HELD, Stored.ELSEWHERE)


async def is_surely_not_ours(ctx: ApplyContext, action: Action, error: ApiError) -> bool:
    """After a refusal: is no webhook of this URL listed whose secret is lost?

    The status alone doesn't say so: something in between may have made it up. A conflict is with
    somebody else's, except where a replacement's delete had no effect. Where the list is late, the
    next plan knows that the secret was never stored.
    """
    if isinstance(error, Conflict) and action.verb is Verb.CREATE:
        return True
    try:
        rows = await ctx.api.webhooks()
    except ApiError:
        return False
    same = (row for row in rows if webhook_key(row.webhook_url) == action.key)
    if isinstance(error, Conflict):
        return all(row.id != action.id for row in same)
    return all(row.id in ctx.known_ids and row.id != action.id for row in same)


async def is_stored(ctx: ApplyContext, action: Action, row: WebhookRow) -> bool | None:
    """Does a place hold the secret of this registration? None = it can't be known now."""
    places = each(ctx.open_sink(action.sink)) if action.sink is not None else ()
    found = [await ctx.in_thread(place.stored_for, row.id) for place in places]
    if any(stored in _IS_STORED for stored in found):
        return True
    return None if Stored.UNREADABLE in found else False


async def refuse_unseen(ctx: ApplyContext, action: Action, *, again: bool) -> None:
    """Look once more before a URL is registered that somebody else, or an earlier run, may have.

    ``again``: also if this run has looked since the plan was approved.

    Raises:
        PlanRefused: it is live by now. Whose it is, the next plan finds out, and shows.
    """
    if again or ctx.listed is None:
        ctx.listed = await ctx.api.webhooks()
    if _unknown(ctx, action, ctx.listed):
        raise PlanRefused(
            "a webhook of this URL was registered since the plan was made", hint=LOOK_AGAIN
        )


async def remove_unknown(
    ctx: ApplyContext, action: Action, lost: ApiError, began: datetime | None
) -> bool:
    """Delete what the lost answer may have registered, as nobody knows its secret; was it there?

    That isn't what a replacement has deleted and a late list shows on, nor a twin that was live
    when the plan was made, nor what another run has registered and stored.

    Args:
        ctx: what was live when the plan was made, for one.
        action: the registration.
        lost: why its answer isn't known.
        began: when it was asked for; None = an earlier run may have asked, too.
    """
    try:
        for pause_s in READ_BACK_DELAYS_S if isinstance(lost, Conflict) else READ_BACK_DELAYS_S[:1]:
            await ctx.clock.sleep(pause_s)
            if not (found := _unknown(ctx, action, await ctx.api.webhooks())):
                continue
            for row in found:  # all of them, before any is deleted
                _refuse_protected(ctx, action, row, lost)
                await _refuse_others(ctx, action, row, lost, began)
            for row in found:
                await ctx.api.delete_webhook(row.id)
            if not await are_gone(ctx, {row.id for row in found}):
                raise Ambiguous(f"{lost}; and the webhook could not be deleted", hint=lost.hint)
            return True
    except ApiError as error:
        raise Ambiguous(f"{lost}; and then {error}", hint=lost.hint) from None
    return False


def _unknown(ctx: ApplyContext, action: Action, rows: Iterable[WebhookRow]) -> list[WebhookRow]:
    """Return the webhooks of an action's URL that weren't live when the plan was made."""
    return [
        row
        for row in rows
        if webhook_key(row.webhook_url) == action.key
        and row.id != action.id
        and row.id not in ctx.known_ids
    ]


async def _refuse_others(
    ctx: ApplyContext, action: Action, row: WebhookRow, lost: ApiError, began: datetime | None
) -> None:
    """Don't delete a webhook that may not be this run's, or whose secret a place may hold.

    Raises:
        Ambiguous: it is one.
    """
    made = made_at(row.created_at)
    is_before = began is not None and made is not None and began - made > _CLOCKS_DIFFER
    if is_before or is_past(made, ctx.clock.now()):
        raise Ambiguous(f"{lost}; a webhook of this URL has been live for longer", hint=_PLAN)
    stored = await is_stored(ctx, action, row)
    if stored is None:
        text = f"{lost}; it is live, and whether its secret is stored can't be known now"
        raise Ambiguous(text, hint=_PLAN)
    if stored:
        raise Ambiguous(f"{lost}; it is live, and its secret is stored")


def _refuse_protected(ctx: ApplyContext, action: Action, row: WebhookRow, lost: ApiError) -> None:
    """Don't delete what ``protect`` names, even if nobody can know its secret.

    Raises:
        Ambiguous: a pattern means this URL, as it is declared or as it is live.
    """
    patterns = ctx.plan.protect.get(action.kind, ())
    specs = (action.spec, WebhookSpec(webhook_url=row.webhook_url))
    spellings = (Live(key=action.key, spec=spec) for spec in specs if spec is not None)
    if any(kind_named(action.kind).is_matched(live, patterns) for live in spellings):
        raise Ambiguous(
            f"{lost}; a webhook of this URL is live, its secret isn't known, and protect keeps it "
            "from being deleted",
            hint="Take it out of protect, and apply again: it is registered again.",
        )


async def are_gone(
    ctx: ApplyContext, ids: set[str], delays_s: Sequence[float] = READ_BACK_DELAYS_S
) -> bool:
    """Does the list show no webhook of these ids any more? A status alone doesn't say so.

    Raises:
        ApiError: not even the last of the looks, with these pauses before them, was answered.
    """
    for place, pause_s in enumerate(delays_s, start=1):
        await ctx.clock.sleep(pause_s)
        try:
            rows = await ctx.api.webhooks()
        except ApiError:
            if place == len(delays_s):
                raise
            continue
        if ids.isdisjoint(row.id for row in rows):
            return True
    return False


async def take_back(
    ctx: ApplyContext, action: Action, row: WebhookRow, began: datetime, cause: str
) -> None:
    """Delete what was registered in vain, and look whether it is gone: a server may be late.

    It is deleted only once the list shows it as what was asked for: one answer may be made up.

    Raises:
        SinkError: it isn't gone, or that can't be known; the intent stays.
    """
    problem, was_there = "Photon doesn't list it", False
    try:
        for pause_s in READ_BACK_DELAYS_S:
            await ctx.clock.sleep(pause_s)
            listed = await _listed(ctx, row.id)
            if listed is None and was_there:
                return
            if listed is None:
                continue
            if not _is_new(action, listed, began):
                problem = "what Photon's answer is about is another webhook"
                break
            was_there |= await ctx.api.delete_webhook(row.id)
            if await _listed(ctx, row.id) is None and was_there:
                return
            problem = "it is still listed"
    except ApiError as error:
        problem = str(error)
    message = f"{cause}; and the webhook could not be deleted again: {problem}"
    raise SinkError(message, hint="The next apply replaces it.")


async def _listed(ctx: ApplyContext, webhook_id: str) -> WebhookRow | None:
    return next((row for row in await ctx.api.webhooks() if row.id == webhook_id), None)


def _is_new(action: Action, listed: WebhookRow, began: datetime) -> bool:
    """Could a listed webhook be the one that an action has registered, which began then?"""
    made = made_at(listed.created_at)
    is_older = made is not None and began - made > _MAY_DIFFER
    return is_respelled(listed.webhook_url, action.key) and not is_older
