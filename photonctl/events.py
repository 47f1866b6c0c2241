"""What a run reports while it works: one callback, called with one of these."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from photonctl.model.plan import Plan
from photonctl.model.report import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """A plan is about to be applied; perhaps it will be refused."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyStarted:
    """The plan was approved; its first action is next."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFinished:
    """One action ended, in whatever way; ``project``: the project's name."""

    project: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished:
    """A request was answered.

    Attributes:
        path: without the host and the query.
        status: of the HTTP answer.
        seconds: from sending it to the end of its answer.
    """

    method: str
    path: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request will be sent again after so many ``seconds``."""

    request: str
    reason: str
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
    PlanMade | ApplyStarted | ActionFinished | RequestFinished | Waiting | SecretRenewed | Warned
)
OnEvent: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Report nothing."""
