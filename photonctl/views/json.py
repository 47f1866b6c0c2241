"""Plans and reports for programs: the JSON of interface §6. The same input gives the same bytes.

What may be a secret is hidden here, too. A plan file isn't a view: it keeps what it needs.
"""

from photonctl import __version__
from photonctl.model.filled import is_filled, shown, shown_text
from photonctl.model.plan import Plan
from photonctl.model.ref import hashed_ref, key_mark, keyed
from photonctl.model.report import Outcome, ProjectReport, Report
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.planfile import action_to_json, plan_to_json, project_to_json
from photonctl.sealed import digest_of, sealed
from photonctl.urls import shown_in_text, whole_url
from photonctl.views.inert import json_text
from photonctl.views.people import without_people
from photonctl.views.redact import OPEN, Redaction
from photonctl.views.table import Viewing

_NAMES = ("live", "labels")
_WHOLE = ("sink", "credentials")  # a command must be seen as it would run


def render_plan(plan: Plan, key: str = "", viewing: Viewing | None = None) -> str:
    """Return the plan as JSON: a plan file's content, unless something in it has to be hidden.

    Args:
        plan: what is shown.
        key: see ``sealed``.
        viewing: how people are shown; nothing is ever folded.
    """
    return json_text(shown_plan(plan, key, viewing))


def shown_plan(plan: Plan, key: str = "", viewing: Viewing | None = None) -> JsonObject:
    """Return what ``render_plan`` writes."""
    whole = sealed(plan_to_json(plan), key)
    if plan.digest:  # as its file says: the key that made it may not be here
        whole["digest"] = plan.digest
    hidden = _hidden(whole)
    redaction = viewing.redaction if viewing is not None else OPEN
    is_whole = hidden == whole and not any(project.labels for project in plan.projects)
    if is_whole and not redaction.is_on:
        return whole
    assert isinstance(hidden, dict)
    hidden = without_people(hidden, redaction)
    unsealed = {name: value for name, value in hidden.items() if name != "seal"}
    return {**_without_live(unsealed), "isRedacted": True}


def render_report(report: Report, key: str = "", redaction: Redaction = OPEN) -> str:
    """Return the plan's JSON with each action's status, and ``converged``."""
    return json_text(report_to_json(report, key, redaction))


def report_to_json(report: Report, key: str = "", redaction: Redaction = OPEN) -> JsonObject:
    """Return a report as ``render_report`` writes it.

    Args:
        report: what became of a plan.
        key: for the plan's digest; see ``sealed``.
        redaction: how people are shown.
    """
    has_refs = bool(key) or not redaction.is_on  # else people could be guessed from them
    projects: list[JsonValue] = [
        {**_project(p), **(_live_after(p, key) if has_refs else {})} for p in report.projects
    ]
    data: JsonObject = {
        **plan_to_json(report.plan),
        "projects": projects,
        "converged": report.converged,
        "interrupted": report.was_interrupted,
        "photonctl": __version__,
        "digest": digest_of(report.plan, key),
        "appliedAt": report.made_at.isoformat(timespec="seconds") if report.made_at else None,
    }
    hidden = _hidden(data)
    assert isinstance(hidden, dict)
    return without_people(_without_live(hidden), redaction)


def _without_live(data: JsonObject) -> JsonObject:
    """Leave the names of live resources out: some may hold what is hidden elsewhere."""
    projects = data.get("projects")
    kept: list[JsonValue] = [
        {k: v for k, v in project.items() if k not in _NAMES}
        if isinstance(project, dict)
        else project
        for project in (projects if isinstance(projects, list) else [])
    ]
    return {**data, "projects": kept}


def _project(report: ProjectReport) -> JsonObject:
    return {
        **project_to_json(report.plan),
        "id": report.id,
        "actions": [_outcome(outcome) for outcome in report.outcomes],
        "notes": list(report.notes),
        "errors": list(report.errors),
        "converged": report.converged,
        **usage_to_json(report),
    }


def usage_to_json(report: ProjectReport) -> JsonObject:
    """Return how long a project took and what it cost."""
    return {
        "seconds": round(report.seconds, 3),
        "requests": report.usage.requests,
        "retries": report.usage.retries,
        "waitedSeconds": round(report.usage.waited_s, 3),
    }


def _live_after(report: ProjectReport, key: str) -> JsonObject:
    after: JsonObject = {
        hashed_ref(ref, key): keyed(found, key) for ref, found in report.after.items()
    }
    return {"liveAfter": after, "liveAfterKey": key_mark(key)}


def _outcome(outcome: Outcome) -> JsonObject:
    action: JsonObject = {**action_to_json(outcome.action), "status": outcome.status.value}
    if outcome.id is not None:
        action["id"] = outcome.id
    action.update(outcome.facts)
    if outcome.error is not None:
        action["error"] = outcome.error
    if outcome.note is not None:
        action["note"] = outcome.note
    return action


def _hidden(value: JsonValue) -> JsonValue:
    """Return a value without what may be a secret."""
    if isinstance(value, str):
        return shown_in_text(whole_url(shown_text(value)))
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        shown_in_text(key): shown(_unfilled(item)) if key in _WHOLE else _hidden(item)
        for key, item in value.items()
        if key != "filled"
    }
    if "label" in value and value.get("label") != value.get("key"):
        kept["key"] = kept["label"]
    changes = value.get("changes")
    if isinstance(changes, list):
        kept["changes"] = [_change(change) for change in changes]
    return kept


def _unfilled(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if name != "filled"}


def _change(change: JsonValue) -> JsonValue:
    """Hide also what a field was, where what it will be is hidden."""
    hidden = _hidden(change)
    if not (isinstance(change, dict) and isinstance(hidden, dict)):
        return hidden
    if is_filled(change.get("after")) and change.get("before") is not None:
        hidden["before"] = shown(change["after"])
    return hidden
