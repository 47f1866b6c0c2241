"""Spectrum's surface: ``/projects/…``, Basic, envelopes and real statuses (contract 4)."""

import base64
import re
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.answers import (
    OLDER,
    Broken,
    Refused,
    fail,
    line_json,
    ok,
    user_json,
)
from photonctl.emulator.call import Call, now

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MOST_PER_PAGE = 500
_BILLING = {"quantity": 1, "prorationAmount": 0, "syncStatus": "synced"}


class Limit:
    """At most so many requests a second and project (contract 5.5); 0 = no limit."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._seen: dict[str, deque[float]] = {}

    def admits(self, project_id: str) -> bool:
        """Count a request, and say whether it is within the limit."""
        if not self._rate:
            return True
        seen = self._seen.setdefault(project_id, deque(maxlen=self._rate))
        at = time.monotonic()
        if len(seen) == self._rate and at - seen[0] < 1:
            return False
        seen.append(at)
        return True


def get_project(call: Call) -> Response:
    """GET /projects/{id}/: no secret (contract 4.1)."""
    row = opened_project(call)
    slug = re.sub(r"[^a-z0-9]+", "-", row["name"].lower()).strip("-")
    return ok(
        {"id": row["spectrum_id"], "name": row["name"], "slug": slug, "profile": _profile(row)}
    )


def get_profile(call: Call) -> Response:
    """GET …/profile."""
    row = opened_project(call)
    return ok({"projectId": row["spectrum_id"], **_profile(row)})


def patch_profile(call: Call) -> Response:
    """PATCH …/profile."""
    row = opened_project(call)
    for column, name in (("first_name", "firstName"), ("last_name", "lastName")):
        if isinstance(call.body.get(name), str):
            sql = f"UPDATE projects SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
            call.run(sql, call.body[name], row["id"])
    return ok({"projectId": row["spectrum_id"], **_profile(opened_project(call))})


def get_platforms(call: Call) -> Response:
    """GET …/platforms/: a missing key means disabled (contract 4.2)."""
    return ok(_platforms(call, opened_project(call)))


def patch_platforms(call: Call) -> Response:
    """PATCH …/platforms/: one per call."""
    row = opened_project(call)
    word, enabled = call.body.get("platform"), call.body.get("enabled")
    if word not in rules.PLATFORMS or not isinstance(enabled, bool):
        raise fail(422, "validation", "platform and enabled are required")
    rules.set_platform(call, row["id"], str(word), enabled=enabled)
    return ok(_platforms(call, row))


def list_users(call: Call) -> Response:
    """GET …/users/: active ones; filters and paging are opt-in (contract 4.3)."""
    row = opened_project(call)
    sql = "SELECT * FROM users WHERE project = ? AND deleted_at IS NULL ORDER BY seq"
    users = [user_json(user, row["spectrum_id"]) for user in call.all(sql, row["id"])]
    users = [user for user in users if _is_wanted(call, user)]
    total = len(users)
    offset, limit = _number(call, "offset", 0), _number(call, "limit", _MOST_PER_PAGE)
    if "limit" in call.query or "offset" in call.query:
        users = users[offset : offset + limit]
    shown = call.quirks.order([call.quirks.row(user) for user in users])
    return ok(
        {"users": shown} if call.rules.generation == OLDER else {"users": shown, "total": total}
    )


def put_user(call: Call) -> Response:
    """POST …/users/: create, or find by key."""
    row = opened_project(call)
    fields = _user_fields(call.body)
    user = rules.put_user(call, row, fields)
    return ok(call.quirks.row(user_json(user, row["spectrum_id"])))


def get_user(call: Call) -> Response:
    """GET …/users/{userId}/."""
    row = opened_project(call)
    return ok(user_json(_user(call, row), row["spectrum_id"]))


def delete_user(call: Call) -> Response:
    """DELETE …/users/{userId}/: soft; a second one is 404."""
    user = _user(call, opened_project(call))
    call.run("UPDATE users SET deleted_at = ? WHERE id = ?", now(), user["id"])
    return ok({"userId": user["id"]})


def get_lines(call: Call) -> Response:
    """GET …/lines/: the dedicated ones."""
    rows = call.all("SELECT * FROM lines WHERE project = ?", opened_project(call)["id"])
    shown = [line_json(row) for row in rows]
    return ok(shown if call.rules.generation == OLDER else {"lines": shown})


def add_line(call: Call) -> Response:
    """POST …/lines/: buys a number (contract 4.6)."""
    line = rules.add_line(call, opened_project(call))
    return ok({"line": line_json(line), "billing": _BILLING})


def remove_line(call: Call) -> Response:
    """DELETE …/lines/{lineId}."""
    rules.remove_line(call, opened_project(call), call.path["line_id"])
    return ok({"billing": _BILLING})


def best_line(call: Call) -> Response:
    """GET …/lines/route: the best line; 404 = none."""
    project_id = opened_project(call)["id"]
    row = call.one("SELECT * FROM lines WHERE project = ? ORDER BY phone", project_id)
    if row is None:
        raise fail(404, "no_line", "No line available")
    return ok(line_json(row))


def imessage(call: Call) -> Response:
    """GET …/imessage/: shared, unless the project has lines in use."""
    sql = "SELECT 1 FROM users WHERE project = ? AND type = 'dedicated' AND deleted_at IS NULL"
    found = call.one(sql, opened_project(call)["id"])
    return ok({"type": "shared" if found is None else "dedicated"})


def availability(call: Call) -> Response:
    """GET …/imessage/shared/availability?phoneNumber=."""
    opened_project(call)
    return ok({"available": rules.is_available(call, call.query.get("phoneNumber", ""))})


def subscription(call: Call) -> Response:
    """GET …/billing/subscription."""
    tier = opened_project(call)["tier"]
    ids = {"subscription_id": None, "customer_id": None}
    return ok({"tier": tier, "status": "active", "cancel_at_period_end": False, **ids})


def billing_status(call: Call) -> Response:
    """GET …/billing/status."""
    opened_project(call)
    return ok({"syncStatus": "synced", "lastSyncedAt": None, "error": None, "quantity": 0})


def redirect(call: Call) -> Response:
    """GET …/users/{userId}/redirect?msg=: no credentials (contract 4.3)."""
    sql = "SELECT assigned FROM users WHERE id = ? AND deleted_at IS NULL"
    row = call.one(sql, call.path["user_id"])
    if row is None:
        raise fail(404, "user_not_found", "User not found")
    target = f"sms:{row['assigned']}&body={quote(call.query.get('msg', ''))}"
    return Response(status_code=302, headers={"Location": target})


def opened_project(call: Call) -> sqlite3.Row:
    """Check path and credentials: a pair of one project opens that project only."""
    project_id = call.path["project_id"]
    if not UUID.fullmatch(project_id):
        raise fail(422, "validation", "projectId must be a UUID")
    name, secret = _basic(call.authorization)
    row = call.one(
        "SELECT * FROM projects WHERE spectrum_id = ? AND deleted_at IS NULL", project_id
    )
    if row is None or name != project_id or not secret or secret != row["secret"]:
        raise fail(401, "unauthorized", "Unauthorized")
    return row


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _profile(row: sqlite3.Row) -> dict[str, Any]:
    return {"firstName": row["first_name"], "lastName": row["last_name"], "avatarUrl": None}


def _platforms(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    return {word: {"enabled": True} for word in rules.enabled_platforms(call, row["id"])}


def _is_wanted(call: Call, user: dict[str, Any]) -> bool:
    kind, ids = call.query.get("type"), call.query.getlist("id")
    search = call.query.get("search", "").casefold()
    texts = (user[name] or "" for name in ("firstName", "lastName", "phoneNumber", "email"))
    return (
        kind in (None, user["type"])
        and (not ids or user["id"] in ids)
        and (not search or any(search in text.casefold() for text in texts))
    )


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or (name == "limit" and not 1 <= int(text) <= _MOST_PER_PAGE):
        raise fail(422, "validation", f"{name} is out of range")
    return int(text)


def _user_fields(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("type") not in ("shared", "dedicated"):
        raise fail(422, "validation", "type must be shared or dedicated")
    needed = ["phoneNumber"] + ["assignedPhoneNumber"] * (body["type"] == "dedicated")
    for name in needed:
        if not isinstance(body.get(name), str) or not _PHONE.fullmatch(body[name]):
            raise fail(422, "validation", f"{name} must match ^\\+[1-9]\\d{{6,14}}$")
    if body["type"] == "shared" and "assignedPhoneNumber" in body:
        raise fail(422, "validation", "assignedPhoneNumber is not allowed for shared users")
    email = body.get("email")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        raise fail(422, "validation", "email must be an e-mail address")
    return body


def _user(call: Call, project: sqlite3.Row) -> sqlite3.Row:
    if not UUID.fullmatch(call.path["user_id"]):
        raise fail(422, "validation", "userId must be a UUID")
    sql = "SELECT * FROM users WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["user_id"])
    if row is None:
        raise fail(404, "user_not_found", "User not found")
    return row


def explain(broken: Broken) -> Response:
    """Answer for a broken rule: the envelope with a real status."""
    return fail(broken.status, broken.code, str(broken)).answer


def too_many() -> Refused:
    """Return the answer above the limit; its body is our invention (contract 8, 2)."""
    body = {"succeed": False, "data": None, "code": "rate_limited", "message": "Too many requests"}
    return Refused(JSONResponse(body, 429))


_P = "/projects/{project_id}"
ROUTES: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
    ("GET", _P, get_project),
    ("GET", f"{_P}/profile", get_profile),
    ("PATCH", f"{_P}/profile", patch_profile),
    ("GET", f"{_P}/platforms", get_platforms),
    ("PATCH", f"{_P}/platforms", patch_platforms),
    ("GET", f"{_P}/users", list_users),
    ("POST", f"{_P}/users", put_user),
    ("GET", _P + "/users/{user_id}", get_user),
    ("DELETE", _P + "/users/{user_id}", delete_user),
    ("GET", _P + "/users/{user_id}/redirect", redirect),
    ("GET", f"{_P}/imessage", imessage),
    ("GET", f"{_P}/imessage/shared/availability", availability),
    ("GET", f"{_P}/billing/subscription", subscription),
    ("GET", f"{_P}/billing/status", billing_status),
    ("GET", f"{_P}/lines", get_lines),
    ("GET", f"{_P}/lines/route", best_line),
    ("POST", f"{_P}/lines", add_line),
    ("DELETE", _P + "/lines/{line_id}", remove_line),
)
