"""What apply and destroy share: showing the plan, asking, the report and its exit code."""

import os
from collections.abc import Callable
from pathlib import Path

from photonctl.cli.console import refuse_secrets
from photonctl.cli.output import refuse_to_overwrite
from photonctl.cli.pipeline import show_report_in_ci
from photonctl.cli.saved import BEGINNING, is_report
from photonctl.cli.settings import Settings
from photonctl.cli.signals import interruptible
from photonctl.cli.viewing import redaction, refuse_another, report_viewing, viewing
from photonctl.errors import RefusedError, UsageError
from photonctl.files import write_private
from photonctl.model.plan import Plan
from photonctl.model.report import Report
from photonctl.views import json, junit, rows, text
from photonctl.views.inert import json_text

_XML = b"<?xml"
_SOME_FAILED = 6
_INTERRUPTED = 130


def plan_shower(
    settings: Settings, *, auto_approve: bool, is_beside: bool
) -> Callable[[Plan], None]:
    """Return what shows a plan before it is applied.

    ``is_beside``: standard output is for a program, so it is shown only where it is asked about.
    """
    console = settings.console

    def show(plan: Plan) -> None:
        if not is_beside:
            how = viewing(settings, plan)
            console.result(text.render_plan(plan, console.paint(console.out), how))
        elif not auto_approve:
            how = viewing(settings, plan)
            shown = text.render_plan(plan, console.paint(console.err), how)
            console.write_err(refuse_secrets(shown) + "\n")

    return show


def asker(
    settings: Settings, *, auto_approve: bool, destroys: bool = False
) -> Callable[[Plan], None]:
    """Return what has a plan approved."""

    def approve(plan: Plan) -> None:
        refuse_another(settings, plan)
        if plan.has_changes and not auto_approve:
            with interruptible():
                what = "Delete all of this" if destroys else f"Apply {_whose(plan)}"
                settings.console.confirm(f"{what} at {rows.places(plan)}?")

    return approve


def _whose(plan: Plan) -> str:
    names = dict.fromkeys(project.manifest for project in plan.projects if project.actions)
    return f"the changes of {next(iter(names))}" if len(names) == 1 else "these changes"


def finish(
    settings: Settings, report: Report, *, form: str, path: str | None = None, is_over: bool = False
) -> int:
    """Show the report, and return the exit code it means (interface §3).

    Args:
        settings: the flags.
        report: what became of a plan.
        form: ``text``, ``json``, or ``none`` where standard output is for something else.
        path: where it is saved, too.
        is_over: it was the time that ended it, and no signal.
    """
    code = 0 if report.converged and not report.has_failures else _SOME_FAILED
    report = settings.with_left_out(report)
    console, key, people = settings.console, settings.environment.plan_key, redaction(settings)
    if form == "json":
        console.document(json.render_report(report, key, people))
    elif form == "text":
        # Progress has shown them already where both streams are one terminal.
        is_shown = console.verbosity >= 0 and console.out.isatty() and console.err.isatty()
        paint = console.paint(console.out)
        how = report_viewing(settings, report)
        console.result(text.render_report(report, paint, how, shows_failures=not is_shown))
    if path is not None:
        data = json.report_to_json(report, key, people)
        _save(Path(path), junit.render_report(data) if _is_xml(path) else json_text(data))
    show_report_in_ci(settings, report, is_beside=form != "text")
    if report.was_interrupted and not is_over:
        return _INTERRUPTED
    return code


def prove_writable(path: Path) -> None:
    """Find out before an apply whether its report can be saved.

    Raises:
        RefusedError, UsageError: it can't.
    """
    _refuse_to_overwrite(path)
    if path.is_file() and path.stat().st_size and not (_is_xml(str(path)) or is_report(path)):
        raise UsageError(
            f"{path} is a saved plan, so --report doesn't overwrite it", hint="Name another file."
        )
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        raise RefusedError(
            f"the report can't be saved to {path}", hint="Name a file in a folder that is there."
        )
    path.unlink(missing_ok=True)  # an older one must not be taken for this run's


def _refuse_to_overwrite(path: Path) -> None:
    refuse_to_overwrite(path, _XML if _is_xml(str(path)) else BEGINNING, "--report")


def _is_xml(path: str) -> bool:
    return path.lower().endswith(".xml")


def _save(path: Path, content: str) -> None:
    _refuse_to_overwrite(path)  # a secret may have been stored there since
    try:
        write_private(path, f"{refuse_secrets(content)}\n".encode(errors="backslashreplace"))
    except OSError as error:
        raise RefusedError(
            f"the report can't be saved to {path}: {error.strerror}; what was done is above"
        ) from error
