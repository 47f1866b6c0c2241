"""``photonctl show``."""

from pathlib import Path

import click

from photonctl.cli.options import EMULATOR, FORM, MANIFEST, NETWORK, VIEWS, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import UsageError


@click.command(
    cls=Command,
    epilog="photonctl show\nphotonctl show --project support-bot --csv > users.csv\n"
    "photonctl show plan.json --format html > plan.html",
)
@click.argument("planfile", required=False, type=click.Path())
@click.option("--project", metavar="NAME|ID", help="Only this project.  [default: the manifests']")
@click.option("--csv", "as_csv", is_flag=True, help="Print the users as CSV.")
@click.option("--check", is_flag=True, help="Ask Photon whether the plan could still be applied.")
@with_options(FORM, VIEWS, MANIFEST, EMULATOR, NETWORK)
def command(
    settings: Settings,
    *,
    planfile: str | None,
    project: str | None,
    as_csv: bool,
    check: bool,
) -> None:
    """Show what is live: users with the number that each one texts, webhooks, seats.

    Says of each webhook which secret signs its deliveries and where that is stored. Without a
    manifest, shows every project of the account. With PLANFILE, shows that plan, offline.
    """
    if planfile is not None:
        if project is not None or as_csv:
            raise UsageError("a plan file has no --project and no --csv", hint="Leave them out.")
        _show_plan(settings, Path(planfile), is_checked=check)
        return
    if check or settings.form in ("markdown", "html"):
        raise UsageError("--check, markdown and html are for a plan file", hint="Name the file.")
    _show_live(settings, project, as_csv=as_csv)


def _show_plan(settings: Settings, path: Path, *, is_checked: bool) -> None:
    from photonctl.cli.saved import read_plan, read_shown_plan
    from photonctl.cli.viewing import show_plan

    show_plan(settings, read_shown_plan(settings, path))
    if is_checked:
        from photonctl.cli.session import in_session

        saved = read_plan(settings, path)
        in_session(settings, lambda session: session.check(saved))
        settings.console.say("The plan can be applied: live state is what it was made from.")


def _show_live(settings: Settings, project: str | None, *, as_csv: bool) -> None:
    from photonctl.cli.session import in_session
    from photonctl.cli.viewing import redaction
    from photonctl.views import show

    if as_csv and settings.form == "json":
        raise UsageError("--json and --csv can't be combined", hint="Leave one of them out.")
    desired = settings.projects_if_any()
    found = in_session(settings, lambda session: session.show(desired, project))
    console, people = settings.console, redaction(settings)
    if settings.form == "json":
        console.document(show.render_json(found, people))
    elif as_csv:
        console.document(show.render_csv(found, people))
    else:
        console.result(show.render_text(found, console.paint(console.out), people))
