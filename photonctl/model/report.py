"""What became of a plan."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import ClassVar

from msgspec import Struct, field

from photonctl.model.plan import Action, Plan, ProjectPlan, Unplanned
from photonctl.model.record import Record
from photonctl.model.ref import ResourceRef


class Status(Enum):
    """What became of one action (interface §6)."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_done(self) -> bool:
        """Was it carried out?"""
        return self is Status.OK


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one action.

    Attributes:
        error: why it failed or was skipped.
        note: what a person should know of an action that went well.
        awaits_confirmation: "gone already" or "there already", said Photon; the read-back decides.
        id: Photon's id of what was created, also by a replacement.
        facts: what Photon decided about it, by Photon's names, e.g. ``assignedPhoneNumber``.
    """

    action: Action
    status: Status
    error: str | None = None
    note: str | None = None
    awaits_confirmation: bool = False
    id: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class Usage(Struct, frozen=True, kw_only=True):
    """What a project has cost.

    Attributes:
        requests: answered by Spectrum, for this project; those to the dashboard aren't counted.
        retries: how many of them were sent again.
        waited_s: seconds before repetitions, and for a turn within the project's limit. Of requests
            that wait at the same time, each counts.
    """

    requests: int = 0
    retries: int = 0
    waited_s: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests + other.requests,
            retries=self.retries + other.retries,
            waited_s=self.waited_s + other.waited_s,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            requests=self.requests - other.requests,
            retries=self.retries - other.retries,
            waited_s=self.waited_s - other.waited_s,
        )


NO_USAGE = Usage()


class ProjectReport(Record, frozen=True, kw_only=True):
    """One project after an apply.

    Attributes:
        id: the project's id, also when this run created it.
        notes: what else was done, e.g. credentials stored.
        converged: every action is visible in live state, read back after the last one.
        after: each resource that was live then → a short hash of it.
        seconds: from the beginning of its plan to its end, without the time for an approval.
        usage: what it has cost.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"seconds", "usage"})

    plan: ProjectPlan
    id: str | None
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    converged: bool = False
    after: Mapping[ResourceRef, str] = field(default_factory=dict)
    seconds: float = 0.0
    usage: Usage = NO_USAGE


class Report(Record, frozen=True, kw_only=True):
    """Every project of an apply.

    Attributes:
        was_interrupted: a signal asked for an end; what was in flight was finished.
        made_at: when it ended; None = not known.
    """

    beside: ClassVar[frozenset[str]] = frozenset({"made_at"})

    projects: tuple[ProjectReport, ...]
    unplanned: tuple[Unplanned, ...] = ()
    was_interrupted: bool = False
    made_at: datetime | None = None

    @property
    def plan(self) -> Plan:
        """What was to be done."""
        projects = tuple(project.plan for project in self.projects)
        return Plan(projects=projects, unplanned=self.unplanned)

    @property
    def converged(self) -> bool:
        """Did every project end as planned?"""
        return not self.unplanned and all(project.converged for project in self.projects)

    @property
    def has_failures(self) -> bool:
        """Did any action fail or have to be left out?"""
        return bool(self.unplanned) or any(
            project.errors or any(o.status is not Status.OK for o in project.outcomes)
            for project in self.projects
        )
