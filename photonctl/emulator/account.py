"""Whose session it is: ``/api/auth/…`` except device login (contract 2.5, 2.6)."""

import sqlite3
import time
from datetime import UTC, datetime

from starlette.responses import JSONResponse, Response

from photonctl.emulator.answers import Refused
from photonctl.emulator.call import Call
from photonctl.emulator.route import Route
from photonctl.emulator.schemas import ANY_TEXT, FLAG, TEXT, either, list_of, row

EMAIL = "owner@emulator.example"
_USER_ID = "user_emulator"
_SINCE = "2026-01-01T00:00:00.000Z"
_NOBODY = {"type": "null"}


def health(_: Call) -> Response:
    """Say that the server is there."""
    return JSONResponse({"status": "ok"})


def auth_ok(_: Call) -> Response:
    """Say that sign-in is there."""
    return JSONResponse({"ok": True})


def info(_: Call) -> Response:
    """Name the environment."""
    return JSONResponse({"environment": "emulator"})


def metadata(call: Call) -> Response:
    """Describe the sign-in server (RFC 8414; contract 2.6)."""
    auth = f"{call.origin}/api/auth"
    return JSONResponse(
        {
            "issuer": auth,
            "device_authorization_endpoint": f"{auth}/device/code",
            "token_endpoint": f"{auth}/device/token",
            "scopes_supported": ["openid", "profile", "email"],
        }
    )


def get_session(call: Call) -> Response:
    """Show the session; ``null`` for a bad token (contract 2.5)."""
    found = _valid_session(call)
    if found is None:
        return JSONResponse(None)
    user: dict[str, object] = {
        "id": _USER_ID,
        "name": "Olive Owner",
        "email": EMAIL,
        "emailVerified": True,
        "image": None,
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
    }
    expires = datetime.fromtimestamp(found["expires_at"], UTC).isoformat(timespec="milliseconds")
    session = {
        "id": "session_emulator",
        "userId": _USER_ID,
        "token": found["token"],
        "expiresAt": expires.replace("+00:00", "Z"),
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
        "ipAddress": "",
        "userAgent": call.headers.get("user-agent", ""),
    }
    if call.rules.owner_phone is not None:
        user["phoneNumber"] = call.rules.owner_phone
    return JSONResponse({"session": session, "user": user})


def sign_out(call: Call) -> Response:
    """Revoke the session; success, also without one (contract 2.6)."""
    found = _valid_session(call)
    if found is not None:
        call.run("UPDATE sessions SET revoked = 1 WHERE token = ?", found["token"])
    return JSONResponse({"success": True})


def profile(call: Call) -> Response:
    """Show what the account's owner said of themselves (contract 2.6)."""
    signed_in(call)
    said = ("referralSource", "background", "companyName")
    return JSONResponse(
        {
            "id": "profile_emulator",
            "userId": _USER_ID,
            "type": "individual",
            "platforms": ["imessage"],
            **dict.fromkeys(said),
        }
    )


def signed_in(call: Call) -> None:
    """Go on with a valid session only; some sign in and open no project (contract 2.5)."""
    found = _valid_session(call)
    if found is None:
        raise Refused(JSONResponse({"error": "Unauthorized"}, 401))
    if not found["opens_projects"]:
        raise Refused(JSONResponse({"error": "invalid_token"}, 401))
    call.admit()


def _valid_session(call: Call) -> sqlite3.Row | None:
    scheme, _, token = call.authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    sql = "SELECT * FROM sessions WHERE token = ? AND revoked = 0 AND expires_at > ?"
    return call.one(sql, token.strip(), time.time())


_TIMES = {"createdAt": TEXT, "updatedAt": TEXT}
_SESSION = row(
    {
        "session": row(
            {"id": TEXT, "userId": TEXT, "token": TEXT, "expiresAt": TEXT, **_TIMES},
            {"ipAddress": ANY_TEXT, "userAgent": ANY_TEXT},
        ),
        "user": row(
            {"id": TEXT, "name": TEXT, "email": TEXT, "emailVerified": FLAG, **_TIMES},
            {"image": ANY_TEXT, "phoneNumber": TEXT},
        ),
    }
)
_PROFILE = row(
    {"id": TEXT, "userId": TEXT, "type": TEXT, "platforms": list_of(TEXT)},
    {"referralSource": ANY_TEXT, "background": ANY_TEXT, "companyName": ANY_TEXT},
)
_METADATA = row({"issuer": TEXT, "token_endpoint": TEXT, "scopes_supported": list_of(TEXT)})
ROUTES = (
    Route("GET", "/api/health", health, row({"status": TEXT}), is_open=True),
    Route("GET", "/api/info", info, row({"environment": TEXT}), is_open=True),
    Route("GET", "/api/auth/ok", auth_ok, row({"ok": {"const": True}}), is_open=True),
    Route("GET", "/api/auth/get-session", get_session, either(_SESSION, _NOBODY)),
    Route("POST", "/api/auth/sign-out", sign_out, row({"success": {"const": True}})),
    Route("GET", "/api/profile", profile, _PROFILE),
    *(
        Route("GET", f"/.well-known/{name}/api/auth", metadata, _METADATA, is_open=True)
        for name in ("openid-configuration", "oauth-authorization-server")
    ),
)
