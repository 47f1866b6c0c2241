"""Plan ↔ JSON of interface §6. A plan file stands alone: it is applied without its manifest."""

import json
from collections.abc import Mapping
from typing import Any

from photonctl.errors import PlanRefused
from photonctl.model.plan import (
    Action,
    FieldChange,
    Hold,
    HoldReason,
    Plan,
    ProjectPlan,
    Refusal,
    Verb,
)
from photonctl.model.spec import JsonObject, JsonValue, SinkSpec, spec_from_json, spec_to_json
from photonctl.resources import kind_named

FORMAT_VERSION = 1


def plan_to_json(plan: Plan) -> JsonObject:
    """Return a plan as interface §6 shows it, and what applying it alone needs."""
    return {
        "formatVersion": FORMAT_VERSION,
        "projects": [project_to_json(project) for project in plan.projects],
        "hasChanges": plan.has_changes,
    }


def project_to_json(project: ProjectPlan) -> JsonObject:
    """Return one project's plan."""
    return {
        "name": project.name,
        "id": project.id,
        "manifest": project.manifest,
        "fingerprint": project.fingerprint,
        "summary": dict(project.summary()),
        "actions": [action_to_json(action) for action in project.actions],
        "holds": [{"kind": h.kind, "key": h.key, "why": h.why.value} for h in project.holds],
        "warnings": list(project.warnings),
        "refusals": [
            {"message": r.message, "hint": r.hint, "isOverridable": r.is_overridable}
            for r in project.refusals
        ],
        "credentials": _sink_to_json(project.credentials),
        "kinds": list(project.kinds),
        "live": dict(project.live),
    }


def action_to_json(action: Action) -> JsonObject:
    """Return one action."""
    return {
        "action": action.verb.value,
        "kind": action.kind,
        "key": action.key,
        "id": action.id,
        "reason": action.reason,
        "changes": [
            {"field": c.field, "before": c.before, "after": c.after} for c in action.changes
        ],
        "spec": None if action.spec is None else spec_to_json(action.spec),
        "sink": _sink_to_json(action.sink),
    }


def plan_from_json(text: str) -> Plan:
    """Read a plan file.

    Raises:
        PlanRefused: it is no plan file, or one of another version.
    """
    try:
        data = json.loads(text)
        version = data["formatVersion"]
        if version == FORMAT_VERSION:
            return Plan(projects=tuple(_project(item) for item in data["projects"]))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise _not_ours() from error
    except RecursionError as error:
        raise _not_ours() from error
    raise PlanRefused(
        f"the plan file has the format {version!r}, and this photonctl reads {FORMAT_VERSION}",
        hint="Make the plan again with this version of photonctl.",
    )


def _not_ours() -> PlanRefused:
    return PlanRefused(
        "this is no plan file of photonctl, or it was edited",
        hint="Make one with:\n  photonctl plan --out plan.json",
    )


def _project(data: Mapping[str, Any]) -> ProjectPlan:
    project_id = data["id"]
    return ProjectPlan(
        name=str(data["name"]),
        id=None if project_id is None else str(project_id),
        manifest=str(data["manifest"]),
        fingerprint=str(data["fingerprint"]),
        live={_known(k): str(v) for k, v in data["live"].items()},
        kinds=tuple(kind_named(kind).name for kind in data["kinds"]),
        actions=tuple(_action(item) for item in data["actions"]),
        holds=tuple(
            Hold(kind=str(h["kind"]), key=str(h["key"]), why=HoldReason(h["why"]))
            for h in data["holds"]
        ),
        noop=int(data["summary"]["noop"]),
        warnings=tuple(map(str, data["warnings"])),
        refusals=tuple(
            Refusal(message=r["message"], hint=r["hint"], is_overridable=r["isOverridable"])
            for r in data["refusals"]
        ),
        credentials=_sink(data["credentials"]),
    )


def _action(data: Mapping[str, Any]) -> Action:
    kind = kind_named(data["kind"])
    spec, verb = data["spec"], Verb(data["action"])
    if (spec is None) is not (verb is Verb.DELETE) or (
        verb is Verb.REPLACE and not kind.has_secret
    ):
        msg = f"{verb.value} of {kind.name}"
        raise ValueError(msg)
    return Action(
        verb=verb,
        kind=kind.name,
        key=str(data["key"]),
        id=data["id"],
        reason=str(data["reason"]),
        changes=tuple(
            FieldChange(field=c["field"], before=c["before"], after=c["after"])
            for c in data["changes"]
        ),
        spec=None if spec is None else spec_from_json(kind.spec_type, spec),
        sink=_sink(data["sink"]),
    )


def _known(name: str) -> str:
    """Check a "kind key"."""
    kind, key = name.split(" ", 1)
    return f"{kind_named(kind).name} {key}"


def _sink_to_json(sink: SinkSpec | None) -> JsonValue:
    if sink is None:
        return None
    words: list[JsonValue] = list(sink.arguments)
    return {
        "type": sink.type,
        "target": sink.target,
        "arguments": words,
        "key": sink.key,
        "isDefault": sink.is_default,
    }


def _sink(data: Mapping[str, Any] | None) -> SinkSpec | None:
    if data is None:
        return None
    words = (data["type"], data["target"], data["key"], *data["arguments"])
    if not all(isinstance(word, str) for word in words):
        msg = "a sink of other than texts"
        raise TypeError(msg)
    return SinkSpec(
        type=data["type"],
        target=data["target"],
        arguments=tuple(data["arguments"]),
        key=data["key"],
        is_default=bool(data["isDefault"]),
    )
