"""Registering a webhook and keeping its secrets, which exist once: in the answer (interface §5).

The promise: no registered webhook whose secret is lost without photonctl knowing and saying so.

1. The sink is proven writable, before anything is sent.
2. An intent is written to the journal and is on disk.
3. The registration is sent. If the answer is lost, the list is read: a URL that appeared has a
   secret that nobody knows, so it is deleted and registered again.
4. The secret is stored. If that fails, the webhook is deleted again and the action has failed.
5. The intent is closed; and only once it is certain that no secret is lost.

If the process dies between 2 and 5, the next plan finds the intent and the live URL, and replaces
the webhook; unless the sink holds the secret of exactly this registration, which is step 4 done.
Where the list was late and the plan says create, the conflict and the intent show the same.

A rotation has an intent of its own, and the next plan makes an interrupted one again: the stored
secret is valid only until the overlap ends.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from photonctl.errors import (
    Ambiguous,
    ApiError,
    Conflict,
    NotFound,
    NotOffered,
    PhotonctlError,
    SinkError,
    UnknownShape,
)
from photonctl.journal import Journal, rotation_of
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext
from photonctl.kinds.webhook.rows import RAW
from photonctl.model.plan import Action, Verb
from photonctl.model.spec import JsonValue, OneTimeSecrets
from photonctl.port import ProjectPort, WebhookRow
from photonctl.sinks import Sink
from photonctl.urls import is_respelled, shown_url, webhook_key

_TRIES = 3
_ROTATE_AGAIN = "The next apply rotates it again. To do it now:\n  photonctl webhook rotate"


async def check_sink(ctx: ApplyContext, action: Action) -> None:
    """Step 1.

    Raises:
        SinkNotWritable: the secret could not be stored.
    """
    if action.sink is not None:
        await ctx.in_thread(ctx.open_sink(action.sink).check_writable)


async def register_webhook(
    ctx: ApplyContext, action: Action, fields: Mapping[str, JsonValue]
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Steps 2 to 5.

    Raises:
        Conflict: somebody else has registered the URL since the plan was made.
        Ambiguous: it may be registered; the intent stays, for the next plan.
        ApiError: it isn't registered.
        SinkError: it was, and is deleted again.
    """
    project_id = ctx.api.project_id
    # A cache may repeat the answer to a registration that is gone.
    ctx.known_ids |= await ctx.in_thread(ctx.journal.all_registered, project_id)
    is_gone = action.verb is Verb.REPLACE  # deleted by the step before
    was_interrupted = ctx.journal.has_intent(project_id, action.key) and not is_gone
    await ctx.in_thread(ctx.journal.open_intent, project_id, action.key)
    row, secrets = await _register(ctx, action, fields, may_be_ours=was_interrupted)
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, row.id)
    try:
        await _store(ctx, action, row, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        await _take_back(ctx, row, _why(error))
        await ctx.in_thread(ctx.journal.close_intents, project_id, action.key)
        raise SinkError(f"{_why(error)}; the webhook was deleted again") from None
    await ctx.in_thread(ctx.journal.close_intents, project_id, action.key, rotation_of(action.key))
    return row, secrets


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a rotated secret comes from, and where it is kept."""

    project: ProjectPort
    journal: Journal
    sink: Sink


async def rotate_secret(
    kept: Kept, *, webhook_id: str, key: str, overlap_s: int | None = None
) -> datetime | None:
    """Rotate the standard secret and store it; until then an intent says that it may be lost.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        SinkNotWritable: nothing was changed.
        Ambiguous, UnknownShape, SinkError: a new secret may be lost; the intent stays.
        ApiError: it isn't rotated.
    """
    project_id, journal, to_thread = kept.project.project_id, kept.journal, asyncio.to_thread
    again = f"{_ROTATE_AGAIN} {quote(shown_url(key))}"
    intent = rotation_of(key)
    was_interrupted = journal.has_intent(project_id, intent)
    await to_thread(kept.sink.check_writable)
    await to_thread(journal.open_intent, project_id, intent)
    try:
        secrets, until = await _rotate(kept.project, webhook_id, overlap_s)
    except (Ambiguous, UnknownShape) as error:
        raise type(error)(f"{error}; there may be a new secret", hint=again) from None
    except NotOffered:
        # A server without the route has never rotated anything: an earlier attempt did nothing.
        await to_thread(journal.close_intents, project_id, intent)
        raise
    except ApiError:
        if not was_interrupted:  # else an earlier secret is as lost as before
            await to_thread(journal.close_intents, project_id, intent)
        raise
    if await to_thread(_is_old, kept.sink, webhook_id, secrets):
        text = "Photon's answer repeats the secret that is stored; there may be a new secret"
        raise UnknownShape(text, hint=again)
    try:
        await to_thread(kept.sink.store, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        raise SinkError(f"{_why(error)}; the new secret is lost", hint=again) from None
    await to_thread(journal.close_intents, project_id, intent)
    return until


async def _rotate(
    project: ProjectPort, webhook_id: str, overlap_s: int | None
) -> tuple[OneTimeSecrets, datetime | None]:
    """Rotate; a 404 of a webhook that is listed means that the server lacks the route.

    What a 404's body looks like says nothing: older servers answer with JSON, or with a page.

    Raises:
        NotOffered: the stored secret is still the right one.
    """
    try:
        secrets, until = await project.rotate_secret(webhook_id, overlap_s)
    except (NotFound, NotOffered) as error:
        is_live = any(row.id == webhook_id for row in await project.webhooks())
        if not is_live:
            raise
        raise NotOffered(
            f"this Photon server doesn't offer rotation (status {error.status}). The stored secret "
            "is unchanged and still valid. For a new one, set onMissingSecret: replace and remove "
            "the stored one, or delete the webhook in the dashboard: the next apply registers it "
            "again",
            status=error.status,
        ) from None
    if secrets.webhook_id != webhook_id:
        raise UnknownShape("Photon's answer is about another webhook than the one to rotate")
    return secrets, until


def _is_old(sink: Sink, webhook_id: str, secrets: OneTimeSecrets) -> bool:
    """Is the secret of a rotation's answer the one that is stored already?"""
    try:
        kept = sink.kept(webhook_id)
    except SinkError:
        return False
    return kept is not None and kept.standard == secrets.standard


async def delete_and_note(ctx: ApplyContext, action: Action) -> bool:
    """Delete a webhook; from then on its secret is known to be of no use. Was it there?

    It is noted before, too: a run that dies in between leaves a secret of a webhook that is gone.
    """
    project_id, webhook_id = ctx.api.project_id, action.id or ""
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, webhook_id)
    was_there = await ctx.api.delete_webhook(webhook_id)
    await ctx.in_thread(ctx.journal.note_deleted, project_id, action.key, webhook_id)
    return was_there


def copy_secret(sink: Sink, webhook_id: str) -> None:
    """Store what the sink holds for a webhook under another name; nothing is asked of Photon.

    Raises:
        SinkError: it isn't there any more, or can't be stored.
    """
    secrets = sink.kept(webhook_id)
    if secrets is None:
        raise SinkError("the secret under the older name isn't there any more")
    sink.store(secrets)


async def _register(
    ctx: ApplyContext, action: Action, fields: Mapping[str, JsonValue], *, may_be_ours: bool
) -> tuple[WebhookRow, OneTimeSecrets]:
    """Register; after a lost answer look first, since a blind repeat meets a 409 or a twin.

    ``may_be_ours``: the URL may be registered already, and the answer to that was lost. Then a
    conflict is with that one; and whatever refuses another, the intent stays.
    """
    for _ in range(_TRIES):
        try:
            return _checked(ctx, fields, await ctx.api.register_webhook(fields))
        except ApiError as error:
            is_lost = isinstance(error, Ambiguous | UnknownShape)
            if not (is_lost or (may_be_ours and isinstance(error, Conflict))):
                if not may_be_ours:
                    project_id = ctx.api.project_id
                    await ctx.in_thread(ctx.journal.close_intents, project_id, action.key)
                raise
            may_be_ours = not await _remove_unknown(ctx, action, error)
            lost = error
    raise Ambiguous(f"{lost}; {_TRIES} tries were made", hint=lost.hint)


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
            for row in found:
                await ctx.api.delete_webhook(row.id)
            if found:
                return True
    except ApiError as error:
        raise Ambiguous(f"{lost}; and then {error}", hint=lost.hint) from None
    return False


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
        await ctx.in_thread(ctx.open_sink(action.sink).store, secrets)


def _why(error: Exception) -> str:
    """Tell an error; the text of one that is none of ours might hold the secret."""
    if isinstance(error, PhotonctlError | OSError):
        return str(error)
    return f"the secret sink failed with an unexpected {type(error).__name__}"


async def _take_back(ctx: ApplyContext, row: WebhookRow, why: str) -> None:
    try:
        await ctx.api.delete_webhook(row.id)
    except ApiError as error:
        message = f"{why}; and the webhook could not be deleted again: {error}"
        raise SinkError(message, hint="The next apply replaces it.") from None
