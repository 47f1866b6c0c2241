"""A plan is data: comparable, serialisable, printable, and enough to act on without a manifest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from photonctl.model.spec import JsonValue, SinkSpec, Spec


class Verb(Enum):
    """What an action does (interface §6)."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class HoldReason(Enum):
    """Why a live resource that isn't declared stays, as the summary of interface §6 counts it."""

    OWNER = "owner"
    PROTECTED = "protected"
    IGNORED = "ignored"
    NOT_PRUNED = "not pruned"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a matched pair, by Photon's name."""

    field: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A live resource that won't be deleted, and why."""

    kind: str
    key: str
    why: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of a plan.

    Attributes:
        id: Photon's id of the live resource; None before it exists.
        reason: for people; steers nothing.
        changes: for people; what is sent stands in ``spec``.
        spec: the declared fields to send; None for a delete.
        sink: where the one-time secret goes, for the kinds that have one.
    """

    verb: Verb
    kind: str
    key: str
    id: str | None = None
    reason: str
    changes: tuple[FieldChange, ...] = ()
    spec: Spec | None = None
    sink: SinkSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why ``apply`` won't carry a plan out. It still prints.

    Attributes:
        is_overridable: ``--allow-deletes`` lifts it.
    """

    message: str
    hint: str
    is_overridable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """What apply would do to one project.

    Attributes:
        id: None when the project has still to be created.
        fingerprint: sha256 of the live state that was compared.
        live: "kind key" → short hash, so that a stale plan file can say what changed.
        kinds: which kinds were compared.
        actions: in the order of interface §6.
        noop: how many resources are as declared.
        refusals: why it may not be applied.
        credentials: where the project's own id and secret go after an apply.
    """

    name: str
    id: str | None
    manifest: str
    fingerprint: str
    live: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    holds: tuple[Hold, ...] = ()
    noop: int = 0
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    credentials: SinkSpec | None = None

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the manifest start from."""
        return Path() if self.manifest == "-" else Path(self.manifest).parent

    def summary(self) -> dict[str, int]:
        """Count actions and holds, by the names of interface §6."""
        verbs = Counter(action.verb for action in self.actions)
        held = Counter(hold.why for hold in self.holds)
        return {
            **{verb.value: verbs[verb] for verb in Verb},
            "noop": self.noop,
            "protected": held[HoldReason.PROTECTED] + held[HoldReason.OWNER],
            "ignored": held[HoldReason.IGNORED],
            "notPruned": held[HoldReason.NOT_PRUNED],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plans of every project of a run."""

    projects: tuple[ProjectPlan, ...]

    @property
    def has_changes(self) -> bool:
        """Is there anything to do?"""
        return any(project.actions for project in self.projects)
