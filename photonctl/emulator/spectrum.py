"""Spectrum's surface: ``/projects/…``, Basic, envelopes and real statuses (contract 4)."""

import re
import sqlite3
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.answers import (
    OLDER,
    Broken,
    Invalid,
    fail,
    names_json,
    ok,
    unfit,
    user_json,
)
from photonctl.emulator.call import Call, age_s, now
from photonctl.emulator.opening import UUID, opened_project, readable_project
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import (
    ANY_TEXT,
    COUNT,
    FLAG,
    ID,
    NEW_USER,
    PAGING,
    PLATFORM,
    TEXT,
    ref,
    row,
)

_MOST_PER_PAGE = 500
_MOST = 10**9
_LATE_NUMBER_S = 2.0


def get_project(call: Call) -> Response:
    """Show the project, without its secret."""
    found = opened_project(call)
    names = names_json(found)
    return ok(
        {"id": found["spectrum_id"], "name": found["name"], "slug": _slug(found), "profile": names}
    )


def change_slug(call: Call) -> Response:
    """Change the name that addresses use; 409 = taken."""
    found, slug = opened_project(call), call.body["slug"]
    sql = "SELECT 1 FROM projects WHERE slug = ? AND id <> ? AND deleted_at IS NULL"
    if call.one(sql, slug, found["id"]) is not None:
        raise Broken(409, "slug_taken", "This slug is taken")
    call.run("UPDATE projects SET slug = ? WHERE id = ?", slug, found["id"])
    return get_project(call)


def get_platforms(call: Call) -> Response:
    """Show the platforms; a missing key means disabled (contract 4.2)."""
    return ok(_platforms(call, readable_project(call)))


def patch_platforms(call: Call) -> Response:
    """Enable or disable one platform."""
    found, body = opened_project(call), call.body
    rules.set_platform(call, found["id"], body["platform"], enabled=body["enabled"])
    return ok(_platforms(call, found))


def patch_platform(call: Call) -> Response:
    """Change what is known of one platform."""
    found, word = opened_project(call), call.path["platform"]
    if word not in rules.enabled_platforms(call, found["id"]):
        raise Broken(404, "platform_not_found", "This platform is not enabled")
    call.run(
        "UPDATE platforms SET imessage_enabled = ? WHERE project = ? AND word = ?",
        call.body["imessage_enabled"],
        found["id"],
        word,
    )
    return ok(_platforms(call, found))


def list_users(call: Call) -> Response:
    """List the active users; filters and paging are opt-in (contract 4.3)."""
    project = opened_project(call)
    sql = (
        "SELECT * FROM users WHERE project = ? AND deleted_at IS NULL AND created_at <= ?"
        " ORDER BY seq"
    )
    found = call.all(sql, project["id"], call.readable_until)
    users = [shown_user(call, user, project["spectrum_id"]) for user in found]
    users = _wanted(call, users)
    total, variants = len(users), call.rules.variants
    if "limit" in call.query and "reject-paging" in variants:
        raise Invalid("limit", "left out", place="query")
    if not _is_paged(call):
        return ok({"users": _shown(call, users)})
    offset = call.count("offset", 0, 0, _MOST)
    limit = call.count("limit", _MOST_PER_PAGE, 1, _MOST_PER_PAGE)
    if "limit" in call.query or "offset" in call.query:
        users = users[offset : offset + limit]
    if call.rules.generation == OLDER:
        return ok({"users": _shown(call, users)})
    return ok({"users": _shown(call, users), "total": total})


def put_user(call: Call) -> Response:
    """Create a user, or find the one with the same key."""
    project = opened_project(call)
    user = rules.put_user(call, project, call.body)
    return ok(call.quirks.row(shown_user(call, user, project["spectrum_id"], is_listed=False)))


def get_user(call: Call) -> Response:
    """Show one user."""
    project = opened_project(call)
    return ok(shown_user(call, _user(call, project), project["spectrum_id"], is_listed=False))


def delete_user(call: Call) -> Response:
    """Delete a user, softly; a second time is 404."""
    user = _user(call, opened_project(call))
    call.run("UPDATE users SET deleted_at = ? WHERE id = ?", now(), user["id"])
    return ok({"userId": user["id"]})


def subscription(call: Call) -> Response:
    """Show the plan that is paid for."""
    tier = readable_project(call)["tier"]
    ids = {"subscription_id": None, "customer_id": None}
    return ok({"tier": tier, "status": "active", "cancel_at_period_end": False, **ids})


def billing_status(call: Call) -> Response:
    """Show the state of billing."""
    opened_project(call)
    never = {"lastSyncedAt": None, "error": None, "lastProrationAmount": None}
    return ok({"syncStatus": "synced", "quantity": 0, **never})


def redirect(call: Call) -> Response:
    """Open a text message to the user's line; no credentials (contract 4.3)."""
    sql = "SELECT assigned FROM users WHERE id = ? AND deleted_at IS NULL"
    row = call.one(sql, call.path["user_id"])
    if row is None:
        raise Broken(404, "user_not_found", "User not found")
    target = f"sms:{row['assigned']}&body={quote(call.query.get('msg', ''))}"
    return Response(status_code=302, headers={"Location": target})


def shown_user(
    call: Call, row: sqlite3.Row, spectrum_id: str, *, is_listed: bool = True
) -> dict[str, Any]:
    """Return a user as the run's variants show it, in a list or alone."""
    user = user_json(row, spectrum_id)
    if "late-numbers" in call.rules.variants and age_s(row["created_at"]) < _LATE_NUMBER_S:
        user["assignedPhoneNumber"] = None
    if "masked-numbers" in call.rules.variants and is_listed:
        phone = user["phoneNumber"]
        user["phoneNumber"] = f"{phone[:4]}****{phone[-4:]}"
    return user


def _slug(project: sqlite3.Row) -> str:
    return project["slug"] or re.sub(r"[^a-z0-9]+", "-", project["name"].lower()).strip("-")


def _platforms(call: Call, project: sqlite3.Row) -> dict[str, Any]:
    rows = call.all("SELECT * FROM platforms WHERE project = ?", project["id"])
    shown: dict[str, Any] = {row["word"]: {"enabled": True} for row in rows}
    for found in rows:
        if found["imessage_enabled"] is not None:
            shown[found["word"]]["imessage_enabled"] = bool(found["imessage_enabled"])
    return shown


def _is_paged(call: Call) -> bool:
    return "ignore-paging" not in call.rules.variants


def _shown(call: Call, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return call.quirks.order([call.quirks.row(user) for user in users])


def _wanted(call: Call, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Filter a list by what the query asks for; each part of it is optional."""
    kind, ids = call.query.get("type"), frozenset(call.query.getlist("id"))
    search = call.query.get("search", "").casefold()
    if not (kind or ids or search):
        return users

    def is_wanted(user: dict[str, Any]) -> bool:
        texts = (user[name] or "" for name in ("firstName", "lastName", "phoneNumber", "email"))
        return (
            kind in (None, user["type"])
            and (not ids or user["id"] in ids)
            and (not search or any(search in text.casefold() for text in texts))
        )

    return [user for user in users if is_wanted(user)]


def _user(call: Call, project: sqlite3.Row) -> sqlite3.Row:
    if not UUID.fullmatch(call.path["user_id"]):
        raise Invalid("userId", "a UUID", place="params")
    sql = "SELECT * FROM users WHERE project = ? AND id = ? AND deleted_at IS NULL"
    row = call.one(sql, project["id"], call.path["user_id"])
    if row is None:
        raise Broken(404, "user_not_found", "User not found")
    return row


def explain(problem: Broken | Invalid, variants: frozenset[str]) -> Response:
    """Answer for a broken rule: the envelope with a real status."""
    if isinstance(problem, Broken):
        return fail(problem.status, problem.code, str(problem)).answer
    if "framework-422" in variants:
        return unfit(problem)
    return fail(422, "validation", str(problem)).answer


def too_many(variants: frozenset[str]) -> Response:
    """Return the answer above the limit; its body is our invention (contract 8, 2)."""
    body = {"succeed": False, "data": None, "code": "rate_limited", "message": "Too many requests"}
    headers = {"Retry-After": "1"} if "retry-after" in variants else {}
    return JSONResponse(body, 429, headers=headers)


_P = "/projects/{project_id}"
_PROJECT = row({"name": TEXT, "slug": TEXT, "profile": ref("Profile")}, {"id": ID})
_FILTERS = {**PAGING, "type": TEXT, "id": TEXT}
_SUBSCRIPTION = {"allOf": [ref("Subscription"), row({"cancel_at_period_end": FLAG})]}
_STATUS = row({"syncStatus": TEXT, "error": ANY_TEXT, "quantity": COUNT})
ROUTES = (
    Route("GET", _P, get_project, _PROJECT),
    Route("PATCH", f"{_P}/slug", change_slug, _PROJECT, body=row({"slug": TEXT})),
    Route("GET", f"{_P}/platforms", get_platforms, ref("SpectrumPlatforms"), is_open=True),
    Route(
        "PATCH",
        f"{_P}/platforms",
        patch_platforms,
        ref("SpectrumPlatforms"),
        body=row({"platform": PLATFORM, "enabled": FLAG}),
    ),
    Route(
        "PATCH",
        _P + "/platforms/{platform}",
        patch_platform,
        ref("SpectrumPlatforms"),
        body=row({"imessage_enabled": FLAG}),
    ),
    Route("GET", f"{_P}/users", list_users, ref("SpectrumUsers"), query=_FILTERS),
    Route("POST", f"{_P}/users", put_user, ref("User"), body=NEW_USER),
    Route("GET", _P + "/users/{user_id}", get_user, ref("User")),
    Route("DELETE", _P + "/users/{user_id}", delete_user, row({"userId": ID})),
    Route("GET", _P + "/users/{user_id}/redirect", redirect, is_open=True),
    Route("GET", "/users/{user_id}/redirect", redirect, is_open=True),
    Route("GET", f"{_P}/billing/subscription", subscription, _SUBSCRIPTION, is_open=True),
    Route("GET", f"{_P}/billing/status", billing_status, _STATUS),
)
