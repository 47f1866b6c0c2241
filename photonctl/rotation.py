"""Making a secret anew where Photon offers it, and keeping it in the same breath."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from photonctl.api.account import Access, Account
from photonctl.errors import Ambiguous, RefusedError, SinkError
from photonctl.model.secret import Secret
from photonctl.model.state import DesiredProject
from photonctl.sinks import Sink
from photonctl.urls import webhook_key


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


def rotate_webhook_secret(
    access: Access, project: DesiredProject, key: str, sink: Sink, overlap_s: int | None
) -> datetime | None:
    """Make a webhook's standard signing secret anew, and store it (contract §4.4).

    The older signing secret isn't touched. If the new secret is lost on the way, the old one is
    valid until the overlap ends, and another rotation gives another one.

    Args:
        access: hosts and credentials.
        project: as declared.
        key: the webhook's, as ``webhook_key`` returns it.
        sink: where the secret goes.
        overlap_s: how long the old secret is valid on; None = the server's default.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        RefusedError: the project or the webhook isn't live.
        SinkNotWritable: nothing was changed.
        SinkError: the new secret could not be stored.
        ApiError: it isn't rotated, or nobody knows.
    """

    async def run() -> datetime | None:
        async with Account(access) as account:
            api = await account.find(project.name, project.id, is_only=True)
            rows = await api.spectrum.webhooks() if api else ()
            found = [row.id for row in rows if webhook_key(row.webhook_url) == key]
            if api is None or not found:
                raise RefusedError(
                    f"{key} isn't registered", hint="To register it:\n  photonctl apply"
                )
            await asyncio.to_thread(sink.check_writable)
            again = "To get another one:\n  photonctl webhook rotate " + key
            try:
                secrets, until = await api.spectrum.rotate_secret(found[0], overlap_s)
            except Ambiguous as error:
                raise Ambiguous(f"{error}; there may be a new secret", hint=again) from None
            try:
                await asyncio.to_thread(sink.store, secrets)
            except SinkError as error:
                raise SinkError(f"{error}; it is lost", hint=again) from None
            return until

    return asyncio.run(run())
