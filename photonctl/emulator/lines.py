"""Dedicated lines on both surfaces, and how iMessage is used (contract 3.4, 4.5, 4.6)."""

import sqlite3

from starlette.responses import JSONResponse, Response

from photonctl.emulator import rules
from photonctl.emulator.account import signed_in
from photonctl.emulator.answers import OLDER, Broken, line_json, ok
from photonctl.emulator.call import Call
from photonctl.emulator.dashboard import known_project, project_row
from photonctl.emulator.opening import opened_project, readable_project
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import COUNT, FLAG, NULL, TEXT, either, ref, row, succeeded

_BILLING = {"quantity": 1, "prorationAmount": 0, "syncStatus": "synced"}


def list_lines(call: Call) -> Response:
    """List the dedicated lines."""
    signed_in(call)
    row = project_row(call)
    shown = [line_json(line) for line in _lines(call, row["id"])] if row else []
    if call.rules.generation == OLDER:
        return JSONResponse(shown)
    # Null comes beside an empty list only (contract 3.4).
    return JSONResponse({"lines": shown, "pendingRegistrations": [] if shown else None})


def add_line(call: Call) -> Response:
    """Buy a dedicated line: the Business plan's."""
    project = known_project(call)
    return JSONResponse({"success": True, "line": line_json(rules.add_line(call, project))})


def remove_line(call: Call) -> Response:
    """Give a dedicated line up."""
    rules.remove_line(call, known_project(call), call.path["line_id"])
    return JSONResponse({"success": True})


def list_on_spectrum(call: Call) -> Response:
    """List the dedicated lines."""
    shown = [line_json(row) for row in _lines(call, opened_project(call)["id"])]
    return ok(shown if call.rules.generation == OLDER else {"lines": shown})


def add_on_spectrum(call: Call) -> Response:
    """Buy a dedicated line."""
    line = rules.add_line(call, opened_project(call))
    return ok({"line": line_json(line), "billing": _BILLING})


def remove_on_spectrum(call: Call) -> Response:
    """Give a dedicated line up."""
    rules.remove_line(call, opened_project(call), call.path["line_id"])
    return ok({"billing": _BILLING})


def best_line(call: Call) -> Response:
    """Show the best line; 404 = none."""
    rows = _lines(call, opened_project(call)["id"])
    if not rows:
        raise Broken(404, "no_line", "No line available")
    return ok(line_json(min(rows, key=lambda row: row["phone"])))


def imessage(call: Call) -> Response:
    """Show how iMessage is used: shared, unless the project has lines in use."""
    is_dedicated = rules.is_dedicated(call, readable_project(call)["id"])
    return ok({"type": "dedicated" if is_dedicated else "shared"})


def _lines(call: Call, project: str) -> list[sqlite3.Row]:
    """Return the dedicated lines: those that were bought, and with a user on one, all of them.

    A shared project lists none (contract 4.6), though a local Photon has some to give away.
    """
    given = "" if rules.is_dedicated(call, project) else " AND is_given = 0"
    return call.all(f"SELECT * FROM lines WHERE project = ?{given}", project)  # noqa: S608  # ours


def availability(call: Call) -> Response:
    """Say whether a person can get a shared line."""
    opened_project(call)
    return ok({"available": rules.is_available(call, call.query.get("phoneNumber", ""))})


_P = "/api/projects/{project_id}"
_S = "/projects/{project_id}"
_BILLED = row({"quantity": COUNT, "prorationAmount": {"type": "number"}, "syncStatus": TEXT})
_PHONE_QUERY = {"phoneNumber": TEXT}
ROUTES = (
    Route("GET", f"{_P}/lines", list_lines, ref("DashboardLines")),
    Route(
        "POST",
        f"{_P}/lines",
        add_line,
        succeeded({"line": ref("Line")}),
        body=row({"platform": {"const": "imessage"}}),
    ),
    Route("DELETE", _P + "/lines/{line_id}", remove_line, succeeded()),
    Route(
        "GET",
        f"{_S}/imessage",
        imessage,
        row({"type": {"enum": ["shared", "dedicated"]}}),
        is_open=True,
    ),
    Route(
        "GET",
        f"{_S}/imessage/shared/availability",
        availability,
        row({"available": FLAG}),
        query=_PHONE_QUERY,
    ),
    Route("GET", f"{_S}/lines", list_on_spectrum, ref("SpectrumLines")),
    Route("GET", f"{_S}/lines/route", best_line, ref("Line")),
    Route(
        "POST",
        f"{_S}/lines",
        add_on_spectrum,
        row({"line": ref("Line"), "billing": _BILLED}),
        body=row({}, {"platform": {"const": "imessage"}}),
    ),
    Route(
        "DELETE",
        _S + "/lines/{line_id}",
        remove_on_spectrum,
        row({"billing": either(_BILLED, NULL)}),
    ),
)
