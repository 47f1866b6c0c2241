"""A saved plan is checked like the manifest that it was made from."""

import json
from collections.abc import ValuesView
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.files import STATE_FOLDER
from photonctl.kinds import kinds
from photonctl.kinds.sinks import write_pair, write_sink
from photonctl.kinds.values import Problem, errors_of
from photonctl.manifest.paths import check_paths
from photonctl.manifest.rules import Claims, check_patterns, check_texts
from photonctl.manifest.saved_words import check_words
from photonctl.manifest.schema import check_document
from photonctl.manifest.sink_rules import check_sinks
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, JsonObject, Live
from photonctl.published import schema_text
from photonctl.reach import Reach, looking_once
from photonctl.texts import quote

_MOST_MESSAGES, _LONGEST_MESSAGE = 50_000, 200_000
_DEEPEST = 30  # lists and mappings in each other


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
    with looking_once():
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
        declared = [] if errors_of(problems) else _declared_by(project, document, problems)
        problems += claims.claim({}, declared, project.credentials, project.folder)
        wrong = next(iter(errors_of(problems)), None)
        if wrong is None:
            for kind in kinds():
                check_words(project, document, kind)
    except (AttributeError, LookupError, TypeError, ValueError):  # a field of another type
        raise PlanRefused(
            "the plan file holds a field of another type than any plan", hint=PLAN_AGAIN
        ) from None
    if wrong is not None:
        raise PlanRefused(
            f"the plan file does what no manifest can declare: {wrong.message}",
            hint=PLAN_AGAIN,
        )


def _declared_by(
    project: ProjectPlan, document: JsonObject, problems: list[Problem]
) -> list[Declared[Any]]:
    """Return what a document declares, and add what each kind finds wrong with it.

    What is stored nowhere by an action has no place that it would share with another one.
    """
    stored = {action.ref for action in project.actions if action.sink is not None}
    found: list[Declared[Any]] = []
    for kind in kinds():
        declared = list(kind.declare(document, is_alone=False) or ())
        problems += kind.check(document, declared)
        found += [
            one if ResourceRef(kind.name, one.key) in stored else replace(one, secret=None)
            for one in declared
        ]
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
