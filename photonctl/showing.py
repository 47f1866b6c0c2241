"""What is live, for ``photonctl show``: users with the numbers they text, webhooks, seats."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.concurrent import together
from photonctl.errors import PhotonctlError
from photonctl.kinds import kinds
from photonctl.kinds.base import Kind
from photonctl.model.filled import Filled, is_filled, shown
from photonctl.model.places import place_name
from photonctl.model.plan import HoldReason, Place
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import JsonValue, Live, Spec, spec_to_json
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.observer.bounds import Bounds
from photonctl.observer.refresh import refresh
from photonctl.observer.request import ObservationRequest
from photonctl.planner.diff import plan_project
from photonctl.port import AccountPort, ProjectRow


class ShownRow(Struct, frozen=True, kw_only=True):
    """One live resource.

    Attributes:
        filled: fields that the manifest fills in, by Photon's names → what the manifest says.
        is_declared: None = there is no manifest to ask.
        held: why it would stay if nothing declared it; None = it would be deleted.
        stored: where its secret is, in words; "" = not known.
    """

    kind: str
    live: Live[Spec]
    label: str
    filled: Mapping[str, JsonValue] = field(default_factory=dict)
    is_declared: bool | None
    held: HoldReason | None = None
    stored: str = ""


class ShownProject(Struct, frozen=True, kw_only=True):
    """One project.

    Attributes:
        id: None = it is declared, and not live yet.
        seats: shared users, with the owner (contract §4.3).
        seat_cap: most of them that the plan allows; None = any number, or not known.
    """

    name: str
    id: str | None
    place: Place
    rows: tuple[ShownRow, ...] = ()
    seats: int = 0
    seat_cap: int | None = None


async def show(
    account: AccountPort, desired: Sequence[DesiredProject], project: str | None
) -> list[ShownProject]:
    """Read live projects: those of manifests, or one by name or id, or without both every one.

    Raises:
        PhotonctlError: there is no such project, or it can't be read.
    """
    reading = _Reading(account, account.place(await account.session()), desired, Bounds())
    if desired and project is None:
        reads = [reading.declared(one, is_only=len(desired) == 1) for one in desired]
    else:
        found = await account.matching(project)
        reads = [reading.found(row) for row in found]
    return await together(*reads)


async def observe(
    account: AccountPort, desired: Sequence[DesiredProject]
) -> list[LiveProject | PhotonctlError]:
    """Read what is live of each declared project; of one that can't be read, why."""

    async def one(project: DesiredProject) -> LiveProject | PhotonctlError:
        request = ObservationRequest.of_manifest(project, is_only=len(desired) == 1)
        try:
            live, _ = await refresh(account, replace(request, creates=False, secrets={}))
        except PhotonctlError as error:
            return error
        return live

    return await together(*map(one, desired))


class _Reading(Struct, frozen=True):
    """One command's reading of live projects; ``desired``: what the manifests declare."""

    account: AccountPort
    place: Place
    desired: Sequence[DesiredProject]
    bounds: Bounds

    async def declared(self, one: DesiredProject, *, is_only: bool) -> ShownProject:
        """Read a declared project."""
        wanted = ObservationRequest.of_manifest(one, is_only=is_only)
        keys = {kind.name: wanted.keys.get(kind.name, frozenset()) for kind in kinds()}
        live, _ = await refresh(self.account, replace(wanted, keys=keys, creates=False))
        return _shown(self.bounds.take(live), one, one.name, self.place)

    async def found(self, row: ProjectRow) -> ShownProject:
        """Read a live project, which a manifest may declare."""
        for one in self.desired:
            if one.means(row.name, row.id, row.spectrum_id):
                pinned = replace(one, id=row.id)
                return await self.declared(pinned, is_only=len(self.desired) == 1)
        request = ObservationRequest.of_everything(row.name, row.id)
        live, _ = await refresh(self.account, request)
        return _shown(self.bounds.take(live), None, row.name, self.place)


def _shown(
    live: LiveProject, desired: DesiredProject | None, name: str, place: Place
) -> ShownProject:
    holds = plan_project(desired, live).holds if desired is not None else ()
    held = {(hold.kind, hold.key): hold.why for hold in holds}

    def shown(label: str, kind: str, key: str, row: Live[Spec]) -> ShownRow:
        declared = None if desired is None else desired.resources.get(kind, {}).get(key)
        sink = declared.secret.sink if declared is not None and declared.secret else None
        evidence = live.evidence.get(ResourceRef(kind, key))
        where = f" ({place_name(sink)})" if sink else ""
        return ShownRow(
            kind=kind,
            live=row,
            label=label,
            filled={} if declared is None else _filled(declared.spec),
            is_declared=None if desired is None else declared is not None,
            held=HoldReason.OWNER if row.is_owner else held.get((kind, key)),
            stored=f"{evidence.stored.value}{where}" if evidence is not None else "",
        )

    return ShownProject(
        name=name.raw if isinstance(name, Filled) else live.name or name,
        id=live.id,
        place=place,
        rows=tuple(
            shown(*row)
            for kind in kinds()
            if kind.is_shown
            for row in _by_label(kind, live, desired)
        ),
        seats=sum(
            kind.takes_seat(row)
            for kind in kinds()
            for row in live.resources.get(kind.name, {}).values()
        ),
        seat_cap=live.shared_user_cap,
    )


def _by_label(
    kind: Kind[Any], live: LiveProject, desired: DesiredProject | None
) -> list[tuple[str, str, str, Live[Spec]]]:
    """Return labels, the kind, keys and rows, in an order that says no more of a key than these."""
    known = desired.resources.get(kind.name, {}) if desired is not None else {}
    rows = [
        ((known[key].label if key in known else "") or kind.label(key), kind.name, key, row)
        for key, row in live.resources.get(kind.name, {}).items()
    ]
    return sorted(rows, key=lambda row: (row[0], row[3].id or ""))


def _filled(spec: Spec) -> dict[str, JsonValue]:
    """Return the fields whose values came from the environment or a file, unfilled."""
    values = spec_to_json(spec).items()
    return {name: shown(value) for name, value in values if is_filled(value)}
