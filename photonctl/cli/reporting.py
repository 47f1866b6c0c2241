"""What a run's events look like on the console."""

from collections.abc import Callable

from msgspec.structs import replace

from photonctl.cli.console import Console
from photonctl.cli.progress import Progress
from photonctl.events import (
    ActionFinished,
    ApplyStarted,
    Event,
    PlanMade,
    RequestFinished,
    SecretRenewed,
    Waiting,
    Warned,
)
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan
from photonctl.model.report import Outcome
from photonctl.views.redact import OPEN, Redaction, names_of
from photonctl.views.table import names_in
from photonctl.views.terminal import safe


class Reporter:
    """Shows events on the console."""

    def __init__(
        self,
        console: Console,
        on_plan: Callable[[Plan], None] | None = None,
        redaction: Redaction = OPEN,
        progress: Progress | None = None,
    ) -> None:
        """Prepare for one run.

        Args:
            console: where.
            on_plan: shows a plan that is about to be applied.
            redaction: how people are shown.
            progress: knows whose a request is, where there are several projects.
        """
        self._console = console
        self._on_plan = on_plan
        self._redaction = redaction
        self._progress = progress
        self._has_several = False

    def __call__(self, event: Event) -> None:
        """Show an event."""
        console = self._console
        match event:
            case PlanMade(plan=plan):
                self._learn_names(plan)
                if self._on_plan is not None:
                    self._on_plan(plan)
            case ApplyStarted(plan=plan):
                self._has_several = len(plan.projects) > 1
            case ActionFinished(project=name, outcome=outcome):
                self._outcome(name, outcome)
            case RequestFinished() if console.verbosity > 0:
                ms = event.seconds * 1000
                console.say(f"{event.method} {event.path}: {event.status} in {ms:.0f} ms")
            case Waiting():
                whose = self._progress.named(event.project_id) if self._progress else ""
                again = f"retrying in {event.seconds:.1f} s"
                console.say(f"{safe(whose)}{event.request}: {event.reason}; {again}")
            case SecretRenewed(project=name):
                console.warn(
                    f'the secret of the project "{name}" was regenerated elsewhere; the dashboard '
                    "shows the new one, which is used now"
                )
            case Warned(text=text):
                console.warn(text)

    def _learn_names(self, plan: Plan) -> None:
        if self._redaction.is_on:
            names = names_of(name for project in plan.projects for name in names_in(project))
            self._redaction = replace(self._redaction, names=names)

    def _outcome(self, project: str, outcome: Outcome) -> None:
        from photonctl.views.text import render_outcome

        console = self._console
        begin = f"{safe(shown_text(project))}: " if self._has_several else ""
        console.say_painted(
            begin + render_outcome(outcome, console.paint(console.err), self._redaction)
        )
