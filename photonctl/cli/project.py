"""``photonctl project rotate-secret``."""

import os
from functools import partial
from typing import TYPE_CHECKING

import click

from photonctl.cli.options import EMULATOR, LOCK, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import PhotonctlError, RefusedError, SinkError, UsageError
from photonctl.model.filled import shown_text
from photonctl.texts import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from photonctl.credentials.hosts import Hosts
    from photonctl.credentials.store import CredentialFile
    from photonctl.model.secret import Secret
    from photonctl.model.spec import Origin
    from photonctl.model.state import DesiredProject
    from photonctl.session import Session
    from photonctl.sinks.pair_places import PairPlace

_EXAMPLE = "photonctl project rotate-secret"
_RESTART = "The old one doesn't work any more: restart every bot that reads it from there."


@click.group()
def command() -> None:
    """Rotate a project's secret."""


@command.command(cls=Command, epilog=f"{_EXAMPLE}\n{_EXAMPLE} --project support-bot -y")
@click.option("--project", metavar="NAME|ID", help="Which one.  [default: the manifest's]")
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@with_options(MANIFEST, EMULATOR, NETWORK, LOCK)
def rotate_secret(
    settings: Settings, *, project: str | None, auto_approve: bool, lock_timeout: float
) -> None:
    """Rotate a project's secret, and store the new one. The old one stops working at once.

    Every running bot of the project needs the new one: it is stored in the credential file, and
    where the manifest keeps the project's credentials.
    """
    from photonctl.cli.session import in_session
    from photonctl.views.terminal import safe

    declared, console = _declared(settings, project), settings.console
    wanted = project or _only(declared)
    hosts, sources = settings.environment.sources()
    file = None if settings.emulator else sources.file
    kept: list[PairPlace] = []
    if file is not None:
        file.check_writable()

    def prove(name: str, project_id: str, origin: "Origin") -> None:
        meant = [one for one in declared if one.means(name, project_id, origin.project_id)]
        kept.extend(_places(meant, settings))
        _refuse_overwriting(kept, origin)

    def confirm(name: str, project_id: str) -> None:
        if not auto_approve:
            what = f'Rotate the secret of "{name}" ({project_id})? Its running bots stop.'
            console.confirm(what)

    async def work(session: "Session") -> None:
        keep = _keeper(file, hosts, kept)
        await session.rotate_project_secret(wanted, prove=prove, confirm=confirm, keep=keep)

    in_session(settings, work, lock_timeout_s=lock_timeout)
    places = [str(file.path)] if file is not None else []
    where = safe(" and ".join([*places, *(place.shown for place in kept)])) or "no file"
    console.result(f"The project has a new secret, stored in {where}.\n{_RESTART}")


def _keeper(
    file: "CredentialFile | None", hosts: "Hosts", kept: "list[PairPlace]"
) -> "Callable[[str, Origin, Secret], None]":
    """Return what stores a project's secret everywhere; ``kept``: places of its manifest."""
    from photonctl.sinks.pair import keep_pair

    def keep(name: str, origin: "Origin", secret: "Secret") -> None:
        steps: list[Callable[[], object]]
        steps = [partial(keep_pair, [place], origin, secret) for place in kept]
        if file is not None:
            steps.append(
                partial(file.keep_pair, hosts.spectrum, origin.project_id, secret, name=name)
            )
        _each(steps)

    return keep


def _each(steps: "Iterable[Callable[[], object]]") -> None:
    """Do every step, also after one that fails.

    Raises:
        SinkError: what failed.
    """
    failed = []
    for step in steps:
        try:
            step()
        except (PhotonctlError, OSError) as error:
            failed.append(str(error))
    if failed:
        raise SinkError("; ".join(failed))


def _places(meant: "Iterable[DesiredProject]", settings: Settings) -> "Iterator[PairPlace]":
    """Yield where manifests keep a project's credentials, proven writable."""
    from photonctl.sinks.pair_places import pair_places

    for one in meant:
        for place in pair_places(one.credentials, one.folder, settings.environment.state):
            place.check_writable()
            yield place


def _refuse_overwriting(kept: "list[PairPlace]", origin: "Origin") -> None:
    from photonctl.sinks.pair import strangers

    for place, whose in strangers(kept, origin):
        owner = f"the project {whose}" if whose else "an unknown project"
        raise RefusedError(
            f"{place.shown} holds the credentials of {owner}, which the new ones would overwrite",
            hint="Name another place in project.credentials.",
        )


def _declared(settings: Settings, project: str | None) -> "tuple[DesiredProject, ...]":
    """Return what the manifests declare; none where a project is named and there is no manifest."""
    has_manifest = settings.has_files or os.path.exists(settings.files[0])  # noqa: PTH110
    return settings.load() if project is None or has_manifest else ()


def _only(declared: "tuple[DesiredProject, ...]") -> "DesiredProject":
    if len(declared) != 1:
        names = "\n".join(f"  {_EXAMPLE} --project {quote(shown_text(p.name))}" for p in declared)
        raise UsageError("the manifests declare several projects", hint=f"Choose one:\n{names}")
    return declared[0]
