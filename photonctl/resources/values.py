"""What a kind is given, and what it answers with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from photonctl.model.plan import FieldChange, ProjectPlan, SecretStep, Verb
from photonctl.model.spec import SinkSpec, Spec
from photonctl.sinks import Sink, open_sink

if TYPE_CHECKING:  # reading a manifest needs the kinds, and must not load an HTTP client
    from photonctl.api.account import Account
    from photonctl.api.project import ProjectApi
    from photonctl.journal import Journal

S = TypeVar("S", bound=Spec)
P = ParamSpec("P")
LOOKS_S = (0.0, 0.5, 1.0, 2.0)
"""When to look for what must be there and may be listed late (contract §6.7): seconds apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a declaration: where in the document, and the mend.

    Attributes:
        at: the path of the value, or of the mapping's key if ``is_key``.
        needle: the part of the value's text that is meant, if not all of it.
    """

    at: tuple[str | int, ...]
    message: str
    is_key: bool = False
    needle: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Generic[S]):
    """What is to be done about one matched pair.

    Attributes:
        verb: None = nothing.
        spec: what to send.
        needs_secret: the action obtains or moves a one-time secret, so it gets the sink.
        secret_steps: what an update does with it.
        refusals: why apply must not go on.
    """

    verb: Verb | None = None
    reason: str = ""
    changes: tuple[FieldChange, ...] = ()
    spec: S | None = None
    needs_secret: bool = False
    secret_steps: tuple[SecretStep, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an action did.

    Attributes:
        note: what a person should know of it.
        awaits_confirmation: "gone already" or "there already", said Photon; the read-back decides.
        id: Photon's id of what was created.
    """

    note: str | None = None
    awaits_confirmation: bool = False
    id: str | None = None


@dataclass(slots=True, kw_only=True)
class ApplyContext:
    """What carrying out the actions of one project needs.

    Attributes:
        project: None until the project is there; creating it fills it in.
    """

    account: "Account"
    plan: ProjectPlan
    journal: "Journal"
    project: "ProjectApi | None" = None

    @property
    def api(self) -> "ProjectApi":
        """The project's routes; dependents of a project that wasn't created never get here."""
        if self.project is None:
            msg = "the project isn't there yet"
            raise RuntimeError(msg)
        return self.project

    def open_sink(self, spec: SinkSpec) -> Sink:
        """Return the sink of an action."""
        return open_sink(spec, self.plan.folder)

    async def in_thread(
        self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Await something that blocks: a sink, the journal."""
        from asyncio import to_thread

        await to_thread(function, *args, **kwargs)
