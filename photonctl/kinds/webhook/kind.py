"""Webhooks: URLs that Photon delivers events to. Keyed by the normalised URL (contract §6.1).

``registration.py`` registers one without losing its secrets; ``lost_secret.py`` decides what to do
about one whose secret is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace

from photonctl.codes import Code
from photonctl.hosts import MOST_ODD, odd_hosts
from photonctl.kinds.base import Kind
from photonctl.kinds.values import (
    Personal,
    Problem,
    Verdict,
    odd_email,
    too_much_text,
    unless_readable,
)
from photonctl.kinds.webhook.lost_secret import (
    could_say,
    decide_secret,
    is_standard_signed,
    replaced,
)
from photonctl.kinds.webhook.rows import (
    RAW,
    VERSION,
    WebhookSpec,
    as_set,
    declared_webhook,
    default_sink,
    is_part_of_address,
    rendered_webhook,
    signed_by,
    too_long,
    twice,
    undeliverable,
    wrong_url,
)
from photonctl.model.filled import Filled, looks_filled, shown, shown_text
from photonctl.model.plan import Action, FieldChange
from photonctl.model.reason import Reason, Why
from photonctl.model.spec import Declared, JsonObject, JsonValue, Live
from photonctl.model.state import Evidence
from photonctl.urls import (
    host_of,
    is_host_shown,
    matched_url,
    shown_url,
    undeliverable_reason,
    webhook_key,
)

_MOST = 20_000  # as many as are read of a list
_ANY_TIME = "2026-01-01T00:00:00.000Z"


class WebhookKind(Kind[WebhookSpec]):
    """A URL that Photon delivers events to. Its key is the normalised URL (contract §6.1)."""

    name = "webhook"
    section = "webhooks"
    needs = frozenset({"project", "platform", "profile"})
    prune_default = True
    is_emptied_by_destroy = True
    is_shown = True
    spec_type = WebhookSpec
    key_field = "webhookUrl"
    in_place = frozenset({"failureNotificationEmail", "enabled", "eventTypes", "schemaVersion"})
    clearable = frozenset({"failureNotificationEmail"})
    has_secret = True
    personal: ClassVar = {"failureNotificationEmail": Personal.EMAIL}

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
            url = webhook.spec.webhook_url
            try:
                yield from _unlike_shown(url, at)
                is_filled = isinstance(url, Filled)
                is_part = is_filled and is_part_of_address(shown_text(url))
                reason = undeliverable_reason(url, is_shown=not is_filled, says_address=not is_part)
                yield from too_long(webhook, at)
            except ValueError as error:
                yield Problem(
                    code=Code.WRONG_URL,
                    at=at,
                    message=wrong_url(webhook.spec.webhook_url, str(error)),
                )
                continue
            if reason is not None:
                may = long.get("allowUndeliverable") is True
                message = undeliverable(webhook.spec.webhook_url, reason, may=may)
                yield Problem(code=Code.UNDELIVERABLE, at=at, message=message, is_warning=may)
            if webhook.key in urls:
                yield Problem(code=Code.DECLARED_TWICE, at=at, message=twice(webhook))
            yield from _look_alikes(webhook, at)
            urls.add(webhook.key)
        specs = [webhook.spec for webhook in declared]
        yield from unless_readable(self.section, self.unreadable_list(specs, len(specs)))

    def odd_letters(self, document: JsonObject) -> int:
        """Those of the URLs, in the short form and in the long one."""
        section = document.get(self.section)
        items = section if isinstance(section, list) else []
        urls = (item.get("url") if isinstance(item, dict) else item for item in items)
        return odd_hosts(url for url in urls if isinstance(url, str))

    def unreadable_list(self, specs: Sequence[WebhookSpec], count: int) -> str | None:
        """Every text counts, and hosts that aren't ASCII take time."""
        if odd_hosts(spec.webhook_url for spec in specs) > MOST_ODD:
            return f"the hosts that aren't ASCII have more than {MOST_ODD:,} characters."
        return too_much_text(map(_listed_texts, specs), count, _MOST)

    def render(
        self, live: Sequence[Live[WebhookSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``webhooks``, in the short form where that says everything."""
        is_lone = is_alone and len(live) == 1
        document["webhooks"] = [rendered_webhook(row, is_lone=is_lone) for row in live]

    def secret_names(self, live: Sequence[Live[WebhookSpec]], *, is_alone: bool) -> list[str]:
        """Name them by host and path."""
        is_lone = is_alone and len(live) == 1
        return [default_sink(row.spec.webhook_url, is_lone=is_lone).key for row in live]

    def comparable(self, field: str, value: JsonValue) -> JsonValue:
        """Event types are a set."""
        return as_set(super().comparable(field, value))

    def texts(self, live: Live[WebhookSpec]) -> tuple[str, ...]:
        """Patterns are held against the URL as it is live, and normalised; also without a slash."""
        urls = (live.key, webhook_key(live.spec.webhook_url), live.spec.webhook_url)
        return (*urls, *(url.rstrip("/") for url in urls))

    def shown_texts(self, live: Live[WebhookSpec]) -> tuple[str, ...]:
        """Without user info and query values."""
        return tuple(map(matched_url, dict.fromkeys(self.texts(live))))

    def pattern_forms(self, pattern: str) -> tuple[str, ...]:
        """A pattern is spelled freely, like a URL, with and without a final slash."""
        forms = (pattern, webhook_key(pattern))
        return (*forms, *(form.rstrip("/") for form in forms))

    def label(self, key: str) -> str:
        """A URL without its user info and query values: they may be secrets."""
        return shown_url(key)

    def delivered_to(self, declared: Declared[WebhookSpec]) -> str | None:
        """Its URL."""
        return declared.key

    def facts(self, live: Live[WebhookSpec]) -> Mapping[str, str]:
        """Which of the two secrets signs its deliveries (contract §4.4)."""
        return {"signedBy": signed_by(live.spec)}

    def diff(
        self, want: Declared[WebhookSpec], have: Live[WebhookSpec], evidence: Evidence | None
    ) -> Verdict[WebhookSpec]:
        """Compare the fields; ``lost_secret.py`` decides what to do about a lost secret."""
        fields = super().diff(want, have, None)
        spelled = have.spec.webhook_url
        if webhook_key(spelled) != want.key and not looks_filled(spelled):  # an error there
            fields = replace(fields, warnings=(*fields.warnings, _spelling(want, have)))
        if evidence is None:
            return fields
        unchanged = WebhookSpec(webhook_url=want.spec.webhook_url)
        return decide_secret(fields, want, have, evidence, unchanged=unchanged)

    def relies_on_secret(self, spec: WebhookSpec) -> bool:
        """A raised schema version makes the standard secret sign the deliveries (contract §4.4)."""
        return is_standard_signed(spec)

    def could_say(self, action: Action, text: str) -> bool:
        """How a secret is lost, or how old it is."""
        return action.sink is not None and could_say(action.reason.why, text, action.sink)

    def replacement(self, want: Declared[WebhookSpec]) -> Verdict[WebhookSpec]:
        """Register it again: new id, new secrets, a brief gap."""
        return replaced(want, Reason(Why.ASKED))

    def _is_changeable(self, change: FieldChange, known: dict[str, JsonValue]) -> bool:
        is_lowered = change.field == VERSION and change.after != RAW
        return not is_lowered and super()._is_changeable(change, known)

    def _unable(
        self, want: Declared[WebhookSpec], change: FieldChange, known: dict[str, JsonValue]
    ) -> str:
        if change.field == VERSION and change.field in known:
            where = f"{self.name} {want.label}: {VERSION}"
            return f"{where} is {change.before!r} and can't be lowered to {shown(change.after)!r}"
        return super()._unable(want, change, known)


def _unlike_shown(url: str, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Refuse a URL that is another one than what outputs show of it."""
    if looks_filled(url):
        message = wrong_url(url, "it has a ${…} that is no expression: write its { as %7B")
        yield Problem(code=Code.WRONG_URL, at=at, message=message)
    elif isinstance(url, Filled) and not is_host_shown(url, url.raw):
        message = (
            f'"{url.raw}" shows another host than the one that would get the events. Let the '
            "expression give the whole URL, or leave it out of what is before the path."
        )
        yield Problem(code=Code.WRONG_URL, at=at, message=message)


def _look_alikes(webhook: Declared[WebhookSpec], at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Warn of hosts in letters that look like others: Photon would deliver to them."""
    email = webhook.spec.failure_notification_email
    yield from odd_email(email, (*webhook.at, "failureNotificationEmail"))
    url = webhook.spec.webhook_url
    host = "" if url.isascii() else host_of(url)
    if isinstance(url, Filled):  # no warning says what an expression gave
        is_odd, what, detail = not url.raw.isascii(), "URL", ""
    else:
        is_odd, what, detail = ".xn--" in f".{host}", "host", f"; it is {host}"
    if is_odd:
        message = (
            f"the {what} isn't written in ASCII{detail}. Check that it is the one that you mean."
        )
        yield Problem(code=Code.LOOK_ALIKE, at=at, message=message, is_warning=True)


def _spelling(want: Declared[WebhookSpec], have: Live[WebhookSpec]) -> str:
    return (
        f"webhook {want.label}: Photon spells this URL {shown_url(have.spec.webhook_url)}. "
        "Declare that spelling."
    )


def _listed_texts(spec: WebhookSpec) -> tuple[object, ...]:
    """Return the texts of a row of Photon's list: its version and its time, too."""
    words = spec.event_types if isinstance(spec.event_types, tuple) else ()
    types = "".join(f'"{word}",' for word in words)  # as JSON has them: many may be short
    return (spec.webhook_url, spec.failure_notification_email, RAW, _ANY_TIME, types)
