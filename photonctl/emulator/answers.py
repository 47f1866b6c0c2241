"""Rows of the store → JSON, in the shapes of each API generation (contract 3.2, 4.3, 4.4)."""

import json
import sqlite3
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response

OLDER = "2026-06"
NEWER = "2026-09"


class Refused(Exception):
    """Ends a request with the given answer; its changes are rolled back."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Broken(Exception):
    """A rule of Photon's was broken; each surface says so in its own way.

    Attributes:
        status, code: what Spectrum answers with; the codes are our invention (contract 8, 1),
            except those of contract 5.4.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Invalid(Exception):
    """A request doesn't fit its schema; each surface says so in its own way (contract 5.3).

    Attributes:
        place: ``body`` or ``query``.
        field: its name; empty = the whole body.
        expected: what it should be.
    """

    def __init__(self, field: str, expected: str, *, place: str = "body") -> None:
        super().__init__(f"{field or place} should be {expected}")
        self.place = place
        self.field = field
        self.expected = expected


class _FastJson(JSONResponse):
    """Writes a list of 100,000 users in a tenth of a second; the same bytes otherwise."""

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


def ok(data: Any) -> JSONResponse:
    """Return Spectrum's envelope (contract 4.0)."""
    return _FastJson({"succeed": True, "data": data})


def fail(status: int, code: str, message: str) -> Refused:
    """Return Spectrum's failure."""
    codes = {"code": code} if code else {}
    return Refused(
        JSONResponse({"succeed": False, "data": None, **codes, "message": message}, status)
    )


def said(error: str) -> Refused:
    """Return the dashboard's failure: a 200 (contract 3.5)."""
    return Refused(JSONResponse({"error": error}))


def unfit(problem: Invalid) -> JSONResponse:
    """Return the server framework's validation object (contract 5.3)."""
    body = {
        "type": "validation",
        "on": problem.place,
        "property": f"/{problem.field}",
        "message": f"Expected {problem.expected}",
        "summary": f"Property '{problem.field}' should be {problem.expected}",
    }
    return JSONResponse(body, 422)


def project_json(
    row: sqlite3.Row,
    platforms: list[str],
    user_count: int,
    *,
    generation: str,
    with_secret: bool,
) -> dict[str, Any]:
    """Return a project (contract 3.2)."""
    common = {
        "id": row["id"],
        "name": row["name"],
        "location": row["location"],
        "status": "running",
        "template": bool(row["template"]),
        "observability": bool(row["observability"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
    if generation == OLDER:
        return {
            **common,
            "spectrum": row["spectrum_id"] is not None,
            "spectrumProjectId": row["spectrum_id"],
            "projectSecret": row["secret"],
            "userId": "user_emulator",
        }
    return {
        **common,
        "plan": row["tier"],
        "platforms": platforms,
        "projectSecret": row["secret"] if with_secret else None,
        "userCount": user_count,
        "avatarUrl": row["avatar_url"],
        "slackChannelId": None,
        "slackTeamId": None,
        **({"isOwner": True} if with_secret else {"messages30d": 0, "hourly": []}),
    }


def user_json(row: sqlite3.Row, spectrum_id: str) -> dict[str, Any]:
    """Return a user (contract 4.3)."""
    return {
        "id": row["id"],
        "projectId": spectrum_id,
        "type": row["type"],
        "phoneNumber": row["phone"],
        "assignedPhoneNumber": row["assigned"],
        "firstName": row["first_name"],
        "lastName": row["last_name"],
        "email": row["email"],
        "meta": {"project_owner": True} if row["is_owner"] else None,
        "createdAt": row["created_at"],
    }


def webhook_json(row: sqlite3.Row, generation: str) -> dict[str, Any]:
    """Return a webhook without its secrets (contract 4.4)."""
    common = {
        "id": row["id"],
        "webhookUrl": row["url"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
    if generation == OLDER:
        return common
    return {
        **common,
        "schemaVersion": row["schema_version"],
        "eventTypes": json.loads(row["event_types"]),
        "enabled": bool(row["enabled"]),
        "status": "active" if row["enabled"] else "disabled",
        "disabledAt": None if row["enabled"] else row["updated_at"],
        "disabledReason": None if row["enabled"] else "manual",
        "failureNotificationEmail": row["failure_email"],
    }


def names_json(row: sqlite3.Row) -> dict[str, Any]:
    """Return what a project or a line shows of itself: names are never null (contract 3.4)."""
    return {
        "firstName": row["first_name"] or "",
        "lastName": row["last_name"] or "",
        "avatarUrl": row["avatar_url"],
    }


def line_json(row: sqlite3.Row) -> dict[str, Any]:
    """Return a dedicated line (contract 4.6)."""
    return {
        "id": row["id"],
        "platform": "imessage",
        "phoneNumber": row["phone"],
        "status": "available",
        "profile": names_json(row),
        "createdAt": row["created_at"],
    }
