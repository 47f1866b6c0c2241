"""A run's events for programs: one JSON object per line, without secrets."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from photonctl import __version__
from photonctl.events import (
    ActionFinished,
    ActionStarted,
    ApplyStarted,
    ChangeStarted,
    Event,
    IntentNoted,
    Paced,
    PlanMade,
    ProjectApplied,
    ProjectRead,
    ReadStarted,
    RequestFinished,
    SecretRenewed,
    Waiting,
    Warned,
)
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Plan
from photonctl.model.report import Outcome, ProjectReport, Report
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.sealed import digest_of
from photonctl.urls import shown_in_text
from photonctl.views.inert import json_line
from photonctl.views.json import usage_to_json
from photonctl.views.redact import Redaction, names_of
from photonctl.views.table import names_in

FORMAT_VERSION = 1


class EventLines:
    """Events as lines; people's names are known from the plan on."""

    def __init__(self, redaction: Redaction, key: str) -> None:
        """Prepare for one run; ``key``: for the plan's digest."""
        self._redaction = redaction
        self._key = key

    def begin(self, at: datetime) -> str:
        """Return the first line."""
        version: JsonObject = {"formatVersion": FORMAT_VERSION, "photonctl": __version__}
        return _line("begin", at, version)

    def event(self, event: Event, at: datetime) -> str:
        """Return an event's line."""
        name, content = self._told(event)
        return _line(name, at, content)

    def _told(self, event: Event) -> tuple[str, JsonObject]:  # noqa: C901, PLR0911  # one per event
        match event:
            case ReadStarted(projects=count):
                return "read-start", {"projects": count}
            case ProjectRead(project=name, project_id=project_id):
                return "read", {"project": shown_text(name), "projectId": project_id}
            case PlanMade(plan=plan):
                return "plan", self._plan(plan)
            case ApplyStarted(plan=plan):
                return "start", {"actions": sum(plan.counts().values())}
            case ChangeStarted():
                return "change-start", {}
            case ActionStarted(project=name, action=action):
                return "action-start", self._action(name, action)
            case IntentNoted(project=name, about=about, is_open=is_open):
                state = "open" if is_open else "closed"
                about = self._said(about)
                return "intent", {"project": shown_text(name), "about": about, "state": state}
            case ActionFinished(project=name, outcome=outcome):
                return "action", {**self._action(name, outcome.action), **self._end(outcome)}
            case ProjectApplied(report=report):
                return "project", _applied(report)
            case RequestFinished() | Waiting() | Paced():
                return self._traffic(event)
            case SecretRenewed(project=name):
                return "secret-renewed", {"project": shown_text(name)}
            case Warned(text=text):
                return "warning", {"text": self._said(text)}

    def _traffic(self, event: RequestFinished | Waiting | Paced) -> tuple[str, JsonObject]:
        about: JsonObject = {"projectId": event.project_id, "seconds": round(event.seconds, 3)}
        match event:
            case RequestFinished():
                sent: JsonObject = {
                    "method": event.method,
                    "path": event.path,
                    "status": event.status,
                }
                return "request", {**sent, **about}
            case Waiting():
                reason = self._said(event.reason)
                return "wait", {"request": event.request, "reason": reason, **about}
            case Paced():
                return "pace", about

    def report(self, report: Report, at: datetime) -> str:
        """Return the last line."""
        outcomes = [outcome for project in report.projects for outcome in project.outcomes]
        done = sum(outcome.status.is_done for outcome in outcomes)
        content: JsonObject = {
            "converged": report.converged,
            "interrupted": report.was_interrupted,
            "done": done,
            "failed": len(outcomes) - done,
        }
        return _line("report", at, content)

    def _plan(self, plan: Plan) -> JsonObject:
        if self._redaction.is_on:
            names = names_of(name for project in plan.projects for name in names_in(project))
            self._redaction = replace(self._redaction, names=names)
        projects: list[JsonValue] = list(_projects(plan))
        return {"digest": digest_of(plan, self._key), "projects": projects}

    def _action(self, project: str, action: Action) -> JsonObject:
        return {
            "project": shown_text(project),
            "action": action.verb.value,
            "kind": action.kind,
            "key": self._said(action.label or action.key),
        }

    def _end(self, outcome: Outcome) -> JsonObject:
        return {
            "status": outcome.status.value,
            "id": outcome.id or outcome.action.id,
            "error": outcome.error and self._said(outcome.error),
            "note": outcome.note and self._said(outcome.note),
        }

    def _said(self, text: str) -> str:
        return self._redaction.message(shown_in_text(text))


def _projects(plan: Plan) -> Iterator[JsonObject]:
    for project in plan.projects:
        summary: JsonObject = dict(project.summary())
        yield {"name": shown_text(project.name), "id": project.id, "summary": summary}


def _applied(report: ProjectReport) -> JsonObject:
    done = sum(outcome.status.is_done for outcome in report.outcomes)
    return {
        "project": shown_text(report.plan.name),
        "projectId": report.id,
        "converged": report.converged,
        "done": done,
        "failed": len(report.outcomes) - done,
        **usage_to_json(report),
    }


def _line(name: str, at: datetime, content: JsonObject) -> str:
    whole = {"event": name, "at": at.isoformat(timespec="milliseconds"), **content}
    return json_line(whole)
