"""The dashboard's own routes for users and webhooks (contract 3.4).

Stricter than Spectrum's about the fields of a user, laxer about statuses.
"""

import sqlite3
from typing import Any

from starlette.responses import JSONResponse, Response

from photonctl.emulator import hook_rules, rules
from photonctl.emulator.account import signed_in
from photonctl.emulator.answers import OLDER, Invalid, said, webhook_json
from photonctl.emulator.call import Call, now
from photonctl.emulator.dashboard import known_project, project_row
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import (
    NEW_DASHBOARD_USER,
    PAGING,
    TEXT,
    list_of,
    ref,
    row,
    succeeded,
)
from photonctl.emulator.spectrum import shown_user

_MOST_PER_PAGE = 500
_MOST = 10**9


def list_users(call: Call) -> Response:
    """List users; a bare array to June 2026."""
    signed_in(call)
    project = project_row(call)
    users = _users(call, project) if project else []
    search = call.query.get("search", "").casefold()
    if search:
        users = [u for u in users if any(search in text for text in _texts(u))]
    total = len(users)
    offset = call.count("offset", 0, 0, _MOST)
    limit = min(call.count("limit", _MOST_PER_PAGE, 0, _MOST), _MOST_PER_PAGE)
    shown = call.quirks.order(users[offset : offset + limit])
    if call.rules.generation == OLDER:
        return JSONResponse(shown)
    return JSONResponse({"total": total, "users": shown})


def add_user(call: Call) -> Response:
    """Add a user; all of e-mail, phone and names are required here."""
    project = known_project(call)
    fields = {"type": "shared", **call.body}
    user = rules.put_user(call, project, fields)
    if fields.get("sendInvite") is True:
        rules.invite(call, user)
    shown = shown_user(call, user, project["spectrum_id"] or project["id"], is_listed=False)
    return JSONResponse({"success": True, "user": shown})


def remove_user(call: Call) -> Response:
    """Remove a user."""
    user = _user(call, known_project(call), call.path["user_id"])
    call.run("UPDATE users SET deleted_at = ? WHERE id = ?", now(), user["id"])
    return JSONResponse({"success": True})


def invite_user(call: Call) -> Response:
    """Send an invitation by e-mail."""
    user = _user(call, known_project(call), call.body["userId"])
    email_id = rules.invite(call, user)
    return JSONResponse({"success": True, "emailId": email_id, "sentTo": user["email"]})


def list_webhooks(call: Call) -> Response:
    """List webhooks: always the older row."""
    signed_in(call)
    row = project_row(call)
    sql = "SELECT * FROM webhooks WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    found = call.all(sql, row["id"]) if row else []
    return JSONResponse([webhook_json(webhook, OLDER) for webhook in found])


def add_webhook(call: Call) -> Response:
    """Register a webhook: the secret once."""
    project = known_project(call)
    url = call.body["webhookUrl"]
    if not hook_rules.is_url(call, url):
        raise Invalid("webhookUrl", "a URL")
    row, shown = hook_rules.register_webhook(call, project["id"], url, {})
    webhook = {**webhook_json(row, OLDER), "signingSecret": shown["signingSecret"]}
    return JSONResponse({"success": True, "webhook": webhook})


def remove_webhook(call: Call) -> Response:
    """Remove a webhook."""
    project = known_project(call)
    sql = "SELECT id FROM webhooks WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["webhook_id"])
    if row is None:
        raise said("Webhook not found")
    call.run("UPDATE webhooks SET deleted_at = ? WHERE id = ?", now(), row["id"])
    return JSONResponse({"success": True})


def _users(call: Call, project: sqlite3.Row) -> list[dict[str, Any]]:
    sql = "SELECT * FROM users WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    spectrum_id = project["spectrum_id"] or project["id"]
    rows = call.all(sql, project["id"])
    return [call.quirks.row(shown_user(call, row, spectrum_id)) for row in rows]


def _texts(user: dict[str, Any]) -> list[str]:
    names = ("firstName", "lastName", "phoneNumber", "email")
    return [str(user.get(name) or "").casefold() for name in names]


def _user(call: Call, project: sqlite3.Row, user_id: str) -> sqlite3.Row:
    sql = "SELECT * FROM users WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], user_id)
    if row is None:
        raise said("User not found")
    return row


_P = "/api/projects/{project_id}"
_INVITED = {"emailId": TEXT, "sentTo": TEXT}
_WEBHOOK = {"allOf": [ref("DashboardWebhook"), row({"signingSecret": TEXT})]}
ROUTES = (
    Route("GET", f"{_P}/spectrum/users", list_users, ref("DashboardUsers"), query=PAGING),
    Route(
        "POST",
        f"{_P}/spectrum/users",
        add_user,
        succeeded({"user": ref("User")}),
        body=NEW_DASHBOARD_USER,
    ),
    Route(
        "POST",
        f"{_P}/spectrum/users/invite",
        invite_user,
        succeeded(_INVITED),
        body=row({"userId": TEXT}),
    ),
    Route("DELETE", _P + "/spectrum/users/{user_id}", remove_user, succeeded()),
    Route("GET", f"{_P}/webhooks", list_webhooks, list_of(ref("DashboardWebhook"))),
    Route(
        "POST",
        f"{_P}/webhooks",
        add_webhook,
        succeeded({"webhook": _WEBHOOK}),
        body=row({"webhookUrl": TEXT}),
    ),
    Route("DELETE", _P + "/webhooks/{webhook_id}", remove_webhook, succeeded()),
)
