"""``photonctl destroy``."""

import click

from photonctl.cli.options import EMULATOR, LOCK, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options


@click.command(cls=Command, epilog="photonctl destroy -f staging.yaml")
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@click.option("--project-too", is_flag=True, help="Delete the project itself, too, permanently.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@with_options(MANIFEST, EMULATOR, NETWORK, LOCK)
def command(
    settings: Settings, *, auto_approve: bool, project_too: bool, as_json: bool, lock_timeout: float
) -> int:
    """Delete the declared project's webhooks and users, except its owner.

    What protect: and ignore: name stays. --project-too deletes the project as well, permanently.
    """
    from photonctl.cli.outcome import asker, finish, plan_shower
    from photonctl.cli.session import in_session

    desired = settings.load(warns=False)
    report = in_session(
        settings,
        lambda session: session.destroy(
            desired,
            project_too=project_too,
            approve=asker(settings, auto_approve=auto_approve, destroys=True),
        ),
        lock_timeout_s=lock_timeout,
        on_plan=plan_shower(settings, auto_approve=auto_approve, is_beside=as_json),
    )
    return finish(settings, report, form="json" if as_json else "text")
