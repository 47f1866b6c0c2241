"""What to read of one project, for a manifest or for a saved plan."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.kinds import deletes_root, kinds, root_kind
from photonctl.model.plan import ProjectPlan
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, SecretRule, SinkSpec, Spec
from photonctl.model.state import DesiredProject


class ObservationRequest(Struct, frozen=True, kw_only=True):
    """What to read of one project.

    Attributes:
        keys: kind → the declared keys; a kind that isn't in it isn't read.
        secrets: the declarations that say how a one-time secret is kept.
        folder: where relative sink paths start.
        state: where the journal is; None = in that folder's ``.photonctl``.
        reads_default_sinks: False where the disk is new in every run.
        is_only: it is the run's one project; the environment's credentials may be its own.
        may_be_gone: a pinned id that isn't live is no error.
        creates: the project is created if it isn't live.
        is_pinned: the manifest names it by its id.
        was_begun: an apply was interrupted while it created the project.
        credentials: where its own id and secret go.
        now: by which secrets have an age; None = it doesn't matter.
    """

    name: str
    id: str | None
    keys: Mapping[str, frozenset[str]]
    secrets: Mapping[ResourceRef, Declared[Spec]] = field(default_factory=dict)
    folder: Path
    state: Path | None = None
    reads_default_sinks: bool = True
    is_only: bool = False
    may_be_gone: bool = False
    creates: bool = False
    is_pinned: bool = False
    was_begun: bool = False
    credentials: SinkSpec | None = None
    now: datetime | None = None

    @classmethod
    def of_manifest(
        cls, desired: DesiredProject, *, is_only: bool, now: datetime | None = None
    ) -> "ObservationRequest":
        """Return what planning a manifest needs."""
        declared = [
            (ResourceRef(kind, d.key), d)
            for kind, by_key in desired.resources.items()
            for d in by_key.values()
        ]
        return cls(
            name=desired.name,
            id=desired.id,
            is_pinned=desired.id is not None,
            keys={kind: frozenset(by_key) for kind, by_key in desired.resources.items()},
            secrets={ref: d for ref, d in declared if d.secret is not None},
            folder=desired.folder,
            state=desired.state,
            is_only=is_only,
            reads_default_sinks=desired.policy.ci is None,
            creates=root_kind().name in desired.resources,
            credentials=desired.credentials,
            now=now,
        )

    @classmethod
    def of_plan(cls, plan: ProjectPlan) -> "ObservationRequest":
        """Return what a plan was made from, without secrets: the plan has decided about those."""
        keys: dict[str, set[str]] = {kind: set() for kind in plan.kinds}
        for ref in plan.live:
            keys[ref.kind].add(ref.key)
        for action in plan.actions:
            keys.setdefault(action.kind, set()).add(action.key)
        return cls(
            name=plan.name,
            id=plan.id,
            keys={kind: frozenset(found) for kind, found in keys.items()},
            folder=plan.folder,
            state=plan.state,
            credentials=plan.credentials,
            may_be_gone=deletes_root(plan.actions),
        )

    @classmethod
    def of_everything(cls, name: str, project_id: str) -> "ObservationRequest":
        """Return what reading all of a live project needs, without a manifest."""
        keys: dict[str, frozenset[str]] = {kind.name: frozenset() for kind in kinds()}
        return cls(name=name, id=project_id, keys=keys, folder=Path())

    def with_secrets(self, plan: ProjectPlan) -> "ObservationRequest":
        """Return the same with the places that a saved plan stores secrets in."""
        secrets = {
            action.ref: Declared(
                key=action.key, spec=action.spec, secret=SecretRule(sink=action.sink)
            )
            for action in plan.actions
            if action.sink is not None and action.spec is not None
        }
        return replace(self, secrets=secrets)
