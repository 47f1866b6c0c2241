"""The page at ``/``: what is there, and what was asked last, so that people see what apply did."""

import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from starlette.responses import HTMLResponse

from photonctl.emulator.guard import policy
from photonctl.emulator.pages import render

LAST_REQUESTS = 50


def page(db: sqlite3.Connection, log: Sequence[dict[str, Any]]) -> HTMLResponse:
    """Show projects with their users and webhooks, mail that was sent, and the last requests."""
    # Everything on the page comes from here; the nonce lets its one script run and no other.
    nonce = secrets.token_urlsafe(16)
    text = render(
        "console.html",
        nonce=nonce,
        projects=_projects(db),
        mail=db.execute("SELECT * FROM outbox ORDER BY seq DESC LIMIT 20").fetchall(),
        requests=log[::-1],
        describe=_describe,
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": policy(nonce)})


def _projects(db: sqlite3.Connection) -> list[dict[str, Any]]:
    users, webhooks, platforms = (_by_project(db, sql) for sql in (_USERS, _WEBHOOKS, _PLATFORMS))
    counts = {row["project"]: row["n"] for row in db.execute(_COUNTS)}
    rows = db.execute(
        "SELECT id, spectrum_id, name, tier, location, first_name, last_name FROM projects"
        " WHERE deleted_at IS NULL ORDER BY seq DESC"
    )
    return [
        {
            **row,
            "users": users[row["id"]],
            "user_count": counts.get(row["id"], 0),
            "webhooks": webhooks[row["id"]],
            "platforms": [found["word"] for found in platforms[row["id"]]],
        }
        for row in map(dict, rows)
    ]


def _by_project(db: sqlite3.Connection, sql: str) -> dict[str, list[sqlite3.Row]]:
    found = defaultdict(list)
    for row in db.execute(sql):
        found[row["project"]].append(row)
    return found


# Column by column: what holds a secret isn't even read.
_USERS = """SELECT project, phone, type, assigned, first_name, last_name, email, is_owner
FROM users WHERE deleted_at IS NULL ORDER BY seq DESC LIMIT 500"""
_WEBHOOKS = """SELECT project, id, url, enabled, created_at
FROM webhooks WHERE deleted_at IS NULL ORDER BY seq DESC LIMIT 500"""
_PLATFORMS = "SELECT project, word FROM platforms ORDER BY word"
_COUNTS = "SELECT project, count(*) AS n FROM users WHERE deleted_at IS NULL GROUP BY project"


def _describe(request: dict[str, Any]) -> str:
    body = request["request"]
    return "" if body is None else json.dumps(body, ensure_ascii=False)
