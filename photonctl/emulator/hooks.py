"""Spectrum's routes for webhooks (contract 4.4)."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from photonctl.emulator import rules
from photonctl.emulator.answers import OLDER, fail, not_offered, ok, webhook_json
from photonctl.emulator.call import Call, now
from photonctl.emulator.spectrum import UUID, opened_project

_PATCHABLE = {"enabled", "eventTypes", "failureNotificationEmail", "schemaVersion"}


def list_webhooks(call: Call) -> Response:
    """GET …/webhooks/: a bare array, oldest first, never a secret (contract 4.4)."""
    row = opened_project(call)
    sql = "SELECT * FROM webhooks WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    found = call.all(sql, row["id"])
    return ok([call.quirks.row(webhook_json(w, call.rules.generation)) for w in found])


def register_webhook(call: Call) -> Response:
    """POST …/webhooks/: the only answer with secrets."""
    row = opened_project(call)
    url = call.body.get("webhookUrl")
    if not isinstance(url, str) or not rules.is_url(url):
        raise fail(422, "validation", "webhookUrl must be a URL")
    webhook, shown = rules.register_webhook(call, row["id"], url, call.body)
    return ok({**webhook_json(webhook, call.rules.generation), **shown})


def patch_webhook(call: Call) -> Response:
    """PATCH …/webhooks/{id}: the newer generation's, with its rules (contract 4.4)."""
    if call.rules.generation == OLDER:
        raise not_offered()
    webhook, body = _webhook(call, opened_project(call)), call.body
    wanted = _PATCHABLE & set(body)
    if not wanted:
        raise fail(422, "validation", "nothing to change")
    if "schemaVersion" in wanted:
        _raise_schema(call, webhook, wanted)
    elif wanted & {"enabled", "eventTypes"} and webhook["schema_version"] != "raw-inbound.v1":
        raise fail(409, "schema_version", "raise schemaVersion to raw-inbound.v1 first")
    _set(call, webhook, "enabled", "enabled", bool)
    _set(call, webhook, "eventTypes", "event_types", json.dumps)
    _set(call, webhook, "failureNotificationEmail", "failure_email", lambda text: text)
    call.run("UPDATE webhooks SET updated_at = ? WHERE id = ?", now(), webhook["id"])
    return ok(webhook_json(_webhook(call, opened_project(call)), call.rules.generation))


def delete_webhook(call: Call) -> Response:
    """DELETE …/webhooks/{id}: soft; a second one is 404."""
    webhook = _webhook(call, opened_project(call))
    call.run("UPDATE webhooks SET deleted_at = ? WHERE id = ?", now(), webhook["id"])
    return ok({"id": webhook["id"]})


def rotate_secret(call: Call) -> Response:
    """POST …/secret/rotate: the standard secret only."""
    if call.rules.generation == OLDER:
        raise not_offered()
    webhook = _webhook(call, opened_project(call))
    standard = rules.new_standard_secret()
    call.run("UPDATE webhooks SET standard = ? WHERE id = ?", standard, webhook["id"])
    answer = {"id": webhook["id"], "standardSigningSecret": standard, "previousValidUntil": now()}
    return ok(answer)


def egress_ips(call: Call) -> Response:
    """GET …/webhooks/egress-ips."""
    if call.rules.generation == OLDER:
        raise not_offered()
    opened_project(call)
    return ok({"addresses": ["203.0.113.7"]})


def _webhook(call: Call, project: sqlite3.Row) -> sqlite3.Row:
    if not UUID.fullmatch(call.path["webhook_id"]):
        raise fail(422, "validation", "webhookId must be a UUID")
    sql = "SELECT * FROM webhooks WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["webhook_id"])
    if row is None:
        raise fail(404, "webhook_not_found", "Webhook not found")
    return row


def _raise_schema(call: Call, webhook: sqlite3.Row, wanted: set[str]) -> None:
    if wanted != {"schemaVersion"}:
        raise fail(409, "schema_version", "schemaVersion must be changed alone")
    if call.body["schemaVersion"] != "raw-inbound.v1":
        raise fail(422, "validation", "schemaVersion can only be raised to raw-inbound.v1")
    sql = "UPDATE webhooks SET schema_version = 'raw-inbound.v1' WHERE id = ?"
    call.run(sql, webhook["id"])


def _set(
    call: Call, webhook: sqlite3.Row, name: str, column: str, stored: Callable[[Any], object]
) -> None:
    if name in call.body:
        sql = f"UPDATE webhooks SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
        call.run(sql, stored(call.body[name]), webhook["id"])


_P = "/projects/{project_id}"
ROUTES: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
    ("GET", f"{_P}/webhooks", list_webhooks),
    ("POST", f"{_P}/webhooks", register_webhook),
    ("GET", f"{_P}/webhooks/egress-ips", egress_ips),
    ("PATCH", _P + "/webhooks/{webhook_id}", patch_webhook),
    ("DELETE", _P + "/webhooks/{webhook_id}", delete_webhook),
    ("POST", _P + "/webhooks/{webhook_id}/secret/rotate", rotate_secret),
)
