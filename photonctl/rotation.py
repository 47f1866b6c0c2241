"""Rotating a secret where Photon offers it, and storing the new one at once."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

from msgspec import Struct

from photonctl.errors import (
    Ambiguous,
    PhotonctlError,
    RefusedError,
    Rejected,
    SinkError,
    SinkNotWritable,
    Unauthorized,
    UnknownShape,
)
from photonctl.journal import Journal
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.lost_secret import is_standard_signed, is_unfinished
from photonctl.kinds.webhook.rotating import copy_secret, rotate_secret
from photonctl.model.plan import Action, SecretStep, Verb
from photonctl.model.reason import Reason, Why
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared, Origin, SecretRule, SinkSpec, Spec
from photonctl.model.state import Before, DesiredProject, Evidence, LiveProject, Stored, Whose
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.planner.match import DOUBTFUL
from photonctl.planner.secrets import overwrite_refusals
from photonctl.port import AccountPort, ProjectPort, ProjectRow
from photonctl.sinks import Sink, open_sink

_NOT_KEPT = (
    "Run apply: it stores the new secret where the manifest says. Then restart every bot that has "
    "the old one.\n  photonctl apply"
)
_IF_DEAD = (
    "If its bots can't sign in any more, apply: it reads the secret from the dashboard.\n"
    "  photonctl apply"
)
_TRIES = 3


async def rotate_project_secret(
    account: AccountPort,
    row: ProjectRow,
    *,
    prove: Callable[[str, str, Origin], None],
    confirm: Callable[[str, str], None],
    keep: Callable[[str, Origin, Secret], None],
) -> None:
    """Rotate a project's secret; the old one stops working at once (contract §6.5).

    If it can't be kept nothing is lost: the dashboard goes on showing it.

    Args:
        account: a token is needed.
        row: the project; the caller holds its lock.
        prove: called in a thread with its name, id, and host and Spectrum id; raises if the new
            secret could not be kept.
        confirm: called with its name and id, right before it is rotated; raises to refuse.
        keep: called with its name, host and Spectrum id, and new secret.

    Raises:
        RefusedError, AuthError, ApiError: it isn't rotated, or nothing can be known.
        SinkError: it is rotated, and the new secret isn't kept everywhere.
    """
    origin = Origin(host=account.host, project_id=row.spectrum_id or row.id)
    await asyncio.to_thread(prove, row.name, row.id, origin)
    confirm(row.name, row.id)
    secret = await _regenerated(account, row.id)
    for _ in range(_TRIES):
        try:
            await asyncio.to_thread(keep, row.name, origin, secret)
        except (PhotonctlError, OSError) as error:
            msg = f"the secret is rotated, and the old one doesn't work any more, but {error}"
            raise SinkError(msg, hint=_NOT_KEPT) from None
        newest = await _valid_secret(account, row)
        if newest is None or newest == secret:
            return
        secret = newest  # another machine has rotated it in the meantime
    msg = "others rotate the secret all the time, and the newest one isn't stored"
    raise SinkError(msg, hint=_NOT_KEPT)


async def _regenerated(account: AccountPort, project_id: str) -> Secret:
    try:
        return await account.regenerate_secret(project_id)
    except (Ambiguous, UnknownShape, Unauthorized) as error:
        raise type(error)(
            f"{error}; the old secret may not work any more, and no new one was stored",
            hint="Run the same command again, or apply: it reads the secret from the dashboard.",
        ) from None
    except Rejected as error:
        error.hint = error.hint or _IF_DEAD
        raise


async def _valid_secret(account: AccountPort, row: ProjectRow) -> Secret | None:
    """Return the secret that a project has now; None = it can't be known."""
    with suppress(PhotonctlError):
        project = await account.find(row.name, row.id)
        if project is not None:
            await project.webhooks()
            return project.row.secret
    return None


async def rotate_signing_secret(
    account: AccountPort,
    project: DesiredProject,
    ref: ResourceRef,
    overlap_s: int | None,
    begin: Callable[[], None] = lambda: None,
) -> datetime | None:
    """Rotate the standard signing secret of a declared resource, and store it (contract §4.4).

    The legacy signing secret isn't touched. If the new secret is lost on the way, the old one is
    valid until the overlap ends, and the next apply rotates again.

    Args:
        account: where the project is.
        project: as declared; the caller holds its lock.
        ref: a resource that it declares with a secret.
        overlap_s: for how many seconds the old secret stays valid; None = the server's default.
        begin: called right before anything is changed.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        RefusedError: the project or the resource isn't live.
        SinkNotWritable: nothing was changed.
        SinkError: the new secret could not be stored.
        ApiError: it isn't rotated, or nobody knows.
    """
    found = await live_secret(account, project, ref)
    if found.lacks_legacy:
        refuse_unfinished(project.resources[ref.kind][ref.key].label)
    kept = kept_by(account, project, found)
    begin()
    if found.evidence.stored is Stored.ELSEWHERE:
        kept = await asyncio.to_thread(copy_secret, kept, found.id, ref.key)
    return await rotate_secret(kept, webhook_id=found.id, key=ref.key, overlap_s=overlap_s)


class LiveSecret(Struct, frozen=True):
    """A declared resource that is live, where its secret goes, and what is there."""

    id: str
    port: ProjectPort
    sink: Sink
    spec: SinkSpec
    live: Spec
    evidence: Evidence
    seen: tuple[Whose | None, ...]

    @property
    def lacks_legacy(self) -> bool:
        """Was its registration not finished, and does only a legacy secret end it?"""
        return is_unfinished(self.evidence, self.live) and not is_standard_signed(self.live)


def refuse_unfinished(label: str) -> NoReturn:
    """Refuse to end a registration without the secret that signs the webhook's deliveries.

    Raises:
        RefusedError: always.
    """
    raise RefusedError(
        f"the registration of {label} was interrupted before every place had its legacy secret, "
        "which signs its deliveries; nothing was changed",
        hint="To finish it, or to register it again:\n  photonctl apply",
    )


def kept_by(account: AccountPort, project: DesiredProject, found: LiveSecret) -> Kept:
    """Return what keeps its secret."""
    journal = Journal(project.folder, project.state)
    return Kept(found.port, journal, found.sink, found.spec, account.host, seen=found.seen)


async def live_secret(
    account: AccountPort, project: DesiredProject, ref: ResourceRef
) -> LiveSecret:
    """Find a declared resource that is live, and where its secret goes.

    Raises:
        RefusedError: it isn't live, or twice; or a place holds another's secret.
        SinkNotWritable: its place would be thrown away.
    """
    declared = project.resources[ref.kind][ref.key]
    rule = _kept_by(project, declared)
    live, port = await refresh(account, _only(project, ref, declared))
    row = live.resources.get(ref.kind, {}).get(ref.key)
    if port is None or row is None or row.id is None:
        raise RefusedError(
            f"{declared.label} isn't registered", hint="To register it:\n  photonctl apply"
        )
    if ref.key in live.doubtful(ref.kind):
        raise RefusedError(f"{declared.label} isn't changed: {DOUBTFUL}")
    _refuse_overwriting(live, ref, declared, row.id)
    sink = open_sink(rule.sink, project.folder, project.state)
    seen = Before.of(live).seen(rule.sink)
    return LiveSecret(row.id, port, sink, rule.sink, row.spec, live.evidence[ref], seen)


def _only(project: DesiredProject, ref: ResourceRef, declared: Declared[Any]) -> ObservationRequest:
    return ObservationRequest(
        name=project.name,
        id=project.id,
        keys={ref.kind: frozenset({ref.key})},
        secrets={ref: declared},
        folder=project.folder,
        state=project.state,
        is_only=True,
    )


def _kept_by(project: DesiredProject, declared: Declared[Any]) -> SecretRule:
    rule = declared.secret
    assert rule is not None
    if rule.sink.is_default and project.policy.ci is not None:
        raise SinkNotWritable(
            f"this is a CI run ({project.policy.ci}), and {declared.label} declares no secret "
            "sink, so its new secret would be lost with this runner's disk",
            hint="Declare where it goes, for example secret: {envFile: .env}, and keep that file.",
        )
    return rule


def _refuse_overwriting(
    live: LiveProject, ref: ResourceRef, declared: Declared[Any], live_id: str
) -> None:
    assert declared.secret is not None
    action = Action(
        verb=Verb.UPDATE,
        kind=ref.kind,
        key=ref.key,
        label=declared.label,
        id=live_id,
        reason=Reason(Why.SECRET_LOST),
        sink=declared.secret.sink,
        secret_steps=(SecretStep.ROTATE,),
    )
    for refusal in overwrite_refusals([action], live):
        raise RefusedError(refusal.message, hint=refusal.hint)
