"""Device login (RFC 8628; contract 2.1 to 2.3), and the page on which a person approves it."""

import secrets
import sqlite3
import time
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, Response

from photonctl.emulator import pages
from photonctl.emulator.account import signed_in
from photonctl.emulator.call import Call
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import COUNT, TEXT, either, ref, row
from photonctl.emulator.variants import SESSION_ONLY

_CLIENTS = frozenset({"photon-cli"})  # allow-listed (contract 2.1)
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_NO_STORE = {"Cache-Control": "no-store"}
_CODE = "SELECT * FROM device_codes WHERE user_code = ?"


def issue(db: sqlite3.Connection, *, lifetime_s: float, opens_projects: bool) -> str:
    """Make a session and return its token: opaque, 32 characters (contract 2.3)."""
    token = secrets.token_hex(16)
    row = (token, time.time() + lifetime_s, opens_projects)
    db.execute("INSERT INTO sessions VALUES (?, ?, ?, 0)", row)
    return token


def start(call: Call) -> Response:
    """Begin a device login."""
    client_id = call.text("client_id")
    if not client_id:
        return _refused("invalid_request", "client_id is required")
    if client_id not in _CLIENTS:
        return _refused("invalid_client", "Invalid client ID")
    rules = call.rules.device
    device_code = secrets.token_urlsafe(30)
    user_code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    call.run(
        "INSERT INTO device_codes VALUES (?, ?, ?, ?, ?, ?, ?)",
        device_code,
        user_code,
        client_id,
        call.text("scope"),
        "approved" if rules.approves_by_itself else "pending",
        time.time() + rules.code_lifetime_s,
        0,  # the clock for slow_down starts with the first poll
    )
    page = f"{call.origin}/device"
    answer = {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": int(rules.code_lifetime_s),
        "interval": max(1, int(rules.interval_s)),
    }
    return JSONResponse(answer, headers=_NO_STORE)


def poll(call: Call) -> Response:  # noqa: PLR0911  # RFC 8628's answers, one each
    """Ask for the token, checked in the library's order (contract 2.2)."""
    if call.text("grant_type") != _GRANT:
        return _refused("unsupported_grant_type", "Unsupported grant type")
    found = call.one(
        "SELECT * FROM device_codes WHERE device_code = ? AND client_id = ?",
        call.text("device_code"),
        call.text("client_id"),
    )
    if found is None:
        return _refused("invalid_grant", "Invalid device code")
    at = time.time()
    if at - found["polled_at"] < call.rules.device.interval_s:
        return _refused("slow_down", "Polling too frequently")  # which doesn't move the clock
    sql = "UPDATE device_codes SET polled_at = ? WHERE device_code = ?"
    call.run(sql, at, found["device_code"])
    state = "expired" if at >= found["expires_at"] else found["state"]
    if state == "pending":
        return _refused("authorization_pending", "Authorization pending")
    call.run("DELETE FROM device_codes WHERE device_code = ?", found["device_code"])
    if state == "expired":
        return _refused("expired_token", "Device code has expired")
    if state == "denied":
        return _refused("access_denied", "Access denied")
    return _answer(call, found["scope"])


def look(call: Call) -> Response:
    """Tell the state of a code."""
    code = _normal(call.query.get("user_code", ""))
    row = call.one(_CODE, code)
    if row is None or time.time() >= row["expires_at"]:
        return _refused("invalid_request", "Invalid user code")
    return JSONResponse({"user_code": code, "status": row["state"]})


def approve_by_api(call: Call) -> Response:
    """Approve a login, signed in."""
    return _decide_by_api(call, "approve")


def deny_by_api(call: Call) -> Response:
    """Deny a login, signed in."""
    return _decide_by_api(call, "deny")


def page(call: Call) -> Response:
    """Ask for the code, or show who asks."""
    code = _normal(call.query.get("user_code", ""))
    if not code:
        return HTMLResponse(pages.ask_for_code())
    row = call.one(_CODE, code)
    if row is None or row["state"] != "pending":
        return HTMLResponse(pages.ask_for_code(_unknown(code)), 404)
    if time.time() >= row["expires_at"]:
        return HTMLResponse(pages.ask_for_code(f"The code {code} has expired. Log in again."), 410)
    return HTMLResponse(pages.ask_for_approval(code, row["client_id"], row["scope"] or ""))


def decide_on_page(call: Call) -> Response:
    """Take the form's answer."""
    form = parse_qs(call.content.decode("utf-8", "replace"))
    code = _normal(form.get("user_code", [""])[0])
    decision = form.get("decision", [""])[0]
    if decision not in ("approve", "deny") or not _decide(call, code, decision):
        return HTMLResponse(pages.ask_for_code(_unknown(code)), 404)
    if decision == "approve":
        return HTMLResponse(pages.told("Approved. You can close this page and go back."))
    return HTMLResponse(pages.told("Denied. Nobody was signed in."))


def _decide_by_api(call: Call, decision: str) -> Response:
    signed_in(call)
    if not _decide(call, _normal(call.text("userCode")), decision):
        return _refused("invalid_request", "Invalid user code")
    return JSONResponse({"success": True})


def _decide(call: Call, code: str, decision: str) -> bool:
    row = call.one(_CODE, code)
    if row is None or row["state"] != "pending" or time.time() >= row["expires_at"]:
        return False
    state = "approved" if decision == "approve" else "denied"
    call.run("UPDATE device_codes SET state = ? WHERE user_code = ?", state, code)
    return True


def _unknown(code: str) -> str:
    return f"There is no open request with the code {code}." if code else "Type the code."


def _normal(code: str) -> str:
    """A code may be typed with a dash, spaces and small letters (contract 2.1)."""
    return "".join(c for c in code.upper() if c.isalnum())[:8]


def _refused(error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return JSONResponse(body, 400, headers=_NO_STORE)


def _answer(call: Call, scope: str | None) -> Response:
    rules = call.rules.device
    shape, lifetime_s = rules.token_shape, rules.token_lifetime_s
    is_good = shape not in SESSION_ONLY
    token = issue(call.db, lifetime_s=lifetime_s, opens_projects=is_good)
    standard: dict[str, Any] = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": int(lifetime_s),
        "scope": scope or "",
    }
    bodies: dict[str, dict[str, Any]] = {
        "accessToken": {"accessToken": token},
        "session": {"session": {"access_token": token}},
        "data": {"data": {"access_token": token}},
        "data-camel": {"data": {"accessToken": token}},
        "header": {"session": {"id": "session_emulator"}, "user": {"id": "user_emulator"}},
    }
    headers = dict(_NO_STORE)
    if shape == "header":
        headers["set-auth-token"] = token
    elif shape == "session-only-then-header":
        good = issue(call.db, lifetime_s=lifetime_s, opens_projects=True)
        headers["set-auth-token"] = good
    return JSONResponse(bodies.get(shape, standard), headers=headers)


_CODE_ANSWER = row(
    {
        "device_code": TEXT,
        "user_code": TEXT,
        "verification_uri": TEXT,
        "verification_uri_complete": TEXT,
        "expires_in": COUNT,
        "interval": COUNT,
    }
)
_TOKEN_ANSWER = either(
    row({"access_token": TEXT, "token_type": TEXT, "expires_in": COUNT, "scope": TEXT}),
    row({"accessToken": TEXT}),
    row({"session": {"type": "object"}}),
    row({"data": {"type": "object"}}),
)
_START = row({"client_id": TEXT}, {"scope": TEXT})
_POLL = row({"grant_type": TEXT, "device_code": TEXT, "client_id": TEXT})
_DECISION = row({"userCode": TEXT})
_DONE = either(row({"success": {"const": True}}), ref("OAuthFailure"))
_A = "/api/auth/device"
# Bodies are checked by hand: OAuth has failures of its own. The schemas are the document's.
ROUTES = (
    Route("POST", f"{_A}/code", start, _CODE_ANSWER, body=_START, is_open=True, is_lax=True),
    Route("POST", f"{_A}/token", poll, _TOKEN_ANSWER, body=_POLL, is_open=True, is_lax=True),
    Route(
        "GET",
        _A,
        look,
        row({"user_code": TEXT, "status": TEXT}),
        query={"user_code": TEXT},
        is_open=True,
    ),
    Route("POST", f"{_A}/approve", approve_by_api, _DONE, body=_DECISION, is_lax=True),
    Route("POST", f"{_A}/deny", deny_by_api, _DONE, body=_DECISION, is_lax=True),
    Route("GET", "/device", page, is_open=True),
    Route("POST", "/device", decide_on_page, is_open=True),
)
