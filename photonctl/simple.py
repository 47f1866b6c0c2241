"""The library without ``async``: each function opens a session for itself, from the environment.

They are for scripts. A program that does more than one thing, has an event loop, or decides about
credentials itself uses ``Session``.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from photonctl import loop
from photonctl.model.plan import Plan
from photonctl.model.report import Report
from photonctl.model.state import DesiredProject
from photonctl.session import Session
from photonctl.showing import ShownProject

T = TypeVar("T")


def load(*paths: str | Path) -> tuple[DesiredProject, ...]:
    """Read manifests: files, folders of them, or ``-``; see ``Session.load``.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    return Session.from_environment().load(*paths)


def plan(desired: Sequence[DesiredProject]) -> Plan:
    """Compare manifests with live state; see ``Session.plan``."""
    return _run(lambda session: session.plan(desired))


def apply(what: Plan | Sequence[DesiredProject], *, lifted: Sequence[str] = ()) -> Report:
    """Apply a plan, or plan and apply manifests; see ``Session.apply``."""
    return _run(lambda session: session.apply(what, lifted=lifted))


def destroy(desired: Sequence[DesiredProject], *, project_too: bool = False) -> Report:
    """Delete what is live in the declared projects; see ``Session.destroy``."""
    return _run(lambda session: session.destroy(desired, project_too=project_too))


def export(project: str | None = None, folder: str | Path = ".") -> list[dict[str, Any]]:
    """Read live projects as manifest documents; see ``Session.export``."""
    return _run(lambda session: session.export(project, folder))


def show(desired: Sequence[DesiredProject] = (), project: str | None = None) -> list[ShownProject]:
    """Read live projects; see ``Session.show``."""
    return _run(lambda session: session.show(desired, project))


def _run(work: Callable[[Session], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Session.from_environment() as session:
            return await work(session)

    return loop.run(run())
