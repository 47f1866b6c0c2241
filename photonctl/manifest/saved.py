"""A saved plan is checked like the manifest that it was made from."""

import json
import re
from collections.abc import Mapping, ValuesView
from pathlib import Path
from shlex import quote
from typing import Any

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.files import STATE_FOLDER
from photonctl.kinds import kind_named, kinds
from photonctl.kinds.base import Kind
from photonctl.kinds.sinks import write_pair, write_sink
from photonctl.kinds.values import Problem, errors_of
from photonctl.manifest.paths import check_paths
from photonctl.manifest.rules import Claims, check_patterns, check_texts
from photonctl.manifest.schema import check_document
from photonctl.manifest.sink_rules import check_sinks
from photonctl.model.filled import shown as as_shown
from photonctl.model.filled import shown_text
from photonctl.model.places import GENERATED, NEW, pair_text, place_name, rotated_text
from photonctl.model.plan import STEP_FIELDS, Action, Plan, ProjectPlan, SecretStep, Verb
from photonctl.model.reason import Why
from photonctl.model.spec import Declared, JsonObject, Live, SinkSpec, spec_to_json
from photonctl.published import schema_text
from photonctl.reach import Reach

_MOST_MESSAGES, _LONGEST_MESSAGE = 50_000, 200_000
_DEEPEST = 30  # lists and mappings in each other
_NUMBERED = re.compile(r" \[\d+\]\Z")


def is_report_data(data: object) -> bool:
    """Is this what ``apply --report`` writes? The file may be anybody's."""
    from jsonschema import Draft202012Validator

    if not (_has_few_messages(data) and _is_flat(data)):
        return False
    if not Draft202012Validator(json.loads(schema_text("report"))).is_valid(data):
        return False
    assert isinstance(data, dict)
    known = {kind.name for kind in kinds()}
    actions = (action for project in data["projects"] for action in project["actions"])
    return all(action["kind"] in known for action in actions)


def _has_few_messages(data: object) -> bool:
    """Are there as many messages as a report can have, and as long ones? Each costs time."""
    projects = data.get("projects") if isinstance(data, dict) else None
    lists = [
        project.get(name)
        for project in (projects if isinstance(projects, list) else ())
        if isinstance(project, dict)
        for name in ("warnings", "notes", "errors")
    ]
    found = [text for texts in lists if isinstance(texts, list) for text in texts]
    longest = max((len(text) for text in found if isinstance(text, str)), default=0)
    return len(found) <= _MOST_MESSAGES and longest <= _LONGEST_MESSAGE


def _is_flat(data: object) -> bool:
    """Is nothing in it deeper than in any report? What shows it goes down level by level."""
    level = [data]
    for _ in range(_DEEPEST):
        parts = (x.values() if isinstance(x, dict) else x for x in level)
        level = [x for part in parts if isinstance(part, list | ValuesView) for x in part]
        if not level:
            return True
    return False


def check_plan(plan: Plan, reach: Reach, *, is_shown_only: bool = False) -> None:
    """Refuse a plan that no manifest could have led to.

    Args:
        plan: from a file.
        reach: where it may read and write.
        is_shown_only: it is from any place, and stays there.

    Raises:
        PlanRefused: what is wrong with it.
    """
    claims = Claims()
    for project in plan.projects:
        if not is_shown_only:
            _check_folder(project, reach)
        _check_project(project, None if is_shown_only else reach, claims)


def _check_project(project: ProjectPlan, reach: Reach | None, claims: Claims) -> None:
    try:
        document = _document(project)
        problems = [
            *check_document(document),
            *check_texts(document),
            *check_patterns({"protect": {k: list(p) for k, p in project.protect.items()}}),
            *(check_paths(document, project.folder, reach, is_saved=True) if reach else ()),
            *check_sinks(document, []),
        ]
        declared = [] if errors_of(problems) else _declared_by(document, problems)
        problems += claims.claim({}, declared, project.credentials, project.folder)
        wrong = next(iter(errors_of(problems)), None)
        if wrong is None:
            for kind in kinds():
                _check_keys(project, document, kind)
    except (AttributeError, LookupError, TypeError, ValueError):  # a field of another type
        raise PlanRefused(
            "the plan file holds a field of another type than any plan", hint=PLAN_AGAIN
        ) from None
    if wrong is not None:
        raise PlanRefused(
            f"the plan file does what no manifest can declare: {wrong.message}",
            hint=PLAN_AGAIN,
        )


def _declared_by(document: JsonObject, problems: list[Problem]) -> list[Declared[Any]]:
    """Return what a document declares, and add what each kind finds wrong with it."""
    found: list[Declared[Any]] = []
    for kind in kinds():
        declared = list(kind.declare(document, is_alone=False) or ())
        problems += kind.check(document, declared)
        found += declared
    return found


def _check_folder(project: ProjectPlan, reach: Reach) -> None:
    """Secrets and the journal are beside the manifest: below where apply runs, or allowed."""
    if STATE_FOLDER in project.folder.parts:
        raise PlanRefused(
            "the plan keeps its journal and secrets in photonctl's own folder", hint=PLAN_AGAIN
        )
    here = Reach((Path.cwd(), *reach.allowed))
    why = here.why_not(Path.cwd() / project.folder, Path.cwd())
    if why is not None:
        folder = quote(str(project.folder))
        raise PlanRefused(
            f"the plan keeps its journal and secrets beside {project.manifest}, outside the folder "
            "in which apply runs",
            hint=f"Run apply above it, or allow its folder:  --allow-outside {folder}",
        )


def _document(project: ProjectPlan) -> JsonObject:
    """Return a manifest that declares what the plan's actions create or change."""
    document: JsonObject = {"version": 1}
    for kind in kinds():
        rows = [
            Live(key=action.key, spec=action.spec, id=action.id)
            for action in project.actions
            if action.kind == kind.name and action.spec is not None
        ]
        if rows:
            kind.render(rows, document, is_alone=False)
    section = document.setdefault("project", {})
    assert isinstance(section, dict)
    section["name"] = project.name
    section.pop("id", None)
    if project.id is not None:
        section["id"] = project.id
    if project.credentials is not None:
        section["credentials"] = write_pair(project.credentials)
    _add_sinks(document, project)
    return document


def _add_sinks(document: JsonObject, project: ProjectPlan) -> None:
    for kind in kinds():
        entries = document.get(kind.section) if kind.has_secret else None
        sinks = [a.sink for a in project.actions if a.kind == kind.name and a.spec is not None]
        if not isinstance(entries, list):
            continue
        for index, (entry, sink) in enumerate(zip(entries, sinks, strict=True)):
            long: JsonObject = dict(entry) if isinstance(entry, dict) else {"url": entry}
            long.pop("secret", None)
            long["allowUndeliverable"] = True  # decided when the plan was made
            if sink is not None:
                long["secret"] = write_sink(sink)
            entries[index] = long


def _is_shown_as(action: Action, kind: Kind[Any], declared: Mapping[str, str]) -> bool:
    """Does an action's label, perhaps with the number of one of twins, name what it acts on?

    ``declared``: the label of each key, as a manifest with what the actions send would have it.
    """
    labels = (action.label, _NUMBERED.sub("", action.label))
    names = (action.key, kind.label(action.key), declared.get(action.key))
    return any(label in names for label in labels)


def _is_all_shown(action: Action, kind: Kind[Any], credentials: SinkSpec | None) -> bool:
    """Are the changes that are shown those that would be made?"""
    if action.verb is not Verb.UPDATE or action.spec is None:
        known = {"signingSecret": NEW} if action.verb is Verb.REPLACE and kind.has_secret else {}
        return all((change.field, change.after) in known.items() for change in action.changes)
    shown = {change.field: change.after for change in action.changes}
    sent = {k: v for k, v in spec_to_json(action.spec).items() if k in kind.in_place}
    steps = {name for step, name in STEP_FIELDS.items() if step in action.secret_steps}
    is_root_as_it_is = kind.is_root and steps and sent.keys() - shown.keys() == {"name"}
    fields = sent.keys() & shown.keys() if is_root_as_it_is else sent.keys()
    for step in action.secret_steps:
        if shown.get(STEP_FIELDS[step]) not in _step_texts(step, action, credentials):
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


def _is_reason(action: Action) -> bool:
    """Can an action have the reason that it gives?"""
    fields = {change.field for change in action.changes}
    why, about = action.reason.why, action.reason.about
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


def _check_keys(project: ProjectPlan, document: JsonObject, kind: Kind[Any]) -> None:
    """What an action is called must be what it does: limits, holds and people go by the name."""
    declared = {d.key: d.label for d in kind.declare(document, is_alone=False) or ()}
    held = [hold for hold in project.holds if hold.kind == kind.name]
    acted_on = {action.key for action in project.actions if action.kind == kind.name}
    for hold in held:
        labels = (hold.label, _NUMBERED.sub("", hold.label))
        is_named = any(label in (hold.key, kind.label(hold.key)) for label in labels)
        if hold.key in acted_on or not is_named:
            raise PlanRefused(
                f"the plan file was edited: {kind.name} {hold.label} doesn't stay as it is "
                f"({hold.why.value})",
                hint=PLAN_AGAIN,
            )
    for action in project.actions:
        if action.kind != kind.name:
            continue
        is_named = action.spec is None or action.key in declared
        if kind.is_root:
            is_named = action.spec is None or spec_to_json(action.spec).get("name") == project.name
        is_shown = _is_shown_as(action, kind, declared)
        is_shown &= _is_all_shown(action, kind, project.credentials)
        if not (is_named and is_shown and _is_reason(action)):
            raise PlanRefused(
                f"the plan file was edited: {kind.name} {action.label} is another one",
                hint=PLAN_AGAIN,
            )
