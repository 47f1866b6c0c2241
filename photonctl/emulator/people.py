"""The dashboard's own routes for users, webhooks and lines (contract 3.4).

Stricter than Spectrum's about the fields of a user, laxer about statuses.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.answers import OLDER, invalid, line_json, said, user_json, webhook_json
from photonctl.emulator.call import Call, now
from photonctl.emulator.dashboard import known_project, project_row, signed_in

_NEEDED = ("email", "phoneNumber", "firstName", "lastName")
_MOST_PER_PAGE = 500


def list_users(call: Call) -> Response:
    """GET …/spectrum/users?search&limit&offset: a bare array to June 2026."""
    signed_in(call)
    project = project_row(call)
    users = _users(call, project) if project else []
    search = call.query.get("search", "").casefold()
    if search:
        users = [u for u in users if any(search in text for text in _texts(u))]
    total = len(users)
    offset, limit = _number(call, "offset", 0), _number(call, "limit", _MOST_PER_PAGE)
    shown = call.quirks.order(users[offset : offset + limit])
    if call.rules.generation == OLDER:
        return JSONResponse(shown)
    return JSONResponse({"total": total, "users": shown})


def add_user(call: Call) -> Response:
    """POST …/spectrum/users: all of e-mail, phone and names are required here."""
    project = known_project(call)
    fields = {"type": "shared", **call.body}
    needed = [*_NEEDED, *(["assignedPhoneNumber"] * (fields["type"] == "dedicated"))]
    for name in needed:
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise invalid(name, "string")
    if fields["type"] not in ("shared", "dedicated"):
        raise invalid("type", "shared or dedicated")
    user = rules.put_user(call, project, fields)
    if fields.get("sendInvite") is True:
        rules.invite(call, user)
    return JSONResponse({"success": True, "user": _user_json(project, user)})


def remove_user(call: Call) -> Response:
    """DELETE …/spectrum/users/{userId}."""
    user = _user(call, known_project(call), call.path["user_id"])
    call.run("UPDATE users SET deleted_at = ? WHERE id = ?", now(), user["id"])
    return JSONResponse({"success": True})


def invite_user(call: Call) -> Response:
    """POST …/spectrum/users/invite."""
    user = _user(call, known_project(call), str(call.body.get("userId", "")))
    email_id = rules.invite(call, user)
    return JSONResponse({"success": True, "emailId": email_id, "sentTo": user["email"]})


def list_lines(call: Call) -> Response:
    """GET …/lines."""
    signed_in(call)
    row = project_row(call)
    lines = call.all("SELECT * FROM lines WHERE project = ?", row["id"]) if row else []
    shown = [line_json(line) for line in lines]
    if call.rules.generation == OLDER:
        return JSONResponse(shown)
    return JSONResponse({"lines": shown, "pendingRegistrations": None})


def add_line(call: Call) -> Response:
    """POST …/lines: the Business plan's."""
    project = known_project(call)
    if call.body.get("platform") != "imessage":
        raise invalid("platform", "imessage")
    return JSONResponse({"success": True, "line": line_json(rules.add_line(call, project))})


def remove_line(call: Call) -> Response:
    """DELETE …/lines/{lineId}."""
    rules.remove_line(call, known_project(call), call.path["line_id"])
    return JSONResponse({"success": True})


def list_webhooks(call: Call) -> Response:
    """GET …/webhooks: always the older row."""
    signed_in(call)
    row = project_row(call)
    sql = "SELECT * FROM webhooks WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    found = call.all(sql, row["id"]) if row else []
    return JSONResponse([webhook_json(webhook, OLDER) for webhook in found])


def add_webhook(call: Call) -> Response:
    """POST …/webhooks: the secret once."""
    project = known_project(call)
    url = call.body.get("webhookUrl")
    if not isinstance(url, str) or not rules.is_url(url):
        raise invalid("webhookUrl", "a URL")
    row, shown = rules.register_webhook(call, project["id"], url, {})
    webhook = {**webhook_json(row, OLDER), "signingSecret": shown["signingSecret"]}
    return JSONResponse({"success": True, "webhook": webhook})


def remove_webhook(call: Call) -> Response:
    """DELETE …/webhooks/{webhookId}."""
    project = known_project(call)
    sql = "SELECT id FROM webhooks WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["webhook_id"])
    if row is None:
        raise said("Webhook not found")
    call.run("UPDATE webhooks SET deleted_at = ? WHERE id = ?", now(), row["id"])
    return JSONResponse({"success": True})


def _users(call: Call, project: sqlite3.Row) -> list[dict[str, Any]]:
    sql = "SELECT * FROM users WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    return [call.quirks.row(_user_json(project, row)) for row in call.all(sql, project["id"])]


def _user_json(project: sqlite3.Row, row: sqlite3.Row) -> dict[str, Any]:
    return user_json(row, project["spectrum_id"] or project["id"])


def _texts(user: dict[str, Any]) -> list[str]:
    names = ("firstName", "lastName", "phoneNumber", "email")
    return [str(user.get(name) or "").casefold() for name in names]


def _user(call: Call, project: sqlite3.Row, user_id: str) -> sqlite3.Row:
    sql = "SELECT * FROM users WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], user_id)
    if row is None:
        raise said("User not found")
    return row


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal():
        raise invalid(name, "integer")
    return min(int(text), _MOST_PER_PAGE) if name == "limit" else int(text)


_P = "/api/projects/{project_id}"
ROUTES: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
    ("GET", f"{_P}/spectrum/users", list_users),
    ("POST", f"{_P}/spectrum/users", add_user),
    ("POST", f"{_P}/spectrum/users/invite", invite_user),
    ("DELETE", _P + "/spectrum/users/{user_id}", remove_user),
    ("GET", f"{_P}/lines", list_lines),
    ("POST", f"{_P}/lines", add_line),
    ("DELETE", _P + "/lines/{line_id}", remove_line),
    ("GET", f"{_P}/webhooks", list_webhooks),
    ("POST", f"{_P}/webhooks", add_webhook),
    ("DELETE", _P + "/webhooks/{webhook_id}", remove_webhook),
)
