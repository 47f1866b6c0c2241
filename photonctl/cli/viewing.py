"""How a command shows a plan: whole or folded, with people or without, under which head."""

import importlib
from datetime import UTC, datetime

from photonctl import __version__
from photonctl.cli.pipeline import folded
from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused
from photonctl.model.plan import Plan
from photonctl.model.report import Report
from photonctl.sealed import KEY_VARIABLE, digest_of, is_keyed
from photonctl.views.redact import Redaction
from photonctl.views.table import Viewing


def redaction(settings: Settings, *, is_public: bool = False) -> Redaction:
    """Return how people are shown; ``is_public``: where others read it."""
    is_on = (settings.redact or ("people" if is_public else "none")) == "people"
    return Redaction(is_on=is_on, key=settings.environment.redact_key)


def viewing(settings: Settings, plan: Plan, *, is_public: bool = False) -> Viewing:
    """Return how to show a plan; ``is_public``: where others read it."""
    made_at = plan.made_at or datetime.now(UTC)
    return _viewing(settings, plan, ("planned", made_at), is_public=is_public)


def report_viewing(settings: Settings, report: Report) -> Viewing:
    """Return how to show a report."""
    made_at = report.made_at or datetime.now(UTC)
    return _viewing(settings, report.plan, ("applied", made_at), is_public=False)


def _viewing(
    settings: Settings, plan: Plan, done: tuple[str, datetime], *, is_public: bool
) -> Viewing:
    key = settings.environment.plan_key
    digest = plan.digest or digest_of(plan, key)
    keyed = "keyed" if is_keyed(digest) else "not keyed"
    if is_keyed(digest) and not key:
        keyed = f"not checked: {KEY_VARIABLE} isn't set"
    return Viewing(
        is_full=settings.full,
        redaction=redaction(settings, is_public=is_public),
        head=(
            ("photonctl", __version__),
            (done[0], f"{done[1].astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
            ("digest", f"{digest} ({keyed})"),
        ),
        rate=settings.rate,
    )


def show_plan(settings: Settings, plan: Plan) -> None:
    """Print a plan in one of its forms."""
    console, how, form = settings.console, viewing(settings, plan), settings.form
    if form == "text":
        from photonctl.views.text import render_plan, todo

        with folded(settings, f"Plan: {todo(plan)}"):
            console.result(render_plan(plan, console.paint(console.out), how))
        return
    view = importlib.import_module(f"photonctl.views.{form}")
    more = {"key": settings.environment.plan_key} if form == "json" else {}
    console.document(view.render_plan(plan, viewing=how, **more))


def refuse_another(settings: Settings, plan: Plan) -> None:
    """Refuse a plan that isn't the one that ``--expect`` names.

    Raises:
        PlanRefused: both digests.
    """
    expected = settings.expect
    if expected == "" and plan.has_changes:
        raise PlanRefused(
            "no plan of these changes was approved: our account has no comment with a whole plan "
            "on the pull request that was merged",
            hint="Plan and comment in the pull request's pipeline, with the same account:\n"
            "  photonctl comment plan.json --label NAME\n"
            "A plan that is too long for a comment is approved by its digest:\n"
            "  photonctl apply --expect DIGEST",
        )
    if not expected:
        return
    found = digest_of(plan, settings.environment.plan_key)
    if found == expected:
        return
    why = ""
    if is_keyed(found) is not is_keyed(expected):
        why = "; one of them was made with PHOTONCTL_PLAN_KEY, and the other wasn't"
    raise PlanRefused(
        f"the plan isn't the one that was approved: it is {found}, and {expected} was "
        f"expected{why}. Live state or the manifest has changed since; what would be done now is "
        "shown above",
        hint="Have the new plan approved.",
    )
