"""``photonctl destroy``."""

import click

from photonctl.cli.machine import adapted
from photonctl.cli.options import lock_option
from photonctl.cli.outcome import finish, hooks
from photonctl.cli.settings import Settings, shared_options


@click.command(epilog="Example:  photonctl destroy -f staging.yaml")
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@click.option("--project-too", is_flag=True, help="Delete the project itself, for good.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@lock_option
@shared_options
def command(
    settings: Settings, *, auto_approve: bool, project_too: bool, as_json: bool, lock_timeout: float
) -> int:
    """Delete the declared project's webhooks and users, but for its owner.

    What protect: and ignore: name stays. With --project-too the project goes, too, for good.
    """
    from photonctl import reconciler

    options = reconciler.Options(
        hooks=hooks(settings, auto_approve=auto_approve, as_json=as_json),
        lock=settings.lock(lock_timeout),
    )
    desired = adapted(settings, settings.load(warns=False).projects)
    report = settings.with_access(
        lambda access: reconciler.destroy(desired, access, options, project_too=project_too)
    )
    return finish(settings, report, as_json=as_json)
