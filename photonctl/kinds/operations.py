"""The half of a kind that talks to Photon: what every kind's operations are given, and return.

Written against the port (``port.py``), never against one of Photon's APIs. The other half, which
decides, is ``base.py``.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

from msgspec import Struct, field

from photonctl.clock import Clock
from photonctl.intents import Intents
from photonctl.journal import Journal
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, ProjectPlan
from photonctl.model.spec import Live, Origin, SinkSpec, Spec
from photonctl.model.state import Before
from photonctl.port import AccountPort, ProjectPort, WebhookRow
from photonctl.sinks import Sink, open_sink

S = TypeVar("S", bound=Spec)
T = TypeVar("T")
P = ParamSpec("P")
READ_BACK_DELAYS_S = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look for what must be there and may be listed late (contract §6.7)."""
LATER_DELAYS_S = (2.0, 2.5)
"""Before further looks, 8 s in all: a user's number may come so late, or a delete be shown."""


class Effect(Struct, frozen=True, kw_only=True):
    """What an action did.

    Attributes:
        note: what a person should know of it.
        awaits_confirmation: Photon answered "gone already" or "there already"; reading live state
            back decides.
        id: Photon's id of what was created.
    """

    note: str | None = None
    awaits_confirmation: bool = False
    id: str | None = None


class ApplyContext(Struct, kw_only=True):
    """What applying one project's plan needs.

    Attributes:
        holds_lock: no other apply of this project runs on this machine.
        project: None until the project is live; creating it sets it.
        known_ids: of what was live when the plan was made, and of the webhooks registered since.
            The answer to a creation can't be about one of them.
        before: what was there when the plan was made.
        has_waited: that was a while ago, as somebody had to approve it.
        listed: the webhooks, as they were since.
        sinks: those that are open.
    """

    account: AccountPort
    plan: ProjectPlan
    journal: Journal
    clock: Clock
    holds_lock: bool = False
    project: ProjectPort | None = None
    known_ids: set[str] = field(default_factory=set)
    before: Before = field(default_factory=Before)
    has_waited: bool = False
    listed: tuple[WebhookRow, ...] | None = None
    sinks: dict[SinkSpec, Sink] = field(default_factory=dict)

    @property
    def api(self) -> ProjectPort:
        """The project's operations; what depends on a project that failed never gets here."""
        if self.project is None:
            msg = "the project isn't there yet"
            raise RuntimeError(msg)
        return self.project

    def open_sink(self, spec: SinkSpec) -> Sink:
        """Return the sink of an action; a store is asked once for all that it needs to know."""
        if spec not in self.sinks:
            self.sinks[spec] = open_sink(spec, self.plan.folder, self.plan.state)
        return self.sinks[spec]

    def origin(self, action: Action) -> Origin:
        """Say whose secret an action obtains."""
        url = action.label or shown_text(action.key)
        return Origin(host=self.account.host, project_id=self.api.project_id, url=url)

    def intents(self, action: Action) -> Intents:
        """Return what was begun for an action's secret and not finished."""
        sink = self.open_sink(action.sink) if action.sink is not None else None
        seen = self.before.seen(action.sink) if action.sink is not None else ()
        return Intents(self.journal, sink, self.origin(action), action.key, seen)

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await something that blocks: a sink, the journal."""
        return await asyncio.to_thread(function, *args, **kwargs)


class Operations(ABC, Generic[S]):
    """Reads and changes the resources of one kind. All of it is I/O."""

    @abstractmethod
    async def observe(self, project: ProjectPort, declared: frozenset[str]) -> list[Live[S]]:
        """List what is live; ``declared`` are the keys that the manifest has."""

    @abstractmethod
    async def create(self, ctx: ApplyContext, action: Action, spec: S) -> Effect:
        """Create it."""

    async def update(self, ctx: ApplyContext, action: Action, spec: S) -> Effect:
        """Change it in place."""
        raise NotImplementedError(action.kind)

    async def replace(self, ctx: ApplyContext, action: Action, spec: S) -> Effect:
        """Delete it and create it again."""
        raise NotImplementedError(action.kind)

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete it."""
        raise NotImplementedError(action.kind)
