"""Listing, registering, changing and deleting webhooks."""

from contextlib import suppress

from photonctl.errors import (
    ApiError,
    Conflict,
    PhotonctlError,
    UnknownShape,
)
from photonctl.journal import rotation_of
from photonctl.kinds.operations import ApplyContext, Effect, Operations
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.registration import (
    begin,
    check_sink,
    delete_and_note,
    register_webhook,
)
from photonctl.kinds.webhook.rotating import NothingToCopyError, copy_secret, rotate_secret
from photonctl.kinds.webhook.rows import RAW, VERSION, WebhookSpec, as_set, signed_by
from photonctl.kinds.webhook.undoing import are_gone
from photonctl.model.filled import shown_text
from photonctl.model.names import standard_name
from photonctl.model.plan import Action, SecretStep
from photonctl.model.spec import JsonValue, Live, spec_to_json
from photonctl.port import ProjectPort, WebhookRow
from photonctl.urls import shown_url, webhook_key


class WebhookOperations(Operations[WebhookSpec]):
    """The webhooks of a project."""

    async def observe(
        self, project: ProjectPort, declared: frozenset[str]
    ) -> list[Live[WebhookSpec]]:
        """List them."""
        return [_live(row) for row in await project.webhooks()]

    async def create(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Register the URL and keep its secret."""
        await check_sink(ctx, action)
        was_interrupted = await begin(ctx, action)
        return await _register(ctx, action, spec, may_be_ours=was_interrupted)

    async def replace(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Delete and register again: a new id, new secrets, a gap in between (contract §4.4)."""
        await check_sink(ctx, action)
        await begin(ctx, action)
        await delete_and_note(ctx, action)
        try:
            return await _register(ctx, action, spec, may_be_ours=False)
        except PhotonctlError as error:
            error.args = (f"it was deleted, and could not be registered again: {error}",)
            raise

    async def update(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Change fields in place; take the secret from another name, or rotate the standard one."""
        # The secret first: a raised schema version changes which one signs the deliveries.
        note = await _move_secret(ctx, action, spec)
        row = await _patch(ctx.api, action.id or "", _fields(spec))
        is_raised = row is not None and isinstance(spec.schema_version, str)
        signs = _signs(action, _live(row)) if is_raised and row is not None else None
        return Effect(note="; ".join(filter(None, (note, signs))) or None)

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete; one that is gone already is as good.

        What was begun for it is over only once the list shows no such webhook.
        """
        was_there = await delete_and_note(ctx, action)
        project_id, keys = ctx.api.project_id, (action.key, rotation_of(action.key))
        journal = ctx.journal
        begun = [key for key in keys if await ctx.in_thread(journal.has_intent, project_id, key)]
        with suppress(ApiError):
            if begun and await are_gone(ctx, {action.id or ""}):
                await ctx.in_thread(journal.close_intents, project_id, *begun)
        return Effect(awaits_confirmation=not was_there)


async def _move_secret(ctx: ApplyContext, action: Action, spec: WebhookSpec) -> str | None:
    """Copy or rotate the secret, as the plan says; return what a person should know of it."""
    if action.sink is None:
        return None
    sink, note = ctx.open_sink(action.sink), None
    seen = ctx.before.seen(action.sink)
    kept = Kept(ctx.api, ctx.journal, sink, action.sink, ctx.account.host, ctx.clock, seen)
    if SecretStep.COPY in action.secret_steps:
        try:
            kept = await ctx.in_thread(copy_secret, kept, action.id or "", action.key)
        except NothingToCopyError:
            # The rotation that follows gives every place a new one.
            if SecretStep.ROTATE not in action.secret_steps:
                raise
        note = "the lines under the older name can be removed"
    if SecretStep.ROTATE in action.secret_steps:
        overlap_s = action.overlap_s
        await rotate_secret(kept, webhook_id=action.id or "", key=action.key, overlap_s=overlap_s)
        note = "the standard secret is new; the legacy one is as it was"
    elif spec.schema_version == RAW:
        await ctx.in_thread(kept.check_standard, action.key, action.id or "")
    return note


async def _register(
    ctx: ApplyContext, action: Action, spec: WebhookSpec, *, may_be_ours: bool
) -> Effect:
    fields = {k: v for k, v in spec_to_json(spec).items() if k != "enabled" and v is not None}
    try:
        registered, secrets = await register_webhook(ctx, action, fields, may_be_ours=may_be_ours)
    except Conflict as error:
        error.args = (
            f"one of this URL is registered already, and its secret isn't known here ({error})",
        )
        raise
    has_standard = secrets.standard is not None
    row, problem = await _settle(ctx.api, registered, spec, has_standard=has_standard)
    live = _live(row)
    notes = [problem, _signs(action, live)]
    if live.key != action.key:
        notes.append(f"Photon spells the URL {shown_url(row.webhook_url)}: declare it so")
    return Effect(note="; ".join(filter(None, notes)), id=registered.id)


async def _settle(
    api: ProjectPort, row: WebhookRow, spec: WebhookSpec, *, has_standard: bool
) -> tuple[WebhookRow, str | None]:
    """Set what a registration leaves otherwise than declared, where the server offers it."""
    answered = _fields(_live(row).spec)
    known = {name: as_set(value) for name, value in answered.items()}
    rest = {k: v for k, v in _fields(spec).items() if k in known and known[k] != as_set(v)}
    if rest.get(VERSION) not in (None, RAW):
        rest.pop(VERSION)  # it can't be lowered: the next plan says so
    if VERSION in rest and not has_standard:
        rest.pop(VERSION)
        problem = f"{VERSION} isn't raised: Photon gave no standard secret to verify deliveries by"
    else:
        problem = None
    try:
        return await _patch(api, row.id, rest) or row, problem
    except ApiError as error:
        return row, f"registered and its secret stored, but {', '.join(rest)}: {error}"


async def _patch(
    api: ProjectPort, webhook_id: str, fields: dict[str, JsonValue]
) -> WebhookRow | None:
    """Change fields; a raised schema version first, as it must come alone (contract §4.4)."""
    row = None
    rest = dict(fields)
    steps = [{VERSION: rest.pop(VERSION)}] if VERSION in rest else []
    for step in (*steps, rest):
        if step:
            row = await api.update_webhook(webhook_id, step)
            if row.id != webhook_id:
                raise UnknownShape("Photon's answer is about another webhook than the changed one")
    return row


def _signs(action: Action, live: Live[WebhookSpec]) -> str | None:
    """Name the variable that verifies deliveries."""
    if action.sink is None:
        return f"its deliveries are signed with the {signed_by(live.spec)}"
    is_standard = live.spec.schema_version == RAW
    key = shown_text(action.sink.key)
    shown = standard_name(key) if is_standard else key
    named = signed_by(live.spec) if action.sink.type == "exec" else shown
    return f"its deliveries are signed with {named}"


def _fields(spec: WebhookSpec) -> dict[str, JsonValue]:
    return {k: v for k, v in spec_to_json(spec).items() if k != "webhookUrl"}


def _live(row: WebhookRow) -> Live[WebhookSpec]:
    spec = WebhookSpec(
        webhook_url=row.webhook_url,
        failure_notification_email=row.failure_notification_email,
        enabled=row.enabled,
        event_types=row.event_types,
        schema_version=row.schema_version,
    )
    return Live(key=webhook_key(row.webhook_url), spec=spec, id=row.id, created_at=row.created_at)
