"""``photonctl doctor``."""

from datetime import UTC, datetime

import click

from photonctl.cli.settings import Settings, shared_options


@click.command(epilog="Example:  photonctl doctor")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@shared_options
def command(settings: Settings, *, as_json: bool) -> int:
    """Look at hosts, clock, token, secret sinks and webhook URLs; say how to mend what isn't well.

    Exit code 0 = all is well, 1 = something isn't.
    """
    from photonctl.doctor import examine
    from photonctl.views.status import render_findings, render_findings_json

    projects = settings.projects_if_any()
    with settings.access() as access:
        findings = examine(access, projects, lambda: datetime.now(UTC))
    console = settings.console
    if as_json:
        console.document(render_findings_json(findings))
    else:
        console.result(render_findings(findings, console.paint(console.out)))
    return 0 if all(finding.is_well for finding in findings) else 1
