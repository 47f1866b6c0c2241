"""``photonctl doctor``."""

from datetime import UTC, datetime

import click
from msgspec.structs import replace

from photonctl.cli.options import EMULATOR, MANIFEST, TIMEOUT, TOKEN_FILE, Command
from photonctl.cli.settings import Settings, with_options


@click.command(cls=Command, epilog="photonctl doctor")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_options(MANIFEST, EMULATOR, TOKEN_FILE, TIMEOUT)
def command(settings: Settings, *, as_json: bool) -> int:
    """Check the setup and say how to fix what is wrong: hosts, clock, token, sinks, webhook URLs.

    Exit code 0 = nothing is wrong, 1 = something is.
    """
    from photonctl.cli.session import open_access
    from photonctl.doctor import examine
    from photonctl.loop import addresses
    from photonctl.views.status import render_findings, render_findings_json

    settings = replace(settings, only_looks=True)
    projects = settings.projects_if_any()
    with open_access(settings) as access:
        findings = examine(access, projects, datetime.now(UTC), addresses)
    console = settings.console
    if as_json:
        console.document(render_findings_json(findings))
    else:
        console.result(render_findings(findings, console.paint(console.out)))
    return 0 if all(finding.is_well for finding in findings) else 1
