"""Match by key, judge each pair, order the actions (interface §2, §6).

For each kind that the manifest declares, and in one pass over its keys:

- declared, not live → create;
- declared and live → the kind judges the pair: nothing, update, replace, or a warning;
- live, not declared → held if the kind says so (owner, protected, ignored …), else delete.

A kind that the manifest doesn't mention is not looked at: nothing of it is created or deleted.
Deletes come last, so that a failed create keeps what it was to replace; where a cap leaves no
room for the creates, as many deletes as the cap needs come first.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Hold, HoldReason, ProjectPlan, Refusal, Verb
from photonctl.model.policy import NO_LIMITS
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
from photonctl.resources import KINDS, STAGES, kind_named
from photonctl.resources.base import ResourceKind
from photonctl.resources.values import Verdict

_RANKS = {verb: rank for rank, verb in enumerate(Verb)}
_KIND_RANKS = {kind.name: rank for rank, kind in enumerate(KINDS)}


@dataclass(slots=True)
class _Draft:
    """What one pass over the kinds gathers."""

    actions: list[Action] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    early_deletes: set[tuple[str, str]] = field(default_factory=set)
    noop: int = 0


@dataclass(frozen=True, slots=True)
class _Judged:
    """A matched pair, and what is to be done about it."""

    kind: ResourceKind[Any]
    declared: Declared[Any]
    have: Live[Any]
    verdict: Verdict[Any]

    @property
    def label(self) -> str:
        return self.declared.label or self.kind.label(self.declared.key)


def plan_project(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return what apply would do to one project, in the order it would do it."""
    draft = _Draft()
    for kind in KINDS:
        if kind.name in desired.resources:
            _plan_kind(draft, kind, desired, live)
    kinds = tuple(desired.resources)
    ordered = sorted(draft.actions, key=lambda action: _rank(action, draft.early_deletes))
    actions, holds = distinct_labels(
        ordered, sorted(draft.holds, key=lambda h: (_KIND_RANKS[h.kind], h.key))
    )
    return ProjectPlan(
        name=desired.name,
        id=live.id,
        manifest=desired.manifest,
        fingerprint=fingerprint(live, kinds),
        live=resource_hashes(live, kinds),
        kinds=kinds,
        actions=actions,
        holds=holds,
        noop=draft.noop,
        warnings=(
            *desired.warnings,
            *draft.warnings,
            *unmatched_patterns(desired, actions, live),
            *overwrite_warnings(actions, live),
        ),
        refusals=(
            *draft.refusals,
            *mode_refusals(desired.policy, actions),
            *name_refusals(desired, live),
            *limit_refusals(desired, actions, live),
            *sink_refusals(actions, ci=desired.policy.ci),
            *overwrite_refusals(actions, live),
            *credentials_refusals(desired, live),
        ),
        credentials=desired.credentials,
        protect=dict(desired.policy.protect),
        labels={
            f"{kind} {key}": label
            for kind, labels in (desired.labels or own_labels(desired)).items()
            for key, label in labels.items()
        },
    )


def emptied(desired: DesiredProject) -> DesiredProject:
    """Return the desired state of a destruction: no webhooks and no users, declared or not.

    Owner, ``protect`` and ``ignore`` hold as ever; ``prune`` and ``limits`` don't.
    """
    policy = replace(desired.policy, prune={"user": True, "webhook": True}, limits=NO_LIMITS)
    return replace(
        desired,
        policy=policy,
        resources={"user": {}, "webhook": {}},
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
        for kind in KINDS
    }


def plan_destruction(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return a plan that deletes what lives in an emptied project."""
    plan = plan_project(desired, live)
    actions = tuple(replace(action, reason="destroy") for action in plan.actions)
    return replace(plan, actions=actions)


def plan_removal(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return a plan that deletes an emptied project itself, too."""
    plan = plan_destruction(desired, live)
    if live.id is None:
        return plan
    users = live.resources.get("user", {})
    patterns = desired.policy.protect.get("user", ())
    kept = tuple(
        hold
        for hold in plan.holds
        if hold.why is not HoldReason.OWNER
        or kind_named(hold.kind).is_matched(users[hold.key], patterns)
    )
    if kept:
        refusal = Refusal(
            message="the project has protected or ignored users or webhooks, which would be "
            "deleted with it",
            hint="Remove them from protect: and ignore: in the manifest first.",
        )
        plan = replace(plan, refusals=(*plan.refusals, refusal))
    deletion = Action(
        verb=Verb.DELETE,
        kind="project",
        key=desired.name,
        label=shown_text(desired.name),
        id=live.id,
        reason="destroy --project-too: permanent, with its owner and everything in it",
    )
    return replace(plan, actions=(*plan.actions, deletion), holds=kept)


def _plan_kind(
    draft: _Draft, kind: ResourceKind[Any], desired: DesiredProject, live: LiveProject
) -> None:
    wanted = desired.resources[kind.name]
    have = live.resources.get(kind.name, {})
    creates: list[Action] = []
    for key, declared in sorted(wanted.items()):
        if key in have:
            verdict = kind.diff(declared, have[key], live.evidence.get(key))
            pair = _Judged(kind, declared, have[key], verdict)
            _judged(draft, _unless_protected(pair, desired))
        else:
            creates.append(_creation(kind, declared))
    deletes, holds = _deletions(kind, desired, live)
    early, warnings = kind.early_deletes(creates, deletes, live)
    draft.early_deletes |= {(a.kind, a.key) for a in kind.first_to_go(deletes, live)[:early]}
    draft.warnings += warnings
    draft.actions += [*creates, *deletes]
    draft.holds += holds


def _creation(kind: ResourceKind[Any], declared: Declared[Any]) -> Action:
    return Action(
        verb=Verb.CREATE,
        kind=kind.name,
        key=declared.key,
        label=declared.label or kind.label(declared.key),
        reason="declared, not live",
        spec=declared.spec,
        sink=declared.secret.sink if declared.secret else None,
    )


def _unless_protected(pair: _Judged, desired: DesiredProject) -> _Judged:
    """Turn a replacement of what ``protect`` names into a warning: it would delete it."""
    kind, verdict = pair.kind, pair.verdict
    patterns = desired.policy.protect.get(kind.name, ())
    if verdict.verb is not Verb.REPLACE or not kind.is_matched(pair.have, patterns):
        return pair
    text = (
        f"{kind.name} {pair.label} isn't replaced ({verdict.reason}): protect: names it, and a "
        "replacement deletes it first. To replace it, remove it from protect:."
    )
    kept: Verdict[Any] = Verdict(warnings=(*verdict.warnings, text), refusals=verdict.refusals)
    return replace(pair, verdict=kept)


def _judged(draft: _Draft, pair: _Judged) -> None:
    verdict = pair.verdict
    draft.warnings += verdict.warnings
    draft.refusals += [Refusal(message=text, hint="") for text in verdict.refusals]
    if verdict.verb is None:
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
    kind: ResourceKind[Any], desired: DesiredProject, live: LiveProject
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
                reason="live, not declared",
                who=kind.who(have),
            )
        )
    return deletes, holds


def _rank(action: Action, early_deletes: set[tuple[str, str]]) -> tuple[int, int, int, str]:
    """Place an action: stages first, then verbs; early deletes right before the creates."""
    kind = _KIND_RANKS[action.kind]
    if action.kind in STAGES and action.verb is not Verb.DELETE:
        return (STAGES.index(action.kind), _RANKS[action.verb], kind, action.key)
    is_early = action.verb is Verb.DELETE and (action.kind, action.key) in early_deletes
    verb = -1 if is_early else _RANKS[action.verb]
    return (len(STAGES), verb, kind, action.key)
