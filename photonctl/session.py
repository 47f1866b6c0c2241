"""photonctl as a library: one session, whose methods are the commands of the same names."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from photonctl.clock import Clock, SystemClock
from photonctl.errors import UsageError
from photonctl.events import OnEvent, Waiting, Warned, ignore
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan
from photonctl.model.ref import ResourceRef
from photonctl.model.report import Report
from photonctl.model.state import DesiredProject
from photonctl.rules import Rules, ruled, ruled_plan

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.api.account import Account
    from photonctl.reconciler import Approve, Run
    from photonctl.showing import ShownProject


_NO_LOCK = (
    "there is no folder for a lock, so another apply of this project can't be prevented; set "
    "XDG_STATE_HOME to a folder"
)


class Session:
    """Plans and applies manifests with one set of credentials. An async context manager.

    ::

        async with Session.from_environment() as session:
            plan = await session.plan(session.load("photon.yaml"))
            if plan.has_changes:
                report = await session.apply(plan)

    Nothing is printed, nobody is asked and no signal is caught. Methods may run at the same time.
    Every method raises ``PhotonctlError``, whose ``exit_code`` is the command's.
    """

    def __init__(  # noqa: PLR0913  # what the caller of a library decides
        self,
        access: "Access",
        *,
        rules: Rules | None = None,
        trust: Trust | None = None,
        on_event: OnEvent = ignore,
        stop: asyncio.Event | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare a session; no request is sent.

        Args:
            access: hosts and credentials.
            rules: what it may do; by default no sink may run a program, and no lock is held.
            trust: what its manifests may use; by default no environment variable, and only files
                below their own folders.
            on_event: called with each event (``photonctl.events``), in the event loop.
            stop: once it is set nothing more is begun; what is in flight is finished.
            clock: the time; another one makes tests fast.
        """
        self.rules = rules or Rules()
        self.stop = stop or asyncio.Event()
        self._access = access
        self._trust = (trust or Trust()).beside(access.credentials)
        self._on_event = on_event
        self._clock = clock or SystemClock()
        self._account: Account | None = None

    @classmethod
    def from_environment(  # noqa: PLR0913  # likewise
        cls,
        env: Mapping[str, str] | None = None,
        *,
        token_file: str | None = None,
        allow_exec: bool = False,
        allow_outside: Sequence[Path] = (),
        env_allow: Collection[str] = (),
        on_event: OnEvent = ignore,
        stop: asyncio.Event | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Find hosts and credentials as the commands do (docs/credentials.md).

        Args:
            env: the variables to read; by default those of this process.
            token_file: a file with the dashboard token, before any other place.
            allow_exec: let sinks run commands and plugins.
            allow_outside: folders that manifests may read and write beside their own.
            env_allow: the variables that manifests may use, in ``${env:…}``.
            on_event: as for ``Session``, and so are ``stop`` and ``clock``.
            stop: see there.
            clock: see there.

        Raises:
            AuthError, AmbiguousHosts, UsageError: see docs/credentials.md.
        """
        from photonctl.environment import Environment

        variables = os.environ if env is None else env
        found = Environment(variables, token_file=token_file, on_event=on_event)
        return cls(
            found.access(),
            rules=found.rules(allow_exec=allow_exec),
            trust=found.trust(allow_outside=allow_outside, names=frozenset(env_allow)),
            on_event=on_event,
            stop=stop,
            clock=clock,
        )

    async def __aenter__(self) -> Self:
        from photonctl.api.account import Account

        retrying = replace(
            self._access.retrying,
            clock=self._clock,
            on_wait=lambda request, reason, seconds: self._on_event(
                Waiting(request=request, reason=reason, seconds=seconds)
            ),
        )
        self._account = Account(replace(self._access, retrying=retrying, on_request=self._on_event))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._account is not None:
            await self._account.__aexit__(kind, error, traceback)
            self._account = None

    @property
    def account(self) -> "Account":
        """The account, while the session is open.

        Raises:
            UsageError: the session isn't open.
        """
        if self._account is None:
            raise UsageError("the session isn't open", hint="Use it as:  async with session: …")
        return self._account

    def load(self, *paths: str | Path) -> tuple[DesiredProject, ...]:
        """Read manifests, one project per document: files, folders, or ``-`` for standard input.

        Raises:
            ManifestError: everything that is wrong with any of them.
            RefusedError: a sink runs a program, and ``rules`` don't allow that.
        """
        from photonctl.manifest.files import load_files

        return ruled(self.rules, load_files([str(path) for path in paths], self._trust))

    async def plan(self, desired: Sequence[DesiredProject], *, asks_account: bool = True) -> Plan:
        """Compare manifests with live state; changes nothing.

        Args:
            desired: from ``load``.
            asks_account: spend a request on whose plan it is, so that nobody else applies it.

        Raises:
            ApiError, AuthError, RefusedError: live state can't be known, of no project.
        """
        from photonctl.planner.diff import plan_project
        from photonctl.reconciler import plan_all

        user = await self.account.session() if asks_account else None
        planned, unplanned = await plan_all(self._run(), desired, plan_project, user)
        plans = tuple(item.plan for item in planned)
        return Plan(projects=plans, unplanned=tuple(unplanned), made_at=self._clock.now())

    async def apply(
        self,
        what: Plan | Sequence[DesiredProject],
        *,
        lifted: Collection[str] = (),
        approve: "Approve | None" = None,
    ) -> Report:
        """Apply a plan, or plan and apply manifests; then read live state back.

        Args:
            what: a plan, applied only if live state is unchanged; or projects from ``load``.
            lifted: the flags that lift refusals, such as ``--allow-deletes``.
            approve: called with the plan before anything is changed; raises to refuse.

        Raises:
            PlanRefused: a limit, a stale plan, or a plan from elsewhere. Nothing was changed.
            ApiError, AuthError: nothing was changed. Later failures are in the report.
        """
        from photonctl.planner.diff import plan_project
        from photonctl.reconciler import apply_manifests, apply_plan

        if isinstance(what, Plan):
            saved = ruled_plan(self.rules, what)
            async with self._locked(saved.projects, lifted) as run:
                return await apply_plan(run, saved, approve)
        async with self._locked(what, lifted) as run:
            return await apply_manifests(run, what, plan_project, approve)

    async def destroy(
        self,
        desired: Sequence[DesiredProject],
        *,
        project_too: bool = False,
        approve: "Approve | None" = None,
    ) -> Report:
        """Delete what is live in the declared projects, and perhaps the projects.

        Args:
            desired: from ``load``. The owner, ``protect`` and ``ignore`` still hold.
            project_too: delete the projects, too, permanently.
            approve: as for ``apply``.

        Raises:
            As ``apply``.
        """
        from photonctl.planner.diff import emptied, plan_destruction, plan_removal
        from photonctl.reconciler import apply_manifests

        planner = plan_removal if project_too else plan_destruction
        async with self._locked(desired, ()) as run:
            return await apply_manifests(run, [emptied(p) for p in desired], planner, approve)

    async def export(
        self, project: str | None = None, folder: str | Path = "."
    ) -> list[dict[str, Any]]:
        """Read live projects as manifest documents; a plan of them is empty.

        Args:
            project: a name or id, or else a RefusedError; None = every project.
            folder: where the manifest will be: an env file there may hold secrets.
        """
        from photonctl.exporter import export

        return await export(self.account, project, Path(folder))

    async def show(
        self, desired: Sequence[DesiredProject] = (), project: str | None = None
    ) -> "list[ShownProject]":
        """Read live projects: those of manifests, or one by name or id, or else every one.

        Raises:
            RefusedError: there is no such project.
        """
        from photonctl.showing import show

        return await show(self.account, desired, project)

    async def rotate_secret(
        self, project: DesiredProject, kind: str, key: str, overlap_s: int | None = None
    ) -> datetime | None:
        """Rotate the standard signing secret of a declared resource, and store the new one.

        Args:
            project: from ``load``.
            kind: ``webhook``.
            key: as the project declares it.
            overlap_s: how many seconds the old secret stays valid; None = the server's default.

        Returns:
            Until when the old secret is valid; None = it isn't any more.
        """
        from photonctl.rotation import rotate_signing_secret

        ref = ResourceRef(kind, key)
        async with self._locked([project], ()):
            return await rotate_signing_secret(self.account, project, ref, overlap_s)

    @asynccontextmanager
    async def _locked(
        self, projects: Sequence[Any], lifted: Collection[str]
    ) -> "AsyncIterator[Run]":
        from photonctl.locks import lock_names, one_at_a_time

        def on_wait(text: str) -> None:
            self._on_event(Warned(text=text))

        names = lock_names(projects, self._access.spectrum_url)
        async with one_at_a_time(names, self.rules.lock, self._clock, on_wait) as is_held:
            if not is_held and not self._access.is_embedded:
                on_wait(_NO_LOCK)
            yield replace(self._run(), lifted=frozenset(lifted), holds_lock=is_held)

    def _run(self) -> "Run":
        from photonctl.reconciler import Run

        self.account.forget_projects()
        return Run(account=self.account, clock=self._clock, on_event=self._on_event, stop=self.stop)
