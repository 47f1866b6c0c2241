"""``photonctl drift``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from photonctl.cli.console import refuse_secrets
from photonctl.cli.options import CI, EMULATOR, FORM, MANIFEST, NETWORK, PART, SHARD, VIEWS, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import UsageError
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photonctl.drifting import Baseline
    from photonctl.model.state import DesiredProject

_DRIFTED = 2
_SOME_UNREAD = 1


@click.command(
    cls=Command,
    epilog="photonctl drift\nphotonctl drift --baseline report.json\nphotonctl drift --issue --ci",
)
@click.option(
    "--baseline",
    metavar="REPORT",
    type=click.Path(),
    help="The report of the last apply: says who changed what since.",
)
@click.option("--issue", is_flag=True, help="Open, edit and close an issue for each project.")
@click.option("--on", "forge", type=click.Choice(["github", "gitlab"]), help="Where issues are.")
@with_options(FORM, VIEWS, CI, PART, SHARD, MANIFEST, EMULATOR, NETWORK)
def command(settings: Settings, *, baseline: str | None, issue: bool, forge: str | None) -> int:
    """Compare live state with manifests: exit 0 = as declared, 2 = something differs.

    With the report of the last apply (photonctl apply --report), tells what was changed outside
    since then from what isn't applied yet.
    """
    from photonctl.cli.session import in_session
    from photonctl.drifting import baseline_of, split

    if issue and settings.has_part:
        raise UsageError(
            "an issue is about a whole project", hint="Leave out --only, --exclude or --issue."
        )
    if forge is not None and not issue:
        raise UsageError("--on says where issues are", hint="Add --issue.")
    then = None
    if baseline is not None:
        from photonctl.cli.saved import read_report

        then = baseline_of(read_report(Path(baseline)), settings.environment.plan_key)
        if then.is_foreign:
            settings.console.warn(
                f"{baseline} was made with another PHOTONCTL_PLAN_KEY than this one, or with none, "
                "so it doesn't say who changed what. Set the same key for apply and drift."
            )
    desired = settings.load(warns=False, leaves_out=True)
    # Where credentials are stored on this machine is no difference at Photon.
    desired = tuple(replace(project, credentials=None) for project in desired)
    part = settings.part(desired)
    plan = in_session(settings, lambda s: s.plan(desired, asks_account=False, part=part))
    plan = settings.with_left_out(plan)
    parts = split(plan, then)
    if settings.form != "json":
        settings.console.warn_of([text for project in plan.projects for text in project.warnings])
    _show(settings, plan, then)
    if issue:
        _sync(settings, desired, plan, then, forge)
    if plan.unplanned:
        return _SOME_UNREAD
    return _DRIFTED if parts or not plan.is_as_declared else 0


def _show(settings: Settings, plan: Plan, then: "Baseline | None") -> None:
    from photonctl.cli.pipeline import show_drift_in_ci
    from photonctl.cli.viewing import viewing
    from photonctl.pipelines.base import LONGEST_SUMMARY
    from photonctl.views import drift

    console, how = settings.console, viewing(settings, plan)
    match settings.form:
        case "text":
            console.result(drift.render_text(plan, then, how, console.paint(console.out)))
        case "json":
            console.document(drift.render_json(plan, then, how, settings.environment.plan_key))
        case "markdown":
            console.document(drift.render_markdown(plan, then, how))
        case "html":
            console.document(drift.render_html(plan, then, how))
    public = viewing(settings, plan, is_public=True)
    show_drift_in_ci(settings, plan, drift.render_markdown(plan, then, public, LONGEST_SUMMARY))


def _sync(
    settings: Settings,
    desired: "Sequence[DesiredProject]",
    plan: Plan,
    then: "Baseline | None",
    forge: str | None,
) -> None:
    from photonctl.cli.viewing import viewing
    from photonctl.commenting import LONGEST
    from photonctl.drift_issues import issue_key, sync_issues
    from photonctl.forges import forge_named
    from photonctl.views import drift

    drifted, clean = [], []
    # Only what is pinned may share its name; whether it does, another shard may know.
    pinned = {(one.manifest, shown_text(one.name)) for one in desired if one.id is not None}
    for project in plan.projects:
        shown = (project.manifest, shown_text(project.name))
        name = issue_key(*shown, project.id if shown in pinned else None)
        if project.is_as_declared:
            clean.append(name)
        if not project.actions:  # what is only refused opens no issue, and closes none
            continue
        alone = Plan(projects=(project,), made_at=plan.made_at)
        how = viewing(settings, alone, is_public=True)
        text = refuse_secrets(drift.render_markdown(alone, then, drift.without_time(how), LONGEST))
        drifted.append((name, drift.title(project), text))
    count = sync_issues(forge_named(forge, os.environ), drifted, clean)
    settings.console.say(f"Issues written: {count}.")
