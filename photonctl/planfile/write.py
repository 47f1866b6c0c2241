"""Plan → JSON of interface §6, and what applying it alone needs."""

from photonctl.model.filled import is_filled, shown
from photonctl.model.plan import (
    Action,
    Plan,
    ProjectPlan,
)
from photonctl.model.reason import reason_text
from photonctl.model.spec import (
    JsonObject,
    JsonValue,
    SinkSpec,
    runs_code,
    spec_to_json,
)
from photonctl.planner.estimate import estimate

FORMAT_VERSION = 1
_RATE = 5  # requests per second and project: Photon's own limit (contract §5.5)


def plan_to_json(plan: Plan) -> JsonObject:
    """Return a plan as interface §6 shows it, and what applying it alone needs."""
    cost = estimate(plan, _RATE)
    found: JsonObject = {
        "formatVersion": FORMAT_VERSION,
        "projects": [project_to_json(project) for project in plan.projects],
        "hasChanges": plan.has_changes,
        "estimate": {"requests": cost.requests, "seconds": cost.seconds},
    }
    if plan.unplanned:
        found["unplanned"] = [
            {"name": u.name, "manifest": u.manifest, "error": u.error} for u in plan.unplanned
        ]
    return found


def project_to_json(project: ProjectPlan) -> JsonObject:
    """Return one project's plan."""
    return {
        "name": project.name,
        "id": project.id,
        "manifest": project.manifest,
        "hosts": None
        if project.place is None
        else {"dashboard": project.place.dashboard, "spectrum": project.place.spectrum},
        "account": project.place.account if project.place else None,
        "fingerprint": project.fingerprint,
        "summary": dict(project.summary()),
        **_partial(project),
        "actions": [action_to_json(action) for action in project.actions],
        "holds": [
            {"kind": h.kind, "key": h.key, "label": h.label or h.key, "why": h.why.value}
            for h in project.holds
        ],
        "warnings": list(project.warnings),
        "refusals": [
            {
                "message": r.message,
                "hint": r.hint,
                "isOverridable": r.lifted_by is not None,
                "liftedBy": r.lifted_by,
            }
            for r in project.refusals
        ],
        "credentials": _sink_to_json(project.credentials),
        "protect": {kind: list(patterns) for kind, patterns in project.protect.items()},
        "kinds": list(project.kinds),
        "live": {str(ref): found for ref, found in project.live.items()},
        **(
            {"labels": {str(ref): label for ref, label in project.labels.items()}}
            if project.labels
            else {}
        ),
        **_filled({"name": project.name}),
    }


def _partial(project: ProjectPlan) -> JsonObject:
    """Say how much a plan leaves out, if it does."""
    if not project.left_out:
        return {}
    done = len(project.actions)
    return {"partial": {"actions": done, "of": done + project.left_out}}


def action_to_json(action: Action) -> JsonObject:
    """Return one action."""
    return {
        "action": action.verb.value,
        "kind": action.kind,
        "key": action.key,
        "label": action.label or action.key,
        "who": action.who or None,
        "id": action.id,
        "reason": reason_text(action.reason),
        "why": {"code": action.reason.why.value, "about": list(action.reason.about)},
        "changes": [
            {
                "field": c.field,
                "before": c.before,
                "after": c.after,
                **(_filled({"after": c.after}) if isinstance(c.after, str) else {}),
            }
            for c in action.changes
        ],
        "spec": None if action.spec is None else spec_to_json(action.spec),
        "sink": _sink_to_json(action.sink),
        **({"stored": action.stored} if action.stored else {}),
        "secretSteps": [step.value for step in action.secret_steps],
        **({} if action.overlap_s is None else {"overlapSeconds": action.overlap_s}),
        **_filled({} if action.spec is None else spec_to_json(action.spec)),
    }


def _filled(values: JsonObject) -> JsonObject:
    """Name the texts that were filled in, as the manifest has them."""
    raw: JsonObject = {k: shown(v) for k, v in values.items() if is_filled(v)}
    return {"filled": raw} if raw else {}


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
        "runsCommand": runs_code(sink),
        **({"members": [_sink_to_json(place) for place in sink.members]} if sink.members else {}),
        **_filled({"target": sink.target, "key": sink.key}),
    }
