"""JSON → plan: what ``write.py`` made, and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from photonctl.errors import PlanRefused
from photonctl.kinds import kind_named
from photonctl.kinds.base import Kind
from photonctl.model.filled import Filled, could_be
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
from photonctl.model.reason import Reason, Why
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import (
    SEVERAL,
    SinkSpec,
    spec_from_json,
)
from photonctl.texts import is_identifier

_MOST_ENTRIES = 150_000
_LONGEST_PATH, _LONGEST_NAME = 4_095, 255
_LONGEST_OVERLAP_S = 604_800


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
        made_at=_time(data["madeAt"]) if data.get("madeAt") else None,
    )


def _time(text: str) -> datetime:
    """Read a time; one that no clock shows is an OverflowError as well as a ValueError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def not_ours() -> PlanRefused:
    """Return the error for a text that no ``photonctl plan`` has made."""
    return PlanRefused(
        "this isn't a plan file of this version of photonctl, or it was edited",
        hint="Make one with:\n  photonctl plan --out plan.json",
    )


def _project(data: Mapping[str, Any]) -> ProjectPlan:
    kinds = tuple(kind_named(kind).name for kind in data["kinds"])
    actions = tuple(_action(item) for item in data["actions"])
    _check_whole(data, kinds, actions)
    return ProjectPlan(
        name=_texts(data, {"name": str(data["name"])})["name"],
        id=_id(data["id"]),
        manifest=_path(data["manifest"]),
        fingerprint=str(data["fingerprint"]),
        live={_ref(name): str(found) for name, found in data["live"].items()},
        kinds=kinds,
        actions=actions,
        left_out=int(data["partial"]["of"]) - len(actions) if data.get("partial") else 0,
        holds=tuple(map(_hold, data["holds"])),
        noop=int(data["summary"]["noop"]),
        warnings=tuple(map(str, data["warnings"])),
        refusals=tuple(
            Refusal(
                message=str(r["message"]),
                hint=str(r["hint"]),
                lifted_by=None if r["liftedBy"] is None else str(r["liftedBy"]),
            )
            for r in data["refusals"]
        ),
        credentials=_sink(data["credentials"]),
        protect={
            kind_named(kind).name: tuple(map(str, patterns))
            for kind, patterns in data["protect"].items()
        },
        labels={_ref(name): str(label) for name, label in data.get("labels", {}).items()},
        place=_place(data["hosts"], data["account"]),
    )


def _check_whole(data: Mapping[str, Any], kinds: Sequence[str], actions: Sequence[Action]) -> None:
    """Refuse a project whose parts don't fit together.

    Raises:
        ValueError: why.
    """
    if any(len(data[name]) > _MOST_ENTRIES for name in ("holds", "warnings", "refusals")):
        msg = "more entries than any plan has"
        raise ValueError(msg)
    unread = next((action.kind for action in actions if action.kind not in kinds), None)
    if unread is not None:
        msg = f"an action of the kind {unread}, which wasn't compared"
        raise ValueError(msg)
    creates = any(a.verb is Verb.CREATE and kind_named(a.kind).is_root for a in actions)
    if actions and creates is not (data["id"] is None):
        msg = "a project that is created, and live"
        raise ValueError(msg)


def _path(value: Any) -> str:
    """Check a path that an operating system could have given."""
    text = str(value)
    if (
        len(text) > _LONGEST_PATH
        or "\0" in text
        or any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in text.split("/"))
    ):
        msg = "a path that no file has"
        raise ValueError(msg)
    return text


def _place(hosts: Mapping[str, Any] | None, account: Any) -> Place | None:
    if hosts is None:
        return None
    return Place(
        dashboard=str(hosts["dashboard"]),
        spectrum=str(hosts["spectrum"]),
        account=None if account is None else str(account),
    )


def _hold(data: Mapping[str, Any]) -> Hold:
    return Hold(
        kind=kind_named(data["kind"]).name,
        key=str(data["key"]),
        label=str(data["label"]),
        why=HoldReason(data["why"]),
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
    sink = _sink(data["sink"])
    steps = _steps(data, kind, verb, sink)
    return Action(
        verb=verb,
        kind=kind.name,
        key=str(data["key"]),
        label=str(data["label"]),
        who=str(data["who"] or ""),
        id=_id(data["id"]),
        reason=_reason(data["why"]),
        changes=tuple(
            FieldChange(
                field=str(c["field"]), before=c["before"], **_texts(c, {"after": c["after"]})
            )
            for c in data["changes"]
        ),
        spec=None if spec is None else spec_from_json(kind.spec_type, _texts(data, spec)),
        sink=sink,
        secret_steps=steps,
        overlap_s=_overlap(data.get("overlapSeconds"), steps),
    )


def _steps(
    data: Mapping[str, Any], kind: Kind[Any], verb: Verb, sink: SinkSpec | None
) -> tuple[SecretStep, ...]:
    """Read what is done with a secret: an update has steps where it moves one, or a project's."""
    steps = tuple(SecretStep(word) for word in data["secretSteps"])
    of_root = {SecretStep.GENERATE, SecretStep.STORE}
    known = of_root if verb is Verb.UPDATE else {SecretStep.STORE} if verb is Verb.CREATE else ()
    is_roots = kind.is_root and len(steps) == 1 and steps[0] in known
    moves_secret = sink is not None and verb is Verb.UPDATE
    has_own_steps = bool(steps) is moves_secret and of_root.isdisjoint(steps)
    if not (is_roots or has_own_steps) or (sink is not None and not kind.has_secret):
        msg = "what is done with the secret doesn't fit the action"
        raise ValueError(msg)
    return steps


def _id(value: Any) -> str | None:
    """Check an id, which becomes a part of a request's path."""
    if value is None or (isinstance(value, str) and is_identifier(value)):
        return value
    msg = "an id of other characters"
    raise ValueError(msg)


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


def _overlap(value: object, steps: tuple[SecretStep, ...]) -> int | None:
    """Read for how long a rotated secret stays valid (contract §4.4)."""
    if value is None:
        return None
    is_time = isinstance(value, int) and not isinstance(value, bool)
    if not (is_time and SecretStep.ROTATE in steps and value in range(_LONGEST_OVERLAP_S + 1)):
        msg = "an overlap of another kind than any rotation has"
        raise ValueError(msg)
    assert isinstance(value, int)
    return value


def _ref(name: str) -> ResourceRef:
    """Read a resource's name."""
    kind, key = name.split(" ", 1)
    return ResourceRef(kind_named(kind).name, key)


def _reason(data: Mapping[str, Any]) -> Reason:
    return Reason(Why(data["code"]), tuple(str(text) for text in data["about"]))


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
        members=_members(data),
    )


def _members(data: Mapping[str, Any]) -> tuple[SinkSpec, ...]:
    """Read the places of a sink that is several, and only of one.

    Raises:
        ValueError: what is shown of it wouldn't be what is done.
    """
    rows = data.get("members", [])
    is_several = data["type"] == SEVERAL
    if is_several is not bool(rows) or len(rows) == 1:
        msg = "places of a sink that isn't several"
        raise ValueError(msg)
    if is_several and (data["target"] or data["arguments"] or data["isDefault"]):
        msg = "several places with one of their own"
        raise ValueError(msg)
    if any(row.get("members") or row["type"] == SEVERAL for row in rows):
        msg = "several places in another"
        raise ValueError(msg)
    return tuple(filter(None, map(_sink, rows)))
