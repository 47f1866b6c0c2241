"""``photonctl apply``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from photonctl.cli.durations import seconds
from photonctl.cli.options import (
    CI,
    EMULATOR,
    EXPECT,
    LOCK,
    MANIFEST,
    NETWORK,
    PART,
    SHARD,
    VIEWS,
    Command,
)
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import UsageError
from photonctl.model.plan import Plan

if TYPE_CHECKING:
    from photonctl.model.state import DesiredProject


@click.command(
    cls=Command,
    epilog="photonctl apply\nphotonctl apply -y -f prod/\nphotonctl apply plan.json",
)
@click.argument("planfile", required=False, type=click.Path())
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@click.option("--allow-deletes", is_flag=True, help="Exceed the limits on deletes.")
@click.option(
    "--allow-changes", is_flag=True, help="Exceed the limits on creates, updates and replaces."
)
@click.option(
    "--replace-stored",
    metavar="KEY",
    multiple=True,
    help="Overwrite the secret stored under KEY, even another project's; repeatable.",
)
@click.option(
    "--expect-from-comment",
    "from_comment",
    is_flag=True,
    help="Apply only the plan that our comment on the merged pull request shows.",
)
@click.option("--label", metavar="NAME", help="With --expect-from-comment: which comment.")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(),
    help="Save the report: as JSON, or as JUnit XML if FILE ends with .xml.",
)
@click.option(
    "--max-duration",
    metavar="TIME",
    help="Begin nothing after this time, for example 50m; exit with 6 if something is left.",
)
@click.option(
    "--events",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Write what happens, as it happens: a line of JSON each; - for standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@with_options(VIEWS, EXPECT, CI, PART, SHARD, MANIFEST, EMULATOR, NETWORK, LOCK)
def command(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    planfile: str | None,
    auto_approve: bool,
    allow_deletes: bool,
    allow_changes: bool,
    replace_stored: tuple[str, ...],
    from_comment: bool,
    label: str | None,
    report: str | None,
    max_duration: str | None,
    events: str | None,
    as_json: bool,
    lock_timeout: float,
) -> int:
    """Apply a manifest or a saved plan.

    Shows the plan, asks, applies it, then reads live state back to verify. Safe to run again after
    a failure: it continues from what is live.
    """
    from photonctl.cli.events_file import events_file
    from photonctl.cli.outcome import asker, finish, plan_shower, prove_writable
    from photonctl.cli.session import in_session
    from photonctl.cli.signals import Limit

    if as_json and events == "-":
        raise UsageError("--json and --events - both write to standard output", hint="Name a file.")
    if report is not None:
        prove_writable(Path(report))
    limit = None if max_duration is None else Limit(seconds(max_duration, "--max-duration"))
    if label is not None and not from_comment:
        raise UsageError("--label says which comment", hint="Add --expect-from-comment.")
    if from_comment:
        settings = replace(settings, expect=_approved(settings, label))
    lifted = _lifted(replace_stored, deletes=allow_deletes, changes=allow_changes)
    what: Plan | tuple[DesiredProject, ...] = (
        settings.load(warns=False, leaves_out=True)
        if planfile is None
        else _read_plan(settings, Path(planfile))
    )
    part = settings.part(()) if isinstance(what, Plan) else settings.part(what)
    is_beside = as_json or events == "-"
    with events_file(settings, events) as file:
        done = in_session(
            settings,
            lambda session: session.apply(
                what,
                lifted=lifted,
                approve=asker(settings, auto_approve=auto_approve),
                part=part,
            ),
            lock_timeout_s=lock_timeout,
            on_plan=plan_shower(settings, auto_approve=auto_approve, is_beside=is_beside),
            on_event=file.event,
            limit=limit,
        )
        file.report(settings.with_left_out(done))
    form = "json" if as_json else "none" if is_beside else "text"
    is_over = limit is not None and limit.is_over
    return finish(settings, done, form=form, path=report, is_over=is_over)


def _approved(settings: Settings, label: str | None) -> str:
    """Return the approved digest; "" = nothing was."""
    if settings.expect is not None:
        raise UsageError("--expect and --expect-from-comment exclude each other", hint="Give one.")
    from photonctl.commenting import approved_digest, checked_label
    from photonctl.forges import forge_named

    label = None if label is None else checked_label(label)
    return (
        approved_digest(forge_named(None, os.environ), label, settings.environment.plan_key) or ""
    )


def _lifted(stored: tuple[str, ...], *, deletes: bool, changes: bool) -> frozenset[str]:
    """Name the given flags as refusals do."""
    flags = {"--allow-deletes": deletes, "--allow-changes": changes}
    keys = (f"--replace-stored {key}" for key in stored)
    return frozenset((*(flag for flag, is_given in flags.items() if is_given), *keys))


def _read_plan(settings: Settings, path: Path) -> Plan:
    from photonctl.cli.saved import read_plan

    if settings.has_files or settings.has_part or settings.shard:
        raise UsageError(
            f"a plan file and {'-f' if settings.has_files else 'a part'} were both given",
            hint="A plan file is applied whole, without its manifest. Give -f, --only, --exclude "
            "and --replace to plan --out.",
        )
    return read_plan(settings, path)
