"""Live state → manifest documents, for ``photonctl export``."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.executor.refresh import refresh, together
from photonctl.executor.scope import Scope
from photonctl.model.spec import DEFAULT_ENV_FILE
from photonctl.model.state import LiveProject
from photonctl.resources import KINDS
from photonctl.sinks.env_file import names_by_id


def export(access: Access, project: str | None, folder: Path) -> list[dict[str, Any]]:
    """Read live projects as manifest documents: one by name or id, or every one.

    Args:
        access: how to reach Photon.
        project: None = every one.
        folder: where the manifest will be: the env file there may hold secrets under other names
            than the default ones, and a plan of the manifest is to be empty.

    Raises:
        PhotonctlError: there is no such project, or it can't be read.
    """

    async def run() -> list[LiveProject]:
        async with Account(access) as account:
            found = await account.named(project)
            return await together(*(_live(account, row.name, row.id) for row in found))

    lives = asyncio.run(run())
    names = names_by_id(folder / DEFAULT_ENV_FILE)
    return [_document(live, names, is_alone=len(lives) == 1) for live in lives]


async def _live(account: Account, name: str, project_id: str) -> LiveProject:
    keys: dict[str, frozenset[str]] = {kind.name: frozenset() for kind in KINDS}
    live, _ = await refresh(account, Scope(name=name, id=project_id, keys=keys, folder=Path()))
    return live


def _document(live: LiveProject, names: Mapping[str, str], *, is_alone: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"version": 1}
    for kind in KINDS:
        found = sorted(live.resources.get(kind.name, {}).items())
        rows = [replace(row, stored_as=names.get(row.id or "")) for _, row in found]
        kind.render(rows, document, is_alone=is_alone)
    return document
