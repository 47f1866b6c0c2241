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
from functools import partial

from msgspec.structs import replace

from photonctl.kinds import kinds, level, root_kind
from photonctl.model.part import WHOLE, Part
from photonctl.model.plan import Action, ProjectPlan, Refusal, SecretStep, Verb
from photonctl.model.ref import ResourceRef
from photonctl.model.state import DesiredProject, Evidence, LiveProject, Stored
from photonctl.planner.fingerprint import fingerprint, resource_hashes
from photonctl.planner.labels import distinct_labels
from photonctl.planner.limits import limit_refusals, list_refusals, mode_refusals, name_refusals
from photonctl.planner.match import Draft, match_kind
from photonctl.planner.part import with_needed
from photonctl.planner.patterns import unmatched_patterns
from photonctl.planner.secrets import (
    credentials_refusals,
    credentials_warnings,
    overwrite_refusals,
    overwrite_warnings,
    runner_warnings,
    sink_refusals,
)

_RANKS = {verb: rank for rank, verb in enumerate(Verb)}


def plan_project(desired: DesiredProject, live: LiveProject, part: Part = WHOLE) -> ProjectPlan:
    """Return what apply would do to one project, in the order it would do it."""
    draft, live = Draft(part), _with_credentials(live, desired)
    for kind in kinds():
        if kind.name in desired.resources:
            match_kind(draft, kind, desired, live)
    kept = draft.actions if part.is_whole else with_needed(part, draft.actions, draft.others)
    ordered, capped = in_order(list(map(partial(_storing, desired), kept)), live)
    compared = tuple(desired.resources)
    hashes = resource_hashes(live, compared)
    actions, holds = distinct_labels(ordered, draft.holds)
    return ProjectPlan(
        name=desired.name,
        id=live.id,
        manifest=desired.manifest,
        fingerprint=fingerprint(live, hashes),
        live=hashes,
        kinds=compared,
        actions=actions,
        left_out=len(draft.actions) + len(draft.others) - len(actions),
        holds=holds,
        noop=draft.noop,
        warnings=(*draft.warnings, *capped, *_warnings(desired, actions, live)),
        refusals=(*draft.refusals, *_refusals(desired, actions, live, part)),
        credentials=desired.credentials if _keeps_credentials(part, actions) else None,
        protect=dict(desired.policy.protect),
        labels={
            ResourceRef(kind, key): label
            for kind, labels in (desired.labels or own_labels(desired)).items()
            for key, label in labels.items()
        },
        state=desired.state,
    )


def _with_credentials(live: LiveProject, desired: DesiredProject) -> LiveProject:
    """Add to what is known of the project itself where its credentials have to be stored."""
    if live.id is None or all(pair.problem for pair in live.credentials):
        return live
    found, root = dict(live.evidence), root_kind().name
    for key in desired.resources.get(root, {}):
        known = found.get(ResourceRef(root, key)) or Evidence(stored=Stored.NOTHING)
        found[ResourceRef(root, key)] = replace(known, credentials=desired.credentials)
    return replace(live, evidence=found)


def _storing(desired: DesiredProject, action: Action) -> Action:
    """Add to the creation of a project that its credentials are stored."""
    is_creation = action.kind == root_kind().name and action.verb is Verb.CREATE
    if desired.credentials is None or not is_creation:
        return action
    return replace(action, secret_steps=(SecretStep.STORE,))


def _keeps_credentials(part: Part, actions: Sequence[Action]) -> bool:
    """Does a run that is about a part store the project's credentials? If it is about those."""
    root = root_kind().name
    return part.has(root, lambda _: True) or any(action.kind == root for action in actions)


def _warnings(
    desired: DesiredProject, actions: Sequence[Action], live: LiveProject
) -> Iterator[str]:
    yield from desired.warnings
    yield from unmatched_patterns(desired, actions, live)
    yield from overwrite_warnings(actions, live)
    yield from credentials_warnings(live)
    yield from runner_warnings(actions, ci=desired.policy.ci)


def _refusals(
    desired: DesiredProject, actions: Sequence[Action], live: LiveProject, part: Part
) -> Iterator[Refusal]:
    yield from mode_refusals(desired.policy, is_changed=bool(actions))
    yield from name_refusals(desired, live, actions)
    yield from limit_refusals(desired, actions, live)
    yield from list_refusals(actions, live)
    yield from sink_refusals(actions, ci=desired.policy.ci)
    yield from overwrite_refusals(actions, live)
    if _keeps_credentials(part, actions):
        yield from credentials_refusals(desired.name, live)


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


def in_order(actions: Sequence[Action], live: LiveProject) -> tuple[list[Action], list[str]]:
    """Return the actions in their order, and what is to be said of it.

    Each is of live state or new, and no two have the same kind and key.
    """
    early: set[ResourceRef] = set()
    said: list[str] = []
    for kind in kinds():
        creates, deletes = (
            [a for a in actions if a.kind == kind.name and a.verb is verb]
            for verb in (Verb.CREATE, Verb.DELETE)
        )
        count, warnings = kind.early_deletes(creates, deletes, live)
        early |= {action.ref for action in kind.first_to_go(deletes, live)[:count]}
        said += warnings
    places = {kind.name: (level(kind.name), place) for place, kind in enumerate(kinds())}
    return sorted(actions, key=lambda action: _rank(action, early, places)), said


def _rank(
    action: Action, early: set[ResourceRef], places: Mapping[str, tuple[int, int]]
) -> tuple[bool, int, int, int, str]:
    """Place an action: what others need first, then by verb; deletes last, the other way round.

    Among alike by what is shown: an order by filled values would tell what they are.
    """
    level_of_kind, place = places[action.kind]
    if action.verb is Verb.DELETE and action.ref not in early:
        return (True, -level_of_kind, 0, place, action.label or action.key)
    verb = -1 if action.verb is Verb.DELETE else _RANKS[action.verb]
    return (False, level_of_kind, verb, place, action.label or action.key)
