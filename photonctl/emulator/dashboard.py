"""The dashboard's surface: ``/api/…``, Bearer, 200 also for failure (contract 2.5, 2.6, 3)."""

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.answers import (
    OLDER,
    Broken,
    Refused,
    fail,
    invalid,
    ok,
    project_json,
    said,
)
from photonctl.emulator.call import Call, Rules, now

_EMAIL = "owner@emulator.example"
_AT_CREATION = ("imessage", "whatsapp_business", "voice")


def health(_: Call) -> Response:
    """GET /api/health."""
    return JSONResponse({"status": "ok"})


def auth_ok(_: Call) -> Response:
    """GET /api/auth/ok."""
    return JSONResponse({"ok": True})


def info(_: Call) -> Response:
    """GET /api/info."""
    return JSONResponse({"environment": "emulator"})


def get_session(call: Call) -> Response:
    """GET /api/auth/get-session: ``null`` for a bad token (contract 2.5)."""
    found = _valid_session(call)
    if found is None:
        return JSONResponse(None)
    user = {"id": "user_emulator", "name": "Olive Owner", "email": _EMAIL, "emailVerified": True}
    expires = datetime.fromtimestamp(found["expires_at"], UTC).isoformat(timespec="milliseconds")
    session = {
        "id": "session_emulator",
        "userId": "user_emulator",
        "token": found["token"],
        "expiresAt": expires.replace("+00:00", "Z"),
    }
    if call.rules.owner_phone is not None:
        user["phoneNumber"] = call.rules.owner_phone
    return JSONResponse({"session": session, "user": user})


def sign_out(call: Call) -> Response:
    """POST /api/auth/sign-out: success, also without a session (contract 2.6)."""
    found = _valid_session(call)
    if found is not None:
        call.run("UPDATE sessions SET revoked = 1 WHERE token = ?", found["token"])
    return JSONResponse({"success": True})


def profile(call: Call) -> Response:
    """GET /api/profile."""
    signed_in(call)
    return JSONResponse({"name": "Olive Owner", "email": _EMAIL})


def list_projects(call: Call) -> Response:
    """GET /api/projects/: complete, in no stated order, without secrets in the newer shape."""
    signed_in(call)
    rows = call.all("SELECT * FROM projects WHERE deleted_at IS NULL ORDER BY seq")
    shown = [call.quirks.row(_project_json(call, row, with_secret=False)) for row in rows]
    return JSONResponse(call.quirks.order(shown))


def get_project(call: Call) -> Response:
    """GET /api/projects/{id}: ``null`` for an unknown one (contract 3.1)."""
    signed_in(call)
    row = project_row(call)
    return JSONResponse(None if row is None else _project_json(call, row, with_secret=True))


def create_project(call: Call) -> Response:
    """POST /api/projects/: shape A before mid-2026, B and B+ afterwards (contract 3.3)."""
    signed_in(call)
    body = call.body
    name, words = body.get("name"), body.get("platforms", [])
    is_older = call.rules.generation == OLDER
    if not isinstance(name, str) or not name.strip():
        error = {"error": "Project name is required"}
        raise Refused(JSONResponse(error, 400 if is_older else 200))
    if not isinstance(words, list) or any(word not in _AT_CREATION for word in words):
        raise invalid("platforms", f"an array of {', '.join(_AT_CREATION)}")
    location = body.get("location")
    row = rules.create_project(
        call,
        name=name,
        location=location if isinstance(location, str) and location else "United States",
        has_spectrum=not is_older or body.get("spectrum") is True,
    )
    for word in words:
        rules.set_platform(call, row["id"], word, enabled=True)
    status = rules.enrol_owner(call, row["id"])
    if is_older:
        return JSONResponse(_project_json(call, row, with_secret=True))
    answer: dict[str, Any] = {"success": True, "id": row["id"], "ownerStatus": status}
    if status != "added":
        code = "owner_phone_missing" if status == "skipped_no_phone" else "owner_enrollment_failed"
        answer["warning"] = {"code": code, "message": "The owner was not enrolled"}
    return JSONResponse(answer)


def rename_project(call: Call) -> Response:
    """PATCH /api/projects/{id}: the name only."""
    row = known_project(call)
    name = call.body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise said("Project name is required")
    sql = "UPDATE projects SET name = ?, updated_at = ? WHERE id = ?"
    call.run(sql, name, now(), row["id"])
    return JSONResponse({"success": True})


def delete_project(call: Call) -> Response:
    """DELETE /api/projects/{id}: for good."""
    row = known_project(call)
    call.run("UPDATE projects SET deleted_at = ? WHERE id = ?", now(), row["id"])
    return JSONResponse({"success": True})


def regenerate_secret(call: Call) -> Response:
    """POST …/regenerate-secret: the old one stops working at once."""
    row = known_project(call)
    secret = rules.new_secret()
    call.run("UPDATE projects SET secret = ? WHERE id = ?", secret, row["id"])
    return JSONResponse({"success": True, "projectSecret": secret})


def get_spectrum_profile(call: Call) -> Response:
    """GET …/spectrum/profile."""
    signed_in(call)
    row = project_row(call)
    return JSONResponse(None if row is None else _profile_json(row))


def patch_spectrum_profile(call: Call) -> Response:
    """PATCH …/spectrum/profile: what is left out stays."""
    row = known_project(call)
    for column, name in (("first_name", "firstName"), ("last_name", "lastName")):
        if isinstance(call.body.get(name), str):
            sql = f"UPDATE projects SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
            call.run(sql, call.body[name], row["id"])
    return JSONResponse({"success": True, "profile": _profile_json(known_project(call))})


def get_platforms(call: Call) -> Response:
    """GET …/platforms: a map of word to bool."""
    signed_in(call)
    row = project_row(call)
    return JSONResponse({} if row is None else _platform_map(call, row))


def toggle_platform(call: Call) -> Response:
    """POST …/platforms/toggle."""
    row = known_project(call)
    word, enabled = call.body.get("platformId"), call.body.get("enabled")
    if not isinstance(enabled, bool):
        raise invalid("enabled", "boolean")
    if word not in rules.PLATFORMS:
        raise said("Unsupported platform")
    rules.set_platform(call, row["id"], str(word), enabled=enabled)
    return JSONResponse({"success": True, "platforms": _platform_map(call, row)})


def get_subscription(call: Call) -> Response:
    """GET …/subscription."""
    signed_in(call)
    row = project_row(call)
    tier = row["tier"] if row else "free"
    ids = {"subscription_id": None, "customer_id": None}
    return JSONResponse({"tier": tier, "status": "active", **ids})


def check_availability(call: Call) -> Response:
    """GET /api/projects/check-availability?phoneNumber=."""
    signed_in(call)
    return JSONResponse({"available": rules.is_available(call, call.query.get("phoneNumber", ""))})


def sync_profile(call: Call) -> Response:
    """POST …/spectrum/profile/sync: one of the dashboard's few envelopes (contract 3.4)."""
    signed_in(call)
    row = project_row(call)
    if row is None:
        raise fail(404, "PROJECT_NOT_FOUND", "Project not found")
    count = len(call.all("SELECT 1 FROM lines WHERE project = ?", row["id"]))
    return ok({"projectId": row["id"], "targetedLineCount": count})


def explain(broken: Broken, rules_: Rules) -> Response:
    """Answer for a broken rule: a 200 before mid-2026, a status with code and message since."""
    if rules_.generation == OLDER:
        return JSONResponse({"error": str(broken)})
    return JSONResponse({"code": broken.code, "message": str(broken)}, broken.status)


def signed_in(call: Call) -> None:
    """Go on with a valid session only; some sign in and open no project (contract 2.5)."""
    found = _valid_session(call)
    if found is None:
        raise Refused(JSONResponse({"error": "Unauthorized"}, 401))
    if not found["opens_projects"]:
        raise Refused(JSONResponse({"error": "invalid_token"}, 401))


def _valid_session(call: Call) -> sqlite3.Row | None:
    scheme, _, token = call.authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    sql = "SELECT * FROM sessions WHERE token = ? AND revoked = 0 AND expires_at > ?"
    return call.one(sql, token.strip(), time.time())


def project_row(call: Call) -> sqlite3.Row | None:
    """Return the project of the path; None = unknown."""
    sql = "SELECT * FROM projects WHERE id = ? AND deleted_at IS NULL"
    return call.one(sql, call.path["project_id"])


def known_project(call: Call) -> sqlite3.Row:
    """Return the project of the path to a signed-in caller, for a write."""
    signed_in(call)
    row = project_row(call)
    if row is None:
        raise said("Project not found")
    return row


def _project_json(call: Call, row: sqlite3.Row, *, with_secret: bool) -> dict[str, Any]:
    platforms = rules.enabled_platforms(call, row["id"])
    return project_json(row, platforms, call.rules.generation, with_secret=with_secret)


def _platform_map(call: Call, row: sqlite3.Row) -> dict[str, bool]:
    enabled = rules.enabled_platforms(call, row["id"])
    return {word: word in enabled for word in rules.PLATFORMS}


def _profile_json(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "projectId": row["id"],
        "firstName": row["first_name"],
        "lastName": row["last_name"],
        "avatarUrl": None,
    }


_P = "/api/projects/{project_id}"
ROUTES: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
    ("GET", "/api/health", health),
    ("GET", "/api/info", info),
    ("GET", "/api/auth/ok", auth_ok),
    ("GET", "/api/auth/get-session", get_session),
    ("POST", "/api/auth/sign-out", sign_out),
    ("GET", "/api/profile", profile),
    ("GET", "/api/projects", list_projects),
    ("POST", "/api/projects", create_project),
    ("GET", "/api/projects/check-availability", check_availability),
    ("GET", _P, get_project),
    ("PATCH", _P, rename_project),
    ("DELETE", _P, delete_project),
    ("POST", f"{_P}/regenerate-secret", regenerate_secret),
    ("GET", f"{_P}/spectrum/profile", get_spectrum_profile),
    ("PATCH", f"{_P}/spectrum/profile", patch_spectrum_profile),
    ("GET", f"{_P}/platforms", get_platforms),
    ("POST", f"{_P}/platforms/toggle", toggle_platform),
    ("POST", f"{_P}/spectrum/profile/sync", sync_profile),
    ("GET", f"{_P}/subscription", get_subscription),
)
