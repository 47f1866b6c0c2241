"""How far a run is, counted from its events. Knows nothing of terminals."""

from collections.abc import Callable

from msgspec import Struct

from photonctl.events import (
    ActionFinished,
    ActionStarted,
    ApplyStarted,
    Event,
    Paced,
    PlanMade,
    ProjectApplied,
    ProjectRead,
    ReadStarted,
    Waiting,
)
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan

_READING = "Reading live state"
_APPLYING = "Applying"
_READING_BACK = "Reading live state back"


class Track(Struct, kw_only=True):
    """Something that is being done.

    Attributes:
        name: what it is.
        unit: what is counted, in the plural.
        began: seconds, of the clock that ``Progress`` was given.
        is_begun: has anything of it begun?
    """

    name: str
    unit: str
    total: int
    began: float
    done: int = 0
    is_begun: bool = False

    def rate(self, now: float) -> float:
        """Return how many are done per second."""
        return self.done / (now - self.began) if now > self.began else 0.0

    def left_s(self, now: float) -> float | None:
        """Return how many seconds the rest will take, if it goes on like this; None = unknown."""
        rate = self.rate(now)
        return (self.total - self.done) / rate if rate else None


class Progress:
    """What is being done now: all of it, and each project that is under way.

    Attributes:
        whole: None while nothing is being done, for example while a question is asked.
        projects: name → its actions; empty where there is only one project.
        now: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.whole: Track | None = None
        self.projects: dict[str, Track] = {}
        self.now = clock
        self._names: dict[str, str] = {}
        self._wait = ("", 0.0)

    def take(self, event: Event) -> None:
        """Count an event."""
        now = self.now()
        match event:
            case ReadStarted(projects=count):
                self.whole = Track(name=_READING, unit="projects", total=count, began=now)
            case ProjectRead(project=name, project_id=project_id):
                self._read(shown_text(name), project_id)
            case PlanMade():
                self.whole = None
            case ApplyStarted(plan=plan):
                self._start(plan, now)
            case ActionStarted(project=name) if shown_text(name) in self.projects:
                self.projects[shown_text(name)].is_begun = True
            case ActionFinished(project=name):
                self._count(shown_text(name))
            case ProjectApplied(report=report):
                self.projects.pop(shown_text(report.plan.name), None)
            case Waiting():
                self._wait = (f"{self.named(event.project_id)}{event.reason}", now + event.seconds)
            case Paced():
                text = f"{self.named(event.project_id)}the limit of requests"
                self._wait = (text, now + event.seconds)
            case _:
                pass

    def named(self, project_id: str | None) -> str:
        """Return the name of a project and a colon; "" where only one is being worked on."""
        name = self._names.get(project_id or "", "")
        return f"{name}: " if name and len(self._names) > 1 else ""

    @property
    def waits_for(self) -> str:
        """What a request is waiting for now; "" = nothing."""
        reason, until = self._wait
        return reason if self.now() < until else ""

    def line(self) -> str:
        """Return it in one line."""
        whole, now = self.whole, self.now()
        if whole is None:
            return ""
        words = [f"{whole.name}: {whole.done:,} of {whole.total:,} {whole.unit}"]
        left_s = whole.left_s(now)
        if left_s is None:
            words.append(f"{now - whole.began:.0f} s so far")
        else:
            words += [f"{whole.rate(now):.1f}/s", f"about {duration(left_s)} left"]
        if self.waits_for:
            words.append(f"waiting for {self.waits_for}")
        return ", ".join(words)

    def _read(self, name: str, project_id: str | None) -> None:
        if self.whole is not None:
            self.whole.done += 1
        if project_id is not None:
            self._names[project_id] = name

    def _start(self, plan: Plan, now: float) -> None:
        def track(name: str, total: int) -> Track:
            return Track(name=name, unit="actions", total=total, began=now)

        self.whole = track(_APPLYING, sum(len(project.actions) for project in plan.projects))
        self.projects = {}
        if len(plan.projects) > 1:
            for project in plan.projects:
                name = shown_text(project.name)
                self.projects[name] = track(name, len(project.actions))

    def _count(self, name: str) -> None:
        if self.whole is not None:
            self.whole.done += 1
            if self.whole.done == self.whole.total:
                self.whole.name = _READING_BACK
        if name in self.projects:
            self.projects[name].done += 1


def duration(seconds: float) -> str:
    """Return a time as people say it: ``40 s``, ``5 min``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
