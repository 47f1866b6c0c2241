"""One request on its way through the emulator: what every route gets."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from starlette.datastructures import QueryParams

from photonctl.emulator.answers import Invalid
from photonctl.emulator.quirks import Quirks

_LATE_S = 0.5


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
        variants: names of ``variants.VARIANTS``.
    """

    generation: str
    tier: str
    owner_phone: str | None
    device: DeviceRules = field(default_factory=DeviceRules)
    variants: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Call:
    """A request with its transaction.

    Attributes:
        check: raises Invalid for a body that doesn't fit the route's schema; None = any does.
    """

    db: sqlite3.Connection
    rules: Rules
    quirks: Quirks
    path: dict[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    content: bytes
    check: Callable[[Any], None] | None

    @property
    def authorization(self) -> str:
        """The credential's header, or nothing."""
        return self.headers.get("authorization", "")

    @property
    def origin(self) -> str:
        """Where the caller reached us."""
        return f"http://{self.headers.get('host', 'localhost')}"

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent.

        Raises:
            Invalid: it is something else, or doesn't fit the route's schema.
        """
        value = parse_json(self.content)
        if not isinstance(value, dict):
            raise Invalid("", "a JSON object")
        if self.check is not None:
            self.check(value)
        return value

    def admit(self) -> None:
        """Hold the body against the schema; called once the credential is known to be good.

        Raises:
            Invalid: it doesn't fit.
        """
        if self.check is not None:
            _ = self.body

    def text(self, name: str) -> str:
        """Return a text of the body as it is; empty = there is none."""
        try:
            value = parse_json(self.content)
        except Invalid:
            return ""
        found = value.get(name) if isinstance(value, dict) else None
        return found if isinstance(found, str) else ""

    def count(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number of the query.

        Raises:
            Invalid: it is none, or out of its range.
        """
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
            raise Invalid(name, "a whole number", place="query")
        if not least <= int(text) <= most:
            raise Invalid(name, f"{least} to {most}", place="query")
        return int(text)

    @property
    def readable_until(self) -> str:
        """What was created after this can't be read yet (contract 8, 8)."""
        if "late-reads" not in self.rules.variants:
            return "9999"
        return now(later_s=-_LATE_S)

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
    """Return how many seconds ago a time was; negative = it is still to come."""
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def now(*, later_s: float = 0) -> str:
    """Return the time, or one after it, as Photon writes it."""
    time = datetime.now(UTC) + timedelta(seconds=later_s)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_json(content: bytes) -> Any:
    """Read a body; an empty one is an empty object.

    Raises:
        Invalid: it is no JSON, or can't be written again.
    """
    try:
        value = json.loads(content or b"{}", parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Invalid("", "JSON") from error
    return value


def _no_number(_: str) -> float:
    raise ValueError
