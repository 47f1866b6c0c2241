"""``photonctl project rotate-secret``."""

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from photonctl.cli.options import EMULATOR, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError, UsageError
from photonctl.model.filled import shown_text

if TYPE_CHECKING:
    from photonctl.model.secret import Secret
    from photonctl.model.state import DesiredProject

_EXAMPLE = "photonctl project rotate-secret"


@click.group()
def command() -> None:
    """Rotate a project's secret."""


@command.command(cls=Command, epilog=f"{_EXAMPLE}\n{_EXAMPLE} --project support-bot -y")
@click.option("--project", metavar="NAME|ID", help="Which one.  [default: the manifest's]")
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@with_options(MANIFEST, EMULATOR, NETWORK)
def rotate_secret(settings: Settings, *, project: str | None, auto_approve: bool) -> None:
    """Rotate a project's secret, and store the new one. The old one stops working at once.

    Every running bot of the project needs the new one: it is stored in the credential file, and
    where the manifest keeps the project's credentials.
    """
    from photonctl.cli.session import in_session
    from photonctl.rotation import rotate_project_secret
    from photonctl.sinks.env_file import check_file
    from photonctl.sinks.pair import keep_pair

    wanted, path, shown = _chosen(settings, project)
    console = settings.console
    hosts, sources = settings.environment.sources()
    file = None if settings.emulator else sources.file
    if file is not None:
        file.check_writable()
    if path is not None:
        check_file(path, shown, settings.environment.state)

    def confirm(name: str, project_id: str, spectrum_id: str) -> None:
        _refuse_overwriting(path, spectrum_id, shown)
        if not auto_approve:
            console.confirm(
                f'Rotate the secret of "{name}" ({project_id})? Its running bots stop at once.'
            )

    def keep(name: str, project_id: str, secret: "Secret") -> None:
        if file is not None:
            file.keep_pair(hosts.spectrum, project_id, secret, name=name)
        if path is not None:
            keep_pair(path, project_id, secret, shown=shown, state=settings.environment.state)

    in_session(
        settings,
        lambda session: rotate_project_secret(session.account, wanted, confirm=confirm, keep=keep),
    )
    places = [str(place) for place in (file and file.path, shown) if place is not None]
    console.result(f"The project has a new secret, stored in {' and '.join(places) or 'no file'}.")


def _refuse_overwriting(path: Path | None, spectrum_id: str, shown: Path | None) -> None:
    from photonctl.sinks.pair import pair_of

    other = pair_of(path, spectrum_id) if path is not None else None
    if other is not None:
        whose = f"the project {other}" if other else "an unknown project"
        raise RefusedError(
            f"{shown} holds the credentials of {whose}, which the new ones would overwrite",
            hint="Name another file in project.credentials.",
        )


def _chosen(settings: Settings, project: str | None) -> tuple[str, Path | None, Path | None]:
    """Return the project's name or id, the env file that its manifest names for it, as shown."""
    declared: tuple[DesiredProject, ...] = ()
    if project is None or settings.has_files or os.path.exists(settings.files[0]):  # noqa: PTH110
        declared = settings.load()
    found = [p for p in declared if project in (None, p.name, p.id)]
    if project is None and len(found) != 1:
        names = "\n".join(f"  {_EXAMPLE} --project {quote(shown_text(p.name))}" for p in found)
        raise UsageError("the manifests declare several projects", hint=f"Choose one:\n{names}")
    if not found:
        return str(project), None, None
    chosen, sink = found[0], found[0].credentials
    name = chosen.id or chosen.name
    if sink is None:
        return name, None, None
    return name, chosen.folder / sink.target, chosen.folder / shown_text(sink.target)
