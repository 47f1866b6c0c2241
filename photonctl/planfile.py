"""Plan ↔ JSON of interface §6. A plan file is complete: it is applied without its manifest."""

from collections.abc import Mapping
from typing import Any

from photonctl.errors import PlanRefused
from photonctl.kinds import kind_named
from photonctl.model.filled import Filled, could_be, shown
from photonctl.model.plan import (
    Action,
    FieldChange,
    Hold,
    HoldReason,
    Place,
    Plan,
    ProjectPlan,
    Refusal,
    SecretStep,
    Unplanned,
    Verb,
)
from photonctl.model.reason import Reason, Why, reason_text
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import (
    JsonObject,
    JsonValue,
    SinkSpec,
    runs_code,
    spec_from_json,
    spec_to_json,
)
from photonctl.texts import is_identifier

FORMAT_VERSION = 1


def plan_to_json(plan: Plan) -> JsonObject:
    """Return a plan as interface §6 shows it, and what applying it alone needs."""
    found: JsonObject = {
        "formatVersion": FORMAT_VERSION,
        "projects": [project_to_json(project) for project in plan.projects],
        "hasChanges": plan.has_changes,
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
            {"field": c.field, "before": c.before, "after": c.after} for c in action.changes
        ],
        "spec": None if action.spec is None else spec_to_json(action.spec),
        "sink": _sink_to_json(action.sink),
        "secretSteps": [step.value for step in action.secret_steps],
        **_filled({} if action.spec is None else spec_to_json(action.spec)),
    }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Read what ``plan_to_json`` made, and nothing else.

    Raises:
        PlanRefused: it does what no plan does.
        LookupError, TypeError, ValueError, AttributeError: it has another form.
    """
    unread = data.get("unplanned", [])
    return Plan(
        projects=tuple(_project(item) for item in data["projects"]),
        unplanned=tuple(
            Unplanned(name=str(u["name"]), manifest=str(u["manifest"]), error=str(u["error"]))
            for u in unread
        ),
    )


def not_ours() -> PlanRefused:
    """Return the error for a text that no ``photonctl plan`` has made."""
    return PlanRefused(
        "this isn't a plan file of this version of photonctl, or it was edited",
        hint="Make one with:\n  photonctl plan --out plan.json",
    )


def _project(data: Mapping[str, Any]) -> ProjectPlan:
    hosts, account = data["hosts"], data["account"]
    kinds = tuple(kind_named(kind).name for kind in data["kinds"])
    actions = tuple(_action(item) for item in data["actions"])
    unread = next((action.kind for action in actions if action.kind not in kinds), None)
    if unread is not None:
        msg = f"an action of the kind {unread}, which wasn't compared"
        raise ValueError(msg)
    return ProjectPlan(
        name=_texts(data, {"name": str(data["name"])})["name"],
        id=_id(data["id"]),
        manifest=str(data["manifest"]),
        fingerprint=str(data["fingerprint"]),
        live={_ref(name): str(found) for name, found in data["live"].items()},
        kinds=kinds,
        actions=actions,
        holds=tuple(
            Hold(
                kind=str(h["kind"]),
                key=str(h["key"]),
                label=str(h["label"]),
                why=HoldReason(h["why"]),
            )
            for h in data["holds"]
        ),
        noop=int(data["summary"]["noop"]),
        warnings=tuple(map(str, data["warnings"])),
        refusals=tuple(
            Refusal(message=r["message"], hint=r["hint"], lifted_by=r["liftedBy"])
            for r in data["refusals"]
        ),
        credentials=_sink(data["credentials"]),
        protect={
            kind_named(kind).name: tuple(map(str, patterns))
            for kind, patterns in data["protect"].items()
        },
        labels={_ref(name): str(label) for name, label in data.get("labels", {}).items()},
        place=None
        if hosts is None
        else Place(
            dashboard=str(hosts["dashboard"]),
            spectrum=str(hosts["spectrum"]),
            account=None if account is None else str(account),
        ),
    )


def _action(data: Mapping[str, Any]) -> Action:
    kind = kind_named(data["kind"])
    spec, verb = data["spec"], Verb(data["action"])
    if (spec is None) is not (verb is Verb.DELETE) or (
        verb is Verb.REPLACE and not kind.has_secret
    ):
        msg = f"{verb.value} of {kind.name}"
        raise ValueError(msg)
    if verb is Verb.DELETE and kind.is_root:
        raise PlanRefused(
            "a plan file can't delete a project",
            hint="To delete one:\n  photonctl destroy --project-too",
        )
    sink, steps = _sink(data["sink"]), tuple(SecretStep(word) for word in data["secretSteps"])
    moves_secret = sink is not None and verb is Verb.UPDATE
    is_generated = kind.is_root and verb is Verb.UPDATE and steps == (SecretStep.GENERATE,)
    has_own_steps = bool(steps) is moves_secret and SecretStep.GENERATE not in steps
    if not (is_generated or has_own_steps) or (sink is not None and not kind.has_secret):
        msg = "what is done with the secret doesn't fit the action"
        raise ValueError(msg)
    return Action(
        verb=verb,
        kind=kind.name,
        key=str(data["key"]),
        label=str(data["label"]),
        who=str(data["who"] or ""),
        id=_id(data["id"]),
        reason=_reason(data["why"]),
        changes=tuple(
            FieldChange(field=c["field"], before=c["before"], after=c["after"])
            for c in data["changes"]
        ),
        spec=None if spec is None else spec_from_json(kind.spec_type, _texts(data, spec)),
        sink=sink,
        secret_steps=steps,
    )


def _id(value: Any) -> str | None:
    """Check an id, which becomes a part of a request's path."""
    if value is None or (isinstance(value, str) and is_identifier(value)):
        return value
    msg = "an id of other characters"
    raise ValueError(msg)


def _filled(values: JsonObject) -> JsonObject:
    """Name the texts that were filled in, as the manifest has them."""
    raw: JsonObject = {k: shown(v) for k, v in values.items() if _is_filled(v)}
    return {"filled": raw} if raw else {}


def _is_filled(value: JsonValue) -> bool:
    if isinstance(value, list):
        return any(map(_is_filled, value))
    return isinstance(value, Filled)


def _texts(data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give texts that were filled in their origin back."""
    raw = data.get("filled", {})
    return {k: _refilled(v, raw[k]) if k in raw else v for k, v in values.items()}


def _refilled(value: Any, raw: Any) -> Any:
    """Give a text its expression back, if that can have given it.

    Raises:
        ValueError: it can't, so somebody has edited one of the two.
    """
    if isinstance(value, list) and isinstance(raw, list):
        return [_refilled(v, r) for v, r in zip(value, raw, strict=True)]
    if value == raw:
        return value
    if not (isinstance(value, str) and isinstance(raw, str) and could_be(value, raw)):
        msg = "an expression that can't have given this value"
        raise ValueError(msg)
    return Filled(value, raw)


def _ref(name: str) -> ResourceRef:
    """Read a resource's name."""
    kind, key = name.split(" ", 1)
    return ResourceRef(kind_named(kind).name, key)


def _reason(data: Mapping[str, Any]) -> Reason:
    return Reason(Why(data["code"]), tuple(str(text) for text in data["about"]))


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
        **_filled({"target": sink.target, "key": sink.key}),
    }


def _sink(data: Mapping[str, Any] | None) -> SinkSpec | None:
    if data is None:
        return None
    words = (data["type"], data["target"], data["key"], *data["arguments"])
    if not all(isinstance(word, str) for word in words):
        msg = "a sink of other than texts"
        raise TypeError(msg)
    texts = _texts(data, {"target": data["target"], "key": data["key"]})
    return SinkSpec(
        type=data["type"],
        target=texts["target"],
        arguments=tuple(data["arguments"]),
        key=texts["key"],
        is_default=bool(data["isDefault"]),
    )
