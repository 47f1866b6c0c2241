"""A saved plan's expressions, evaluated once more where it is applied.

A plan shows the expression in the place of what it gave. Who edits a plan file without a key can
put any value behind one.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.files import is_emulators_file
from photonctl.manifest.documents import included
from photonctl.manifest.interpolate import Filling, Interpolator
from photonctl.manifest.trust import Trust
from photonctl.model.filled import Filled
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.spec import JsonValue, SinkSpec, spec_to_json
from photonctl.reach import looking_once

_EACH_FILE = 200  # characters that it counts for


def check_filled(plan: Plan, trust: Trust) -> None:
    """Refuse a plan with a value that its expression doesn't give here.

    What can't be evaluated, such as a variable that isn't set here, says nothing.

    Raises:
        PlanRefused: which expression.
    """
    evaluated = _Evaluated(trust=trust)
    with looking_once():
        for project, text in ((p, text) for p in plan.projects for text in _filled(p)):
            now = evaluated.now(text.raw, project.folder)
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
        is_local = place.type == "envFile" and is_emulators_file(PurePosixPath(place.target))
        # That of the emulator is made from what the manifest says, and isn't it.
        yield from _texts([place.key] if is_local else [place.target, place.key])


def _texts(value: JsonValue) -> Iterator[Filled]:
    if isinstance(value, Filled):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


class _Evaluated(Struct):
    """What expressions give here; each is evaluated once for a folder, and each file read once."""

    trust: Trust
    filling: Filling = field(default_factory=Filling)
    known: dict[tuple[Path, str], str | None] = field(default_factory=dict)
    fillers: dict[Path, Interpolator] = field(default_factory=dict)

    def now(self, raw: str, folder: Path) -> str | None:
        """Return what a text with expressions gives; None = it can't be evaluated.

        Raises:
            PlanRefused: all of them give more than those of any manifest.
        """
        if (folder, raw) not in self.known:
            self.known[folder, raw] = self._evaluate(raw, folder)
        return self.known[folder, raw]

    def _evaluate(self, raw: str, folder: Path) -> str | None:
        filler = self.fillers.get(folder)
        if filler is None:
            read_file = partial(included, folder, self.trust.reach, self.filling.files)
            filler = Interpolator(trust=self.trust, read_file=read_file, filling=self.filling)
            self.fillers[folder] = filler
        filled, found = self.filling.count, filler.fill(raw)
        if self.filling.is_too_much:
            raise PlanRefused("the plan file holds more expressions than any plan", hint=PLAN_AGAIN)
        if filler.problems:
            filler.problems.clear()
            # It says nothing here, and there may be many; but to look for a file costs time.
            self.filling.count = filled + len(raw) + raw.count("${file:") * _EACH_FILE
            return None
        return str(found)
