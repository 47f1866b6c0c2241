"""What a plan file says of its actions, and of what stays, is what they do."""

import re
from collections.abc import Sequence
from typing import Any

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.kinds import kind_named
from photonctl.kinds.base import Kind
from photonctl.model.filled import shown as as_shown
from photonctl.model.filled import shown_text
from photonctl.model.places import (
    GENERATED,
    NEW,
    other_name,
    pair_text,
    place_name,
    rotated_text,
)
from photonctl.model.plan import STEP_FIELDS, Action, ProjectPlan, SecretStep, Verb
from photonctl.model.reason import Why
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, JsonObject, SinkSpec, Spec, spec_to_json
from photonctl.texts import nfkc

_WITH_DETAIL = (Why.DIFFERS, Why.SECRET_LOST, Why.SECRET_OLD)
_NUMBERED = re.compile(r" \[\d+\]\Z")


def check_words(project: ProjectPlan, document: JsonObject, kind: Kind[Any]) -> None:
    """What an action is called must be what it does: limits, holds and people go by the name.

    ``document``: declares what the actions send, each at its place.
    """
    actions = [action for action in project.actions if action.kind == kind.name]
    _check_holds(project, actions, kind)
    sent = [action for action in actions if action.spec is not None]
    found = list(kind.declare(document, is_alone=False) or ()) if sent else []
    are_each = len(found) == len(sent) and len({a.key for a in actions}) == len(actions)
    own = {action.key: one for action, one in zip(sent, found, strict=False)}
    for action in actions:
        declared = own.get(action.key)
        is_named = action.spec is None or (
            declared is not None
            and declared.key == action.key
            and _is_declared(action.spec, declared, kind)
        )
        if kind.is_root and action.spec is not None:  # a rename sends another than the live one
            is_named &= spec_to_json(action.spec).get("name") == project.name
        is_shown = _is_shown_as(action, kind, declared)
        is_shown &= _is_all_shown(action, kind, project.credentials)
        if not (are_each and is_named and is_shown and _is_reason(action)):
            raise PlanRefused(
                f"the plan file was edited: {kind.name} {action.label} is another one",
                hint=PLAN_AGAIN,
            )


def _check_holds(project: ProjectPlan, actions: Sequence[Action], kind: Kind[Any]) -> None:
    named = {action.key for action in actions}
    shown = {_as_seen(action.label) for action in actions}
    for hold in project.holds:
        if hold.kind != kind.name:
            continue
        labels = (hold.label, _NUMBERED.sub("", hold.label))
        is_named = any(label in (hold.key, kind.label(hold.key)) for label in labels)
        is_live = hold.key not in named and ResourceRef(kind.name, hold.key) in project.live
        if not (is_live and is_named) or _as_seen(hold.label) in shown:
            raise PlanRefused(
                f"the plan file was edited: {kind.name} {hold.label} doesn't stay as it is "
                f"({hold.why.value})",
                hint=PLAN_AGAIN,
            )
        named.add(hold.key)  # each once


def _as_seen(label: str) -> str:
    """Return a label as a reader knows it: letters of another width, and blanks, don't count."""
    return nfkc(label).replace(" ", "")


def _is_declared(spec: Spec, declared: Declared[Any], kind: Kind[Any]) -> bool:
    """Are fields that no update shows those that the action's own name declares?"""
    own, other = spec_to_json(spec), spec_to_json(declared.spec)
    return all(own.get(n) == other.get(n) for n in (own.keys() | other.keys()) - kind.in_place)


def _is_shown_as(action: Action, kind: Kind[Any], declared: Declared[Any] | None) -> bool:
    """Does an action's label, perhaps with the number of one of twins, name what it acts on?

    ``declared``: what it sends, as a manifest would declare it.
    """
    labels = (action.label, _NUMBERED.sub("", action.label))
    names = [action.key, kind.label(action.key), *([declared.label] if declared else [])]
    return any(label in names for label in labels)


def _is_all_shown(action: Action, kind: Kind[Any], credentials: SinkSpec | None) -> bool:
    """Are the changes that are shown those that would be made, each once?"""
    if len({change.field for change in action.changes}) < len(action.changes):
        return False
    if action.verb is not Verb.UPDATE or action.spec is None:
        known = {"signingSecret": NEW} if action.verb is Verb.REPLACE and kind.has_secret else {}
        said = {change.field: change.after for change in action.changes}
        return said == known and all(change.before is None for change in action.changes)
    shown = {change.field: change.after for change in action.changes}
    sent = {k: v for k, v in spec_to_json(action.spec).items() if k in kind.in_place}
    steps = {name for step, name in STEP_FIELDS.items() if step in action.secret_steps}
    is_root_as_it_is = kind.is_root and steps and sent.keys() - shown.keys() == {"name"}
    fields = sent.keys() & shown.keys() if is_root_as_it_is else sent.keys()
    before = {change.field: change.before for change in action.changes}
    for step in action.secret_steps:
        name = STEP_FIELDS[step]
        is_before = before.get(name) in _texts_before(step, action)
        if not (is_before and shown.get(name) in _step_texts(step, action, credentials)):
            return False
    return shown.keys() == fields | steps and all(
        shown[name] == sent[name] and as_shown(shown[name]) == as_shown(sent[name])
        for name in fields
    )


def _step_texts(step: SecretStep, action: Action, credentials: SinkSpec | None) -> list[str]:
    """Return what a plan may say of a step: what it does."""
    match step:
        case SecretStep.COPY if action.sink is not None:
            return [shown_text(action.sink.key), place_name(action.sink)]
        case SecretStep.ROTATE:
            return [rotated_text(action.overlap_s)]
        case SecretStep.GENERATE:
            return [GENERATED]
        case SecretStep.STORE if credentials is not None:
            return [pair_text(credentials)]
    return []


def _texts_before(step: SecretStep, action: Action) -> list[str | None]:
    """Return what a plan may say of what was there before a step: of a copy, where it is from."""
    if step is not SecretStep.COPY or action.sink is None:
        return [None]
    return [other_name(action.sink), *map(place_name, action.sink.places)]


def _is_reason(action: Action) -> bool:
    """Can an action have the reason that it gives?"""
    fields = {change.field for change in action.changes}
    why, about = action.reason.why, action.reason.about
    if bool(about) is not (why in _WITH_DETAIL):
        return False
    if why is Why.DIFFERS and not fields.issuperset(about):
        return False
    kind = kind_named(action.kind)
    if why is not Why.DIFFERS and not all(kind.could_say(action, text) for text in about):
        return False
    known = [_REASONS_OF_STEPS[step] for step in action.secret_steps]
    if not known or action.verb is not Verb.UPDATE:
        known = [_REASONS[action.verb]]
    return any(action.reason.why in whys for whys in known)


_REASONS = {
    Verb.CREATE: {Why.DECLARED},
    Verb.UPDATE: {Why.DIFFERS},
    Verb.REPLACE: {Why.ASKED, Why.INTERRUPTED, Why.SECRET_LOST, Why.DIFFERS},
    Verb.DELETE: {Why.UNDECLARED, Why.DESTROY, Why.DESTROY_PROJECT},
}
_REASONS_OF_STEPS = {
    SecretStep.COPY: {Why.SECRET_RENAMED, Why.SECRET_ELSEWHERE},
    SecretStep.ROTATE: {Why.ROTATION_INTERRUPTED, Why.SECRET_LOST, Why.SECRET_OLD, Why.DIFFERS},
    SecretStep.GENERATE: {Why.INCOMPLETE},
    SecretStep.STORE: {Why.CREDENTIALS},
}
