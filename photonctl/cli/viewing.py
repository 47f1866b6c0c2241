"""How a command shows a plan: whole or folded, with people or without, under which head."""

import importlib
from datetime import UTC, datetime

from photonctl import __version__
from photonctl.cli.pipeline import folded
from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused
from photonctl.model.plan import Plan
from photonctl.sealed import KEY_VARIABLE, digest_of, is_keyed
from photonctl.views.redact import Redaction
from photonctl.views.table import Viewing


def viewing(settings: Settings, plan: Plan, *, is_public: bool = False) -> Viewing:
    """Return how to show a plan; ``is_public``: where others read it."""
    environment, default = settings.environment, "people" if is_public else "none"
    key = environment.plan_key
    digest = plan.digest or digest_of(plan, key)
    keyed = "keyed" if is_keyed(digest) else "not keyed"
    if is_keyed(digest) and not key:
        keyed = f"not checked: {KEY_VARIABLE} isn't set"
    made_at = plan.made_at or datetime.now(UTC)
    return Viewing(
        is_full=settings.full,
        redaction=Redaction(
            is_on=(settings.redact or default) == "people", key=environment.redact_key
        ),
        head=(
            ("photonctl", __version__),
            ("planned", f"{made_at:%Y-%m-%d %H:%M} UTC"),
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
    if expected is None:
        return
    found = digest_of(plan, settings.environment.plan_key)
    if found == expected.strip():
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
