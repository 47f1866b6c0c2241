"""Plans and reports for programs: the JSON of interface §6. The same input gives the same bytes."""

import json

from photonctl.model.plan import Plan
from photonctl.model.report import ProjectReport, Report
from photonctl.model.spec import JsonObject
from photonctl.planner.planfile import action_to_json, plan_to_json, project_to_json


def render_plan(plan: Plan) -> str:
    """Return the plan as JSON; the plan file has the same content."""
    return json.dumps(plan_to_json(plan), indent=2, ensure_ascii=False)


def render_report(report: Report) -> str:
    """Return the plan's JSON with each action's status, and ``converged``."""
    plan = Plan(projects=tuple(project.plan for project in report.projects))
    data = {
        **plan_to_json(plan),
        "projects": [_project(project) for project in report.projects],
        "converged": report.converged,
        "interrupted": report.was_interrupted,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _project(report: ProjectReport) -> JsonObject:
    actions: list[JsonObject] = []
    for outcome in report.outcomes:
        action = {**action_to_json(outcome.action), "status": outcome.status.value}
        if outcome.error is not None:
            action["error"] = outcome.error
        if outcome.note is not None:
            action["note"] = outcome.note
        actions.append(action)
    return {
        **project_to_json(report.plan),
        "id": report.id,
        "actions": list(actions),
        "notes": list(report.notes),
        "errors": list(report.errors),
        "converged": report.converged,
    }
