"""What a backend's lists and answers mean, typed. Whichever API they are from."""

from datetime import datetime

from msgspec import Struct

from photonctl.model.secret import Secret
from photonctl.model.spec import UNSET, Flag, Text, Words


class ProjectRow(Struct, frozen=True, kw_only=True):
    """A project (contract §3.2).

    Attributes:
        spectrum_id: the Basic user name; None = no Spectrum project behind it (contract §6.8).
        platforms: the enabled ones; None where the server doesn't list them.
        plan: the tier, where the server says it.
        owner_id: the id of the account that owns it, where the server says it.
        is_mine: does the account that is signed in own it? None where the server doesn't say.
    """

    id: str
    name: str
    spectrum_id: str | None
    secret: Secret | None = None
    location: str | None = None
    platforms: frozenset[str] | None = None
    plan: str | None = None
    owner_id: str | None = None
    is_mine: bool | None = None


class CreatedProject(Struct, frozen=True, kw_only=True):
    """What a creation answers (contract §3.3). ``row`` is None in shapes B and B+."""

    id: str
    row: ProjectRow | None = None
    warning: str | None = None


class ProfileRow(Struct, frozen=True, kw_only=True):
    """A project's profile (contract §3.4, §4.1)."""

    first_name: str | None = None
    last_name: str | None = None


class UserRow(Struct, frozen=True, kw_only=True):
    """A user (contract §4.3)."""

    id: str
    type: str
    phone_number: str
    assigned_phone_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    is_owner: bool = False


class WebhookRow(Struct, frozen=True, kw_only=True):
    """A webhook (contract §4.4); UNSET = this generation of the API doesn't have the field."""

    id: str
    webhook_url: str
    failure_notification_email: Text = UNSET
    enabled: Flag = UNSET
    event_types: Words = UNSET
    schema_version: Text = UNSET
    created_at: str | None = None


class SessionUser(Struct, frozen=True, kw_only=True):
    """Who a session belongs to (contract §2.5).

    Attributes:
        expires_at: of the session; None where the server doesn't say.
        owns_project: the project that was asked; None where the server doesn't say, False also
            where it can't be asked.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    expires_at: datetime | None = None
    owns_project: bool | None = None
