"""What a run's events look like on the console."""

from collections.abc import Callable
from dataclasses import replace

from photonctl.cli.console import Console
from photonctl.events import (
    ActionFinished,
    Event,
    OnEvent,
    PlanMade,
    RequestFinished,
    SecretRenewed,
    Waiting,
    Warned,
)
from photonctl.model.plan import Plan
from photonctl.views.redact import OPEN, Redaction, names_of
from photonctl.views.table import names_in


def reporter(
    console: Console,
    on_plan: Callable[[Plan], None] | None = None,
    redaction: Redaction = OPEN,
) -> OnEvent:
    """Return what shows events.

    Args:
        console: where.
        on_plan: shows a plan that is about to be applied.
        redaction: how people are shown.
    """
    hidden = redaction

    def report(event: Event) -> None:
        nonlocal hidden
        match event:
            case PlanMade(plan=plan) if on_plan is not None:
                names = (name for project in plan.projects for name in names_in(project))
                hidden = replace(redaction, names=names_of(names)) if redaction.is_on else redaction
                on_plan(plan)
            case ActionFinished(outcome=outcome):
                from photonctl.views.text import render_outcome

                console.say(render_outcome(outcome, console.paint(console.err), hidden))
            case RequestFinished() if console.verbosity > 0:
                ms = event.seconds * 1000
                console.say(f"{event.method} {event.path}: {event.status} in {ms:.0f} ms")
            case Waiting():
                console.say(f"{event.request}: {event.reason}; retrying in {event.seconds:.1f} s")
            case SecretRenewed(project=name):
                console.warn(
                    f'the secret of the project "{name}" was regenerated elsewhere; the dashboard '
                    "shows the new one, which is used now"
                )
            case Warned(text=text):
                console.warn(text)

    return report
