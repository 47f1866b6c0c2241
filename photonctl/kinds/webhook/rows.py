"""Webhooks as a manifest writes them: URLs, sinks, and what is wrong with them. Pure."""

import hashlib
import re
from collections.abc import Iterator

from photonctl.codes import Code
from photonctl.hosts import split_bounded
from photonctl.kinds.sinks import DEFAULT_KEY, read_rotation, read_sink
from photonctl.kinds.values import Problem
from photonctl.model.filled import EXPRESSION, Filled, looks_filled, shown, shown_text
from photonctl.model.spec import (
    DEFAULT_ENV_FILE,
    UNSET,
    Declared,
    Flag,
    JsonObject,
    JsonValue,
    Live,
    OnMissingSecret,
    SecretRule,
    SinkSpec,
    Spec,
    Text,
    Words,
)
from photonctl.urls import shown_url, undeliverable_reason, webhook_key

VERSION = "schemaVersion"
RAW = "raw-inbound.v1"
"""The schema version whose deliveries are signed with the standard secret (contract §4.4)."""
_EXPRESSION = re.compile(EXPRESSION)
_LONGEST_URL, _LONGEST_KEY = 2_000, 180
_ADDRESS = re.compile(r"[0-9A-Fa-fXx.:\[\]]*")


class WebhookSpec(Spec, frozen=True, kw_only=True):
    """A webhook's declarable fields (contract §4.4)."""

    webhook_url: str
    failure_notification_email: Text = UNSET
    enabled: Flag = UNSET
    event_types: Words = UNSET
    schema_version: Text = UNSET


def declared_webhook(item: JsonValue, index: int, *, is_lone: bool) -> Declared[WebhookSpec]:
    """Read one entry of ``webhooks``, in short or long form."""
    long: JsonObject = item if isinstance(item, dict) else {"url": item}
    given = long.get("url", "")
    url = given if isinstance(given, str) else str(given)
    email = long.get("failureNotificationEmail", UNSET)
    enabled = long.get("enabled", UNSET)
    types = long.get("eventTypes", UNSET)
    version = long.get(VERSION)
    spec = WebhookSpec(
        webhook_url=url,
        failure_notification_email=email if isinstance(email, str) or email is None else UNSET,
        enabled=enabled if isinstance(enabled, bool) else UNSET,
        event_types=_words(types) if isinstance(types, list) else UNSET,
        schema_version=version if isinstance(version, str) else UNSET,
    )
    wish = long.get("onMissingSecret")
    known = {member.value: member for member in OnMissingSecret}
    rule = SecretRule(
        sink=_sink(long.get("secret"), url, is_lone=is_lone),
        on_missing=known.get(str(wish), OnMissingSecret.WARN),
        rotation=read_rotation(long.get("secret")),
    )
    return Declared(
        key=webhook_key(url),
        label=shown_url(url if isinstance(url, Filled) else webhook_key(url)),
        spec=spec,
        at=("webhooks", index),
        secret=rule,
        may_be_undeliverable=long.get("allowUndeliverable") is True,
    )


def _sink(declared: JsonValue, url: str, *, is_lone: bool) -> SinkSpec:
    default = default_sink(url, is_lone=is_lone)
    return read_sink(declared, default.key) or default


def default_sink(url: str, *, is_lone: bool) -> SinkSpec:
    """Return where the secret goes where none is named; ``is_lone``: of a run's only webhook."""
    key = DEFAULT_KEY if is_lone else f"{DEFAULT_KEY}_{_suffix(url)}"
    if len(key) > _LONGEST_KEY:  # than any place has names
        key = f"{key[: _LONGEST_KEY - 9]}_{hashlib.sha256(key.encode()).hexdigest()[:8].upper()}"
    return SinkSpec(type="envFile", target=DEFAULT_ENV_FILE, key=key, is_default=True)


def _words(types: list[JsonValue]) -> tuple[str, ...]:
    """Order event types by what is shown of them."""
    words = (value if isinstance(value, str) else str(value) for value in types)
    return tuple(sorted(words, key=shown_text))


def as_set(value: JsonValue) -> JsonValue:
    """Return a field's value in a form in which its order doesn't count."""
    return sorted(value, key=str) if isinstance(value, list) else value


def _suffix(url: str) -> str:
    """Turn a URL into the end of a variable's name: host and path, nothing that may be secret."""
    try:
        parts = split_bounded(shown_text(url))
        place = f"{parts.hostname or ''}{parts.path}"
    except ValueError:  # no URL, as its check says
        place = ""
    return re.sub(r"[^A-Z0-9]+", "_", place.upper()).strip("_")


def rendered_webhook(live: Live[WebhookSpec], *, is_lone: bool) -> JsonValue:
    """Write a webhook as a manifest has it."""
    spec = live.spec
    url = spec.webhook_url
    if looks_filled(url):  # which a manifest couldn't say
        url = url.replace("{", "%7B")
    long: JsonObject = {"url": url}
    sink = default_sink(spec.webhook_url, is_lone=is_lone)
    if live.stored_as not in (None, sink.key):
        long["secret"] = {"envFile": sink.target, "key": live.stored_as}
    if isinstance(spec.failure_notification_email, str):
        long["failureNotificationEmail"] = spec.failure_notification_email
    if spec.enabled is False:
        long["enabled"] = False
    try:
        reason = undeliverable_reason(spec.webhook_url)
    except ValueError as error:
        reason = str(error)
    if reason is not None:
        long["allowUndeliverable"] = True
    return url if len(long) == 1 else long


def twice(webhook: Declared[WebhookSpec]) -> str:
    """Say that a URL is declared twice."""
    return f'the URL "{webhook.label}" is declared twice. Remove one of the two.'


def wrong_url(url: str, why: str) -> str:
    """Say why a text is no URL to deliver to."""
    return (
        f'"{shown(url)}" isn\'t a webhook URL: {why}. Write it like "https://bot.example.com/hook".'
    )


def too_long(webhook: Declared[WebhookSpec], at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Refuse a URL that Photon may give back in a longer form than is read."""
    if len(webhook.key) > _LONGEST_URL:
        message = (
            f"the URL has more than {_LONGEST_URL:,} characters once each that isn't ASCII is "
            "written as escapes. Use a shorter one."
        )
        yield Problem(code=Code.TOO_LARGE, at=at, message=message)


def undeliverable(url: str, reason: str, *, may: bool) -> str:
    """Say why Photon would never deliver to a URL."""
    fix = "" if may else ' Declare a public https URL, or add "allowUndeliverable: true".'
    return f'Photon would never deliver to "{shown(url)}": {reason}.{fix}'


def signed_by(spec: WebhookSpec) -> str:
    """Return which stored secret signs a webhook's deliveries as it is now (contract §4.4)."""
    return "standardSigningSecret" if spec.schema_version == RAW else "signingSecret"


def is_part_of_address(raw: str) -> bool:
    """Does an expression give only a part of what may be an address in numbers?"""
    scheme, is_written, rest = _EXPRESSION.sub("\0", raw).partition("://")
    host = re.split("[/?#]", rest if is_written else scheme, maxsplit=1)[0]
    written = host.replace("\0", "")
    if "\0" not in host or _ADDRESS.fullmatch(written) is None:
        return False
    return bool(written) or host.count("\0") > 1
