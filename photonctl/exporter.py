"""Live state → manifest documents, for ``photonctl export``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from photonctl.concurrent import together
from photonctl.kinds import kinds
from photonctl.model.spec import DEFAULT_ENV_FILE
from photonctl.model.state import LiveProject
from photonctl.observer.bounds import Bounds
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.port import AccountPort
from photonctl.sinks.env_file import names_by_id


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
    names = names_by_id(folder / DEFAULT_ENV_FILE)
    return [_document(live, names, is_alone=len(lives) == 1) for live in lives]


async def _live(account: AccountPort, name: str, project_id: str, bounds: Bounds) -> LiveProject:
    request = ObservationRequest.of_everything(name, project_id)
    live, _ = await refresh(account, request)
    return bounds.take(live)


def _document(live: LiveProject, names: Mapping[str, str], *, is_alone: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"version": 1}
    for kind in kinds():
        found = sorted(live.resources.get(kind.name, {}).items())
        rows = [replace(row, stored_as=names.get(row.id or "")) for _, row in found]
        kind.render(rows, document, is_alone=is_alone)
    return document
