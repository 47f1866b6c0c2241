"""Saved plans, read to be applied or to be shown."""

from pathlib import Path
from typing import Any

from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused, RefusedError, UsageError
from photonctl.files import read_bounded
from photonctl.model.plan import Plan
from photonctl.sealed import KEY_VARIABLE, is_keyed, plan_from_text
from photonctl.texts import quote

LARGEST_PLAN = 256 * 2**20
BEGINNING = b'{\n  "formatVersion"'
"""How plan files and reports begin."""


def read_plan(settings: Settings, path: Path) -> Plan:
    """Read a plan that is to be applied.

    Raises:
        PlanRefused: it was edited, does what no manifest can declare, or has a value that its
            expression doesn't give.
        UsageError: it isn't there.
    """
    from photonctl.manifest.refilled import check_filled
    from photonctl.manifest.saved import check_plan

    saved = plan_from_text(_plan_text(path), settings.environment.plan_key)
    check_plan(saved, settings.trust.reach)
    if not is_keyed(saved.digest):
        check_filled(saved, settings.trust)
    return saved


def read_shown_plan(settings: Settings, path: Path) -> Plan:
    """Read a plan that is only shown, from wherever it comes.

    Raises:
        As ``read_plan``, but not for what only an apply forbids.
    """
    from photonctl.manifest.saved import check_plan

    key = settings.environment.plan_key
    saved = plan_from_text(_plan_text(path), key, is_shown_only=True)
    check_plan(saved, settings.trust.reach, is_shown_only=True)
    if is_keyed(saved.digest) and not key:
        settings.console.warn(
            f"{path} was made with {KEY_VARIABLE}, which isn't set here, so it isn't known whether "
            "it was edited"
        )
    return saved


def is_report(path: Path) -> bool:
    """Is a file a report, and no plan?"""
    return _is_report_text(_text(path))


def read_report(path: Path) -> dict[str, Any]:
    """Read what ``apply --report`` saved.

    Raises:
        RefusedError: it is no report.
        UsageError: it isn't there.
    """
    import json

    from photonctl.manifest.saved import is_report_data

    try:
        data: dict[str, Any] = json.loads(_text(path, "report"))
    except (ValueError, RecursionError):
        data = {}
    if not is_report_data(data):
        raise RefusedError(
            f"{path} isn't a report of this version of photonctl",
            hint="Save one with:\n  photonctl apply --report report.json",
        )
    return data


def _is_report_text(text: str) -> bool:
    if '"converged"' not in text:
        return False
    import json

    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and "converged" in data and "seal" not in data


def _plan_text(path: Path) -> str:
    text = _text(path)
    if _is_report_text(text):
        raise UsageError(
            f"{path} is a report, and no plan",
            hint="Show it on a pull request with:\n  photonctl "
            f"comment {quote(str(path))} --label NAME",
        )
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(
            f"{path} is a manifest, and no plan", hint=f"Name it with -f:  -f {quote(str(path))}"
        )
    return text


def _text(path: Path, what: str = "plan") -> str:
    make = {"plan": "plan --out", "report": "apply --report"}[what]
    try:
        return read_bounded(path, LARGEST_PLAN).decode()
    except FileNotFoundError:
        raise UsageError(
            f"there is no {what} file {path}",
            hint=f"Check its path, or make one:\n  photonctl {make} {quote(str(path))}",
        ) from None
    except (OSError, ValueError) as error:
        raise PlanRefused(f"the plan file {path} can't be read: {error}") from error
