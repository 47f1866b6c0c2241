"""What a server's row means, typed. Anything that isn't read here is ignored, never an error."""

from collections.abc import Callable
from datetime import UTC, datetime
from sys import intern
from typing import overload

from photonctl.api.parsing import parse_users
from photonctl.api.shapes import (
    checked_id,
    enabled_platforms,
    find_list,
    find_object,
    first_text,
    has_any,
    need_id,
    need_text,
    optional_secret,
    optional_text,
    refuse_long,
    unknown,
)
from photonctl.model.secret import Secret, is_credential, noted_size
from photonctl.model.spec import E164, JsonObject, JsonValue
from photonctl.port import CreatedProject, ProfileRow, ProjectRow, SessionUser, UserRow
from photonctl.texts import text_size

_SPECTRUM_IDS = (
    "spectrumProjectId",
    "spectrum_project_id",
    "spectrum.projectId",
    "spectrum.project_id",
    "credentials.projectId",
)
_PROJECT_SECRETS = (
    "projectSecret",
    "project_secret",
    "spectrumProjectSecret",
    "spectrum.projectSecret",
    "spectrum.secret",
    "credentials.projectSecret",
)
_PLATFORM_KEYS = ("platforms", "enabledPlatforms", "enabled_platforms")
_MOST_SECRETS = 2**20  # characters; 10,000 projects have some 500,000
_MOST_REMEMBERED = 4 * 2**20  # of a process; 10,000 projects that are opened have 1,800,000
_LONGEST_TYPE = 64
_OWNER_MARK = "project_owner"


def read_projects(value: JsonValue) -> tuple[ProjectRow, ...]:
    """Read the project list."""
    paths = ("data", "projects", "items", "results", "data.projects")
    before = noted_size()
    what, size, letters = "list of projects", 0, 0
    rows: list[ProjectRow] = []
    for item in find_list(value, *paths, what=what):
        row = _listed_project(item, before)
        rows.append(row)
        size += text_size(((row.name, row.location, row.plan),))
        refuse_long(size, len(rows), what=what)
        words = (row.id, row.spectrum_id, row.owner_id, *(row.platforms or ()))
        letters += sum(len(word) for word in words if word)  # each is looked for secrets, too
        refuse_long(letters, len(rows), what=what)
    ids = [id_ for row in rows for id_ in {row.id, row.spectrum_id} - {None}]
    if len(set(ids)) != len(ids):  # each may name a project in a manifest, and opens one
        raise unknown("list of projects in which each id is one project's")
    return tuple(rows)


def read_project(value: JsonValue) -> ProjectRow | None:
    """Read one project; None = unknown or foreign (contract §3.1)."""
    if value is None:
        return None
    ids = ("id", "dashboardProjectId", "dashboard_project_id")
    return _project(find_object(value, "data", "project", having=ids, what="project"))


def read_created_project(value: JsonValue) -> CreatedProject:
    """Read a creation's answer, shapes A, B, B+ and E of contract §3.3."""
    ids = ("id", "dashboardProjectId", "dashboard_project_id")
    row = find_object(value, "data", "project", having=ids, what="created project")
    warning = row.get("warning")
    is_whole = has_any(row, ("name", "displayName"))
    optional_secret(row, _PROJECT_SECRETS, what="project secret")  # known before other texts
    return CreatedProject(
        id=need_id(row, *ids, what="project id"),
        row=_project(row) if is_whole else None,
        warning=_warning(warning) if isinstance(warning, dict) else None,
    )


def read_regenerated_secret(value: JsonValue) -> Secret:
    """Read the new project secret (contract §3.1): none that requests of this run carry."""
    row = find_object(value, "data", having=_PROJECT_SECRETS[:1], what="project secret")
    secret = optional_secret(row, _PROJECT_SECRETS, what="project secret")
    if secret is None or is_credential(first_text(row, _PROJECT_SECRETS) or ""):
        raise unknown("new project secret")
    return secret


def read_platforms(value: JsonValue) -> frozenset[str]:
    """Read the enabled platforms."""
    if isinstance(value, dict):
        inner = next((value[key] for key in _PLATFORM_KEYS if key in value), value)
        return enabled_platforms(inner)
    return enabled_platforms(value)


def read_profile(value: JsonValue) -> ProfileRow:
    """Read a profile; ``null`` is one without names."""
    if value is None:
        return ProfileRow()
    names = ("firstName", "lastName", "projectId")
    row = find_object(value, "data", "profile", having=names, what="profile")
    return ProfileRow(
        first_name=optional_text(row, "firstName"), last_name=optional_text(row, "lastName")
    )


def read_plain_users(body: bytes) -> tuple[tuple[UserRow, ...], int | None] | None:
    """Read such a page from an answer as documented; None = it may be one of another form."""
    try:
        return parse_users(body, _counting())
    except ValueError:
        return None


def read_users(value: JsonValue) -> tuple[tuple[UserRow, ...], int | None]:
    """Read a page of users and the total, where the server gives it."""
    paths = ("users", "data.users", "data", "items", "results")
    rows = find_list(value, *paths, what="list of users")
    total = value.get("total") if isinstance(value, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        total = None
    return tuple(map(_counting(), rows)), total


def read_user(value: JsonValue) -> UserRow:
    """Read one user."""
    having = ("phoneNumber",)
    return _user(find_object(value, "user", "data", "body", having=having, what="user"))


def read_session(value: JsonValue) -> SessionUser | None:
    """Read ``get-session``: None unless ``user`` is a non-empty object (contract §2.5)."""
    if value is not None and not isinstance(value, dict):
        return None
    user = (value or {}).get("user")
    if not isinstance(user, dict) or not user:
        return None
    return SessionUser(
        id=optional_text(user, "id"),
        name=optional_text(user, "name"),
        email=optional_text(user, "email"),
        phone_number=optional_text(user, "phoneNumber"),
        expires_at=read_time(first_text(value or {}, ["session.expiresAt"])),
    )


def read_time(text: str | None) -> datetime | None:
    """Read a time as Photon writes it; None = it is none."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        return None


def _listed_project(row: JsonObject, before: int) -> ProjectRow:
    """Read a project of a list, whose secret no output may show, whether it is used or not.

    ``before``: how much was remembered when the list began. What is known already adds nothing.
    """
    if noted_size() - before > _MOST_SECRETS or noted_size() > _MOST_REMEMBERED:
        raise unknown("list of projects with no more secrets than an account has")
    return _project(row)


def _project(row: JsonObject) -> ProjectRow:
    project_id = need_id(row, "id", "dashboardProjectId", "dashboard_project_id", what="project id")
    # A present but empty key means "no Spectrum side", not "the same id" (contract §6.8).
    is_split = has_any(row, _SPECTRUM_IDS)
    spectrum_id = first_text(row, _SPECTRUM_IDS) if is_split else project_id
    listed = next((row[key] for key in _PLATFORM_KEYS if row.get(key) is not None), None)
    secret = optional_secret(row, _PROJECT_SECRETS, what="project secret")  # before other texts
    return ProjectRow(
        id=project_id,
        name=need_text(row, "name", "displayName", what="project name"),
        spectrum_id=spectrum_id and checked_id(spectrum_id, what="Spectrum project id"),
        secret=secret,
        location=optional_text(row, "location"),
        platforms=None if listed is None else enabled_platforms(listed),
        plan=optional_text(row, "plan"),
        owner_id=optional_text(row, "userId"),
        is_mine=mine if isinstance(mine := row.get("isOwner"), bool) else None,
    )


def _counting() -> Callable[[JsonObject], UserRow]:
    """Return what reads the users of one answer, and refuses the first whose texts are too much.

    To look for secrets in a text takes longer than to parse it.
    """
    size = count = 0

    def read(row: JsonObject) -> UserRow:
        nonlocal size, count
        user = _user(row)
        size += text_size(((user.first_name, user.last_name, user.email),))
        count += 1
        refuse_long(size, count, what="list of users")
        return user

    return read


def _user(row: JsonObject) -> UserRow:
    meta = row.get("meta")
    return UserRow(
        id=need_id(row, "id", what="user id"),
        type=_type(optional_text(row, "type") or "shared"),
        phone_number=_phone(need_text(row, "phoneNumber", what="user's phoneNumber")),
        assigned_phone_number=_phone(optional_text(row, "assignedPhoneNumber")),
        first_name=optional_text(row, "firstName"),
        last_name=optional_text(row, "lastName"),
        email=optional_text(row, "email"),
        is_owner=isinstance(meta, dict) and _marks_owner(meta),
    )


def _type(text: str) -> str:
    if len(text) > _LONGEST_TYPE:
        raise unknown("users' type")
    return intern(text)  # one text for all rows


@overload
def _phone(text: str) -> str: ...
@overload
def _phone(text: str | None) -> str | None: ...
def _phone(text: str | None) -> str | None:
    """Return a live number; a masked one, e.g. ``+861****2796``, can't be compared (contract §4.3).

    Raises:
        UnknownShape: it isn't E.164.
    """
    if text is not None and E164.fullmatch(text) is None:
        raise unknown("users' phone numbers, whole and in E.164,")
    return text


def _marks_owner(meta: JsonObject) -> bool:
    """Is the mark there, as a key with a true value or as a value (contract §6.2, 1)?"""
    if meta.get(_OWNER_MARK) not in (None, False, "", 0, "false"):
        return True
    return any(
        value == _OWNER_MARK or (isinstance(value, list) and _OWNER_MARK in value)
        for value in meta.values()
    )


def _warning(warning: JsonObject) -> str | None:
    code, message = optional_text(warning, "code"), optional_text(warning, "message")
    return ": ".join(text for text in (code, message) if text) or None
