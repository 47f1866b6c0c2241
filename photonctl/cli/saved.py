"""Saved plans, read to be applied or to be shown."""

from pathlib import Path
from shlex import quote

from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused, UsageError
from photonctl.files import read_bounded
from photonctl.model.plan import Plan
from photonctl.sealed import plan_from_text

_LARGEST_PLAN = 256 * 2**20


def read_plan(settings: Settings, path: Path) -> Plan:
    """Read a plan that is to be applied.

    Raises:
        PlanRefused: it was edited, or does what no manifest can declare.
        UsageError: it isn't there.
    """
    from photonctl.manifest.saved import check_plan

    saved = plan_from_text(_text(path), settings.environment.plan_key)
    check_plan(saved, settings.trust.reach)
    return saved


def read_shown_plan(settings: Settings, path: Path) -> Plan:
    """Read a plan that is only shown, from wherever it comes.

    Raises:
        As ``read_plan``, but not for what only an apply forbids.
    """
    return plan_from_text(_text(path), settings.environment.plan_key, is_shown_only=True)


def _text(path: Path) -> str:
    try:
        return read_bounded(path, _LARGEST_PLAN).decode()
    except FileNotFoundError:
        raise UsageError(
            f"there is no plan file {path}",
            hint=f"Check its path, or make one:\n  photonctl plan --out {quote(str(path))}",
        ) from None
    except (OSError, ValueError) as error:
        raise PlanRefused(f"the plan file {path} can't be read: {error}") from error
