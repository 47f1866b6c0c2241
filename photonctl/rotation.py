"""Making a secret anew where Photon offers it, and keeping it in the same breath."""

import asyncio
from collections.abc import Callable

from photonctl.api.account import Access, Account
from photonctl.model.secret import Secret


def rotate_project_secret(
    access: Access,
    wanted: str,
    *,
    confirm: Callable[[str, str], None],
    keep: Callable[[str, str, Secret], None],
) -> None:
    """Generate a project's secret anew; the old one stops working at once (contract §6.5).

    If it can't be kept nothing is lost: the dashboard shows it on.

    Args:
        access: hosts and credentials; a token is needed.
        wanted: the project's name or id.
        confirm: called with its name and id; raises to refuse.
        keep: called with its name, Spectrum id and new secret.

    Raises:
        RefusedError: there is no such project, or several.
        AuthError, ApiError: the token isn't accepted, or nothing can be known.
    """

    async def run() -> None:
        async with Account(access) as account:
            await account.check_token()
            ((name, project_id),) = await account.named(wanted)
            api = await account.find(name, project_id)
            assert api is not None  # it was listed
            confirm(name, project_id)
            secret = await account.dashboard().regenerate_secret(project_id)
            await asyncio.to_thread(keep, name, api.spectrum.project_id, secret)

    asyncio.run(run())
