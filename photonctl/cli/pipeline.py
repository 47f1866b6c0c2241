"""What ``--ci`` shows beside the log. Without it, and with ``auto`` on no CI system, nothing."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from photonctl.cli.console import refuse_secrets
from photonctl.cli.settings import Settings
from photonctl.errors import Diagnostic, RefusedError
from photonctl.findings import Finding, findings_of, in_repository
from photonctl.model.plan import Plan, Verb
from photonctl.model.report import Report
from photonctl.urls import shown_in_text
from photonctl.views.redact import Redaction


def show_findings(settings: Settings, found: Iterable[Diagnostic]) -> None:
    """Annotate what is wrong with manifests."""
    if settings.ci == "none":
        return
    _annotate(settings, findings_of(found, os.environ))


@contextmanager
def folded(settings: Settings, title: str) -> Iterator[None]:
    """Fold what is printed meanwhile, in the log of a CI system."""
    begin, end = settings.pipeline.folded(title) if settings.ci != "none" else ("", "")
    settings.console.commands([begin])
    yield
    settings.console.commands([end])


def show_plan_in_ci(settings: Settings, plan: Plan) -> None:
    """Annotate what speaks against a plan, summarise it, and hand on its digest and counts."""
    if settings.ci == "none":
        return
    from photonctl.cli.viewing import viewing
    from photonctl.pipelines.base import LONGEST_SUMMARY
    from photonctl.sealed import digest_of
    from photonctl.views import markdown

    _annotate(settings, list(_about(plan)))
    pipeline = settings.pipeline
    shown = markdown.render_plan(plan, viewing(settings, plan, is_public=True), LONGEST_SUMMARY)
    counts = plan.counts()
    values = {
        "has-changes": _has_changes(plan),
        **{f"{verb.value}s": str(count) for verb, count in counts.items()},
        "digest": plan.digest or digest_of(plan, settings.environment.plan_key),
    }
    _hand_on(
        settings,
        lambda: pipeline.summarised(refuse_secrets(shown)),
        lambda: pipeline.output(values),
        lambda: pipeline.counted(counts),
        is_beside=settings.form != "text",
    )


def show_report_in_ci(settings: Settings, report: Report, *, is_beside: bool) -> None:
    """Summarise what became of a plan, and hand on how it ended."""
    if settings.ci == "none":
        return
    from photonctl.cli.viewing import redaction
    from photonctl.pipelines.base import LONGEST_SUMMARY
    from photonctl.views.json import report_to_json
    from photonctl.views.markdown_report import render_report

    key = settings.environment.plan_key
    data = report_to_json(report, key, redaction(settings, is_public=True))
    done = Counter(o.action.verb for p in report.projects for o in p.outcomes if o.status.is_done)
    values = {
        "converged": str(report.converged).lower(),
        **{f"{verb.value}s": str(done[verb]) for verb in Verb},
        "digest": str(data["digest"]),
    }
    pipeline = settings.pipeline
    shown = refuse_secrets(render_report(data, LONGEST_SUMMARY))
    _hand_on(
        settings,
        lambda: pipeline.summarised(shown),
        lambda: pipeline.output(values),
        is_beside=is_beside,
        is_done=True,
    )


def show_drift_in_ci(settings: Settings, plan: Plan, shown: str) -> None:
    """Summarise drift, and hand on whether there is any."""
    if settings.ci == "none":
        return
    _annotate(settings, list(_about(plan)))
    pipeline = settings.pipeline
    values = {"has-drift": _has_changes(plan)}
    _hand_on(
        settings,
        lambda: pipeline.summarised(refuse_secrets(shown)),
        lambda: pipeline.output(values),
        is_beside=settings.form != "text",
    )


def _has_changes(plan: Plan) -> str:
    if plan.has_changes:
        return "true"
    return "false" if plan.is_as_declared and not plan.unplanned else "unknown"


def _about(plan: Plan) -> Iterator[Finding]:
    """What speaks against applying a plan, at the beginning of its manifest."""
    for unread in plan.unplanned:
        file = in_repository(unread.manifest, os.environ)
        message = shown_in_text(unread.error)
        yield Finding(code=None, is_warning=False, file=file, message=message, shown=message)
    refused = ((p, refusal.message, False) for p in plan.projects for refusal in p.refusals)
    doubtful = ((p, warning, True) for p in plan.projects for warning in p.warnings)
    for project, message, is_warning in (*refused, *doubtful):
        file = in_repository(project.manifest, os.environ)
        whole = shown_in_text(message)
        hidden = Redaction(is_on=True).message(whole)
        yield Finding(code=None, is_warning=is_warning, file=file, message=whole, shown=hidden)


def _annotate(settings: Settings, found: list[Finding]) -> None:
    is_beside = settings.form != "text"
    _hand_on(settings, lambda: settings.pipeline.annotated(found), is_beside=is_beside)


def _hand_on(
    settings: Settings, *steps: Callable[[], list[str]], is_beside: bool, is_done: bool = False
) -> None:
    """Write what a CI system reads. Where its files can't be written, the run itself went well.

    ``is_done``: what was planned was carried out, so nothing is refused any more.
    """
    lines: list[str] = []
    for step in steps:
        try:
            lines += step()
        except OSError as error:
            why = f"{error.filename or 'a file'}: {error.strerror}"
        except RefusedError as error:
            if not is_done:
                raise
            why = str(error)
        else:
            continue
        settings.console.warn(f"what --ci shows beside the log can't be written: {why}")
    settings.console.commands(lines, is_beside=is_beside)
