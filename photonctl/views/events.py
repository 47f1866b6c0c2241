"""A run's events for programs: one JSON object per line, without secrets."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from photonctl import __version__
from photonctl.events import (
    ActionFinished,
    ApplyStarted,
    Event,
    PlanMade,
    RequestFinished,
    SecretRenewed,
    Waiting,
    Warned,
)
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan
from photonctl.model.report import Outcome, Report
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.sealed import digest_of
from photonctl.urls import shown_in_text
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

    def event(self, event: Event, at: datetime) -> str:  # noqa: PLR0911  # one per event
        """Return an event's line."""
        match event:
            case PlanMade(plan=plan):
                return _line("plan", at, self._plan(plan))
            case ApplyStarted(plan=plan):
                return _line("start", at, {"actions": sum(plan.counts().values())})
            case ActionFinished(project=name, outcome=outcome):
                return _line("action", at, self._action(name, outcome))
            case RequestFinished():
                return _line(
                    "request",
                    at,
                    {
                        "method": event.method,
                        "path": event.path,
                        "status": event.status,
                        "seconds": round(event.seconds, 3),
                    },
                )
            case Waiting():
                seconds = round(event.seconds, 3)
                content: JsonObject = {"request": event.request, "reason": self._said(event.reason)}
                return _line("wait", at, {**content, "seconds": seconds})
            case SecretRenewed(project=name):
                return _line("secret-renewed", at, {"project": name})
            case Warned(text=text):
                return _line("warning", at, {"text": self._said(text)})

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

    def _action(self, project: str, outcome: Outcome) -> JsonObject:
        action = outcome.action
        return {
            "project": shown_text(project),
            "action": action.verb.value,
            "kind": action.kind,
            "key": self._said(action.label or action.key),
            "status": outcome.status.value,
            "id": outcome.id or action.id,
            "error": outcome.error and self._said(outcome.error),
            "note": outcome.note and self._said(outcome.note),
        }

    def _said(self, text: str) -> str:
        return self._redaction.message(shown_in_text(text))


def _projects(plan: Plan) -> Iterator[JsonObject]:
    for project in plan.projects:
        summary: JsonObject = dict(project.summary())
        yield {"name": shown_text(project.name), "id": project.id, "summary": summary}


def _line(name: str, at: datetime, content: JsonObject) -> str:
    whole = {"event": name, "at": at.isoformat(timespec="milliseconds"), **content}
    return json.dumps(whole)
