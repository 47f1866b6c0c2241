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
    PhotonctlError,
    Rejected,
    SinkError,
    UnknownShape,
)
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext
from photonctl.kinds.patterns import Patterns
from photonctl.kinds.webhook.rows import RAW
from photonctl.model.held import REGISTRATION, ROTATION
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import JsonValue, OneTimeSecrets
from photonctl.model.state import Stored
from photonctl.port import WebhookRow
from photonctl.sinks import each
from photonctl.urls import is_respelled, shown_url, webhook_key

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
        SinkNotWritable, OSError: nothing was changed.
    """
    project_id = ctx.api.project_id
    # A cache may repeat the answer to a registration that is gone.
    ctx.known_ids |= await ctx.in_thread(ctx.journal.all_registered, project_id)
    intents = ctx.intents(action)
    was_interrupted = await ctx.in_thread(intents.is_open, REGISTRATION)
    await ctx.in_thread(intents.open, REGISTRATION, ctx.clock.now())
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
    row, secrets = await _register(ctx, action, fields, may_be_ours=may_be_ours)
    await _refuse_anothers(ctx, action, row)
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, row.id)
    if secrets.standard is not None:
        note = ctx.journal.note_secret
        await ctx.in_thread(note, project_id, action.key, row.id, secrets.standard)
    try:
        await _store(ctx, action, row, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        await _take_back(ctx, row, why(error))
        await ctx.in_thread(intents.close, REGISTRATION)
        raise SinkError(f"{why(error)}; the webhook was deleted again") from None
    await ctx.in_thread(ctx.journal.note_stored, project_id, action.key, row.id, is_whole=True)
    await ctx.in_thread(intents.close, REGISTRATION, ROTATION)
    return row, secrets


async def delete_and_note(ctx: ApplyContext, action: Action) -> bool:
    """Delete a webhook; from then on its secret is known to be of no use. Was it there?

    It is noted before, too: a run that dies in between leaves a secret of a webhook that is gone.

    Raises:
        Rejected: Photon says that it was gone already, and still lists it.
    """
    project_id, webhook_id = ctx.api.project_id, action.id or ""
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, webhook_id)
    was_there = await ctx.api.delete_webhook(webhook_id)
    if not was_there and not await _are_gone(ctx, {webhook_id}):
        raise Rejected("Photon says that it doesn't exist, and still lists it", status=404)
    await ctx.in_thread(ctx.journal.note_deleted, project_id, action.key, webhook_id)
    return was_there


async def _register(
    ctx: ApplyContext, action: Action, fields: Mapping[str, JsonValue], *, may_be_ours: bool
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Register; after a lost answer look first, since a blind repeat meets a 409 or a twin.

    ``may_be_ours``: the URL may be registered already, and the answer to that was lost. Then a
    conflict is with that one; and whatever refuses another, the intent stays.
    """
    for pause_s in READ_BACK_DELAYS_S[:_TRIES]:
        await ctx.clock.sleep(pause_s)
        try:
            return _checked(ctx, fields, await ctx.api.register_webhook(fields))
        except ApiError as error:
            is_lost = isinstance(error, Ambiguous | UnknownShape)
            if not (is_lost or (may_be_ours and isinstance(error, Conflict))):
                if not may_be_ours and await _is_surely_not_ours(ctx, action, error):
                    await ctx.in_thread(ctx.intents(action).close, REGISTRATION)
                raise
            may_be_ours = not await _remove_unknown(ctx, action, error)
            lost = error
    raise Ambiguous(f"{lost}; {_TRIES} tries were made", hint=lost.hint)


async def _is_surely_not_ours(ctx: ApplyContext, action: Action, error: ApiError) -> bool:
    """After a refusal: is no webhook of this URL listed whose secret is lost?

    The status alone doesn't say so: what is between here and Photon may have made it up. A conflict
    is with somebody else's, except where a replacement's delete had no effect. Where the list is
    late or the conflict made up, the next plan knows that the secret was never stored.
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


async def _refuse_anothers(ctx: ApplyContext, action: Action, row: WebhookRow) -> None:
    """Refuse an id whose secret is stored already: storing this one would take its name away.

    Raises:
        UnknownShape: it is.
    """
    if action.sink is None:
        return
    for sink in each(ctx.open_sink(action.sink)):
        stored = await ctx.in_thread(sink.stored_for, row.id)
        if stored in (Stored.ALL, Stored.SIGNING, Stored.STANDARD, Stored.ELSEWHERE):
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
    ctx.known_ids.add(row.id)
    return answer


async def _remove_unknown(ctx: ApplyContext, action: Action, lost: ApiError) -> bool:
    """Delete what the lost answer may have registered, as nobody knows its secret; was it there?

    That isn't what a replacement has just deleted and a late list shows on, nor a twin that was
    live when the plan was made.
    """
    try:
        for pause_s in READ_BACK_DELAYS_S if isinstance(lost, Conflict) else READ_BACK_DELAYS_S[:1]:
            await ctx.clock.sleep(pause_s)
            rows = await ctx.api.webhooks()
            found = [
                row
                for row in rows
                if webhook_key(row.webhook_url) == action.key
                and row.id != action.id
                and row.id not in ctx.known_ids
            ]
            if found:
                _refuse_protected(ctx, action, lost)
            for row in found:
                await ctx.api.delete_webhook(row.id)
            if found:
                if not await _are_gone(ctx, {row.id for row in found}):
                    raise Ambiguous(f"{lost}; and the webhook could not be deleted", hint=lost.hint)
                return True
    except ApiError as error:
        raise Ambiguous(f"{lost}; and then {error}", hint=lost.hint) from None
    return False


def _refuse_protected(ctx: ApplyContext, action: Action, lost: ApiError) -> None:
    """Don't delete what ``protect`` names, even if nobody can know its secret.

    Raises:
        Ambiguous: a pattern means this URL.
    """
    patterns = Patterns(ctx.plan.protect.get(action.kind, ()))
    if patterns.match((action.key, shown_url(action.key))):
        raise Ambiguous(
            f"{lost}; a webhook of this URL is live, its secret isn't known, and protect keeps it "
            "from being deleted",
            hint="Take it out of protect, and apply again: it is registered again.",
        )


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
        await ctx.in_thread(ctx.open_sink(action.sink).store, whole)


def why(error: Exception) -> str:
    """Return an error's text; that of one which is none of ours might hold the secret."""
    if isinstance(error, PhotonctlError | OSError):
        return str(error)
    return f"the secret sink failed with an unexpected {type(error).__name__}"


async def _are_gone(ctx: ApplyContext, ids: set[str]) -> bool:
    """Does the list show no webhook of these ids any more? A status alone doesn't say so."""
    for pause_s in READ_BACK_DELAYS_S:
        await ctx.clock.sleep(pause_s)
        if ids.isdisjoint(row.id for row in await ctx.api.webhooks()):
            return True
    return False


async def _take_back(ctx: ApplyContext, row: WebhookRow, cause: str) -> None:
    """Delete what was registered in vain, and look whether it is gone.

    A late server knows nothing of it yet, neither in its list nor when it is to be deleted.

    Raises:
        SinkError: it isn't, or that can't be known; the intent stays.
    """
    problem = "it is still listed"
    try:
        for pause_s in READ_BACK_DELAYS_S:
            await ctx.clock.sleep(pause_s)
            was_there = await ctx.api.delete_webhook(row.id)
            is_listed = row.id in {one.id for one in await ctx.api.webhooks()}
            if was_there and not is_listed:
                return
            problem = "it is still listed" if is_listed else "Photon doesn't know it yet"
    except ApiError as error:
        problem = str(error)
    message = f"{cause}; and the webhook could not be deleted again: {problem}"
    raise SinkError(message, hint="The next apply replaces it.")
