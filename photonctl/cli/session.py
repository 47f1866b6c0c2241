"""Running a command's work in a session: credentials, sign-in where somebody can, signals."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from photonctl import loop
from photonctl.api.access import Access
from photonctl.api.retry import Retrying
from photonctl.cli.live import shown_progress
from photonctl.cli.reporting import Reporter
from photonctl.cli.settings import Settings
from photonctl.cli.signals import Limit, Stopper
from photonctl.cli.viewing import redaction
from photonctl.errors import NotLoggedIn, TokenRejected
from photonctl.events import ApplyStarted, ChangeStarted, Event, OnEvent, ignore
from photonctl.model.plan import Plan
from photonctl.session import Session

_FRESH = "the new token"
_FINISHED = "What was begun is finished first."
_WITHOUT_ACCOUNT = "To try photonctl without an account, add --emulator."
T = TypeVar("T")
Work = Callable[[Session], Awaitable[T]]


@contextmanager
def open_access(settings: Settings) -> Iterator[Access]:
    """Yield hosts and credentials: from their sources, or of an embedded emulator.

    Raises:
        AuthError, AmbiguousHosts, UsageError: see ``credentials``.
    """
    if not settings.emulator:
        yield settings.access()
        return
    from photonctl.cli.embedded import embedded

    with embedded(settings.folder) as local:
        yield Access(
            dashboard_url=local.url,
            spectrum_url=local.url,
            token=local.token,
            is_embedded=True,
            rate=settings.rate,
            parallelism=settings.parallelism,
            retrying=Retrying(limit_s=settings.timeout),
        )


def in_session(  # noqa: PLR0913  # what a command decides
    settings: Settings,
    work: Work[T],
    *,
    lock_timeout_s: float = 30.0,
    on_plan: Callable[[Plan], None] | None = None,
    on_event: OnEvent = ignore,
    limit: Limit | None = None,
) -> T:
    """Do a command's work in a session; where somebody can, let them sign in and do it again.

    Args:
        settings: the flags.
        work: called with the session.
        lock_timeout_s: how long to wait for another apply.
        on_plan: shows a plan that is about to be applied.
        on_event: sees every event, before the console does.
        limit: how long new work may be begun.
    """

    def run(access: Access) -> T:
        with shown_progress(settings.console) as (progress, show):
            on_console = Reporter(settings.console, on_plan, redaction(settings), progress)
            report = each_of(on_event, show, on_console)
            options = _Options(lock_timeout_s, report, limit)
            return loop.run(_work_in(settings, access, work, options))

    with open_access(settings) as access:
        try:
            return run(access)
        # Work that fails for lack of a token has changed nothing: a token is ensured first.
        except (NotLoggedIn, TokenRejected) as error:
            if settings.emulator or not settings.console.is_interactive:
                if isinstance(error, NotLoggedIn):
                    error.hint = f"{error.hint}\n{_WITHOUT_ACCOUNT}"
                raise
            settings.console.warn(str(error))
        from photonctl.cli.login import sign_in_and_keep

        signed_in = sign_in_and_keep(settings, access)
        return run(replace(access, token=signed_in.token, token_source=_FRESH))


def each_of(*reports: OnEvent) -> OnEvent:
    """Return what tells several of each event."""

    def report(event: Event) -> None:
        for one in reports:
            one(event)

    return report


class _Options(Struct, frozen=True):
    lock_timeout_s: float
    report: OnEvent
    limit: Limit | None


async def _work_in(settings: Settings, access: Access, work: Work[T], options: _Options) -> T:
    """Do the work; from the first change on, a signal stops it only between two actions."""
    with Stopper(settings.console, options.limit) as stopper:

        def on_event(event: Event) -> None:
            match event:
                case ApplyStarted():
                    stopper.listen()
                case ChangeStarted():
                    stopper.listen(_FINISHED)
            options.report(event)

        session = Session(
            access,
            rules=settings.rules(options.lock_timeout_s),
            trust=settings.trust,
            on_event=on_event,
            stop=stopper.stop,
        )
        async with session:
            return await work(session)
