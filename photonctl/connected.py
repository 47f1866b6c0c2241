"""What a session works with: hosts, credentials, rules; and how it is opened and closed."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec.structs import replace

from photonctl.clock import Clock, SystemClock
from photonctl.errors import UsageError
from photonctl.events import ChangeStarted, Event, OnEvent, Warned, ignore
from photonctl.manifest.trust import Trust
from photonctl.rules import Rules
from photonctl.tally import Tally

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.api.account import Account
    from photonctl.executor.given import Run


class Connected:
    """The part of ``Session`` that isn't about manifests."""

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
        self._tally = Tally()
        self._on_event = self._counted(on_event)
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
            on_event: as for ``Session``, and so are the others.
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

    def begin_change(self) -> None:
        """Say that a change which is no plan is next: who listens to signals lets it end."""
        self._on_event(ChangeStarted())

    async def __aenter__(self) -> Self:
        from photonctl.api.account import Account

        retrying = replace(self._access.retrying, clock=self._clock)
        self._account = Account(replace(self._access, retrying=retrying, on_event=self._on_event))
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

    @asynccontextmanager
    async def _locked(
        self, projects: Sequence[Any], lifted: Collection[str]
    ) -> "AsyncIterator[Run]":
        """Hold the locks of projects: by their names, which may be new, and by their live ids."""
        from photonctl.locks import NO_LOCK, id_locks, name_locks, one_at_a_time

        rules, host, waits = self.rules.lock, self._access.spectrum_url, []

        def on_wait(text: str) -> None:
            waits.append(text)
            self._on_event(Warned(text=text))

        async with AsyncExitStack() as stack:
            names = name_locks(projects, host)
            is_held = await stack.enter_async_context(
                one_at_a_time(names, rules, self._clock, on_wait)
            )
            run = self._run()
            if is_held:
                ids = await id_locks(projects, self.account)
                is_held = await stack.enter_async_context(
                    one_at_a_time(ids, rules, self._clock, on_wait)
                )
            if not (is_held or self._access.is_embedded):
                on_wait(NO_LOCK)
            if waits:  # what was read meanwhile may have changed
                self.account.forget_projects()
            yield replace(run, lifted=frozenset(lifted), holds_lock=is_held)

    def _counted(self, on_event: OnEvent) -> OnEvent:
        def report(event: Event) -> None:
            self._tally.take(event)
            on_event(event)

        return report

    def _run(self) -> "Run":
        from photonctl.executor.given import Run

        self.account.forget_projects()
        return Run(
            account=self.account,
            clock=self._clock,
            on_event=self._on_event,
            stop=self.stop,
            usage=partial(self._tally.since, self._tally.now()),
        )
