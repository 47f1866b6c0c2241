"""``photonctl doctor``."""

import socket
from dataclasses import replace
from datetime import UTC, datetime

import click

from photonctl.cli.machine import adapted
from photonctl.cli.settings import Settings, shared_options


@click.command(epilog="Example:  photonctl doctor")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@shared_options
def command(settings: Settings, *, as_json: bool) -> int:
    """Check hosts, clock, token, secret sinks and webhook URLs; say how to fix what isn't well.

    Exit code 0 = all is well, 1 = something isn't.
    """
    from photonctl.doctor import examine
    from photonctl.views.status import render_findings, render_findings_json

    settings = replace(settings, only_looks=True)
    projects = adapted(settings, settings.projects_if_any())
    with settings.access() as access:
        findings = examine(access, projects, datetime.now(UTC), _resolve)
    console = settings.console
    if as_json:
        console.document(render_findings_json(findings))
    else:
        console.result(render_findings(findings, console.paint(console.out)))
    return 0 if all(finding.is_well for finding in findings) else 1


def _resolve(host: str) -> list[str]:
    """Look a name up as a program here would."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})
