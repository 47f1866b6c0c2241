"""In which other project a webhook is live whose secret a declared place holds."""

import asyncio
from collections.abc import Mapping
from typing import TypeAlias
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from photonctl.errors import PhotonctlError
from photonctl.model.held import word
from photonctl.model.ref import ResourceRef
from photonctl.model.state import Evidence, LiveByKind, Occupied
from photonctl.port import AccountPort

_MOST_ASKED, _LONGEST_S = 1_000, 60.0
_FRESH_S = 30.0
_Asked: TypeAlias = "tuple[AccountPort, float, asyncio.Task[dict[str, str]]]"
_asked: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, _Asked]] = WeakKeyDictionary()


async def with_owners(
    account: AccountPort, found: Mapping[ResourceRef, Evidence], live: LiveByKind
) -> Mapping[ResourceRef, Evidence]:
    """Say in which other project a webhook is live whose secret is under a declared name.

    Its manifest may lie beside this one. That is asked for only where a secret is there that
    nothing in this project owns; also where the journal says that it was ours, or is deleted: it
    has that from Photon's answers.
    """
    known = {row.id for rows in live.values() for row in rows.values()}
    strangers = {held.stored_id for e in found.values() for held in e.occupied} - known
    words = {word(webhook_id) for webhook_id in strangers if webhook_id is not None}
    if not words:
        return found
    owners = await _owners_of_run(account)

    def owned(held: Occupied) -> Occupied:
        return replace(held, stored_of=owners.get(word(held.stored_id)) if held.stored_id else None)

    return {ref: replace(e, occupied=tuple(map(owned, e.occupied))) for ref, e in found.items()}


async def _owners_of_run(account: AccountPort) -> Mapping[str, str]:
    """Return what ``_owners`` finds: a fleet asks for each project, and once is enough."""
    loop = asyncio.get_running_loop()
    asked = _asked.setdefault(loop, {})
    known = asked.get(id(account))
    if known is None or loop.time() - known[1] > _FRESH_S:
        known = asked[id(account)] = account, loop.time(), loop.create_task(_owners(account))
    return await asyncio.shield(known[2])


async def _owners(account: AccountPort) -> dict[str, str]:
    """Find webhooks in every project of the account: id, as notes spell it → the project's name.

    What can't be read is left out: the plan says of such a secret that its origin isn't known. So
    it does in an account of more projects than are worth asking for that.
    """

    async def of_one(name: str, project_id: str) -> dict[str, str]:
        try:
            project = await account.find(name, project_id, may_be_gone=True)
            rows = await project.webhooks() if project is not None else ()
        except PhotonctlError:
            return {}
        return {word(row.id): name for row in rows}

    try:
        projects = await account.projects()
        if len(projects) > _MOST_ASKED:
            return {}
        async with asyncio.timeout(_LONGEST_S):
            owned = await asyncio.gather(*(of_one(row.name, row.id) for row in projects))
    except (PhotonctlError, TimeoutError):
        return {}
    return {webhook_id: name for found in owned for webhook_id, name in found.items()}
