"""Live state → manifest documents, for ``photonctl export``."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from photonctl.concurrent import together
from photonctl.kinds import kinds
from photonctl.model.names import taken_names
from photonctl.model.spec import DEFAULT_ENV_FILE, Live
from photonctl.model.state import LiveProject
from photonctl.observer.bounds import Bounds
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.port import AccountPort
from photonctl.sinks.env_file import names_by_id

_LONGEST = 180  # characters; a manifest's keys have at most 200


async def export(account: AccountPort, project: str | None, folder: Path) -> list[dict[str, Any]]:
    """Read live projects as manifest documents: one by name or id, or every one.

    Args:
        account: where they are.
        project: None = every one.
        folder: where the manifest will be: the env file there may hold secrets under other names
            than the default ones, and a plan of the manifest is to be empty.

    Raises:
        PhotonctlError: there is no such project, or it can't be read.
    """
    found = await account.matching(project)
    bounds = Bounds()
    lives = await together(*(_live(account, row.name, row.id, bounds) for row in found))
    names = _Names(names_by_id(folder / DEFAULT_ENV_FILE))
    return [_document(live, names, is_alone=len(lives) == 1) for live in lives]


class _Names:
    """The names of secrets in the default env file: no two of all documents share one."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """Take those that are stored already, by the ids of what they are of."""
        self._known = known
        self._taken = {name for key in known.values() for name in taken_names(key)}
        self._next: dict[str, int] = {}  # the first number that may be free, for each beginning

    def of(self, live: Live[Any], default: str) -> str:
        """Return what a secret is or will be stored as; a number tells it from others."""
        stored = self._known.get(live.id or "")
        if stored is not None:
            return stored
        free = default if self._is_free(default) else self._numbered(default[:_LONGEST])
        self._taken.update(taken_names(free))
        return free

    def _numbered(self, beginning: str) -> str:
        numbers = count(self._next.get(beginning, 2))
        number = next(n for n in numbers if self._is_free(f"{beginning}_{n}"))
        self._next[beginning] = number + 1
        return f"{beginning}_{number}"

    def _is_free(self, name: str) -> bool:
        return self._taken.isdisjoint(taken_names(name))


async def _live(account: AccountPort, name: str, project_id: str, bounds: Bounds) -> LiveProject:
    request = ObservationRequest.of_everything(name, project_id)
    live, _ = await refresh(account, request)
    return bounds.take(live)


def _document(live: LiveProject, names: _Names, *, is_alone: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"version": 1}
    for kind in kinds():
        rows = [row for _, row in sorted(live.resources.get(kind.name, {}).items())]
        defaults = kind.secret_names(rows, is_alone=is_alone)
        if defaults:
            pairs = zip(rows, defaults, strict=True)
            rows = [replace(row, stored_as=names.of(row, default)) for row, default in pairs]
        kind.render(rows, document, is_alone=is_alone)
    return document
