"""Registering a webhook and keeping its secrets, which exist once: in the answer (interface §5).

The promise: no registered webhook whose secret is lost without photonctl knowing and saying so.

1. The sink is proven writable, before anything is sent.
2. An intent is written, to the sink if it can hold one, else to the journal, and is on disk.
3. The registration is sent. If the answer is lost, the list is read: a URL that appeared has a
   secret that nobody knows, so it is deleted and registered again.
4. The secret is stored. If that fails, the webhook is deleted again and the action has failed.
5. The intent is closed; and only once it is certain that no secret is lost.

If the process dies between 2 and 5, the next plan finds the intent and the live URL, and replaces
the webhook; unless the sink holds the secret of exactly this registration, which is step 4 done.
Where the list was late and the plan says create, the conflict and the intent show the same.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from photonctl.errors import (
    Ambiguous,
    ApiError,
    Conflict,
    Rejected,
    SinkError,
    UnknownShape,
)
from photonctl.kinds.operations import LATER_DELAYS_S, READ_BACK_DELAYS_S, ApplyContext
from photonctl.kinds.webhook.rows import RAW
from photonctl.kinds.webhook.undoing import (
    are_gone,
    is_stored,
    is_surely_not_ours,
    refuse_unseen,
    remove_unknown,
    take_back,
)
from photonctl.model.held import REGISTRATION, ROTATION
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import JsonValue, OneTimeSecrets
from photonctl.port import WebhookRow
from photonctl.sinks import each
from photonctl.sinks.put_back import store_or_put_back
from photonctl.sinks.several import remember, why
from photonctl.urls import is_respelled, shown_url

_TRIES = 3


async def check_sink(ctx: ApplyContext, action: Action) -> None:
    """Step 1.

    Raises:
        SinkNotWritable: the secret could not be stored.
    """
    if action.sink is not None:
        await ctx.in_thread(ctx.open_sink(action.sink).check_writable)


async def begin(ctx: ApplyContext, action: Action) -> bool:
    """Step 2; was a registration begun before, and not finished?

    Before a replacement's delete, too: what can't be noted or read then must not end a webhook.

    Raises:
        SinkNotWritable, OSError, PlanRefused: nothing was changed.
    """
    project_id = ctx.api.project_id
    # A cache may repeat the answer to a registration that is gone.
    ctx.known_ids |= await ctx.in_thread(ctx.journal.all_registered, project_id)
    await ctx.in_thread(ctx.journal.check_noted, project_id, action.key)
    intents = ctx.intents(action)
    now = ctx.clock.now()
    was_interrupted = await ctx.in_thread(intents.is_open, REGISTRATION, now)
    if action.verb is Verb.CREATE and (was_interrupted or ctx.has_waited):
        await refuse_unseen(ctx, action, again=was_interrupted)
    await ctx.in_thread(intents.open, REGISTRATION, now)
    await ctx.in_thread(ctx.journal.note_asked, project_id, action.key)
    return was_interrupted


async def register_webhook(
    ctx: ApplyContext, action: Action, fields: Mapping[str, JsonValue], *, may_be_ours: bool
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Steps 3 to 5; ``may_be_ours``: what is registered may be of an interrupted apply.

    Raises:
        Conflict: somebody else has registered the URL since the plan was made.
        Ambiguous: it may be registered; the intent stays, for the next plan.
        ApiError: it isn't registered.
        SinkError: it was, and is deleted again; unless the intent stays.
    """
    project_id, intents = ctx.api.project_id, ctx.intents(action)
    began = ctx.clock.now()
    row, secrets = await _register(ctx, action, fields, may_be_ours=may_be_ours)
    await _refuse_anothers(ctx, action, row)
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, row.id)
    try:
        await _store(ctx, action, row, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        await take_back(ctx, action, row, began, why(error))
        await ctx.in_thread(intents.close, REGISTRATION)
        raise SinkError(f"{why(error)}; the webhook was deleted again") from None
    places = action.sink.places if action.sink is not None else ()
    note = ctx.journal.note_stored
    await ctx.in_thread(note, project_id, action.key, secrets, places)
    await ctx.in_thread(intents.close, REGISTRATION, ROTATION)
    return row, secrets


async def delete_and_note(ctx: ApplyContext, action: Action) -> bool:
    """Delete a webhook, and note it once the list says so too. Was it there?

    Then its secret is known to be of no use. The webhook is noted before, too: a run that dies in
    between leaves a secret of one that is gone.

    Raises:
        Rejected: Photon says that it is gone, and still lists it.
    """
    project_id, webhook_id = ctx.api.project_id, action.id or ""
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, webhook_id)
    was_there = await ctx.api.delete_webhook(webhook_id)
    # What replaces it takes the place of its secret; of other deletes the end of the apply decides.
    is_asked = action.verb is Verb.REPLACE or not was_there
    # Nothing takes its place meanwhile: a list that is late is waited for a little longer.
    delays_s = (*READ_BACK_DELAYS_S, *LATER_DELAYS_S)
    if is_asked and not await are_gone(ctx, {webhook_id}, delays_s):
        said = "is deleted" if was_there else "doesn't exist"
        raise Rejected(f"Photon says that it {said}, and still lists it", status=404)
    if is_asked:
        await ctx.in_thread(ctx.journal.note_deleted, project_id, action.key, webhook_id)
    return was_there


async def _register(
    ctx: ApplyContext, action: Action, fields: Mapping[str, JsonValue], *, may_be_ours: bool
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Register; after a lost answer look first, since a blind repeat meets a 409 or a twin.

    ``may_be_ours``: the URL may be registered already, and the answer to that was lost. Then a
    conflict is with that one; and whatever refuses another, the intent stays.
    """
    began = None if may_be_ours else ctx.clock.now()
    for pause_s in READ_BACK_DELAYS_S[:_TRIES]:
        await ctx.clock.sleep(pause_s)
        try:
            answer = _checked(ctx, fields, await ctx.api.register_webhook(fields))
            await ctx.in_thread(_refuse_given, ctx, action, *answer)
        except ApiError as error:
            is_lost = isinstance(error, Ambiguous | UnknownShape)
            if not (is_lost or (may_be_ours and isinstance(error, Conflict))):
                if not may_be_ours and await is_surely_not_ours(ctx, action, error):
                    await ctx.in_thread(ctx.intents(action).close, REGISTRATION)
                raise
            may_be_ours = not await remove_unknown(ctx, action, error, began)
            lost = error
        else:
            ctx.known_ids.add(answer[0].id)
            return answer
    raise Ambiguous(f"{lost}; {_TRIES} tries were made", hint=lost.hint)


async def _refuse_anothers(ctx: ApplyContext, action: Action, row: WebhookRow) -> None:
    """Refuse an id whose secret is stored already: storing this one would take its name away.

    Raises:
        UnknownShape: it is.
    """
    if await is_stored(ctx, action, row):  # where a place can't be read, storing says so
        raise UnknownShape("Photon's answer is about another webhook, whose secret is stored")


def _checked(
    ctx: ApplyContext, fields: Mapping[str, JsonValue], answer: tuple[WebhookRow, OneTimeSecrets]
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Make sure that an answer is about this registration: a cache may repeat an older one.

    Raises:
        UnknownShape: it isn't, so its secrets and its id are another webhook's.
    """
    row, _ = answer
    sent = str(fields["webhookUrl"])
    if not is_respelled(row.webhook_url, sent) or row.id in ctx.known_ids:
        raise UnknownShape(
            f"Photon's answer is about another webhook than {shown_url(sent)}",
            hint="Is a proxy in between that repeats answers? Nothing was stored.",
        )
    return answer


def _refuse_given(
    ctx: ApplyContext, action: Action, row: WebhookRow, secrets: OneTimeSecrets
) -> None:
    """Note the secrets of a registration: an answer that repeats one is known by that later.

    Raises:
        UnknownShape: it was given before: the journal says so, or the note of a store.
    """
    given, journal = replace(secrets, webhook_id=row.id), ctx.journal
    project_id, why_not, hint = ctx.api.project_id, "", None
    stores = each(ctx.open_sink(action.sink)) if action.sink is not None else ()
    obtained = [one for one in (secrets.signing, secrets.standard) if one is not None]
    try:
        if journal.has_seen(project_id, action.key, given):
            why_not = "Photon's answer repeats a secret that was given before"
        elif remember(stores, obtained):
            why_not = "Photon's answer repeats a secret that was stored before"
    except SinkError as error:
        why_not = f"whether Photon's answer repeats an older secret can't be known: {error}"
        hint = error.hint
    if why_not:
        journal.note_seen(project_id, action.key, given)
        raise UnknownShape(why_not, hint=hint)
    journal.note_given(project_id, action.key, given)


async def _store(
    ctx: ApplyContext, action: Action, row: WebhookRow, secrets: OneTimeSecrets
) -> None:
    signs = secrets.standard if row.schema_version == RAW else secrets.signing
    if signs is None:
        msg = (
            "Photon's answer holds no secret that signs this webhook's deliveries, in a known form"
        )
        raise UnknownShape(msg)
    if action.sink is not None:
        whole = replace(secrets, origin=ctx.origin(action))
        await ctx.in_thread(store_or_put_back, ctx.open_sink(action.sink), whole)
