"""JSON → plan: what ``write.py`` made, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from photonctl.errors import PlanRefused
from photonctl.kinds import kind_named
from photonctl.kinds.base import Kind
from photonctl.kinds.patterns import LONGEST_PATTERN
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
from photonctl.model.spec import SinkSpec, Spec, spec_from_json
from photonctl.planfile.values import id_of, overlap_of, path_of, refilled, sink_of, time_of

_MOST_ENTRIES, _MOST_PROJECTS, _MOST_TEXT = 150_000, 20_000, 16 * 2**20


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Read what ``plan_to_json`` made, and nothing else.

    Raises:
        PlanRefused: it does what no plan does.
        LookupError, TypeError, ValueError, AttributeError: it has another form.
    """
    unread = data.get("unplanned", [])
    _check_size(data["projects"], unread)
    return Plan(
        projects=tuple(_project(item) for item in data["projects"]),
        unplanned=tuple(
            Unplanned(name=str(u["name"]), manifest=str(u["manifest"]), error=str(u["error"]))
            for u in unread
        ),
        made_at=time_of(data["madeAt"]) if data.get("madeAt") else None,
    )


def not_ours() -> PlanRefused:
    """Return the error for a text that no ``photonctl plan`` has made."""
    return PlanRefused(
        "this isn't a plan file of this version of photonctl, or it was edited",
        hint="Make one with:\n  photonctl plan --out plan.json",
    )


def _project(data: Mapping[str, Any]) -> ProjectPlan:
    kinds = tuple(kind_named(kind).name for kind in data["kinds"])
    if len(set(kinds)) < len(kinds):  # each costs as much as the first
        msg = "a kind that was compared twice"
        raise ValueError(msg)
    actions = tuple(_action(item) for item in data["actions"])
    _check_whole(data, kinds, actions)
    return ProjectPlan(
        name=refilled(data, {"name": str(data["name"])})["name"],
        id=id_of(data["id"]),
        manifest=path_of(data["manifest"]),
        fingerprint=str(data["fingerprint"]),
        live={_ref(name): str(found) for name, found in data["live"].items()},
        kinds=kinds,
        actions=actions,
        left_out=_left_out(data, len(actions)),
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
        credentials=sink_of(data["credentials"]),
        protect={
            kind_named(kind).name: tuple(map(_pattern, patterns))
            for kind, patterns in data["protect"].items()
        },
        labels={_ref(name): str(label) for name, label in data.get("labels", {}).items()},
        place=_place(data["hosts"], data["account"]),
    )


def _left_out(data: Mapping[str, Any], count: int) -> int:
    """Return how many actions a plan leaves out of those that it had."""
    left = int(data["partial"]["of"]) - count if data.get("partial") else 0
    if left < 0:
        msg = "a part that is more than the whole"
        raise ValueError(msg)
    return left


def _check_size(projects: Sequence[Any], unread: Sequence[Any]) -> None:
    """Refuse more than any plan says: each text costs time wherever it is shown.

    Raises:
        ValueError: it does.
    """
    names = ("holds", "warnings", "refusals")
    entries = [*unread, *(entry for p in projects for name in names for entry in p[name])]
    texts = (text for e in entries for text in ([e] if isinstance(e, str) else e.values()))
    is_long = sum(len(text) for text in texts if isinstance(text, str)) > _MOST_TEXT
    if is_long or len(entries) > _MOST_ENTRIES or len(projects) > _MOST_PROJECTS:
        msg = "more entries than any plan has, or longer ones"
        raise ValueError(msg)


def _check_whole(data: Mapping[str, Any], kinds: Sequence[str], actions: Sequence[Action]) -> None:
    """Refuse a project whose parts don't fit together.

    Raises:
        ValueError: why.
    """
    named = [*(action.kind for action in actions), *(_ref(name).kind for name in data["live"])]
    unread = next((kind for kind in named if kind not in kinds), None)
    if unread is not None:
        msg = f"something of the kind {unread}, which wasn't compared"
        raise ValueError(msg)
    creates = [a.verb is Verb.CREATE and kind_named(a.kind).is_root for a in actions]
    if any(creates[1:]):
        msg = "an action before the project is created"
        raise ValueError(msg)
    if actions and creates[0] is not (data["id"] is None):
        msg = "a project that is created, and live"
        raise ValueError(msg)


def _pattern(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_PATTERN:
        msg = "a pattern that no manifest has"
        raise ValueError(msg)
    return value


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
    sink = sink_of(data["sink"])
    if kind.has_secret and sink is None and verb in (Verb.CREATE, Verb.REPLACE):
        msg = "a new secret that goes nowhere"
        raise ValueError(msg)
    sent = None if spec is None else spec_from_json(kind.spec_type, refilled(data, spec))
    steps, who = _steps(data, kind, verb, sink, sent), str(data["who"] or "")
    if who and verb is not Verb.DELETE:
        msg = "a person where only a delete names one"
        raise ValueError(msg)
    return Action(
        verb=verb,
        kind=kind.name,
        key=str(data["key"]),
        label=str(data["label"]),
        who=who,
        id=id_of(data["id"]),
        reason=_reason(data["why"]),
        changes=tuple(map(_change, data["changes"])),
        spec=sent,
        sink=sink,
        stored=_stored(data, verb, sink),
        secret_steps=steps,
        overlap_s=overlap_of(data.get("overlapSeconds"), steps),
    )


def _stored(data: Mapping[str, Any], verb: Verb, sink: SinkSpec | None) -> str:
    """Read what was known of a secret, which only what has one says; a delete goes nowhere."""
    stored = str(data.get("stored", ""))
    if bool(stored) is not (sink is not None) or (stored and verb is Verb.DELETE):
        msg = "what is stored of a secret that the action isn't about"
        raise ValueError(msg)
    return stored


def _change(data: Mapping[str, Any]) -> FieldChange:
    after = refilled(data, {"after": data["after"]})
    return FieldChange(field=str(data["field"]), before=data["before"], **after)


def _steps(
    data: Mapping[str, Any], kind: Kind[Any], verb: Verb, sink: SinkSpec | None, spec: Spec | None
) -> tuple[SecretStep, ...]:
    """Read what is done with a secret: an update has steps where it moves one, or a project's.

    One that relies on a secret where it is may have none.
    """
    steps = tuple(SecretStep(word) for word in data["secretSteps"])
    of_root = {SecretStep.GENERATE, SecretStep.STORE}
    known = of_root if verb is Verb.UPDATE else {SecretStep.STORE} if verb is Verb.CREATE else ()
    is_roots = kind.is_root and len(steps) == 1 and steps[0] in known
    moves_secret = sink is not None and verb is Verb.UPDATE
    relies = verb is Verb.UPDATE and spec is not None and kind.relies_on_secret(spec)
    is_placed = moves_secret if relies else bool(steps) is moves_secret
    has_own_steps = is_placed and of_root.isdisjoint(steps)
    if not (is_roots or has_own_steps) or (sink is not None and not kind.has_secret):
        msg = "what is done with the secret doesn't fit the action"
        raise ValueError(msg)
    return steps


def _ref(name: str) -> ResourceRef:
    """Read a resource's name."""
    kind, key = name.split(" ", 1)
    return ResourceRef(kind_named(kind).name, key)


def _reason(data: Mapping[str, Any]) -> Reason:
    return Reason(Why(data["code"]), tuple(str(text) for text in data["about"]))
