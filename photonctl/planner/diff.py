"""Match by key, compare each pair, order the actions (interface §2, §6).

For each kind that the manifest declares, and in one pass over its keys:

- declared, not live → create;
- declared and live → the kind compares the pair: nothing, update, replace, or a warning;
- live, not declared → held if the kind says so (owner, protected, ignored …), else delete.

A kind that the manifest doesn't mention is not looked at: nothing of it is created or deleted.
Deletes come last, so that a failed create keeps what it was to replace; where a cap leaves no
room for the creates, as many deletes as the cap needs come first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from photonctl.kinds import kind_named, kinds, level, root_kind
from photonctl.kinds.base import Kind
from photonctl.kinds.values import Verdict
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Hold, HoldReason, ProjectPlan, Refusal, Verb
from photonctl.model.policy import NO_LIMITS
from photonctl.model.reason import Reason, Why, reason_text
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, Live
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.planner.fingerprint import fingerprint, resource_hashes
from photonctl.planner.labels import distinct_labels
from photonctl.planner.limits import limit_refusals, mode_refusals, name_refusals
from photonctl.planner.patterns import unmatched_patterns
from photonctl.planner.secrets import (
    credentials_refusals,
    overwrite_refusals,
    overwrite_warnings,
    sink_refusals,
)

_RANKS = {verb: rank for rank, verb in enumerate(Verb)}


@dataclass(slots=True)
class _Draft:
    """What one pass over the kinds gathers."""

    actions: list[Action] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    early_deletes: set[ResourceRef] = field(default_factory=set)
    noop: int = 0


@dataclass(frozen=True, slots=True)
class _Judged:
    """A matched pair, and what is to be done about it."""

    kind: Kind[Any]
    declared: Declared[Any]
    have: Live[Any]
    verdict: Verdict[Any]

    @property
    def label(self) -> str:
        return self.declared.label or self.kind.label(self.declared.key)


def plan_project(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return what apply would do to one project, in the order it would do it."""
    draft = _Draft()
    for kind in kinds():
        if kind.name in desired.resources:
            _plan_kind(draft, kind, desired, live)
    compared = tuple(desired.resources)
    places = {kind.name: (level(kind.name), place) for place, kind in enumerate(kinds())}
    ordered = sorted(draft.actions, key=lambda action: _rank(action, draft, places))
    actions, holds = distinct_labels(
        ordered, sorted(draft.holds, key=lambda hold: (places[hold.kind], hold.key))
    )
    return ProjectPlan(
        name=desired.name,
        id=live.id,
        manifest=desired.manifest,
        fingerprint=fingerprint(live, compared),
        live=resource_hashes(live, compared),
        kinds=compared,
        actions=actions,
        holds=holds,
        noop=draft.noop,
        warnings=(
            *desired.warnings,
            *draft.warnings,
            *unmatched_patterns(desired, actions, live),
            *overwrite_warnings(actions, live),
        ),
        refusals=(*draft.refusals, *_refusals(desired, actions, live)),
        credentials=desired.credentials,
        protect=dict(desired.policy.protect),
        labels={
            ResourceRef(kind, key): label
            for kind, labels in (desired.labels or own_labels(desired)).items()
            for key, label in labels.items()
        },
        state=desired.state,
    )


def _refusals(
    desired: DesiredProject, actions: Sequence[Action], live: LiveProject
) -> Iterator[Refusal]:
    yield from mode_refusals(desired.policy, actions)
    yield from name_refusals(desired, live)
    yield from limit_refusals(desired, actions, live)
    yield from sink_refusals(actions, ci=desired.policy.ci)
    yield from overwrite_refusals(actions, live)
    yield from credentials_refusals(desired.name, desired.credentials, live)


def emptied(desired: DesiredProject) -> DesiredProject:
    """Return the desired state of a ``destroy``: nothing of the kinds that it empties.

    The owner, ``protect`` and ``ignore`` still hold; ``prune`` and ``limits`` don't.
    """
    names = [kind.name for kind in kinds() if kind.is_emptied_by_destroy]
    policy = replace(desired.policy, prune=dict.fromkeys(names, True), limits=NO_LIMITS)
    return replace(
        desired,
        policy=policy,
        resources={name: {} for name in names},
        labels=own_labels(desired),
        credentials=None,
    )


def own_labels(desired: DesiredProject) -> dict[str, dict[str, str]]:
    """Return kind → key → label of what is declared under a key that isn't shown as it is."""
    return {
        kind.name: {
            declared.key: declared.label
            for declared in desired.resources.get(kind.name, {}).values()
            if declared.label and declared.label != declared.key
        }
        for kind in kinds()
    }


def plan_destruction(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return a plan that deletes what lives in an emptied project."""
    plan = plan_project(desired, live)
    actions = tuple(replace(action, reason=Reason(Why.DESTROY)) for action in plan.actions)
    return replace(plan, actions=actions)


def plan_removal(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return a plan that deletes an emptied project itself, too."""
    plan = plan_destruction(desired, live)
    if live.id is None:
        return plan
    kept = tuple(
        hold
        for hold in plan.holds
        if hold.why is not HoldReason.OWNER
        or kind_named(hold.kind).is_matched(
            live.resources[hold.kind][hold.key], desired.policy.protect.get(hold.kind, ())
        )
    )
    if kept:
        refusal = Refusal(
            message="the project has protected or ignored resources, which would be deleted, too",
            hint="Remove them from protect: and ignore: in the manifest first.",
        )
        plan = replace(plan, refusals=(*plan.refusals, refusal))
    deletion = Action(
        verb=Verb.DELETE,
        kind=root_kind().name,
        key=desired.name,
        label=shown_text(desired.name),
        id=live.id,
        reason=Reason(Why.DESTROY_PROJECT),
    )
    return replace(plan, actions=(*plan.actions, deletion), holds=kept)


def _plan_kind(draft: _Draft, kind: Kind[Any], desired: DesiredProject, live: LiveProject) -> None:
    wanted = desired.resources[kind.name]
    have = live.resources.get(kind.name, {})
    creates: list[Action] = []
    for key, declared in sorted(wanted.items()):
        if key in have:
            verdict = kind.diff(declared, have[key], live.evidence.get(ResourceRef(kind.name, key)))
            pair = _Judged(kind, declared, have[key], verdict)
            _judged(draft, _unless_protected(pair, desired))
        else:
            creates.append(_creation(kind, declared))
    deletes, holds = _deletions(kind, desired, live)
    early, warnings = kind.early_deletes(creates, deletes, live)
    draft.early_deletes |= {action.ref for action in kind.first_to_go(deletes, live)[:early]}
    draft.warnings += warnings
    draft.actions += [*creates, *deletes]
    draft.holds += holds


def _creation(kind: Kind[Any], declared: Declared[Any]) -> Action:
    return Action(
        verb=Verb.CREATE,
        kind=kind.name,
        key=declared.key,
        label=declared.label or kind.label(declared.key),
        reason=Reason(Why.DECLARED),
        spec=declared.spec,
        sink=declared.secret.sink if declared.secret else None,
    )


def _unless_protected(pair: _Judged, desired: DesiredProject) -> _Judged:
    """Turn a replacement of what ``protect`` names into a warning: it would delete it."""
    kind, verdict = pair.kind, pair.verdict
    patterns = desired.policy.protect.get(kind.name, ())
    is_named = kind.is_matched(pair.have, patterns)
    if verdict.verb is not Verb.REPLACE or verdict.reason is None or not is_named:
        return pair
    text = (
        f"{kind.name} {pair.label} isn't replaced ({reason_text(verdict.reason)}): protect: names "
        "it, and a replacement deletes it first. To replace it, remove it from protect:."
    )
    kept: Verdict[Any] = Verdict(warnings=(*verdict.warnings, text), refusals=verdict.refusals)
    return replace(pair, verdict=kept)


def _judged(draft: _Draft, pair: _Judged) -> None:
    verdict = pair.verdict
    draft.warnings += verdict.warnings
    draft.refusals += [Refusal(message=text, hint="") for text in verdict.refusals]
    if verdict.verb is None or verdict.reason is None:
        draft.noop += 1
        return
    secret = pair.declared.secret
    draft.actions.append(
        Action(
            verb=verdict.verb,
            kind=pair.kind.name,
            key=pair.declared.key,
            label=pair.label,
            id=pair.have.id,
            reason=verdict.reason,
            changes=verdict.changes,
            spec=verdict.spec,
            sink=secret.sink if secret and verdict.needs_secret else None,
            secret_steps=verdict.secret_steps,
        )
    )


def _deletions(
    kind: Kind[Any], desired: DesiredProject, live: LiveProject
) -> tuple[list[Action], list[Hold]]:
    deletes: list[Action] = []
    holds: list[Hold] = []
    for key, have in sorted(live.resources.get(kind.name, {}).items()):
        if key in desired.resources[kind.name]:
            continue
        label = desired.labels.get(kind.name, {}).get(key) or kind.label(key)
        hold = kind.hold(have, desired.policy)
        if hold is not None:
            holds.append(replace(hold, key=key, label=label))  # a twin by its own name
            continue
        deletes.append(
            Action(
                verb=Verb.DELETE,
                kind=kind.name,
                key=key,
                label=label,
                id=have.id,
                reason=Reason(Why.UNDECLARED),
                who=kind.who(have) if label == kind.label(key) else "",
            )
        )
    return deletes, holds


def _rank(
    action: Action, draft: _Draft, places: Mapping[str, tuple[int, int]]
) -> tuple[bool, int, int, int, str]:
    """Place an action: what others need first, then by verb; deletes last, the other way round."""
    level_of_kind, place = places[action.kind]
    if action.verb is Verb.DELETE and action.ref not in draft.early_deletes:
        return (True, -level_of_kind, 0, place, action.key)
    verb = -1 if action.verb is Verb.DELETE else _RANKS[action.verb]
    return (False, level_of_kind, verb, place, action.key)
