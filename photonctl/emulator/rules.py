"""What Photon does, apart from how it is asked: enrolment, upserts, caps, numbers, secrets."""

import secrets
import sqlite3
import uuid
from typing import Any

from photonctl.emulator.account import EMAIL
from photonctl.emulator.answers import OLDER, Broken
from photonctl.emulator.call import Call, age_s, now

PLATFORMS = ("imessage", "whatsapp_business", "voice", "slack")
_CAPS = {"free": 10, "pro": 100}
_INVITE_PAUSE_S = 24 * 60 * 60
_NEW_LINE = "INSERT INTO lines (id, project, phone, created_at, is_given) VALUES (?, ?, ?, ?, ?)"
_NEW_MAIL = "INSERT INTO outbox (id, user, sent_to, sent_at) VALUES (?, ?, ?, ?)"
_DEDICATED_LINES = ("+16285550100", "+16285550101")


def new_secret() -> str:
    """Return a project secret (contract 3.2)."""
    return f"spk_live_{secrets.token_urlsafe(32)}"


def create_project(call: Call, *, name: str, location: str, has_spectrum: bool) -> sqlite3.Row:
    """Make a project, with the dedicated lines that a local Photon gives away for nothing."""
    project_id = str(uuid.uuid4())
    # Before mid-2026 the two ids were different ones (contract 6.8).
    spectrum_id = str(uuid.uuid4()) if call.rules.generation == OLDER else project_id
    call.run(
        "INSERT INTO projects (id, spectrum_id, name, location, secret, tier, template,"
        " observability, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?)",
        project_id,
        spectrum_id if has_spectrum else None,
        name,
        location,
        new_secret() if has_spectrum and "null-secret" not in call.rules.variants else None,
        call.rules.tier,
        now(),
        now(),
    )
    for phone in _DEDICATED_LINES:
        line = (str(uuid.uuid4()), project_id, phone, now(), 1)
        call.run(_NEW_LINE, *line)
    row = call.one("SELECT * FROM projects WHERE id = ?", project_id)
    assert row is not None
    return row


def set_platform(call: Call, project: str, word: str, *, enabled: bool) -> None:
    """Enable or disable a platform; both APIs see it."""
    call.run("DELETE FROM platforms WHERE project = ? AND word = ?", project, word)
    if enabled:
        call.run("INSERT INTO platforms (project, word) VALUES (?, ?)", project, word)


def enabled_platforms(call: Call, project: str) -> list[str]:
    """Return the enabled ones, in the contract's order."""
    rows = call.all("SELECT word FROM platforms WHERE project = ?", project)
    enabled = {row["word"] for row in rows}
    return [word for word in PLATFORMS if word in enabled]


def enrol_owner(call: Call, project: str) -> str:
    """Make the account's owner a shared user, and return ``ownerStatus`` (contract 3.3)."""
    variants = call.rules.variants
    if call.rules.owner_phone is None:
        return "skipped_no_phone"
    if "owner-no-line" in variants:
        return "skipped_pool_exhausted"
    if "owner-fails" in variants or "imessage" not in enabled_platforms(call, project):
        return "failed"
    fields = {
        "phoneNumber": call.rules.owner_phone,
        "firstName": "Olive",
        "lastName": "Owner",
        "email": EMAIL,
    }
    is_marked = "owner-unmarked" not in variants
    owner = _insert_user(call, project, "shared", _shared_number(call), fields, is_owner=is_marked)
    call.run(_NEW_MAIL, str(uuid.uuid4()), owner["id"], EMAIL, now())  # contract 6.4
    return "added"


def count_users(call: Call, project: str) -> int:
    """Count the active ones."""
    sql = "SELECT count(*) AS n FROM users WHERE project = ? AND deleted_at IS NULL"
    found = call.one(sql, project)
    assert found is not None
    return int(found["n"])


def put_user(call: Call, project: sqlite3.Row, fields: dict[str, Any]) -> sqlite3.Row:
    """Create a user, or find the one with the same key (contract 4.3)."""
    if "imessage" not in enabled_platforms(call, project["id"]):
        raise Broken(403, "imessage_not_enabled", "iMessage is not enabled for this project")
    if fields["type"] == "dedicated":
        return _put_dedicated(call, project["id"], fields)
    return _put_shared(call, project, fields)


def _put_shared(call: Call, project: sqlite3.Row, fields: dict[str, Any]) -> sqlite3.Row:
    active = "SELECT * FROM users WHERE project = ? AND type = 'shared' AND deleted_at IS NULL"
    known = call.one(f"{active} AND phone = ?", project["id"], fields["phoneNumber"])
    if call.rules.generation == OLDER:
        # The older text: the same phone or e-mail is returned as it is.
        if known is None and fields.get("email"):
            known = call.one(f"{active} AND email = ?", project["id"], fields["email"])
        if known is not None:
            return known
    elif known is not None:
        return _update_user(call, known["id"], fields)
    cap = _CAPS.get(project["tier"])
    if cap is not None and len(call.all(active, project["id"])) >= cap:
        if "bare-conflicts" in call.rules.variants:
            raise Broken(409, "", "Conflict")
        message = f"Maximum number of shared users ({cap}) reached"
        raise Broken(409, "shared_user_limit_reached", message)
    return _insert_user(call, project["id"], "shared", _shared_number(call), fields)


def _put_dedicated(call: Call, project: str, fields: dict[str, Any]) -> sqlite3.Row:
    assigned = fields["assignedPhoneNumber"]
    known = call.one(
        "SELECT * FROM users WHERE project = ? AND type = 'dedicated' AND phone = ?"
        " AND assigned = ? AND deleted_at IS NULL",
        project,
        fields["phoneNumber"],
        assigned,
    )
    if known is not None and "dedicated-upsert" in call.rules.variants:
        return _update_user(call, known["id"], fields)
    if known is not None:
        return known  # unchanged (contract 8, 14)
    if call.one("SELECT 1 FROM lines WHERE project = ? AND phone = ?", project, assigned) is None:
        raise Broken(409, "line_not_owned", f"{assigned} is not a line of this project")
    return _insert_user(call, project, "dedicated", assigned, fields)


def _update_user(call: Call, user_id: str, fields: dict[str, Any]) -> sqlite3.Row:
    """Write what was given; nothing can be cleared (contract 8, 13)."""
    columns = (("first_name", "firstName"), ("last_name", "lastName"), ("email", "email"))
    for column, name in columns:
        if fields.get(name) is not None:
            sql = f"UPDATE users SET {column} = ? WHERE id = ?"  # noqa: S608  # our columns
            call.run(sql, fields[name], user_id)
    return _user(call, user_id)


def _insert_user(  # noqa: PLR0913  # a row
    call: Call,
    project: str,
    kind: str,
    assigned: str,
    fields: dict[str, Any],
    *,
    is_owner: bool = False,
) -> sqlite3.Row:
    user_id = str(uuid.uuid4())
    call.run(
        "INSERT INTO users (id, project, type, phone, assigned, first_name, last_name, email,"
        " is_owner, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        user_id,
        project,
        kind,
        fields["phoneNumber"],
        assigned,
        fields.get("firstName"),
        fields.get("lastName"),
        fields.get("email"),
        is_owner,
        now(),
    )
    return _user(call, user_id)


def _user(call: Call, user_id: str) -> sqlite3.Row:
    row = call.one("SELECT * FROM users WHERE id = ?", user_id)
    assert row is not None
    return row


def _shared_number(call: Call) -> str:
    """Take the pool's next number: somebody who comes back gets another one (contract 8, 11)."""
    row = call.one("SELECT coalesce(max(seq), 0) AS last FROM users")
    assert row is not None
    return f"+1415555{row['last'] % 10_000:04d}"


def add_line(call: Call, project: sqlite3.Row) -> sqlite3.Row:
    """Give the project one more dedicated line; only the Business plan has them (contract 3.4)."""
    if project["tier"] != "business":
        raise Broken(403, "plan_required", "Dedicated lines need the Business plan")
    count = call.one("SELECT count(*) AS n FROM lines")
    assert count is not None
    line_id = str(uuid.uuid4())
    phone = f"+1628556{count['n'] % 10_000:04d}"
    call.run(_NEW_LINE, line_id, project["id"], phone, now(), 0)
    row = call.one("SELECT * FROM lines WHERE id = ?", line_id)
    assert row is not None
    return row


def remove_line(call: Call, project: sqlite3.Row, line_id: str) -> None:
    """Give a dedicated line up."""
    found = call.one("SELECT 1 FROM lines WHERE project = ? AND id = ?", project["id"], line_id)
    if found is None:
        raise Broken(404, "line_not_found", "Line not found")
    call.run("DELETE FROM lines WHERE id = ?", line_id)


def invite(call: Call, user: sqlite3.Row) -> str:
    """Send an invitation, at most one in 24 hours (contract 3.4); returns its id."""
    sql = "SELECT sent_at FROM outbox WHERE user = ? ORDER BY seq DESC"
    last = call.one(sql, user["id"])
    if last is not None and age_s(last["sent_at"]) < _INVITE_PAUSE_S:
        raise Broken(409, "already_invited", "An invitation was sent in the last 24 hours")
    if not user["email"]:
        raise Broken(422, "no_email", "User has no email")
    email_id = str(uuid.uuid4())
    call.run(_NEW_MAIL, email_id, user["id"], user["email"], now())
    return email_id


def is_available(call: Call, phone: str) -> bool:
    """Can this person get a shared line? Not while one is placed (contract 4.5)."""
    sql = "SELECT 1 FROM users WHERE phone = ? AND type = 'shared' AND deleted_at IS NULL"
    return call.one(sql, phone) is None


def is_dedicated(call: Call, project: str) -> bool:
    """Has the project dedicated lines in use? One that hasn't is a shared one (contract 4.5)."""
    sql = "SELECT 1 FROM users WHERE project = ? AND type = 'dedicated' AND deleted_at IS NULL"
    return call.one(sql, project) is not None
