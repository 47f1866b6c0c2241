"""What a run reports while it works: one callback, called with one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from photonctl.model.plan import Action, Plan
from photonctl.model.report import Outcome, ProjectReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStarted:
    """Live state of so many projects is about to be read."""

    projects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRead:
    """Live state of a project was read, or couldn't be.

    Attributes:
        project: its name.
        project_id: as in a request's path; None = it isn't live, or can't be read.
    """

    project: str
    project_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """A plan is about to be applied; perhaps it will be refused."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyStarted:
    """The plan was approved; its first action is next."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStarted:
    """An action begins; ``project``: the project's name."""

    project: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentNoted:
    """The journal notes that a secret is about to be asked for; or that it is safe, or not needed.

    Attributes:
        project: the project's name.
        about: the key of what needs it, or of its rotation.
        is_open: a run that ends now leaves a secret that may be lost.
    """

    project: str
    about: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """One action ended, in whatever way; ``project``: the project's name."""

    project: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectApplied:
    """A project's actions ended, and its live state was read back."""

    report: ProjectReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished:
    """A request was answered.

    Attributes:
        path: without the host and the query.
        status: of the HTTP answer.
        seconds: from sending it to the end of its answer.
        project_id: whose request it is; None = one to the dashboard.
    """

    method: str
    path: str
    status: int
    seconds: float
    project_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request will be sent again after so many ``seconds``; ``project_id``: as above."""

    request: str
    reason: str
    seconds: float
    project_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """A request waits so many ``seconds`` for its turn within the project's limit."""

    project_id: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRenewed:
    """A project's secret was refused; the dashboard shows another one, which is used now."""

    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that a person should know before the run goes on."""

    text: str


Event: TypeAlias = (
    ReadStarted
    | ProjectRead
    | PlanMade
    | ApplyStarted
    | ActionStarted
    | IntentNoted
    | ActionFinished
    | ProjectApplied
    | RequestFinished
    | Waiting
    | Paced
    | SecretRenewed
    | Warned
)
OnEvent: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Report nothing."""
