"""``photonctl watch``."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photonctl import loop
from photonctl.cli.durations import seconds
from photonctl.cli.options import EMULATOR, LOCK, MANIFEST, NETWORK, PART, SHARD, VIEWS, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import AuthError, PhotonctlError
from photonctl.events import ApplyStarted, Event, ignore

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.metrics import Metrics
    from photonctl.model.plan import Plan
    from photonctl.model.report import Report
    from photonctl.session import Session
    from photonctl.watching import Round

_STUCK = 3.0  # times the longest pause: then the process should be started again
_BEGINNING = b"# HELP"


@click.command(
    cls=Command,
    epilog="photonctl watch --every 5m\nphotonctl watch --apply --listen 127.0.0.1:9464\n"
    "photonctl watch -f fleet/ --metrics /var/lib/node_exporter/photonctl.prom",
)
@click.option(
    "--every", metavar="TIME", default="5m", show_default=True, help="Between two rounds, about."
)
@click.option("--apply", "applies", is_flag=True, help="Apply, within the limits, without asking.")
@click.option("--listen", metavar="HOST:PORT", help="Serve /metrics for Prometheus, and /healthz.")
@click.option(
    "--metrics",
    "file",
    metavar="FILE",
    type=click.Path(),
    help="Write the metrics to a file, for node_exporter.",
)
@with_options(VIEWS, PART, SHARD, MANIFEST, EMULATOR, NETWORK, LOCK)
def command(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    every: str,
    applies: bool,
    listen: str | None,
    file: str | None,
    lock_timeout: float,
) -> None:
    """Plan again and again, or apply, until it is stopped.

    Reads manifests and credentials again for each round. A failure is reported, and the next round
    comes later. What may not be applied without a flag isn't applied.
    """
    from photonctl.cli.session import open_access

    every_s = max(1, seconds(every, "--every"))
    metrics = _metrics(file) if listen or file else None
    path = None if file is None else Path(file)
    watcher = _Watcher(settings, metrics, path, applies=applies, lock_timeout_s=lock_timeout)
    with open_access(settings) as access, _served(watcher, listen, every_s):
        loop.run(watcher.run(access, every_s))


def _metrics(file: str | None) -> "Metrics":
    from photonctl.metrics import Metrics

    metrics = Metrics()
    if file is not None:
        from photonctl.cli.output import refuse_to_overwrite

        refuse_to_overwrite(Path(file), _BEGINNING, "--metrics")
        metrics.write(Path(file))
    return metrics


@contextmanager
def _served(watcher: "_Watcher", address: str | None, every_s: float) -> Iterator[None]:
    if address is None or watcher.metrics is None:
        yield
        return
    from photonctl.metrics import MetricsServer
    from photonctl.watching import pause_s

    longest_s = _STUCK * pause_s(every_s, failures=99, jitter=1.0)
    server = MetricsServer(watcher.metrics, address, lambda: watcher.silent_s() < longest_s)
    host, port = server.server_address[:2]
    watcher.settings.console.say(f"Metrics: http://{host!s}:{port}/metrics")
    try:
        yield
    finally:
        server.end()


class _Watcher:
    """One watch: its session, which is opened again once the credentials have changed."""

    def __init__(
        self,
        settings: Settings,
        metrics: "Metrics | None",
        file: Path | None,
        *,
        applies: bool,
        lock_timeout_s: float,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self._file = file
        self._applies = applies
        self._lock_timeout_s = lock_timeout_s
        self._ended_at = time.monotonic()
        self._session: Session | None = None
        self._access: Access | None = None
        self._shown = ""
        self._is_changing = False

    def silent_s(self) -> float:
        """Return for how many seconds no round has ended."""
        return time.monotonic() - self._ended_at

    async def run(self, access: "Access", every_s: float) -> None:
        """Watch until a signal comes."""
        from photonctl.cli.signals import Stopper
        from photonctl.clock import SystemClock
        from photonctl.watching import watch

        with Stopper(self.settings.console, ending="The watch ends.") as stopper:
            stopper.listen()
            self._stop = stopper.stop
            await self._open(access)
            try:
                await watch(
                    self._round,
                    every_s=every_s,
                    clock=SystemClock(),
                    stop=stopper.stop,
                    on_round=self._ended,
                    is_changing=lambda: self._is_changing,
                )
            finally:
                await self._close()

    async def _round(self) -> "Plan | Report":
        settings, self._is_changing = self.settings, False
        settings.broken.clear()
        desired = settings.load(warns=False, leaves_out=True)
        session = await self._renewed()
        await self._look_at_token(session)
        part = settings.part(desired)
        if self._applies:
            return settings.with_left_out(await session.apply(desired, part=part))
        plan = await session.plan(desired, asks_account=False, part=part)
        return settings.with_left_out(plan)

    async def _renewed(self) -> "Session":
        """Return the session; another one where the credentials have changed."""
        assert self._session is not None
        if self.settings.emulator:
            return self._session
        try:
            access = self.settings.access()
        except AuthError as error:
            # What was read before can still be read.
            self.settings.console.warn(str(error))
            return self._session
        assert self._access is not None
        if _credentials(access) != _credentials(self._access):
            before = self._session, self._access
            await self._open(access)
            if access.token is not None and await self._session.account.session() is None:
                await self._close()
                self._session, self._access = before  # which can read what it has read before
            else:
                await before[0].__aexit__(None, None, None)
        return self._session

    async def _open(self, access: "Access") -> None:
        from photonctl.cli.reporting import Reporter
        from photonctl.cli.session import each_of
        from photonctl.cli.viewing import redaction
        from photonctl.session import Session

        settings = self.settings
        on_console = Reporter(settings.console, None, redaction(settings))
        counted = self.metrics.event if self.metrics is not None else ignore
        self._access = access
        self._session = await Session(
            access,
            rules=settings.rules(self._lock_timeout_s),
            trust=settings.trust,
            on_event=each_of(counted, on_console, self._note),
            stop=self._stop,
        ).__aenter__()

    def _note(self, event: Event) -> None:
        self._is_changing |= isinstance(event, ApplyStarted)

    async def _close(self) -> None:
        if self._session is not None:
            await self._session.__aexit__(None, None, None)
            self._session = None

    async def _look_at_token(self, session: "Session") -> None:
        """Note whether the token is valid, and until when; without it, reading goes on."""
        if self._access is None or self._access.token is None:
            return
        user = await session.account.session()
        if user is None:
            self.settings.console.warn(
                "Photon doesn't know the token, or can't be asked. What its projects' own secrets "
                "open is read all the same. To sign in again: photonctl login"
            )
        if self.metrics is not None:
            expires_at = user.expires_at if user is not None else None
            self.metrics.token(is_valid=user is not None, expires_at=expires_at)

    def _ended(self, ended: "Round") -> None:
        self._ended_at = time.monotonic()
        now = datetime.now(UTC)
        if self.metrics is not None:
            self.metrics.round(ended, now)
            if self._file is not None:
                self._write(self._file)
        self._show(ended, now)
        gc.collect()  # a command that ends soon does it rarely

    def _write(self, path: Path) -> None:
        assert self.metrics is not None
        try:
            self.metrics.write(path)
        except PhotonctlError as error:
            self.settings.console.warn(str(error))

    def _show(self, ended: "Round", now: datetime) -> None:
        """Show a plan once, and then only that it is still so."""
        from photonctl.cli.progress import duration
        from photonctl.cli.viewing import report_viewing, viewing
        from photonctl.model.plan import Plan
        from photonctl.sealed import digest_of
        from photonctl.views import text

        console, found = self.settings.console, ended.found
        paint = console.paint(console.out)
        if ended.error is not None:
            console.error(ended.error)
        elif isinstance(found, Plan):
            digest = digest_of(found, "")
            if digest != self._shown or found.unplanned:
                console.result(text.render_plan(found, paint, viewing(self.settings, found)))
            self._shown = digest
        elif found is not None and (found.plan.has_changes or not ended.is_well):
            how = report_viewing(self.settings, found)
            console.result(text.render_report(found, paint, how))
        state = "well" if ended.is_well else "not well"
        console.say(f"{now:%H:%M:%S} UTC: {state}; again in {duration(ended.pause_s)}.")


def _credentials(access: "Access") -> tuple[object, ...]:
    return access.token, access.pair, access.stored, access.dashboard_url, access.spectrum_url
