"""``photonctl status``."""

from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from photonctl.cli.options import EMULATOR, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import PhotonctlError
from photonctl.own_credentials import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photonctl.model.state import DesiredProject
    from photonctl.status import Known

_PATIENCE_S = 5.0  # what is asked of Photon comes on top


@click.command(cls=Command, epilog="photonctl status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_options(MANIFEST, EMULATOR, NETWORK)
def command(settings: Settings, *, as_json: bool) -> None:
    """Say of each credential whether it is stored, where, and since when; never its value.

    Where photonctl is signed in, it also says of each webhook's secret whether it verifies what
    Photon delivers now.
    """
    from photonctl.status import summarize
    from photonctl.views.status import render_status, render_status_json

    hosts, sources = settings.environment.sources()
    projects = settings.projects_if_any()
    lines = summarize(sources, environment(), projects, _live(settings, projects))
    console = settings.console
    if as_json:
        console.document(render_status_json(hosts.dashboard, lines))
    else:
        console.result(render_status(hosts.dashboard, lines, console.paint(console.out)))


def _live(settings: Settings, projects: "Sequence[DesiredProject]") -> "list[Known | None]":
    """Read live state, if that needs no signing in; what can't be read isn't known."""
    from photonctl.cli.session import in_session
    from photonctl.model.ref import ResourceRef
    from photonctl.status import Known

    if not any(d.secret for p in projects for rows in p.resources.values() for d in rows.values()):
        return []
    settings = replace(settings, timeout=min(settings.timeout, _PATIENCE_S))
    try:
        if not settings.emulator and settings.access().token is None:
            return []
        found = in_session(settings, lambda session: session.observe(projects))
    except PhotonctlError as error:
        settings.console.say(f"What Photon delivers now isn't known: {error}")
        return []
    return [
        None
        if isinstance(live, PhotonctlError)
        else Known(
            {
                ResourceRef(kind, key): row
                for kind, rows in live.resources.items()
                for key, row in rows.items()
            },
            live.id,
        )
        for live in found
    ]
