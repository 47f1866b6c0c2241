"""``photonctl apply``."""

from pathlib import Path
from shlex import quote

import click

from photonctl.cli.machine import adapted, adapted_plan
from photonctl.cli.options import lock_option
from photonctl.cli.outcome import finish, hooks
from photonctl.cli.settings import Settings, shared_options
from photonctl.errors import PlanRefused, UsageError
from photonctl.files import read_bounded
from photonctl.model.plan import Plan

_LARGEST_PLAN = 256 * 2**20


@click.command(
    epilog="Examples:  photonctl apply  ·  photonctl apply -y -f prod/  ·  photonctl apply p.json"
)
@click.argument("planfile", required=False, type=click.Path())
@click.option("-y", "--auto-approve", is_flag=True, help="Don't ask.")
@click.option("--allow-deletes", is_flag=True, help="Delete more than the limits allow.")
@click.option("--allow-changes", is_flag=True, help="Change more than the limits allow.")
@click.option(
    "--replace-stored",
    metavar="KEY",
    multiple=True,
    help="Overwrite the secret stored under KEY, whosever it is; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@lock_option
@shared_options
def command(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    planfile: str | None,
    auto_approve: bool,
    allow_deletes: bool,
    allow_changes: bool,
    replace_stored: tuple[str, ...],
    as_json: bool,
    lock_timeout: float,
) -> int:
    """Make live state match the manifest, or carry out a saved plan.

    Plans, asks, applies, reads live state back and reports. Running it again continues where a run
    ended.
    """
    from photonctl import reconciler

    options = reconciler.Options(
        lifted=_lifted(replace_stored, deletes=allow_deletes, changes=allow_changes),
        hooks=hooks(settings, auto_approve=auto_approve, as_json=as_json),
        lock=settings.lock(lock_timeout),
    )
    if planfile is not None:
        saved = adapted_plan(settings, _read_plan(settings, Path(planfile)))
        report = settings.with_access(
            lambda access: reconciler.apply_plan_file(saved, access, options)
        )
        return finish(settings, report, as_json=as_json)
    desired = adapted(settings, settings.load(warns=False).projects)
    report = settings.with_access(lambda access: reconciler.apply(desired, access, options))
    return finish(settings, report, as_json=as_json)


def _lifted(stored: tuple[str, ...], *, deletes: bool, changes: bool) -> frozenset[str]:
    """Name the given flags as refusals do."""
    flags = {"--allow-deletes": deletes, "--allow-changes": changes}
    keys = (f"--replace-stored {key}" for key in stored)
    return frozenset((*(flag for flag, is_given in flags.items() if is_given), *keys))


def _read_plan(settings: Settings, path: Path) -> Plan:
    from photonctl.manifest.saved import check_plan
    from photonctl.planner.sealed import plan_from_text

    if settings.has_files:
        raise UsageError(
            "a plan file and -f were both given", hint="A plan file stands alone: leave out -f."
        )
    try:
        text = read_bounded(path, _LARGEST_PLAN).decode()
    except FileNotFoundError:
        raise UsageError(
            f"there is no plan file {path}",
            hint=f"Check its path, or make one:\n  photonctl plan --out {quote(str(path))}",
        ) from None
    except (OSError, ValueError) as error:
        raise PlanRefused(f"the plan file {path} can't be read: {error}") from error
    saved = plan_from_text(text, settings.plan_key)
    check_plan(saved, settings.reach)
    return saved
