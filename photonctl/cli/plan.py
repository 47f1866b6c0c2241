"""``photonctl plan``."""

from pathlib import Path

import click
from msgspec.structs import replace

from photonctl.cli.console import refuse_secrets
from photonctl.cli.options import (
    CI,
    EMULATOR,
    EXPECT,
    FORM,
    MANIFEST,
    NETWORK,
    PART,
    SHARD,
    VIEWS,
    Command,
)
from photonctl.cli.output import refuse_to_overwrite
from photonctl.cli.pipeline import show_plan_in_ci
from photonctl.cli.saved import BEGINNING, LARGEST_PLAN
from photonctl.cli.settings import Settings, with_options
from photonctl.cli.viewing import refuse_another, show_plan
from photonctl.errors import RefusedError, UsageError
from photonctl.model.plan import Plan
from photonctl.texts import quote
from photonctl.views.terminal import safe

_HAS_CHANGES = 2
_SOME_UNREAD = 1


@click.command(
    cls=Command,
    epilog="photonctl plan\nphotonctl plan --out plan.json && photonctl apply plan.json",
)
@click.option("--out", metavar="FILE", type=click.Path(), help="Save the plan, for apply.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes.")
@click.option("--destroy", is_flag=True, help="Show what photonctl destroy would do.")
@with_options(FORM, VIEWS, EXPECT, CI, PART, SHARD, MANIFEST, EMULATOR, NETWORK)
def command(
    settings: Settings,
    *,
    out: str | None,
    detailed_exitcode: bool,
    destroy: bool,
) -> int:
    """Show what apply would do; change nothing.

    The exit code is 0 with and without changes, unless --detailed-exitcode is given.
    """
    from photonctl.cli.session import in_session
    from photonctl.sealed import digest_of

    if out is not None:
        _refuse_to_overwrite(Path(out), is_destruction=destroy)
    desired = settings.load(warns=False, leaves_out=not destroy)
    part = settings.part(desired)
    is_kept = out is not None
    plan = in_session(
        settings,
        lambda session: session.plan(desired, asks_account=is_kept, part=part, destroys=destroy),
    )
    plan = settings.with_left_out(plan)
    plan = replace(plan, digest=digest_of(plan, settings.environment.plan_key))  # once for all
    if out is not None:
        _save(plan, Path(out), settings.environment.plan_key)
    show_plan(settings, plan)
    show_plan_in_ci(settings, plan)
    refuse_another(settings, plan)
    if out is not None:
        settings.console.say(safe(f"Saved to {out}. To apply it:"))
        local = " --emulator" if settings.emulator else ""
        settings.console.say(safe(f"  photonctl apply{local} {quote(out)}"))
    if plan.unplanned:
        return _SOME_UNREAD
    return _HAS_CHANGES if detailed_exitcode and plan.has_changes else 0


def _refuse_to_overwrite(path: Path, *, is_destruction: bool) -> None:
    """Refuse to overwrite what isn't a plan: a mistyped name must not cost a manifest."""
    if is_destruction:
        raise UsageError(
            "--destroy and --out can't be combined: a destruction isn't applied from a plan file",
            hint="Leave out --out. To destroy:\n  photonctl destroy",
        )
    refuse_to_overwrite(path, BEGINNING, "--out")


def _save(plan: Plan, path: Path, key: str) -> None:
    from photonctl.files import write_private
    from photonctl.sealed import plan_to_text

    text = refuse_secrets(plan_to_text(plan, key))
    data = text.encode(errors="backslashreplace")  # a path may be no Unicode
    if len(data) > LARGEST_PLAN:
        most = f"{LARGEST_PLAN // 2**20} MiB"
        raise RefusedError(
            f"the plan is larger than {most}, so it couldn't be read again",
            hint="Plan fewer projects at once:  --shard I/N",
        )
    try:
        write_private(path, data)
    except OSError as error:
        raise RefusedError(f"the plan can't be saved to {path}: {error.strerror}") from error
