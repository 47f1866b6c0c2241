"""What apply and destroy share: asking, progress, the report and its exit code."""

import os
from typing import TYPE_CHECKING

from photonctl.cli.settings import Settings
from photonctl.model.plan import Plan
from photonctl.model.report import Outcome, Report
from photonctl.views import json, rows, text

if TYPE_CHECKING:
    from photonctl.reconciler import Hooks

_SOME_FAILED = 6
_INTERRUPTED = 130


def hooks(settings: Settings, *, auto_approve: bool, as_json: bool) -> "Hooks":
    """Return how a run shows its plan, asks, and tells its progress."""
    from photonctl.reconciler import Hooks

    console = settings.console

    def show(plan: Plan) -> None:
        if not as_json:
            console.result(text.render_plan(plan, console.paint(console.out)))
        elif not auto_approve:
            console.tell(text.render_plan(plan, console.paint(console.err)) + "\n")

    def approve(plan: Plan) -> None:
        if plan.has_changes and not auto_approve:
            console.confirm(f"Apply these changes at {rows.places(plan)}?")

    def on_outcome(project: str, outcome: Outcome) -> None:
        del project
        console.say(text.render_outcome(outcome, console.paint(console.err)))

    def on_stop() -> None:
        console.say(
            "Stopping after the requests in flight (Ctrl-C again to quit now). The next apply "
            "continues from here."
        )

    return Hooks(
        show=show,
        approve=approve,
        on_outcome=on_outcome,
        on_stop=on_stop,
        on_leave=lambda: os._exit(_INTERRUPTED),  # a sink's command isn't waited for
        warn=console.warn,
    )


def finish(settings: Settings, report: Report, *, as_json: bool) -> int:
    """Show the report, and return the exit code it means (interface §3)."""
    console = settings.console
    if as_json:
        console.document(json.render_report(report))
    else:
        # Progress has shown them already where both streams are one terminal.
        is_told = console.verbosity >= 0 and console.out.isatty() and console.err.isatty()
        paint = console.paint(console.out)
        console.result(text.render_report(report, paint, shows_failures=not is_told))
    if report.was_interrupted:
        return _INTERRUPTED
    return 0 if report.converged and not report.has_failures else _SOME_FAILED
