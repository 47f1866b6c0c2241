"""What is to be observed, said by a manifest or by a saved plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from photonctl.model.plan import ProjectPlan, Verb
from photonctl.model.spec import Declared, SecretRule, SinkSpec, Spec
from photonctl.model.state import DesiredProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be observed of one project.

    Attributes:
        keys: kind → the declared keys; a kind that isn't in it isn't read.
        secrets: webhook key → the declaration that says how its secret is kept.
        folder: where relative sink paths and the journal are.
        reads_default_sinks: False where the disk is new in every run.
        is_only: it is the run's one project; the environment's credentials may be its own.
        may_be_gone: a pinned id that isn't live is no error.
        creates: the project is created if it isn't live.
        credentials: where its own id and secret go.
    """

    name: str
    id: str | None
    keys: Mapping[str, frozenset[str]]
    secrets: Mapping[str, Declared[Spec]] = field(default_factory=dict)
    folder: Path
    reads_default_sinks: bool = True
    is_only: bool = False
    may_be_gone: bool = False
    creates: bool = False
    credentials: SinkSpec | None = None

    @classmethod
    def of_manifest(cls, desired: DesiredProject, *, is_only: bool) -> "Scope":
        """Return what planning a manifest needs."""
        declared = [d for by_key in desired.resources.values() for d in by_key.values()]
        return cls(
            name=desired.name,
            id=desired.id,
            keys={kind: frozenset(by_key) for kind, by_key in desired.resources.items()},
            secrets={d.key: d for d in declared if d.secret is not None},
            folder=desired.folder,
            is_only=is_only,
            reads_default_sinks=desired.policy.ci is None,
            creates="project" in desired.resources,
            credentials=desired.credentials,
        )

    @classmethod
    def of_plan(cls, plan: ProjectPlan) -> "Scope":
        """Return what a plan was made from, secrets left out: these it has judged already."""
        known = [name.split(" ", 1) for name in plan.live]
        keys = {kind: {key for of, key in known if of == kind} for kind in plan.kinds}
        for action in plan.actions:
            keys.setdefault(action.kind, set()).add(action.key)
        return cls(
            name=plan.name,
            id=plan.id,
            keys={kind: frozenset(found) for kind, found in keys.items()},
            folder=plan.folder,
            may_be_gone=any(a.kind == "project" and a.verb is Verb.DELETE for a in plan.actions),
        )

    def with_secrets(self, plan: ProjectPlan) -> "Scope":
        """Return the same with the places that a saved plan stores secrets in."""
        secrets = {
            action.key: Declared(
                key=action.key, spec=action.spec, secret=SecretRule(sink=action.sink)
            )
            for action in plan.actions
            if action.sink is not None and action.spec is not None
        }
        return replace(self, secrets=secrets)
