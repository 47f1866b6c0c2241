"""What a webhook's row means, typed, and the secrets that come with it once (contract §4.4)."""

from datetime import datetime

from photonctl.api.rows import read_time
from photonctl.api.shapes import (
    each_once,
    find_list,
    find_object,
    first_text,
    foreign,
    need_id,
    one_time_secret,
    optional_text,
    refuse_long,
    unknown,
)
from photonctl.hosts import MOST_ODD, odd_hosts
from photonctl.model.secret import Secret
from photonctl.model.spec import UNSET, JsonObject, JsonValue, OneTimeSecrets
from photonctl.port import WebhookRow
from photonctl.texts import text_size

_MOST_TYPES, _LONGEST_TYPE = 500, 500
_LONGEST_URL = 4_000  # twice what a manifest may declare
_MOST_WEBHOOKS = 20_000
_AROUND_WORD = 3  # two quotes and a comma
_TEXTS = ("webhookUrl", "failureNotificationEmail", "schemaVersion", "createdAt")


def read_webhooks(value: JsonValue) -> tuple[WebhookRow, ...]:
    """Read the webhook list."""
    paths = ("data", "webhooks", "items", "data.webhooks")
    listed = find_list(value, *paths, what="list of webhooks")
    if len(listed) > _MOST_WEBHOOKS:
        raise unknown("list of webhooks of this length")
    size = sum(map(_size, listed))  # before it is looked for secrets, which takes longer
    refuse_long(size, len(listed), what="list of webhooks")
    rows = tuple(map(_webhook, listed))
    if odd_hosts(row.webhook_url for row in rows) > MOST_ODD:
        raise unknown("list of webhooks with usual hosts")
    return each_once(rows, what="list of webhooks")


def _size(row: JsonObject) -> int:
    types = row.get("eventTypes")
    words = types if isinstance(types, list) else []
    size = sum(len(str(one)) + _AROUND_WORD for one in words)  # as ``_words`` reads it
    return text_size([[row.get(name) for name in _TEXTS]]) + size


def read_webhook(value: JsonValue) -> WebhookRow:
    """Read one webhook."""
    having = ("webhookUrl",)
    return _webhook(find_object(value, "webhook", "data", having=having, what="webhook"))


def read_registered_webhook(value: JsonValue) -> tuple[WebhookRow, OneTimeSecrets]:
    """Read a registration: the row, and the secrets that exist in this answer only."""
    row = find_object(value, "webhook", "data", having=("webhookUrl",), what="webhook")
    # Before other texts, which might repeat one.
    signing = one_time_secret(row, ("signingSecret", "secret"), what="signing secret")
    secrets = _secrets(row, need_id(row, "id", what="webhook id"), signing)
    return _webhook(row), secrets


def read_rotated_secret(value: JsonValue) -> tuple[OneTimeSecrets, datetime | None]:
    """Read a rotation's answer: the standard secret only, and the old one's end (contract §4.4)."""
    row = find_object(value, "data", having=("standardSigningSecret",), what="rotated secret")
    secrets = _secrets(row, need_id(row, "id", what="webhook id"), None)
    if secrets.standard is None:
        raise unknown("rotated secret")
    return secrets, read_time(optional_text(row, "previousValidUntil"))


def _webhook(row: JsonObject) -> WebhookRow:
    email = row.get("failureNotificationEmail", UNSET)
    enabled = row.get("enabled", UNSET)
    types = row.get("eventTypes", UNSET)
    version = row.get("schemaVersion", UNSET)
    return WebhookRow(
        id=need_id(row, "id", what="webhook id"),
        webhook_url=_url(row),
        failure_notification_email=foreign(email, what="e-mail")
        if isinstance(email, str)
        else (None if email is None else UNSET),
        enabled=enabled if isinstance(enabled, bool) else UNSET,
        event_types=_words(types) if isinstance(types, list) else UNSET,
        schema_version=foreign(version, what="version") if isinstance(version, str) else UNSET,
        created_at=optional_text(row, "createdAt"),
    )


def _url(row: JsonObject) -> str:
    url = first_text(row, ("webhookUrl",))
    if url is None:
        raise unknown("webhookUrl")
    return foreign(url, what="webhookUrl", longest=_LONGEST_URL)


def _words(values: list[JsonValue]) -> tuple[str, ...]:
    if len(values) > _MOST_TYPES:
        raise unknown("event types of a usual number")
    words = (foreign(str(value), what="event type", longest=_LONGEST_TYPE) for value in values)
    return tuple(sorted(words))


def _secrets(row: JsonObject, webhook_id: str, signing: Secret | None) -> OneTimeSecrets:
    standard = one_time_secret(row, ("standardSigningSecret",), what="standard signing secret")
    if standard is not None and standard == signing:
        raise unknown("two different signing secrets")
    return OneTimeSecrets(webhook_id=webhook_id, signing=signing, standard=standard)
