"""Webhooks: URLs that Photon delivers events to. Keyed by the normalised URL (contract §6.1).

How one is registered without losing its secrets stands in ``registration.py``, and what to do
about one that is lost in ``lost_secret.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from photonctl.errors import ApiError, Conflict
from photonctl.journal import rotation_of
from photonctl.model.filled import Filled, shown_text
from photonctl.model.plan import Action, FieldChange, SecretStep
from photonctl.model.spec import (
    Declared,
    JsonObject,
    JsonValue,
    Live,
    spec_to_json,
)
from photonctl.model.state import Evidence
from photonctl.resources.base import ResourceKind
from photonctl.resources.lost_secret import judge_secret
from photonctl.resources.registration import (
    delete_and_note,
    prove_sink,
    register_and_keep,
    rotate_and_keep,
    take_along,
)
from photonctl.resources.values import ApplyContext, Effect, Problem, Verdict
from photonctl.resources.webhook_rows import (
    VERSION,
    WebhookSpec,
    declared_webhook,
    rendered_webhook,
    twice,
    undeliverable,
    wrong_url,
)
from photonctl.urls import host_of, shown_url, undeliverable_reason, webhook_key

if TYPE_CHECKING:
    from photonctl.api.hook_rows import WebhookRow
    from photonctl.api.project import ProjectApi

_RAW = "raw-inbound.v1"


class WebhookKind(ResourceKind[WebhookSpec]):
    """A URL that Photon delivers events to. Its key is the normalised URL (contract §6.1)."""

    name = "webhook"
    section = "webhooks"
    is_shown = True
    spec_type = WebhookSpec
    in_place = frozenset({"failureNotificationEmail", "enabled", "eventTypes", "schemaVersion"})
    clearable = frozenset({"failureNotificationEmail"})
    has_secret = True

    def declare(
        self, document: JsonObject, *, is_alone: bool
    ) -> Iterator[Declared[WebhookSpec]] | None:
        """Read ``webhooks``, in short and long form."""
        section = document.get("webhooks")
        if not isinstance(section, list):
            return None
        is_lone = is_alone and len(section) == 1
        return (
            declared_webhook(item, index, is_lone=is_lone) for index, item in enumerate(section)
        )

    def check(
        self, document: JsonObject, declared: Sequence[Declared[WebhookSpec]]
    ) -> Iterator[Problem]:
        """Find URLs declared twice, or out of Photon's reach."""
        section = document.get("webhooks")
        items = section if isinstance(section, list) else []
        urls: set[str] = set()
        for webhook, item in zip(declared, items, strict=True):
            long = item if isinstance(item, dict) else {}
            at = (*webhook.at, "url") if long else webhook.at
            try:
                reason = undeliverable_reason(webhook.spec.webhook_url)
            except ValueError as error:
                yield Problem(at=at, message=wrong_url(webhook.spec.webhook_url, str(error)))
                continue
            if reason is not None:
                may = long.get("allowUndeliverable") is True
                message = undeliverable(webhook.spec.webhook_url, reason, may=may)
                yield Problem(at=at, message=message, is_warning=may)
            if webhook.key in urls:
                yield Problem(at=at, message=twice(webhook))
            if not webhook.spec.webhook_url.isascii():
                yield from _look_alike(webhook, at)
            urls.add(webhook.key)

    def render(
        self, live: Sequence[Live[WebhookSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``webhooks``, in the short form where that says everything."""
        is_lone = is_alone and len(live) == 1
        document["webhooks"] = [rendered_webhook(row, is_lone=is_lone) for row in live]

    def texts(self, live: Live[WebhookSpec]) -> tuple[str, ...]:
        """Patterns are held against the URL as it is live, and normalised; also without a slash."""
        urls = (live.key, webhook_key(live.spec.webhook_url), live.spec.webhook_url)
        return (*urls, *(url.rstrip("/") for url in urls))

    def pattern_forms(self, pattern: str) -> tuple[str, ...]:
        """A pattern is spelled freely, like a URL, with and without a final slash."""
        forms = (pattern, webhook_key(pattern))
        return (*forms, *(form.rstrip("/") for form in forms))

    def label(self, key: str) -> str:
        """A URL without its user info and query values: they may be secrets."""
        return shown_url(key)

    def facts(self, live: Live[WebhookSpec]) -> Mapping[str, str]:
        """Which of the two secrets signs its deliveries (contract §4.4)."""
        return {"signedBy": signed_by(live.spec)}

    def diff(
        self, want: Declared[WebhookSpec], have: Live[WebhookSpec], evidence: Evidence | None
    ) -> Verdict[WebhookSpec]:
        """Compare the fields; what to do about a lost secret stands in ``lost_secret.py``."""
        fields = super().diff(want, have, None)
        if webhook_key(have.spec.webhook_url) != want.key:
            fields = replace(fields, warnings=(*fields.warnings, _spelling(want, have)))
        if evidence is None:
            return fields
        unchanged = WebhookSpec(webhook_url=want.spec.webhook_url)
        return judge_secret(fields, want, have, evidence, unchanged=unchanged)

    def _is_changeable(self, change: FieldChange, known: dict[str, JsonValue]) -> bool:
        is_lowered = change.field == VERSION and change.after != _RAW
        return not is_lowered and super()._is_changeable(change, known)

    def _unable(self, key: str, change: FieldChange, known: dict[str, JsonValue]) -> str:
        if change.field == VERSION and change.field in known:
            where = f"{self.name} {self.label(key)}: {VERSION}"
            return f"{where} is {change.before!r} and can't be lowered to {change.after!r}"
        return super()._unable(key, change, known)

    async def observe(self, api: "ProjectApi", declared: frozenset[str]) -> list[Live[WebhookSpec]]:
        """List them."""
        return [_live(row) for row in await api.spectrum.webhooks()]

    async def create(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Register the URL and keep its secret."""
        await prove_sink(ctx, action)
        return await _register(ctx, action, spec)

    async def replace(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Delete and register again: a new id, new secrets, a gap in between (contract §4.4)."""
        await prove_sink(ctx, action)
        await delete_and_note(ctx, action)
        return await _register(ctx, action, spec)

    async def update(self, ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
        """Change fields in place; take the secret from another name, or rotate the standard one."""
        webhook_id = action.id or ""
        row = await _patch(ctx.api, webhook_id, _fields(spec))
        raised = row is not None and isinstance(spec.schema_version, str)
        note = _signs(action, _live(row)) if raised and row is not None else None
        if action.sink is None:
            return Effect(note=note)
        sink = ctx.open_sink(action.sink)
        if SecretStep.COPY in action.secret_steps:
            await ctx.in_thread(take_along, sink, webhook_id)
            note = "the lines under the older name can be removed"
        if SecretStep.ROTATE in action.secret_steps:
            spectrum, key = ctx.api.spectrum, action.key
            await rotate_and_keep(spectrum, ctx.journal, sink, webhook_id=webhook_id, key=key)
            note = "the standard secret is new; the legacy one is as it was"
        return Effect(note=note)

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete; one that is gone already is as good."""
        was_there = await delete_and_note(ctx, action)
        project_id = ctx.api.spectrum.project_id
        intents = (action.key, rotation_of(action.key))
        await ctx.in_thread(ctx.journal.close_intents, project_id, *intents)
        return Effect(awaits_confirmation=not was_there)


def _look_alike(webhook: Declared[WebhookSpec], at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Warn of a host in letters that look like others: Photon would deliver to it."""
    host = host_of(webhook.spec.webhook_url)
    if host.startswith("xn--") or ".xn--" in host:
        is_filled = isinstance(webhook.spec.webhook_url, Filled)
        told = "" if is_filled else f"; it is {host}"
        message = f"the host isn't written in ASCII{told}. Check that it is the one that you mean."
        yield Problem(at=at, message=message, is_warning=True)


async def _register(ctx: ApplyContext, action: Action, spec: WebhookSpec) -> Effect:
    fields = {k: v for k, v in spec_to_json(spec).items() if k != "enabled" and v is not None}
    try:
        row = await register_and_keep(ctx, action, fields)
    except Conflict as error:
        note = f"registered by somebody else, so its secret isn't known here ({error})"
        return Effect(note=note, awaits_confirmation=True)
    row, problem = await _settle(ctx.api, row, spec)
    live = _live(row)
    notes = [problem, _signs(action, live)]
    if live.key != action.key:
        notes.append(f"Photon spells the URL {shown_url(row.webhook_url)}: declare it so")
    return Effect(note="; ".join(filter(None, notes)), id=row.id)


async def _settle(
    api: "ProjectApi", row: "WebhookRow", spec: WebhookSpec
) -> "tuple[WebhookRow, str | None]":
    """Set what a registration leaves otherwise than declared, where the server offers it."""
    answered = _fields(_live(row).spec)
    rest = {k: v for k, v in _fields(spec).items() if k in answered and answered[k] != v}
    if rest.get(VERSION) not in (None, _RAW):
        rest.pop(VERSION)  # it can't be lowered: the next plan says so
    try:
        return await _patch(api, row.id, rest) or row, None
    except ApiError as error:
        return row, f"registered and its secret stored, but {', '.join(rest)}: {error}"


async def _patch(
    api: "ProjectApi", webhook_id: str, fields: dict[str, JsonValue]
) -> "WebhookRow | None":
    """Change fields; a raised schema version first, as it must come alone (contract §4.4)."""
    row = None
    rest = dict(fields)
    if VERSION in rest:
        row = await api.spectrum.update_webhook(webhook_id, {VERSION: rest.pop(VERSION)})
    if rest:
        row = await api.spectrum.update_webhook(webhook_id, rest)
    return row


def signed_by(spec: WebhookSpec) -> str:
    """Return which stored secret signs a webhook's deliveries as it is now (contract §4.4)."""
    return "standardSigningSecret" if spec.schema_version == _RAW else "signingSecret"


def _signs(action: Action, live: Live[WebhookSpec]) -> str | None:
    """Name the variable that verifies deliveries."""
    if action.sink is None:
        return f"its deliveries are signed with the {signed_by(live.spec)}"
    is_standard = live.spec.schema_version == _RAW
    shown = shown_text(action.sink.key) + ("_STANDARD" if is_standard else "")
    named = signed_by(live.spec) if action.sink.type == "exec" else shown
    return f"its deliveries are signed with {named}"


def _spelling(want: Declared[WebhookSpec], have: Live[WebhookSpec]) -> str:
    return (
        f"webhook {want.label}: Photon spells this URL {shown_url(have.spec.webhook_url)}. "
        "Declare that spelling."
    )


def _fields(spec: WebhookSpec) -> dict[str, JsonValue]:
    return {k: v for k, v in spec_to_json(spec).items() if k != "webhookUrl"}


def _live(row: "WebhookRow") -> Live[WebhookSpec]:
    spec = WebhookSpec(
        webhook_url=row.webhook_url,
        failure_notification_email=row.failure_notification_email,
        enabled=row.enabled,
        event_types=row.event_types,
        schema_version=row.schema_version,
    )
    return Live(key=webhook_key(row.webhook_url), spec=spec, id=row.id, created_at=row.created_at)
