"""Users as a manifest writes them: rows, keys, and what is wrong with them. Pure."""

from collections.abc import Iterator

from photonctl.codes import Code
from photonctl.kinds.values import Problem
from photonctl.model.filled import shown, shown_text
from photonctl.model.spec import (
    UNSET,
    Declared,
    JsonObject,
    JsonValue,
    Spec,
    Text,
    spec_to_json,
)

FIELDS = ("firstName", "lastName", "email")
"""What a repeated creation changes in place (contract §4.3)."""


class UserSpec(Spec, frozen=True, kw_only=True):
    """A user's declarable fields (contract §4.3)."""

    type: str = "shared"
    phone_number: str
    assigned_phone_number: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    email: Text = UNSET


def user_key(user_type: str, phone_number: str, assigned: str | None) -> str:
    """Return the natural key: the phone number, and a dedicated user's line (contract §6.1)."""
    return f"{phone_number}/{assigned or ''}" if user_type == "dedicated" else phone_number


def user_rows(document: JsonObject) -> Iterator[tuple[JsonObject, tuple[str | int, ...]]]:
    """Yield the rows of ``users`` and of each table, and where they are."""
    users = document.get("users")
    for index, row in enumerate(users if isinstance(users, list) else []):
        if isinstance(row, dict):
            yield row, ("users", index)
    tables = document.get("usersFrom")
    for table, rows in enumerate(tables if isinstance(tables, list) else []):
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, dict):
                yield row, ("usersFrom", table, index)


def declared_user(row: JsonObject, at: tuple[str | int, ...]) -> Declared[UserSpec]:
    """Read one row."""
    spec = UserSpec(
        type=str(row.get("type", "shared")),
        phone_number=_text_of(row.get("phoneNumber", "")),
        assigned_phone_number=_text(row, "assignedPhoneNumber"),
        first_name=_text(row, "firstName"),
        last_name=_text(row, "lastName"),
        email=_text(row, "email"),
    )
    assigned = spec.assigned_phone_number if isinstance(spec.assigned_phone_number, str) else None
    key = user_key(spec.type, spec.phone_number, assigned)
    label = user_key(spec.type, shown_text(spec.phone_number), assigned and shown_text(assigned))
    return Declared(key=key, label=label, spec=spec, at=at)


def _text_of(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


def _text(row: JsonObject, name: str) -> Text:
    """Return a field as text; empty counts as null, which Photon can't store (contract §4.3)."""
    if name not in row:
        return UNSET
    value = row[name]
    return value if isinstance(value, str) and value else None


def line_problems(user: Declared[UserSpec]) -> Iterator[Problem]:
    """Find a line where none belongs, or none where one does."""
    has_line = isinstance(user.spec.assigned_phone_number, str)
    if user.spec.type == "dedicated" and not has_line:
        message = (
            "a dedicated user needs assignedPhoneNumber: one of the project's own lines, "
            'for example "+16285550100".'
        )
        yield Problem(code=Code.ASSIGNED_NUMBER, at=user.at, message=message)
    if user.spec.type == "shared" and has_line:
        message = (
            "Photon assigns a shared user's line itself. Remove assignedPhoneNumber, "
            "or add type: dedicated."
        )
        yield Problem(
            code=Code.ASSIGNED_NUMBER, at=(*user.at, "assignedPhoneNumber"), message=message
        )


def twice(at: tuple[str | int, ...], what: str, value: str) -> Problem:
    """Say that two users have one of what only one can have."""
    quoted = f'"{shown(value)}"'
    return Problem(
        code=Code.DECLARED_TWICE,
        at=at,
        message=f"the {what} {quoted} is declared twice. Keep one of the two users.",
        quotes=quoted,
    )


def rendered_user(spec: UserSpec) -> JsonObject:
    """Write a user as a manifest has it."""
    data = {k: v for k, v in spec_to_json(spec).items() if v is not None}
    kind: dict[str, JsonValue] = {"phoneNumber": data.pop("phoneNumber")}
    if data.pop("type") == "dedicated":
        kind["type"] = "dedicated"
    else:
        data.pop("assignedPhoneNumber", None)
    return {**kind, **data}
