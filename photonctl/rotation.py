"""Rotating a secret where Photon offers it, and storing the new one at once."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from photonctl.errors import (
    Ambiguous,
    RefusedError,
    SinkError,
    SinkNotWritable,
    Unauthorized,
    UnknownShape,
)
from photonctl.journal import Journal
from photonctl.kinds.webhook.rotating import Kept, copy_secret, rotate_secret
from photonctl.model.held import REGISTRATION, ROTATION, word
from photonctl.model.plan import Action, Verb
from photonctl.model.reason import Reason, Why
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared, OneTimeSecrets, SecretRule, SinkSpec
from photonctl.model.state import HELD, DesiredProject, LiveProject, Stored
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.planner.secrets import overwrite_refusals
from photonctl.port import AccountPort, ProjectPort
from photonctl.sinks import KeepsRecords, Sink, each, open_sink
from photonctl.sinks.several import kept_for, record_of


async def rotate_project_secret(
    account: AccountPort,
    wanted: str,
    *,
    prove: Callable[[str, str, str], None],
    confirm: Callable[[str, str], None],
    keep: Callable[[str, str, Secret], None],
) -> None:
    """Rotate a project's secret; the old one stops working at once (contract §6.5).

    If it can't be kept nothing is lost: the dashboard goes on showing it.

    Args:
        account: a token is needed.
        wanted: the project's name or id.
        prove: called in a thread with its name, id and Spectrum id; raises if the new secret could
            not be kept.
        confirm: called with its name and id; raises to refuse.
        keep: called with its name, Spectrum id and new secret.

    Raises:
        RefusedError: there is no such project, or several.
        AuthError, ApiError: the token isn't accepted, or nothing can be known.
    """
    await account.check_token()
    (row,) = await account.matching(wanted)
    await asyncio.to_thread(prove, row.name, row.id, row.spectrum_id or row.id)
    confirm(row.name, row.id)
    try:
        secret = await account.regenerate_secret(row.id)
    except (Ambiguous, UnknownShape, Unauthorized) as error:
        raise type(error)(
            f"{error}; the old secret may not work any more, and no new one was stored",
            hint="Run the same command again, or apply: it reads the secret from the dashboard.",
        ) from None
    await asyncio.to_thread(keep, row.name, row.spectrum_id or row.id, secret)


async def rotate_signing_secret(
    account: AccountPort,
    project: DesiredProject,
    ref: ResourceRef,
    overlap_s: int | None,
) -> datetime | None:
    """Rotate the standard signing secret of a declared resource, and store it (contract §4.4).

    The legacy signing secret isn't touched. If the new secret is lost on the way, the old one is
    valid until the overlap ends, and the next apply rotates again.

    Args:
        account: where the project is.
        project: as declared; the caller holds its lock.
        ref: a resource that it declares with a secret.
        overlap_s: for how many seconds the old secret stays valid; None = the server's default.

    Returns:
        Until when the old secret is valid; None = it isn't any more.

    Raises:
        RefusedError: the project or the resource isn't live.
        SinkNotWritable: nothing was changed.
        SinkError: the new secret could not be stored.
        ApiError: it isn't rotated, or nobody knows.
    """
    found = await _live(account, project, ref)
    kept = _kept(account, project, found)
    if found.stored is Stored.ELSEWHERE:
        await asyncio.to_thread(copy_secret, kept, found.id, ref.key)
    return await rotate_secret(kept, webhook_id=found.id, key=ref.key, overlap_s=overlap_s)


async def adopt_signing_secret(
    account: AccountPort,
    project: DesiredProject,
    ref: ResourceRef,
    offered: OneTimeSecrets,
    check: Callable[[OneTimeSecrets], None],
) -> None:
    """Store a known secret of a live resource in its sink, as if apply had registered it.

    Args:
        account: where the project is.
        project: as declared; the caller holds its lock.
        ref: a resource that it declares with a secret.
        offered: its legacy or standard secret, or both.
        check: called with them and the live id before anything is stored; raises to refuse.

    Raises:
        RefusedError: the project or the resource isn't live, or the sink holds another's secret.
        SinkNotWritable, SinkError: nothing was stored.
    """
    found = await _live(account, project, ref)
    offered = replace(offered, webhook_id=found.id)
    check(offered)
    await asyncio.to_thread(found.sink.check_writable)
    kept = _kept(account, project, found)
    await asyncio.to_thread(_take, kept, found.id, ref.key, offered)


def _take(kept: Kept, webhook_id: str, key: str, offered: OneTimeSecrets) -> None:
    """Store a secret in every place, each judged by itself.

    Stores come first: what one of them notes is known to be the right one, if another place fails.
    """
    places = sorted(each(kept.sink), key=lambda place: not isinstance(place, KeepsRecords))
    places = [place for place in places if not _is_closed(place, webhook_id)]
    if not places:
        raise _another_is_stored()
    project_id, journal = kept.project.project_id, kept.journal
    vouches = partial(journal.vouches, project_id, key)
    whole = offered
    for place in places:
        whole = _joined(whole, _known(place, webhook_id, offered, vouches))
    for secret in filter(None, (offered.signing, offered.standard)):
        journal.note_secret(project_id, key, webhook_id, secret)
    for place in places:
        place.store(replace(whole, origin=kept.origin(key)))
        kept.note_stored(key, whole, place)
    kept.intents(key).close(REGISTRATION, ROTATION)


def _is_closed(place: Sink, webhook_id: str) -> bool:
    """Does a place hold this webhook's secrets already, and give them to nobody?"""
    if place.stored_for(webhook_id) not in HELD:
        return False
    try:
        place.kept()
    except SinkError:
        return True
    return False


def _known(
    place: Sink,
    webhook_id: str,
    offered: OneTimeSecrets,
    vouches: Callable[[OneTimeSecrets], bool],
) -> OneTimeSecrets | None:
    """Return what a place is known to hold for this registration already.

    Raises:
        RefusedError: it holds another secret.
    """
    record = record_of(place)
    if record is not None and record.webhook_id == word(webhook_id) and record.digest:
        given = offered.signing if record.holds is Stored.SIGNING else offered.standard
        if given is not None and given.digest() != record.digest:
            raise _another_is_stored()
    if place.stored_for(webhook_id) not in HELD:
        return None
    found = kept_for(place, webhook_id)
    if found is None or record is not None or vouches(found):
        return found
    _joined(offered, found)  # it may be another one; the rest of it, anybody may have written
    return None


def _another_is_stored() -> RefusedError:
    return RefusedError(
        "another secret of this registration is stored already, and plan finds it; nothing "
        "was stored",
        hint="If that one is wrong, remove it from its place first, and run this again.",
    )


def _joined(offered: OneTimeSecrets, known: OneTimeSecrets | None) -> OneTimeSecrets:
    """Add what is stored already; never put another secret in its place."""
    if known is None:
        return offered
    for new, old in ((offered.signing, known.signing), (offered.standard, known.standard)):
        if new is not None and old is not None and new != old:
            raise _another_is_stored()
    return replace(
        offered,
        signing=offered.signing or known.signing,
        standard=offered.standard or known.standard,
    )


class _Live(Struct, frozen=True):
    """A declared resource that is live: where it is, and where its secret goes."""

    id: str
    port: ProjectPort
    sink: Sink
    spec: SinkSpec
    stored: Stored


def _kept(account: AccountPort, project: DesiredProject, found: _Live) -> Kept:
    journal = Journal(project.folder, project.state)
    return Kept(found.port, journal, found.sink, found.spec, account.host)


async def _live(account: AccountPort, project: DesiredProject, ref: ResourceRef) -> _Live:
    declared = project.resources[ref.kind][ref.key]
    rule = _kept_by(project, declared)
    live, port = await refresh(account, _only(project, ref, declared))
    row = live.resources.get(ref.kind, {}).get(ref.key)
    if port is None or row is None or row.id is None:
        raise RefusedError(
            f"{declared.label} isn't registered", hint="To register it:\n  photonctl apply"
        )
    _refuse_overwriting(live, ref, declared, row.id)
    sink = open_sink(rule.sink, project.folder, project.state)
    return _Live(row.id, port, sink, rule.sink, live.evidence[ref].stored)


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
    )
    for refusal in overwrite_refusals([action], live):
        raise RefusedError(refusal.message, hint=refusal.hint)
