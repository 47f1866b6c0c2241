"""The Spectrum API of one project, one method per route (contract §4)."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from photonctl.api.envelope import read_spectrum
from photonctl.api.hook_rows import (
    read_registered_webhook,
    read_rotated_secret,
    read_webhook,
    read_webhooks,
)
from photonctl.api.retry import Repeat
from photonctl.api.rows import (
    read_plain_users,
    read_platforms,
    read_profile,
    read_user,
    read_users,
)
from photonctl.api.shapes import (
    each_once,
    find_object,
    need_text,
    optional_text,
    refuse_long,
    unknown,
)
from photonctl.api.transport import LARGEST_LIST, Request, Transport
from photonctl.errors import (
    Ambiguous,
    RateLimited,
    Rejected,
    ServerFailed,
    UnknownShape,
    Unreachable,
)
from photonctl.model.spec import JsonValue, OneTimeSecrets
from photonctl.port import ProfileRow, UserRow, WebhookRow
from photonctl.texts import text_size

T = TypeVar("T")
_PAGE = 500  # the largest the server allows (contract §5.5)
_MOST_PAGES = 1000
_SMALLEST_PAGE = 10
_MOST_USERS, _MOST_TIMES = 200_000, 3
_LONGEST_LIST_S = 600.0
_GONE = frozenset({404, 410})
_UNPROCESSABLE = 422


class Found(dict[str, UserRow]):
    """The users of a list so far, by their ids."""

    size = 0

    def add(self, page: tuple[UserRow, ...]) -> list[UserRow]:
        """Add a page's rows; return those that are new.

        Raises:
            UnknownShape: two rows have one id: a delete of the one would delete the other. Or they
                hold more text than people's names have.
        """
        what = "list of users"
        each_once(page, what=what)
        if any(self.get(row.id, row) != row for row in page):
            raise unknown(f"{what} with one row for each id")
        fresh = [row for row in page if row.id not in self]
        self.update((row.id, row) for row in fresh)
        self.size += text_size((row.first_name, row.last_name, row.email) for row in fresh)
        refuse_long(self.size, len(self), what=what)
        return fresh


class Spectrum:
    """The routes that a project's id and secret open. Every method raises ApiError."""

    def __init__(self, transport: Transport, project_id: str) -> None:
        self._transport = transport
        self.project_id = project_id

    async def name(self) -> str | None:
        """Read the project's name (contract §4.1); None = the answer has another project's id."""
        data = await self._send(Request(method="GET", path=self._path("/")))
        row = find_object(data, "data", "project", having=("name",), what="project")
        if optional_text(row, "id") not in (None, self.project_id):
            return None
        return need_text(row, "name", what="project name")

    async def users(self) -> tuple[UserRow, ...]:
        """List every active user.

        One request where the server says in ``total`` that it gave all (contract §4.3: paging is
        opt-in). Else, and where that answer is too large or too slow, pages of 500 follow until
        ``total`` or a short page; a server that ignores paging is noticed by a repeated id.

        Returns:
            Rows in the server's order, which means nothing (contract §4.3).

        Raises:
            UnknownShape: no list in the answer, or one without end, or fewer users than the server
                counts. Never taken for "no users".
        """
        try:
            async with asyncio.timeout(_LONGEST_LIST_S):
                return await self._all_users()
        except TimeoutError:
            msg = f"the list of users takes longer than {_LONGEST_LIST_S:.0f} s"
            raise UnknownShape(msg) from None

    async def _all_users(self) -> tuple[UserRow, ...]:
        found, total = Found(), None
        is_whole = False
        with suppress(Ambiguous, Unreachable, ServerFailed, RateLimited, Rejected):
            page, total = await self._users_page({}, Repeat.ONCE)  # pages are the second try
            found.add(page)
            if total is not None and len(found) >= total:
                return tuple(found.values())
            is_whole = total is None
        return await self._paged(found, total, is_whole=is_whole)

    async def _paged(
        self, found: Found, counted: int | None, *, is_whole: bool
    ) -> tuple[UserRow, ...]:
        """Read the pages that follow.

        ``counted``: how many users there are, if the server says so; ``is_whole``: a plain list was
        given.
        """
        seen = 0
        for _ in range(_MOST_PAGES):
            try:
                page, total = await self._users_page({"limit": _PAGE, "offset": len(found)})
            except Rejected as error:
                if error.status != _UNPROCESSABLE or not is_whole:
                    raise
                return tuple(found.values())
            fresh, counted = found.add(page), counted if total is None else total
            is_last = len(page) < _PAGE if counted is None else len(found) >= counted
            if is_last or (counted is None and not fresh):
                return tuple(found.values())
            seen += len(page)
            is_slow = seen > _MOST_TIMES * (len(found) + _PAGE)  # the same rows, again and again
            if not fresh or len(page) < _SMALLEST_PAGE or len(found) > _MOST_USERS or is_slow:
                break
        msg = f"the list of users isn't whole: {len(found)} users, and the server counts more"
        raise UnknownShape(msg, hint="Run the command again. Does a proxy leave some out?")

    async def put_user(self, fields: Mapping[str, JsonValue]) -> UserRow:
        """Create a user, or update the one with this key: the same call (contract §4.3)."""
        path = self._path("/users/")
        return read_user(await self._send(Request(method="POST", path=path, body=fields)))

    async def delete_user(self, user_id: str) -> bool:
        """Delete a user; False = it was gone already."""
        return await self._delete(self._path(f"/users/{quote(user_id, safe='')}/"))

    async def webhooks(self) -> tuple[WebhookRow, ...]:
        """List every active webhook; never holds a secret (contract §4.4)."""
        request = Request(method="GET", path=self._path("/webhooks/"), largest=LARGEST_LIST)
        return await self._read(request, read_webhooks)

    async def register_webhook(
        self, fields: Mapping[str, JsonValue]
    ) -> tuple[WebhookRow, OneTimeSecrets]:
        """Register a URL. The secrets are in this answer and nowhere else.

        Raises:
            Conflict: the same URL is active.
            Ambiguous: the answer was lost; the URL may be registered with a secret nobody knows.
        """
        path = self._path("/webhooks/")
        request = Request(method="POST", path=path, body=fields, repeat=Repeat.ONCE)
        return read_registered_webhook(await self._send(request))

    async def update_webhook(self, webhook_id: str, fields: Mapping[str, JsonValue]) -> WebhookRow:
        """Change fields in place; not offered by older servers (contract §4.4)."""
        request = Request(method="PATCH", path=self._webhook(webhook_id), body=fields)
        return read_webhook(await self._send(request))

    async def delete_webhook(self, webhook_id: str) -> bool:
        """Delete a webhook; False = it was gone already."""
        return await self._delete(self._webhook(webhook_id))

    async def rotate_secret(
        self, webhook_id: str, overlap_s: int | None = None
    ) -> tuple[OneTimeSecrets, datetime | None]:
        """Rotate the standard secret; the legacy one stays as it is (contract §4.4).

        Args:
            webhook_id: whose.
            overlap_s: how long the old one is valid on; None = the server's default.

        Returns:
            The secret, and until when the old one is valid; None = it isn't any more.
        """
        path = self._webhook(webhook_id) + "/secret/rotate"
        body: dict[str, JsonValue] = {} if overlap_s is None else {"overlapSeconds": overlap_s}
        request = Request(method="POST", path=path, body=body, repeat=Repeat.ONCE)
        return read_rotated_secret(await self._send(request))

    async def platforms(self) -> frozenset[str]:
        """Read the enabled platforms (contract §4.2)."""
        request = Request(method="GET", path=self._path("/platforms/"))
        return await self._read(request, read_platforms)

    async def set_platform(self, platform: str, *, enabled: bool) -> None:
        """Enable or disable one platform. Idempotent."""
        body: dict[str, JsonValue] = {"platform": platform, "enabled": enabled}
        await self._send(Request(method="PATCH", path=self._path("/platforms/"), body=body))

    async def profile(self) -> ProfileRow:
        """Read the profile (contract §4.1)."""
        return await self._read(Request(method="GET", path=self._path("/profile")), read_profile)

    async def set_profile(self, names: Mapping[str, JsonValue]) -> None:
        """Change the given names; others stay."""
        await self._send(Request(method="PATCH", path=self._path("/profile"), body=names))

    async def _users_page(
        self, params: Mapping[str, int], repeat: Repeat = Repeat.SAFE
    ) -> tuple[tuple[UserRow, ...], int | None]:
        request = Request(
            method="GET",
            path=self._path("/users/"),
            params=params,
            largest=LARGEST_LIST,
            repeat=repeat,
        )
        answer = await self._transport.send(request)
        found = read_plain_users(answer.body) if answer.status == HTTPStatus.OK else None
        found = found or read_users(read_spectrum(request, answer))
        self._transport.accept_credentials()
        return found

    async def _delete(self, path: str) -> bool:
        try:
            await self._send(Request(method="DELETE", path=path))
        except Rejected as error:
            if error.status not in _GONE:
                raise
            return False
        return True

    async def _send(self, request: Request) -> JsonValue:
        return read_spectrum(request, await self._transport.send(request))

    async def _read(self, request: Request, shape: Callable[[JsonValue], T]) -> T:
        """Read something; who answers as Photon does has accepted the credentials."""
        found = shape(await self._send(request))
        self._transport.accept_credentials()
        return found

    def _webhook(self, webhook_id: str) -> str:
        return self._path(f"/webhooks/{quote(webhook_id, safe='')}")

    def _path(self, tail: str) -> str:
        return f"/projects/{quote(self.project_id, safe='')}{tail}"
