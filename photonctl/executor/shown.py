"""What live state, listed again, shows of the actions that were carried out."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from photonctl.errors import PhotonctlError
from photonctl.kinds import kind_named
from photonctl.kinds.live import operations_of
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext
from photonctl.model.plan import Action, Verb
from photonctl.model.report import Outcome, Status
from photonctl.model.spec import Live, Spec
from photonctl.model.state import LiveProject, twin_name
from photonctl.urls import is_respelled

_NEW = (Verb.CREATE, Verb.REPLACE)


class LiveRows:
    """A project's live resources, by their keys and ids."""

    def __init__(self, live: LiveProject) -> None:
        """Take what was listed."""
        self.project_id = live.id
        self._by_key = live.resources
        self._by_id: dict[str, dict[str | None, Live[Any]]] = {}

    def find(self, action: Action, resource_id: str | None) -> Live[Spec] | None:
        """Return an action's resource: by its key, else by its id (see ``Journal.registered``)."""
        rows = self._by_key.get(action.kind, {})
        found = rows.get(action.key)
        if found is not None or action.verb is Verb.DELETE or resource_id is None:
            return found
        if action.kind not in self._by_id:
            self._by_id[action.kind] = {row.id: row for row in reversed(tuple(rows.values()))}
        return self._by_id[action.kind].get(resource_id)


async def with_successors_seen(
    ctx: ApplyContext, outcomes: Sequence[Outcome], kinds: Collection[str], stop: asyncio.Event
) -> list[Outcome]:
    """Before deletes of some kinds: is what was created in their place live (decision 0013)?

    What isn't awaits confirmation. A list is asked for a few times for all of them together, and
    no more once ``stop`` is set.
    """
    new = [o for o in outcomes if o.status is Status.OK and o.action.verb in _NEW]
    unseen = [o for o in new if o.id is not None and o.action.kind in kinds]
    for pause_s in READ_BACK_DELAYS_S:
        if not unseen or stop.is_set():
            break
        await ctx.clock.sleep(pause_s)
        for kind in {outcome.action.kind for outcome in unseen}:
            unseen = await _still_unseen(ctx, unseen, kind)
    waiting = {id(outcome) for outcome in unseen}
    return [replace(o, awaits_confirmation=True) if id(o) in waiting else o for o in outcomes]


async def _still_unseen(ctx: ApplyContext, unseen: list[Outcome], kind: str) -> list[Outcome]:
    keys = frozenset(outcome.action.key for outcome in unseen if outcome.action.kind == kind)
    with suppress(PhotonctlError):
        rows = {row.id: row for row in await operations_of(kind).observe(ctx.api, keys)}
        return [
            outcome
            for outcome in unseen
            if outcome.action.kind != kind
            or outcome.id not in rows
            or not is_named(rows[outcome.id], outcome.action)
        ]
    return unseen


def confirm(outcomes: Sequence[Outcome], rows: LiveRows) -> list[Outcome]:
    """Settle what only live state, read back, can show: what it doesn't show isn't done."""
    return [_confirmed(outcome, rows) for outcome in outcomes]


def is_complete(outcomes: Sequence[Outcome], rows: LiveRows) -> bool:
    """Has Photon decided everything that is reported of what was created?"""
    created = [o for o in outcomes if o.status is Status.OK and o.action.verb is Verb.CREATE]
    found = ((kind_named(o.action.kind), rows.find(o.action, o.id)) for o in created)
    return all(row is None or kind.is_complete(row) for kind, row in found)


def is_visible(outcome: Outcome, rows: LiveRows) -> bool:
    """Does live state, read back, show the effect of an action?"""
    action = outcome.action
    kind = kind_named(action.kind)
    if kind.is_root and action.verb is Verb.DELETE:
        return rows.project_id is None
    row = rows.find(action, outcome.id or action.id)
    is_another = row is not None and outcome.id is not None and row.id not in (None, outcome.id)
    return not is_another and kind.is_visible(action, row)


def is_named(row: Live[Any], action: Action) -> bool:
    """Is a live resource the one that an action names? Photon may spell a URL otherwise."""
    if action.key in (row.key, twin_name(row.key, row.id)):
        return True
    return kind_named(action.kind).has_secret and is_respelled(row.key, action.key)


def _confirmed(outcome: Outcome, rows: LiveRows) -> Outcome:
    if outcome.status is Status.OK and not is_visible(outcome, rows):
        accepted = "Photon accepted the change, but it isn't visible in live state"
        error = outcome.note if outcome.awaits_confirmation else None
        return replace(
            outcome,
            status=Status.FAILED,
            error=error or accepted,
            note=None,
            awaits_confirmation=False,
        )
    row = rows.find(outcome.action, outcome.id)
    is_new = outcome.action.verb in _NEW and row is not None
    facts = kind_named(outcome.action.kind).facts(row) if is_new and row is not None else {}
    new_id = outcome.id or (row.id if is_new and row is not None else None)
    return replace(outcome, awaits_confirmation=False, id=new_id, facts=facts)
