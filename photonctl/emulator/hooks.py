"""Spectrum's routes for webhooks (contract 4.4)."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from photonctl.emulator import hook_rules
from photonctl.emulator.answers import Broken, Invalid, ok, webhook_json
from photonctl.emulator.call import Call, now
from photonctl.emulator.opening import UUID, opened_project
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import (
    ANY_TEXT,
    ID,
    NEW_WEBHOOK,
    TEXT,
    WEBHOOK_PATCH,
    list_of,
    ref,
    row,
)

_OVERLAP_S = 86_400
_RAW = "raw-inbound.v1"


def list_webhooks(call: Call) -> Response:
    """List webhooks: a bare array, oldest first, never a secret."""
    project = opened_project(call)
    sql = (
        "SELECT * FROM webhooks WHERE project = ? AND deleted_at IS NULL AND created_at <= ?"
        " ORDER BY seq"
    )
    found = call.all(sql, project["id"], call.readable_until)
    return ok([call.quirks.row(webhook_json(w, call.rules.generation)) for w in found])


def register_webhook(call: Call) -> Response:
    """Register a URL: the only answer with secrets."""
    project, url = opened_project(call), call.body["webhookUrl"]
    if not hook_rules.is_url(call, url):
        raise Invalid("webhookUrl", "a URL")
    webhook, shown = hook_rules.register_webhook(call, project["id"], url, call.body)
    return ok({**webhook_json(webhook, call.rules.generation), **shown})


def patch_webhook(call: Call) -> Response:
    """Change a webhook."""
    webhook, body = _webhook(call, opened_project(call)), call.body
    if "schemaVersion" in body:
        _raise_schema(call, webhook, body)
    elif {"enabled", "eventTypes"} & set(body) and webhook["schema_version"] != _RAW:
        raise Broken(409, "schema_version", f"raise schemaVersion to {_RAW} first")
    _set(call, webhook, "enabled", "enabled", bool)
    _set(call, webhook, "eventTypes", "event_types", json.dumps)
    _set(call, webhook, "failureNotificationEmail", "failure_email", lambda text: text)
    call.run("UPDATE webhooks SET updated_at = ? WHERE id = ?", now(), webhook["id"])
    return ok(webhook_json(_webhook(call, opened_project(call)), call.rules.generation))


def delete_webhook(call: Call) -> Response:
    """Delete a webhook, softly; a second time is 404."""
    webhook = _webhook(call, opened_project(call))
    call.run("UPDATE webhooks SET deleted_at = ? WHERE id = ?", now(), webhook["id"])
    return ok({"id": webhook["id"]})


def rotate_secret(call: Call) -> Response:
    """Renew the standard secret only; the old one signs on for the overlap."""
    webhook = _webhook(call, opened_project(call))
    overlap_s = call.body.get("overlapSeconds", _OVERLAP_S)
    until = now(later_s=overlap_s) if overlap_s else None
    standard = hook_rules.new_standard_secret()
    call.run(
        "UPDATE webhooks SET previous_standard = standard, previous_until = ?, standard = ?"
        " WHERE id = ?",
        until,
        standard,
        webhook["id"],
    )
    answer = {"id": webhook["id"], "standardSigningSecret": standard, "previousValidUntil": until}
    return ok(answer)


def egress_ips(call: Call) -> Response:
    """List the addresses that deliveries come from."""
    opened_project(call)
    return ok({"addresses": ["203.0.113.7"]})


def _webhook(call: Call, project: sqlite3.Row) -> sqlite3.Row:
    if not UUID.fullmatch(call.path["webhook_id"]):
        raise Invalid("webhookId", "a UUID", place="params")
    sql = "SELECT * FROM webhooks WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["webhook_id"])
    if row is None:
        raise Broken(404, "webhook_not_found", "Webhook not found")
    return row


def _raise_schema(call: Call, webhook: sqlite3.Row, body: dict[str, Any]) -> None:
    if set(body) != {"schemaVersion"}:
        raise Broken(409, "schema_version", "schemaVersion must be changed alone")
    sql = f"UPDATE webhooks SET schema_version = '{_RAW}' WHERE id = ?"  # noqa: S608  # ours
    call.run(sql, webhook["id"])


def _set(
    call: Call, webhook: sqlite3.Row, name: str, column: str, stored: Callable[[Any], object]
) -> None:
    if name in call.body:
        sql = f"UPDATE webhooks SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
        call.run(sql, stored(call.body[name]), webhook["id"])


_P = "/projects/{project_id}/webhooks"
_REGISTERED = {
    "allOf": [ref("Webhook"), row({"signingSecret": TEXT}, {"standardSigningSecret": TEXT})]
}
_ROTATED = row({"id": ID, "standardSigningSecret": TEXT, "previousValidUntil": ANY_TEXT})
_OVERLAP = {"type": "integer", "minimum": 0, "maximum": 604_800}
ROUTES = (
    Route("GET", _P, list_webhooks, list_of(ref("Webhook"))),
    Route("POST", _P, register_webhook, _REGISTERED, body=NEW_WEBHOOK),
    Route("GET", f"{_P}/egress-ips", egress_ips, row({"addresses": list_of(TEXT)}), is_new=True),
    Route(
        "PATCH",
        _P + "/{webhook_id}",
        patch_webhook,
        ref("Webhook"),
        body=WEBHOOK_PATCH,
        is_new=True,
    ),
    Route("DELETE", _P + "/{webhook_id}", delete_webhook, row({"id": ID})),
    Route(
        "POST",
        _P + "/{webhook_id}/secret/rotate",
        rotate_secret,
        _ROTATED,
        body=row({}, {"overlapSeconds": _OVERLAP}),
        is_new=True,
    ),
)
