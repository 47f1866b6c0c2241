"""How a project and its lines show themselves: names and pictures, on both surfaces.

Contract 3.4, 4.1 and 4.6.
"""

import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from photonctl.emulator import dashboard
from photonctl.emulator.account import signed_in
from photonctl.emulator.answers import Broken, Refused, fail, names_json, ok, said
from photonctl.emulator.call import Call
from photonctl.emulator.opening import opened_project
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import (
    ANY_TEXT,
    COUNT,
    NAMES,
    NULL,
    TEXT,
    either,
    enveloped,
    ref,
    row,
    succeeded,
)

_COLUMNS = (("first_name", "firstName"), ("last_name", "lastName"))


def show(call: Call) -> Response:
    """Show the profile; ``null`` for an unknown project."""
    signed_in(call)
    found = dashboard.project_row(call)
    return JSONResponse(None if found is None else _profile(found, found["id"]))


def change(call: Call) -> Response:
    """Change the profile's names; what is left out stays."""
    found = _change(call, dashboard.known_project)
    return JSONResponse({"success": True, "profile": _profile(found, found["id"])})


def sync(call: Call) -> Response:
    """Push the profile to the lines: one of the dashboard's few envelopes (contract 3.4)."""
    found = _enveloped_project(call)
    return ok({"projectId": found["id"], "targetedLineCount": _lines(call, found["id"])})


def begin_upload(call: Call) -> Response:
    """Say where the picture's bytes go."""
    return JSONResponse(_begin_upload(call, dashboard.known_project(call)["id"]))


def commit(call: Call) -> Response:
    """Take the picture that was uploaded."""
    url = _commit(call, "projects", dashboard.known_project(call)["id"])
    if url is None:
        raise said("Nothing was uploaded under this key")
    return JSONResponse({"success": True, "avatarUrl": url})


def upload(call: Call) -> Response:
    """Take the bytes; the emulator keeps none of them."""
    call.run("UPDATE uploads SET is_done = 1 WHERE key = ?", call.path["key"])
    return Response(status_code=200)


def show_on_spectrum(call: Call) -> Response:
    """Show the profile."""
    found = opened_project(call)
    return ok(_profile(found, found["spectrum_id"]))


def change_on_spectrum(call: Call) -> Response:
    """Change the profile's names."""
    found = _change(call, opened_project)
    return ok(_profile(found, found["spectrum_id"]))


def sync_on_spectrum(call: Call) -> Response:
    """Push the profile to the lines, or ask how many it would reach."""
    found = opened_project(call)
    count = _lines(call, found["id"])
    return ok({"projectId": found["spectrum_id"], "targetedLineCount": count})


def begin_upload_on_spectrum(call: Call) -> Response:
    """Say where the picture's bytes go."""
    return ok(_begin_upload(call, opened_project(call)["id"]))


def commit_on_spectrum(call: Call) -> Response:
    """Take the picture that was uploaded."""
    url = _commit(call, "projects", opened_project(call)["id"])
    if url is None:
        raise Broken(404, "upload_not_found", "Nothing was uploaded under this key")
    return ok({"avatarUrl": url})


def change_line(call: Call) -> Response:
    """Change the names that a line shows."""
    line = _line(call)
    _write_names(call, "lines", line["id"])
    return ok(_line_profile(call))


def begin_line_upload(call: Call) -> Response:
    """Say where the bytes of a line's picture go."""
    return ok(_begin_upload(call, _line(call)["id"]))


def commit_line(call: Call) -> Response:
    """Take a line's picture."""
    if _commit(call, "lines", _line(call)["id"]) is None:
        raise fail(404, "UPLOAD_NOT_FOUND", "Nothing was uploaded under this key")
    return ok(_line_profile(call))


def _change(call: Call, find: Callable[[Call], sqlite3.Row]) -> sqlite3.Row:
    _write_names(call, "projects", find(call)["id"])
    return find(call)


def _write_names(call: Call, table: str, row_id: str) -> None:
    for column, name in _COLUMNS:
        if name in call.body:
            sql = f"UPDATE {table} SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
            call.run(sql, call.body[name], row_id)


def _profile(project: sqlite3.Row, shown_id: str) -> dict[str, Any]:
    return {"projectId": shown_id, **names_json(project)}


def _lines(call: Call, project_id: str) -> int:
    return len(call.all("SELECT 1 FROM lines WHERE project = ?", project_id))


def _begin_upload(call: Call, owner: str) -> dict[str, str]:
    key = secrets.token_hex(16)
    call.run("INSERT INTO uploads VALUES (?, ?, 0)", key, owner)
    return {"uploadUrl": f"{call.origin}/uploads/{key}", "key": key}


def _commit(call: Call, table: str, owner: str) -> str | None:
    sql = "SELECT 1 FROM uploads WHERE key = ? AND owner = ? AND is_done = 1"
    if call.one(sql, call.body["key"], owner) is None:
        return None
    url = f"{call.origin}/uploads/{call.body['key']}"
    call.run(f"UPDATE {table} SET avatar_url = ? WHERE id = ?", url, owner)  # noqa: S608  # ours
    return url


def _enveloped_project(call: Call) -> sqlite3.Row:
    signed_in(call)
    found = dashboard.project_row(call)
    if found is None:
        raise fail(404, "PROJECT_NOT_FOUND", "Project not found")
    return found


def _line_profile(call: Call) -> dict[str, Any]:
    """Return how a line shows itself (contract 3.4)."""
    line = _line(call)
    ids = {"lineId": line["id"], "projectId": line["project"], "phoneNumber": line["phone"]}
    return {**ids, **names_json(line)}


def _line(call: Call) -> sqlite3.Row:
    sql = "SELECT * FROM lines WHERE project = ? AND id = ?"
    found = call.one(sql, _enveloped_project(call)["id"], call.path["line_id"])
    if found is None:
        raise Refused(fail(404, "LINE_NOT_FOUND", "Line not found").answer)
    return found


_P = "/api/projects/{project_id}"
_S = "/projects/{project_id}"
_L = _P + "/lines/{line_id}/profile"
_KEY = row({"key": TEXT})
_KIND = row({"contentType": TEXT})
_UPLOAD = row({"uploadUrl": TEXT, "key": TEXT})
_SYNCED = row({"projectId": TEXT, "targetedLineCount": COUNT})
_AVATAR = row({"avatarUrl": TEXT})
_LINE_PROFILE = row(
    {"lineId": TEXT, "projectId": TEXT, "phoneNumber": TEXT, "firstName": TEXT, "lastName": TEXT},
    {"avatarUrl": ANY_TEXT},
)
ROUTES = (
    Route("GET", f"{_P}/spectrum/profile", show, either(ref("Profile"), NULL)),
    Route(
        "PATCH",
        f"{_P}/spectrum/profile",
        change,
        succeeded({"profile": ref("Profile")}),
        body=NAMES,
    ),
    Route("POST", f"{_P}/spectrum/profile/sync", sync, enveloped(_SYNCED)),
    Route(
        "POST",
        f"{_P}/spectrum/avatar/upload",
        begin_upload,
        either(_UPLOAD, ref("Said")),
        body=_KIND,
    ),
    Route(
        "POST", f"{_P}/spectrum/avatar/commit", commit, succeeded({"avatarUrl": TEXT}), body=_KEY
    ),
    Route("PUT", "/uploads/{key}", upload, is_open=True),
    Route("PATCH", _L, change_line, enveloped(_LINE_PROFILE), body=NAMES),
    Route("POST", f"{_L}/avatar/upload", begin_line_upload, enveloped(_UPLOAD), body=_KIND),
    Route("POST", f"{_L}/avatar/commit", commit_line, enveloped(_LINE_PROFILE), body=_KEY),
    Route("GET", f"{_S}/profile", show_on_spectrum, ref("Profile")),
    Route("PATCH", f"{_S}/profile", change_on_spectrum, ref("Profile"), body=NAMES),
    Route("GET", f"{_S}/profile/sync", sync_on_spectrum, _SYNCED),
    Route("POST", f"{_S}/profile/sync", sync_on_spectrum, _SYNCED),
    Route("POST", f"{_S}/profile/avatar/upload", begin_upload_on_spectrum, _UPLOAD, body=_KIND),
    Route("POST", f"{_S}/profile/avatar/commit", commit_on_spectrum, _AVATAR, body=_KEY),
)
