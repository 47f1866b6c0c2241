"""A plan is data: comparable, serialisable, printable, and enough to act on without a manifest."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import ClassVar

from msgspec import Struct, field

from photonctl.model.reason import Reason
from photonctl.model.record import Record
from photonctl.model.ref import ResourceRef
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


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field of a matched pair, by Photon's name."""

    field: str
    before: JsonValue
    after: JsonValue


class SecretStep(Enum):
    """What an update does with a secret; a creation and a replacement obtain one."""

    COPY = "copy"
    """It is copied from another name of its sink."""
    ROTATE = "rotate"
    """The standard secret is rotated."""
    GENERATE = "generate"
    """A project that has no secret yet gets one."""
    STORE = "store"
    """A project's own id and secret are stored where the manifest says."""


STEP_FIELDS = {
    SecretStep.COPY: "secret",
    SecretStep.ROTATE: "standardSigningSecret",
    SecretStep.GENERATE: "projectSecret",
    SecretStep.STORE: "credentials",
}
"""What a step is called among an action's changes."""


class Place(Record, frozen=True, kw_only=True):
    """Where a plan was made, and where alone it may be applied.

    Attributes:
        dashboard, spectrum: base URLs; of the embedded emulator, whose port changes, a fixed word.
        account: the e-mail, or else the id, of who was signed in; None = not known.
        credential: what opened it, in words; for people.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"credential"})

    dashboard: str
    spectrum: str
    account: str | None = None
    credential: str = ""


class Hold(Struct, frozen=True, kw_only=True):
    """A live resource that won't be deleted, and why; ``label``: its key as outputs show it."""

    kind: str
    key: str
    why: HoldReason
    label: str = ""


class Action(Struct, frozen=True, kw_only=True):
    """One step of a plan.

    Attributes:
        id: Photon's id of the live resource; None before it exists.
        reason, changes: for people; no decision depends on them.
        spec: the declared fields to send; None for a delete.
        sink: where the one-time secret goes, or is, for the kinds that have one.
        stored: a hash of what was known of the secret; only then this is to be done.
        secret_steps: what an update does with the secret; of a project, a creation, too.
        overlap_s: for how many seconds a rotated secret stays valid; None = Photon's default.
        label: the key as outputs show it, without what may be a secret.
        who: whom a delete concerns, for people.
    """

    verb: Verb
    kind: str
    key: str
    id: str | None = None
    reason: Reason
    changes: tuple[FieldChange, ...] = ()
    spec: Spec | None = None
    sink: SinkSpec | None = None
    stored: str = ""
    secret_steps: tuple[SecretStep, ...] = ()
    overlap_s: int | None = None
    label: str = ""
    who: str = ""

    @property
    def stores_in(self) -> SinkSpec | None:
        """Where it stores a secret; an update may only rely on one that is there."""
        is_still = self.verb is Verb.UPDATE and not self.secret_steps
        return None if is_still else self.sink

    @property
    def ref(self) -> ResourceRef:
        """The resource that it is about."""
        return ResourceRef(self.kind, self.key)


class Refusal(Struct, frozen=True, kw_only=True):
    """Why ``apply`` refuses a plan. The plan is still shown.

    Attributes:
        lifted_by: the flag that lifts it, with its value; None = none does.
    """

    message: str
    hint: str
    lifted_by: str | None = None


class ProjectPlan(Record, frozen=True, kw_only=True):
    """What apply would do to one project.

    Attributes:
        id: None when the project has still to be created.
        fingerprint: sha256 of the live state that was compared.
        live: each live resource → a short hash, so that a stale plan file can say what changed.
        kinds: which kinds were compared.
        actions: in the order of interface §6.
        left_out: how many more there would be if the run weren't about a part.
        noop: how many resources are as declared.
        refusals: why it may not be applied.
        credentials: where the project's own id and secret go.
        protect: kind → patterns of what may not be deleted, also when it is applied later.
        place: where it was made; None = not known yet.
        labels: how outputs show a resource, where that isn't its key.
        state: where its journal is on this machine; None = in ``.photonctl`` beside the manifest.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"state"})

    name: str
    id: str | None
    manifest: str
    fingerprint: str
    live: Mapping[ResourceRef, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    left_out: int = 0
    holds: tuple[Hold, ...] = ()
    noop: int = 0
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    credentials: SinkSpec | None = None
    protect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    place: Place | None = None
    labels: Mapping[ResourceRef, str] = field(default_factory=dict)
    state: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the manifest start from."""
        return Path() if self.manifest == "-" else Path(self.manifest).parent

    @property
    def is_as_declared(self) -> bool:
        """Is there nothing to do, and nothing refused? What is refused differs, or isn't known."""
        return not (self.actions or self.refusals)

    @property
    def credentials_due(self) -> SinkSpec | None:
        """Where the project's own id and secret are stored, once its actions are done.

        None = nowhere: none is declared, or nothing is to be stored there.
        """
        own = {SecretStep.GENERATE, SecretStep.STORE}
        is_due = any(own.intersection(action.secret_steps) for action in self.actions)
        return self.credentials if is_due else None

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


class Unplanned(Struct, frozen=True, kw_only=True):
    """A project whose live state can't be read, and why; the others of the run go on."""

    name: str
    manifest: str
    error: str


class Plan(Record, frozen=True, kw_only=True):
    """The plans of every project of a run.

    Attributes:
        made_at: when; None = not known.
        digest: of a saved plan, as its file says; of another once it is known; else "".
    """

    beside: ClassVar[frozenset[str]] = frozenset({"made_at", "digest"})

    projects: tuple[ProjectPlan, ...]
    unplanned: tuple[Unplanned, ...] = ()
    made_at: datetime | None = None
    digest: str = ""

    @property
    def has_changes(self) -> bool:
        """Is there anything to do?"""
        return any(project.actions for project in self.projects)

    @property
    def is_as_declared(self) -> bool:
        """Is each project as it is declared?"""
        return all(project.is_as_declared for project in self.projects)

    def counts(self) -> dict[Verb, int]:
        """Count the actions of every project; each verb, zero or not."""
        found = Counter(action.verb for project in self.projects for action in project.actions)
        return {verb: found[verb] for verb in Verb}
