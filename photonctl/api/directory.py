"""Which projects an account has, and which of them is meant. Knows no secrets."""

import asyncio
from collections.abc import Callable
from functools import cached_property

from photonctl.api.choice import only_one
from photonctl.api.dashboard import Dashboard
from photonctl.errors import RefusedError
from photonctl.model.filled import shown_text
from photonctl.port import ProjectRow
from photonctl.texts import look_alike, nfc, printable

_MOST_NAMED = 1_000  # live projects, in an error


class _Listed:
    """The projects of an account, by their ids and names."""

    def __init__(self, rows: tuple[ProjectRow, ...]) -> None:
        self.rows = rows
        self.by_id: dict[str, ProjectRow] = {}
        self.by_name: dict[str, list[ProjectRow]] = {}
        for row in rows:
            self.by_name.setdefault(nfc(row.name), []).append(row)
            if row.spectrum_id is not None:
                self.by_id.setdefault(row.spectrum_id, row)
        self.by_id.update((row.id, row) for row in reversed(rows))  # its own id comes first

    @cached_property
    def alike(self) -> dict[str, list[ProjectRow]]:
        """How a person reads a name → the projects that are called so."""
        found: dict[str, list[ProjectRow]] = {}
        for row in self.rows:
            found.setdefault(look_alike(row.name), []).append(row)
        return found


class Directory:
    """The account's list of projects; one request until it is forgotten."""

    def __init__(self, dashboard: Callable[[], Dashboard]) -> None:
        self._dashboard = dashboard
        self._listing: asyncio.Task[_Listed] | None = None

    async def projects(self) -> tuple[ProjectRow, ...]:
        """List the account's projects; one request, however many documents ask."""
        return (await self._listed()).rows

    async def _listed(self) -> _Listed:
        if self._listing is None:
            self._listing = asyncio.create_task(self._list())
        # Shared by all callers: one that is cancelled must not end it for the others.
        return await asyncio.shield(self._listing)

    async def _list(self) -> _Listed:
        return _Listed(await self._dashboard().projects())

    @property
    def is_read(self) -> bool:
        """Is the list there, or on its way?"""
        return self._listing is not None

    def forget(self) -> None:
        """Let the next call ask the server again."""
        self._listing = None

    async def find(
        self, name: str, project_id: str | None, *, may_be_gone: bool
    ) -> ProjectRow | None:
        """Find a project by its id, else by its name; see ``AccountPort.find``."""
        listed = await self._listed()
        if project_id is None:
            return only_one(listed.by_name.get(nfc(name), []), name)
        found = listed.by_id.get(project_id)
        if found is None and not may_be_gone:
            raise RefusedError(
                f"no live project has the id {shown_text(project_id)}",
                hint="Correct project.id, or leave it out to create a new project.",
            )
        return found

    async def matching(self, wanted: str | None) -> list[ProjectRow]:
        """List the projects of this name or id; None = every project.

        Raises:
            RefusedError: there is none.
        """
        rows = await self.projects()
        found = [r for r in rows if wanted in (None, r.id, r.spectrum_id, r.name)]
        if not found:
            known = sorted(f'"{printable(row.name)}"' for row in rows)
            more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
            names = ", ".join(known[:_MOST_NAMED]) + more or "none"
            raise RefusedError(
                "there is no live project" + (f' with the name or id "{wanted}"' if wanted else ""),
                hint=f"Live projects: {names}",
            )
        if wanted is not None:
            by_id = [row for row in found if wanted in (row.id, row.spectrum_id)]
            found = by_id or found
            only_one(found, wanted)
        return sorted(found, key=lambda row: (row.name, row.id))

    async def look_alikes(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return name and id of the live projects that one might take for this new one."""
        listed = await self._listed()
        return tuple((row.name, row.id) for row in listed.alike.get(look_alike(name), ()))
