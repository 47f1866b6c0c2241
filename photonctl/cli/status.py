"""``photonctl status``."""

import os

import click

from photonctl.cli.options import EMULATOR, MANIFEST, TOKEN_FILE, Command
from photonctl.cli.settings import Settings, with_options


@click.command(cls=Command, epilog="photonctl status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_options(MANIFEST, EMULATOR, TOKEN_FILE)
def command(settings: Settings, *, as_json: bool) -> None:
    """Say of each credential whether it is stored, and where; never its value. Asks no server."""
    from photonctl.status import summarize
    from photonctl.views.status import render_status, render_status_json

    hosts, sources = settings.environment.sources()
    projects = settings.projects_if_any()
    lines = summarize(sources, os.environ, projects)
    console = settings.console
    if as_json:
        console.document(render_status_json(hosts.dashboard, lines))
    else:
        console.result(render_status(hosts.dashboard, lines, console.paint(console.out)))
