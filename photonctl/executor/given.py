"""What planning and applying work with, and what is known once a project is planned."""

import asyncio
from collections.abc import Callable

from msgspec import Struct, field

from photonctl.clock import Clock
from photonctl.events import OnEvent
from photonctl.model.plan import ProjectPlan
from photonctl.model.report import NO_USAGE, Usage
from photonctl.model.state import Before
from photonctl.port import AccountPort, ProjectPort


class Run(Struct, frozen=True, kw_only=True):
    """What one plan or apply works with.

    Attributes:
        stop: once it is set nothing more is begun; what is in flight is finished.
        lifted: the flags that lift refusals, as ``Refusal.lifted_by`` names them.
        holds_lock: no other apply of these projects runs on this machine.
        usage: what a project has cost in this run, by its id in requests.
    """

    account: AccountPort
    clock: Clock
    on_event: OnEvent
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    lifted: frozenset[str] = frozenset()
    holds_lock: bool = False
    usage: Callable[[str], Usage] = lambda _: NO_USAGE


class Planned(Struct, frozen=True):
    """A project's plan, and the project itself where it is live.

    Attributes:
        before: what was there when the plan was made.
        seconds: how long reading and planning took.
        has_waited: for somebody to approve it.
    """

    plan: ProjectPlan
    project: ProjectPort | None
    before: Before
    seconds: float = 0.0
    has_waited: bool = False
