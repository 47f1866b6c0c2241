"""Who may open a project on Spectrum, and how often (contract 4.0, 5.5)."""

import base64
import re
import sqlite3
import time
from collections import deque

from photonctl.emulator.answers import Broken, Invalid, fail
from photonctl.emulator.call import Call

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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


def readable_project(call: Call) -> sqlite3.Row:
    """Return the path's project, also to a caller without credentials.

    Photon's SDK sends none with some reads; whether the live server still answers isn't known
    (contract 4.2). Wrong ones are refused.
    """
    if call.authorization:
        return opened_project(call)
    sql = "SELECT * FROM projects WHERE spectrum_id = ? AND deleted_at IS NULL"
    row = call.one(sql, call.path["project_id"])
    if row is None:
        raise Broken(404, "project_not_found", "Project not found")
    return row


def opened_project(call: Call) -> sqlite3.Row:
    """Check path and credentials: a pair of one project opens that project only."""
    project_id = call.path["project_id"]
    if not UUID.fullmatch(project_id):
        raise Invalid("projectId", "a UUID", place="params")
    name, secret = _basic(call.authorization)
    row = call.one(
        "SELECT * FROM projects WHERE spectrum_id = ? AND deleted_at IS NULL", project_id
    )
    if row is None or name != project_id or not secret or secret != row["secret"]:
        raise fail(401, "unauthorized", "Unauthorized")
    call.admit()
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
