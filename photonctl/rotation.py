"""Making a secret anew where Photon offers it, and keeping it in the same breath."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.errors import RefusedError, SinkNotWritable
from photonctl.executor.refresh import refresh
from photonctl.executor.scope import Scope
from photonctl.journal import Journal
from photonctl.locks import LockRules, lock_names, one_at_a_time
from photonctl.model.plan import Action, Verb
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared
from photonctl.model.state import DesiredProject, Stored
from photonctl.planner.secrets import overwrite_refusals
from photonctl.resources.registration import rotate_and_keep, take_along
from photonctl.sinks import open_sink


def rotate_project_secret(
    access: Access,
    wanted: str,
    *,
    confirm: Callable[[str, str, str], None],
    keep: Callable[[str, str, Secret], None],
) -> None:
    """Generate a project's secret anew; the old one stops working at once (contract §6.5).

    If it can't be kept nothing is lost: the dashboard shows it on.

    Args:
        access: hosts and credentials; a token is needed.
        wanted: the project's name or id.
        confirm: called with its name, id and Spectrum id; raises to refuse.
        keep: called with its name, Spectrum id and new secret.

    Raises:
        RefusedError: there is no such project, or several.
        AuthError, ApiError: the token isn't accepted, or nothing can be known.
    """

    async def run() -> None:
        async with Account(access) as account:
            await account.check_token()
            (row,) = await account.named(wanted)
            confirm(row.name, row.id, row.spectrum_id or row.id)
            secret = await account.dashboard().regenerate_secret(row.id)
            await asyncio.to_thread(keep, row.name, row.spectrum_id or row.id, secret)

    asyncio.run(run())


def rotate_webhook_secret(
    access: Access,
    project: DesiredProject,
    webhook: Declared[Any],
    overlap_s: int | None,
    lock: LockRules,
) -> datetime | None:
    """Make a webhook's standard signing secret anew, and store it (contract §4.4).

    The older signing secret isn't touched. If the new secret is lost on the way, the old one is
    valid until the overlap ends, and the next apply makes another one.

    Args:
        access: hosts and credentials.
        project: as declared.
        webhook: as declared, with a rule for its secret.
        overlap_s: how long the old secret is valid on; None = the server's default.
        lock: how to wait for an apply of the same project.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        RefusedError: the project or the webhook isn't live, or an apply is at work.
        SinkNotWritable: nothing was changed.
        SinkError: the new secret could not be stored.
        ApiError: it isn't rotated, or nobody knows.
    """
    rule = webhook.secret
    assert rule is not None
    if rule.sink.is_default and project.policy.ci is not None:
        raise SinkNotWritable(
            f"this is a CI run ({project.policy.ci}), and this webhook declares no secret sink, so "
            "its new secret would be lost with this runner's disk",
            hint="Declare where it goes, for example secret: {envFile: .env}, and keep that file.",
        )
    scope = Scope(
        name=project.name,
        id=project.id,
        keys={"webhook": frozenset({webhook.key})},
        secrets={webhook.key: webhook},
        folder=project.folder,
        is_only=True,
    )
    sink = open_sink(rule.sink, project.folder)

    async def run() -> datetime | None:
        async with Account(access) as account:
            live, api = await refresh(account, scope)
            row = live.resources.get("webhook", {}).get(webhook.key)
            if api is None or row is None or row.id is None:
                raise RefusedError(
                    f"{webhook.label} isn't registered", hint="To register it:\n  photonctl apply"
                )
            found = live.evidence[webhook.key]
            action = Action(
                verb=Verb.UPDATE,
                kind="webhook",
                key=webhook.key,
                label=webhook.label,
                id=row.id,
                reason="",
                sink=rule.sink,
            )
            for refusal in overwrite_refusals([action], live):
                raise RefusedError(refusal.message, hint=refusal.hint)
            if found.stored is Stored.ELSEWHERE:
                await asyncio.to_thread(take_along, sink, row.id)
            return await rotate_and_keep(
                api.spectrum,
                Journal(project.folder),
                sink,
                webhook_id=row.id,
                key=webhook.key,
                overlap_s=overlap_s,
            )

    with one_at_a_time(lock_names([project], access.spectrum_url), lock):
        return asyncio.run(run())
