"""Saved plans, read to be applied or to be shown."""

from pathlib import Path
from shlex import quote
from typing import Any

from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused, RefusedError, UsageError
from photonctl.files import read_bounded
from photonctl.kinds import kinds
from photonctl.model.plan import Plan, Verb
from photonctl.model.report import Status
from photonctl.sealed import KEY_VARIABLE, is_keyed, plan_from_text

_LARGEST_PLAN = 256 * 2**20
BEGINNING = b'{\n  "formatVersion"'
"""How plan files and reports begin."""


def read_plan(settings: Settings, path: Path) -> Plan:
    """Read a plan that is to be applied.

    Raises:
        PlanRefused: it was edited, or does what no manifest can declare.
        UsageError: it isn't there.
    """
    from photonctl.manifest.saved import check_plan

    saved = plan_from_text(_plan_text(path), settings.environment.plan_key)
    check_plan(saved, settings.trust.reach)
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

    try:
        data: dict[str, Any] = json.loads(_text(path, "report"))
    except (ValueError, RecursionError):
        data = {}
    if not _is_report(data):
        raise RefusedError(
            f"{path} isn't a report of this version of photonctl",
            hint="Save one with:\n  photonctl apply --report report.json",
        )
    return data


def _is_report_text(text: str) -> bool:
    return '"converged"' in text and '"seal"' not in text


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


def _is_report(data: Any) -> bool:
    """Has it the parts that views read? It may come from anywhere."""
    projects = data.get("projects") if isinstance(data, dict) else None
    if not isinstance(projects, list) or not isinstance(data.get("converged"), bool):
        return False
    unread = data.get("unplanned", [])
    are_texts = isinstance(unread, list) and all(
        isinstance(item, dict) and all(isinstance(item.get(n), str) for n in ("name", "error"))
        for item in unread
    )
    return are_texts and all(map(_is_project, projects)) and isinstance(data.get("digest"), str)


def _is_project(project: Any) -> bool:
    if not isinstance(project, dict):
        return False
    texts = ("name", "manifest")
    actions, errors = project.get("actions"), project.get("errors")
    return (
        all(isinstance(project.get(name), str) for name in texts)
        and isinstance(project.get("converged"), bool)
        and _are_texts(project.get("hosts") or {})
        and isinstance(errors, list)
        and isinstance(actions, list)
        and all(map(_is_action, actions))
    )


def _are_texts(data: Any) -> bool:
    return isinstance(data, dict) and all(isinstance(text, str) for text in data.values())


def _is_action(action: Any) -> bool:
    names = {kind.name for kind in kinds()}
    verbs = {verb.value for verb in Verb}
    if not isinstance(action, dict) or not isinstance(action.get("key"), str):
        return False
    known = action.get("kind") in names and action.get("action") in verbs
    return known and action.get("status") in {status.value for status in Status}


def _text(path: Path, what: str = "plan") -> str:
    make = {"plan": "plan --out", "report": "apply --report"}[what]
    try:
        return read_bounded(path, _LARGEST_PLAN).decode()
    except FileNotFoundError:
        raise UsageError(
            f"there is no {what} file {path}",
            hint=f"Check its path, or make one:\n  photonctl {make} {quote(str(path))}",
        ) from None
    except (OSError, ValueError) as error:
        raise PlanRefused(f"the plan file {path} can't be read: {error}") from error
