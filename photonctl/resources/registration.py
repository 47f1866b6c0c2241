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
Where the list was late and the plan says create, the conflict and the intent tell the same.

A rotation has an intent of its own, and the next plan makes an interrupted one again: the stored
secret is valid only until the overlap ends.
"""

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

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
from photonctl.journal import rotation_of
from photonctl.model.plan import Verb
from photonctl.model.state import twin_name
from photonctl.resources.values import LOOKS_S
from photonctl.urls import shown_url, webhook_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from photonctl.api.hook_rows import WebhookRow
    from photonctl.api.spectrum import Spectrum
    from photonctl.journal import Journal
    from photonctl.model.plan import Action
    from photonctl.model.spec import JsonValue, OneTimeSecrets
    from photonctl.resources.values import ApplyContext
    from photonctl.sinks import Sink

_TRIES = 3


async def prove_sink(ctx: "ApplyContext", action: "Action") -> None:
    """Step 1.

    Raises:
        SinkNotWritable: the secret could not be stored.
    """
    if action.sink is not None:
        await ctx.in_thread(ctx.open_sink(action.sink).check_writable)


async def register_and_keep(
    ctx: "ApplyContext", action: "Action", fields: "Mapping[str, JsonValue]"
) -> "WebhookRow":
    """Steps 2 to 5.

    Raises:
        Conflict: somebody else has registered the URL since the plan was made.
        Ambiguous: it may be registered; the intent stays, for the next plan.
        ApiError: it isn't registered.
        SinkError: it was, and is deleted again.
    """
    project_id = ctx.api.spectrum.project_id
    is_gone = action.verb is Verb.REPLACE  # deleted by the step before
    was_interrupted = ctx.journal.has_intent(project_id, action.key) and not is_gone
    await ctx.in_thread(ctx.journal.open_intent, project_id, action.key)
    row, secrets = await _register(ctx, action, fields, may_be_ours=was_interrupted)
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, row.id)
    try:
        await _store(ctx, action, secrets)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        await _take_back(ctx, row, _why(error))
        await ctx.in_thread(ctx.journal.close_intents, project_id, action.key)
        raise SinkError(f"{_why(error)}; the webhook was deleted again") from None
    await ctx.in_thread(ctx.journal.close_intents, project_id, action.key, rotation_of(action.key))
    return row


async def rotate_and_keep(  # noqa: PLR0913  # an apply and a command come with different things
    spectrum: "Spectrum",
    journal: "Journal",
    sink: "Sink",
    *,
    webhook_id: str,
    key: str,
    overlap_s: int | None = None,
) -> "datetime | None":
    """Make the standard secret anew and keep it; until then an intent says that it may be lost.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        SinkNotWritable: nothing was changed.
        Ambiguous, UnknownShape, SinkError: there may be a new secret, and it is lost; the intent
            stays.
        ApiError: it isn't rotated.
    """
    from asyncio import to_thread

    shown = quote(shown_url(key))
    again = f"The next apply rotates it again. To do it now:\n  photonctl webhook rotate {shown}"
    intent = rotation_of(key)
    was_interrupted = journal.has_intent(spectrum.project_id, intent)
    await to_thread(sink.check_writable)
    await to_thread(journal.open_intent, spectrum.project_id, intent)
    try:
        secrets, until = await _rotate(spectrum, webhook_id, overlap_s)
    except (Ambiguous, UnknownShape) as error:
        raise type(error)(f"{error}; there may be a new secret", hint=again) from None
    except NotOffered:
        # A server without the route has never rotated anything: an earlier attempt did nothing.
        await to_thread(journal.close_intents, spectrum.project_id, intent)
        raise
    except ApiError:
        if not was_interrupted:  # else an earlier secret is as lost as before
            await to_thread(journal.close_intents, spectrum.project_id, intent)
        raise
    try:
        await to_thread(sink.store, replace(secrets, webhook_id=webhook_id))
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the secret is lost
        raise SinkError(f"{_why(error)}; the new secret is lost", hint=again) from None
    await to_thread(journal.close_intents, spectrum.project_id, intent)
    return until


async def _rotate(
    spectrum: "Spectrum", webhook_id: str, overlap_s: int | None
) -> "tuple[OneTimeSecrets, datetime | None]":
    """Rotate; a 404 of a webhook that is listed means that the server lacks the route.

    What a 404's body looks like says nothing: older servers answer with JSON, or with a page.

    Raises:
        NotOffered: the stored secret is still the right one.
    """
    try:
        return await spectrum.rotate_secret(webhook_id, overlap_s)
    except (NotFound, NotOffered) as error:
        is_live = any(row.id == webhook_id for row in await spectrum.webhooks())
        if not is_live:
            raise
        raise NotOffered(
            f"this Photon server doesn't offer rotation (status {error.status}). The stored secret "
            "is unchanged and still valid. For a new one, set onMissingSecret: replace and remove "
            "the stored one, or delete the webhook in the dashboard: the next apply registers it "
            "again",
            status=error.status,
        ) from None


async def delete_and_note(ctx: "ApplyContext", action: "Action") -> bool:
    """Delete a webhook; from then on its secret is known to be of no use. Was it there?

    It is noted before, too: a run that dies in between leaves a secret of a webhook that is gone.
    """
    project_id, webhook_id = ctx.api.spectrum.project_id, action.id or ""
    await ctx.in_thread(ctx.journal.note_registered, project_id, action.key, webhook_id)
    was_there = await ctx.api.spectrum.delete_webhook(webhook_id)
    await ctx.in_thread(ctx.journal.note_deleted, project_id, action.key, webhook_id)
    return was_there


def take_along(sink: "Sink", webhook_id: str) -> None:
    """Store what the sink holds for a webhook under another name; nothing is asked of Photon.

    Raises:
        SinkError: it isn't there any more, or can't be stored.
    """
    secrets = sink.kept(webhook_id)
    if secrets is None:
        raise SinkError("the secret under the older name isn't there any more")
    sink.store(secrets)


async def _register(
    ctx: "ApplyContext", action: "Action", fields: "Mapping[str, JsonValue]", *, may_be_ours: bool
) -> "tuple[WebhookRow, OneTimeSecrets]":
    """Register; after a lost answer look first, since a blind repeat meets a 409 or a twin.

    ``may_be_ours``: the URL may be registered already, and the answer to that was lost. Then a
    conflict is with that one; and whatever refuses another, the intent stays.
    """
    for _ in range(_TRIES):
        try:
            return await ctx.api.spectrum.register_webhook(fields)
        except ApiError as error:
            is_lost = isinstance(error, Ambiguous | UnknownShape)
            if not (is_lost or (may_be_ours and isinstance(error, Conflict))):
                if not may_be_ours:
                    project_id = ctx.api.spectrum.project_id
                    await ctx.in_thread(ctx.journal.close_intents, project_id, action.key)
                raise
            may_be_ours = not await _remove_unknown(ctx, action, error)
            lost = error
    raise Ambiguous(f"{lost}; {_TRIES} tries were made", hint=lost.hint)


async def _remove_unknown(ctx: "ApplyContext", action: "Action", lost: ApiError) -> bool:
    """Delete what the lost answer may have registered, as nobody knows its secret; was it there?

    That isn't what a replacement has just deleted and a late list shows on, nor a twin that was
    live when the plan was made.
    """
    from asyncio import sleep  # whoever only validates doesn't pay for it

    try:
        for pause_s in LOOKS_S if isinstance(lost, Conflict) else LOOKS_S[:1]:
            await sleep(pause_s)
            rows = await ctx.api.spectrum.webhooks()
            found = [
                row
                for row in rows
                if webhook_key(row.webhook_url) == action.key
                and row.id != action.id
                and f"{action.kind} {twin_name(action.key, row.id)}" not in ctx.plan.live
            ]
            for row in found:
                await ctx.api.spectrum.delete_webhook(row.id)
            if found:
                return True
    except ApiError as error:
        raise Ambiguous(f"{lost}; and then {error}", hint=lost.hint) from None
    return False


async def _store(ctx: "ApplyContext", action: "Action", secrets: "OneTimeSecrets") -> None:
    if secrets.signing is None and secrets.standard is None:
        msg = "Photon's answer holds no signing secret in any known form"
        raise UnknownShape(msg)
    if action.sink is not None:
        await ctx.in_thread(ctx.open_sink(action.sink).store, secrets)


def _why(error: Exception) -> str:
    """Tell an error; the text of one that is none of ours might hold the secret."""
    if isinstance(error, PhotonctlError | OSError):
        return str(error)
    return f"the secret sink failed with an unexpected {type(error).__name__}"


async def _take_back(ctx: "ApplyContext", row: "WebhookRow", why: str) -> None:
    try:
        await ctx.api.spectrum.delete_webhook(row.id)
    except ApiError as error:
        message = f"{why}; and the webhook could not be deleted again: {error}"
        raise SinkError(message, hint="The next apply replaces it.") from None
