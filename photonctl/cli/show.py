"""``photonctl show``."""

import click

from photonctl.cli.options import EMULATOR, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import UsageError


@click.command(
    cls=Command,
    epilog="photonctl show\nphotonctl show --project support-bot --csv > users.csv",
)
@click.option("--project", metavar="NAME|ID", help="Only this project.  [default: the manifests']")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the users as CSV.")
@with_options(MANIFEST, EMULATOR, NETWORK)
def command(settings: Settings, *, project: str | None, as_json: bool, as_csv: bool) -> None:
    """Show what is live: users with the number that each one texts, webhooks, seats.

    Says of each webhook which secret signs its deliveries and where that is stored. Without a
    manifest, shows every project of the account.
    """
    from photonctl.cli.session import in_session
    from photonctl.views import show

    if as_json and as_csv:
        raise UsageError("--json and --csv can't be combined", hint="Leave one of them out.")
    desired = settings.projects_if_any()
    found = in_session(settings, lambda session: session.show(desired, project))
    console = settings.console
    if as_json:
        console.document(show.render_json(found))
    elif as_csv:
        console.document(show.render_csv(found))
    else:
        console.result(show.render_text(found, console.paint(console.out)))
