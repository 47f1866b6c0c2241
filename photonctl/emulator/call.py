"""One request on its way through the emulator: what every route gets."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams

from photonctl.emulator.quirks import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRules:
    """How a device login goes; times in seconds.

    Attributes:
        approves_by_itself: nobody has to look at the page.
        token_shape: which of the answers of contract 2.3 carries the token.
    """

    interval_s: float = 5
    code_lifetime_s: float = 1800
    token_lifetime_s: float = 7 * 24 * 60 * 60
    approves_by_itself: bool = False
    token_shape: str = "access_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the run was set up with.

    Attributes:
        generation: whose shapes are spoken.
        tier: the plan of new projects.
        owner_phone: the account's number; None = it has none.
        device: how logins go.
    """

    generation: str
    tier: str
    owner_phone: str | None
    device: "DeviceRules"


@dataclass(slots=True, kw_only=True)
class Call:
    """A request with its transaction."""

    db: sqlite3.Connection
    rules: Rules
    quirks: Quirks
    path: dict[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    content: bytes

    @property
    def authorization(self) -> str:
        """The credential's header, or nothing."""
        return self.headers.get("authorization", "")

    @property
    def origin(self) -> str:
        """Where the caller reached us."""
        return f"http://{self.headers.get('host', 'localhost')}"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; anything else counts as an empty one."""
        try:
            value = json.loads(self.content or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row."""
        row: sqlite3.Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return every row."""
        return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> None:
        """Change something."""
        self.db.execute(sql, values)


def age_s(stamp: str) -> float:
    """Return how many seconds ago a time was."""
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def now() -> str:
    """Return the time as Photon writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
