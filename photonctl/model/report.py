"""What became of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from photonctl.model.plan import Action, ProjectPlan, Unplanned


class Status(Enum):
    """What became of one action (interface §6)."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReport:
    """One project after an apply.

    Attributes:
        id: the project's id, also when this run created it.
        notes: what else was done, e.g. credentials stored.
        converged: every action is visible in live state, read back after the last one.
    """

    plan: ProjectPlan
    id: str | None
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    converged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every project of an apply.

    Attributes:
        was_interrupted: a signal asked for an end; what was in flight was finished.
    """

    projects: tuple[ProjectReport, ...]
    unplanned: tuple[Unplanned, ...] = ()
    was_interrupted: bool = False

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
