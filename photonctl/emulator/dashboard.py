"""The dashboard's projects: ``/api/projects…``, Bearer, 200 also for failure (contract 3)."""

import sqlite3
from typing import Any

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.account import signed_in
from photonctl.emulator.answers import (
    OLDER,
    Broken,
    Invalid,
    Refused,
    project_json,
    said,
    unfit,
)
from photonctl.emulator.call import Call, now
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import (
    ANY_TEXT,
    FLAG,
    NEW_PROJECT,
    NULL,
    TEXT,
    either,
    list_of,
    ref,
    row,
    succeeded,
)

_WITH_STATUS = frozenset(
    {
        "imessage_not_enabled",
        "shared_line_unavailable",
        "shared_user_create_failed",
        "shared_user_limit_reached",
    }
)
_WARNINGS = {
    "skipped_no_phone": "owner_phone_missing",
    "skipped_pool_exhausted": "shared_line_unavailable",
    "failed": "owner_enrollment_failed",
}


def list_projects(call: Call) -> Response:
    """List all projects, in no stated order, without secrets in the newer shape."""
    signed_in(call)
    sql = "SELECT * FROM projects WHERE deleted_at IS NULL AND created_at <= ? ORDER BY seq"
    rows = call.all(sql, call.readable_until)
    shown = [call.quirks.row(_project_json(call, row, with_secret=False)) for row in rows]
    return JSONResponse(call.quirks.order(shown))


def get_project(call: Call) -> Response:
    """Show a project; ``null`` for an unknown one (contract 3.1)."""
    signed_in(call)
    found = project_row(call)
    return JSONResponse(None if found is None else _project_json(call, found, with_secret=True))


def create_project(call: Call) -> Response:
    """Create a project: shape A before mid-2026, B and B+ afterwards (contract 3.3)."""
    signed_in(call)
    body, is_older = call.body, call.rules.generation == OLDER
    if "spectrum" in body and "reject-spectrum" in call.rules.variants:
        raise Invalid("spectrum", "left out")
    if not body.get("name", "").strip():
        error = {"error": "Project name is required"}
        raise Refused(JSONResponse(error, 400 if is_older else 200))
    created = rules.create_project(
        call,
        name=body["name"],
        location=body.get("location") or "United States",
        has_spectrum=not is_older or body.get("spectrum") is True,
    )
    # Of the older generation nobody knows a default (contract 3.3).
    for word in body.get("platforms", [] if is_older else ["imessage"]):
        rules.set_platform(call, created["id"], word, enabled=True)
    status = rules.enrol_owner(call, created["id"])
    if is_older:
        return JSONResponse(_project_json(call, created, with_secret=True))
    answer: dict[str, Any] = {"success": True, "id": created["id"], "ownerStatus": status}
    if status != "added":
        answer["warning"] = {"code": _WARNINGS[status], "message": "The owner was not enrolled"}
    return JSONResponse(answer)


def rename_project(call: Call) -> Response:
    """Change the name, nothing else."""
    found = known_project(call)
    name = call.body.get("name", "")
    if not name.strip():
        raise said("Project name is required")
    sql = "UPDATE projects SET name = ?, updated_at = ? WHERE id = ?"
    call.run(sql, name, now(), found["id"])
    return JSONResponse({"success": True})


def delete_project(call: Call) -> Response:
    """Delete a project permanently."""
    found = known_project(call)
    call.run("UPDATE projects SET deleted_at = ? WHERE id = ?", now(), found["id"])
    return JSONResponse({"success": True})


def regenerate_secret(call: Call) -> Response:
    """Make a new project secret: the old one stops working at once."""
    found = known_project(call)
    secret = rules.new_secret()
    call.run("UPDATE projects SET secret = ? WHERE id = ?", secret, found["id"])
    return JSONResponse({"success": True, "projectSecret": secret})


def get_platforms(call: Call) -> Response:
    """Show the platforms, as a map of word to bool."""
    signed_in(call)
    found = project_row(call)
    return JSONResponse({} if found is None else _platform_map(call, found))


def toggle_platform(call: Call) -> Response:
    """Enable or disable one platform."""
    found = known_project(call)
    word = call.body["platformId"]
    if word not in rules.PLATFORMS:
        raise said("Unsupported platform")
    rules.set_platform(call, found["id"], word, enabled=call.body["enabled"])
    return JSONResponse({"success": True, "platforms": _platform_map(call, found)})


def get_subscription(call: Call) -> Response:
    """Show the plan that is paid for."""
    return JSONResponse(_subscription(call))


def poll_subscription(call: Call) -> Response:
    """Show it, and whether it is active."""
    return JSONResponse({**_subscription(call), "active": True})


def manage_subscription(call: Call) -> Response:
    """Give the address of the page on which it is managed."""
    known_project(call)
    return JSONResponse({"success": True, "url": f"{call.origin}/"})


def check_availability(call: Call) -> Response:
    """Say whether a phone number can get a shared line."""
    signed_in(call)
    return JSONResponse({"available": rules.is_available(call, call.query.get("phoneNumber", ""))})


def explain(problem: Broken | Invalid, generation: str) -> Response:
    """Answer for a broken rule: a 200, except where the contract lists a status for (3.4)."""
    if isinstance(problem, Invalid):
        return unfit(problem)
    if generation == OLDER or problem.code not in _WITH_STATUS:
        return JSONResponse({"error": str(problem)})
    return JSONResponse({"code": problem.code, "message": str(problem)}, problem.status)


def project_row(call: Call) -> sqlite3.Row | None:
    """Return the project of the path; None = unknown."""
    sql = "SELECT * FROM projects WHERE id = ? AND deleted_at IS NULL AND created_at <= ?"
    return call.one(sql, call.path["project_id"], call.readable_until)


def known_project(call: Call) -> sqlite3.Row:
    """Return the project of the path to a signed-in caller, for a write."""
    signed_in(call)
    found = project_row(call)
    if found is None:
        raise said("Project not found")
    return found


def _project_json(call: Call, project: sqlite3.Row, *, with_secret: bool) -> dict[str, Any]:
    platforms = rules.enabled_platforms(call, project["id"])
    count = rules.count_users(call, project["id"])
    return project_json(
        project, platforms, count, generation=call.rules.generation, with_secret=with_secret
    )


def _platform_map(call: Call, project: sqlite3.Row) -> dict[str, bool]:
    enabled = rules.enabled_platforms(call, project["id"])
    return {word: word in enabled for word in rules.PLATFORMS}


def _subscription(call: Call) -> dict[str, Any]:
    signed_in(call)
    found = project_row(call)
    ids = {"subscription_id": None, "customer_id": None}
    return {"tier": found["tier"] if found else "free", "status": "active", **ids}


_P = "/api/projects/{project_id}"
_POLLED = {"allOf": [ref("Subscription"), row({"active": FLAG})]}
_TOGGLE = row({"platformId": TEXT, "enabled": FLAG})
ROUTES = (
    Route("GET", "/api/projects", list_projects, list_of(ref("Project"))),
    Route("POST", "/api/projects", create_project, ref("CreatedProject"), body=NEW_PROJECT),
    Route(
        "GET",
        "/api/projects/check-availability",
        check_availability,
        row({"available": FLAG}),
        query={"phoneNumber": TEXT},
    ),
    Route("GET", _P, get_project, either(ref("Project"), NULL)),
    Route("PATCH", _P, rename_project, succeeded(), body=row({}, {"name": TEXT})),
    Route("DELETE", _P, delete_project, succeeded()),
    Route(
        "POST",
        f"{_P}/regenerate-secret",
        regenerate_secret,
        succeeded({"projectSecret": TEXT}),
    ),
    Route("GET", f"{_P}/platforms", get_platforms, ref("Platforms")),
    Route(
        "POST",
        f"{_P}/platforms/toggle",
        toggle_platform,
        succeeded({"platforms": ref("Platforms")}),
        body=_TOGGLE,
    ),
    Route("GET", f"{_P}/subscription", get_subscription, ref("Subscription")),
    Route("GET", f"{_P}/subscription/poll", poll_subscription, _POLLED),
    Route(
        "POST",
        f"{_P}/subscription/manage",
        manage_subscription,
        succeeded({"url": ANY_TEXT}),
    ),
)
