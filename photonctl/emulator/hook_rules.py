"""What Photon does with webhooks, apart from how it is asked: URLs, secrets, conflicts."""

import base64
import ipaddress
import re
import secrets
import sqlite3
import uuid
from typing import Any
from urllib.parse import urlsplit

from photonctl.emulator.answers import NEWER, Broken
from photonctl.emulator.call import Call, now

# Escapes of letters, digits, - . _ and ~, which need none (RFC 3986, 2.3).
_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")


def register_webhook(
    call: Call, project: str, url: str, fields: dict[str, Any]
) -> tuple[sqlite3.Row, dict[str, str]]:
    """Register a URL, and return its secrets for this once (contract 4.4)."""
    if "normalised-urls" in call.rules.variants:
        url = normal_url(url)
    taken = call.one(
        "SELECT 1 FROM webhooks WHERE project = ? AND url = ? AND deleted_at IS NULL", project, url
    )
    if taken is not None:
        raise Broken(409, "webhook_exists", "A webhook with this URL already exists")
    webhook_id = str(uuid.uuid4())
    signing, standard = secrets.token_hex(32), new_standard_secret()
    call.run(
        "INSERT INTO webhooks (id, project, url, schema_version, event_types, enabled,"
        " failure_email, signing, standard, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
        webhook_id,
        project,
        url,
        fields.get("schemaVersion") or default_schema(call),
        '["message.received"]',
        fields.get("failureNotificationEmail"),
        signing,
        standard,
        now(),
        now(),
    )
    row = call.one("SELECT * FROM webhooks WHERE id = ?", webhook_id)
    assert row is not None
    shown = {"signingSecret": signing}
    if call.rules.generation == NEWER:
        shown["standardSigningSecret"] = standard
    return row, shown


def default_schema(call: Call) -> str:
    """Return a new webhook's schema version, which is disputed (contract 8, 29)."""
    is_raw = "raw-inbound-default" in call.rules.variants
    return "raw-inbound.v1" if is_raw else "normalized-events.v1"


def normal_url(url: str) -> str:
    """Write a URL as a server may store it (contract 8, 9): also with a slash at the path's end."""
    parts = urlsplit(url)
    userinfo, at, _ = parts.netloc.rpartition("@")
    try:
        host = (parts.hostname or "").encode("idna").decode()
    except UnicodeError:
        host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme))
    port = "" if is_usual else f":{parts.port}"
    path = _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), parts.path).rstrip("/") + "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{userinfo}{at}{host}{port}{path}{query}"


def is_url(call: Call, text: str) -> bool:
    """Is this a URL by its syntax? Only under ``strict-urls`` more is checked (contract 8, 10)."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if "strict-urls" in call.rules.variants:
        return parts.scheme == "https" and bool(host) and not is_loopback(host)
    return parts.scheme in ("http", "https") and bool(host)


def is_loopback(host: str) -> bool:
    """Is it this machine, by its name alone? Nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def new_standard_secret() -> str:
    """Return a Standard Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
