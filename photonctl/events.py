"""What a run reports while it works: one callback, called with one of these."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from photonctl.model.plan import Action, Plan
from photonctl.model.report import Outcome, ProjectReport


class ReadStarted(Struct, frozen=True, kw_only=True):
    """Live state of so many projects is about to be read."""

    projects: int


class ProjectRead(Struct, frozen=True, kw_only=True):
    """Live state of a project was read, or couldn't be.

    Attributes:
        project: its name.
        project_id: as in a request's path; None = it isn't live, or can't be read.
    """

    project: str
    project_id: str | None


class PlanMade(Struct, frozen=True, kw_only=True):
    """A plan is about to be applied; perhaps it will be refused."""

    plan: Plan


class ApplyStarted(Struct, frozen=True, kw_only=True):
    """The plan was approved; its first action is next."""

    plan: Plan


class ChangeStarted(Struct, frozen=True, kw_only=True):
    """Something that is no plan, such as a rotation, is about to change something."""


class ActionStarted(Struct, frozen=True, kw_only=True):
    """An action begins; ``project``: the project's name."""

    project: str
    action: Action


class IntentNoted(Struct, frozen=True, kw_only=True):
    """The journal notes that a secret is about to be asked for; or that it is safe, or not needed.

    Attributes:
        project: the project's name.
        about: the label of what needs it, or of its rotation.
        is_open: a run that ends now leaves a secret that may be lost.
    """

    project: str
    about: str
    is_open: bool


class ActionFinished(Struct, frozen=True, kw_only=True):
    """One action ended, in whatever way; ``project``: the project's name."""

    project: str
    outcome: Outcome


class ProjectApplied(Struct, frozen=True, kw_only=True):
    """A project's actions ended, and its live state was read back."""

    report: ProjectReport


class RequestFinished(Struct, frozen=True, kw_only=True):
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


class Waiting(Struct, frozen=True, kw_only=True):
    """A request will be sent again after so many ``seconds``; ``project_id``: as above."""

    request: str
    reason: str
    seconds: float
    project_id: str | None = None


class Paced(Struct, frozen=True, kw_only=True):
    """A request waits so many ``seconds`` for its turn within the project's limit."""

    project_id: str
    seconds: float


class SecretRenewed(Struct, frozen=True, kw_only=True):
    """A project's secret was refused; the dashboard shows another one, which is used now."""

    project: str


class Warned(Struct, frozen=True, kw_only=True):
    """Something that a person should know before the run goes on."""

    text: str


Event: TypeAlias = (
    ReadStarted
    | ProjectRead
    | PlanMade
    | ApplyStarted
    | ChangeStarted
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
