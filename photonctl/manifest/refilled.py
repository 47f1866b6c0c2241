"""A saved plan's expressions, evaluated once more where it is applied.

A plan shows the expression in the place of what it gave. Who edits a plan file without a key can
put any value behind one.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from photonctl.errors import PlanRefused
from photonctl.manifest.documents import included
from photonctl.manifest.interpolate import Interpolator
from photonctl.manifest.trust import Trust
from photonctl.model.filled import Filled
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.spec import JsonValue, SinkSpec, spec_to_json


def check_filled(plan: Plan, trust: Trust) -> None:
    """Refuse a plan with a value that its expression doesn't give here.

    What can't be evaluated, such as a variable that isn't set here, says nothing.

    Raises:
        PlanRefused: which expression.
    """
    for project in plan.projects:
        known: dict[str, str | None] = {}
        for text in _filled(project):
            if text.raw not in known:
                known[text.raw] = _evaluated(text.raw, project.folder, trust)
            now = known[text.raw]
            if now is not None and now != text:
                raise PlanRefused(
                    f"{text.raw} gives something else here than what the plan file has for it",
                    hint="Set the variables as they were when the plan was made, or plan again. If "
                    "they are the same, somebody has edited the file.",
                )


def _filled(project: ProjectPlan) -> Iterator[Filled]:
    yield from _texts(project.name)
    sinks = [project.credentials]
    for action in project.actions:
        sinks.append(action.sink)
        yield from _texts({} if action.spec is None else spec_to_json(action.spec))
    for sink in filter(None, sinks):
        yield from _texts_of(sink)


def _texts_of(sink: SinkSpec) -> Iterator[Filled]:
    for place in sink.places:
        yield from _texts([place.target, place.key])


def _texts(value: JsonValue) -> Iterator[Filled]:
    if isinstance(value, Filled):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _evaluated(raw: str, folder: Path, trust: Trust) -> str | None:
    filling = Interpolator(trust=trust, read_file=partial(included, folder, trust.reach))
    found = filling.fill(raw)
    return str(found) if isinstance(found, str) and not filling.problems else None
