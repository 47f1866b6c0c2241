"""How a command shows a plan: whole or folded, with people or without, under which head."""

from datetime import UTC, datetime

from photonctl import __version__
from photonctl.cli.settings import Settings
from photonctl.errors import PlanRefused
from photonctl.model.plan import Plan
from photonctl.sealed import digest_of, is_keyed
from photonctl.views.redact import Redaction
from photonctl.views.table import Viewing


def viewing(settings: Settings, plan: Plan, *, full: bool = False, redact: str = "none") -> Viewing:
    """Return how to show a plan.

    Args:
        settings: the shared flags.
        plan: what is shown.
        full: fold nothing.
        redact: ``people`` or ``none``.
    """
    environment = settings.environment
    digest = digest_of(plan, environment.plan_key)
    made_at = plan.made_at or datetime.now(UTC)
    return Viewing(
        is_full=full,
        redaction=Redaction(is_on=redact == "people", key=environment.redact_key),
        head=(
            ("photonctl", __version__),
            ("planned", f"{made_at:%Y-%m-%d %H:%M} UTC"),
            ("digest", f"{digest} ({'keyed' if is_keyed(digest) else 'not keyed'})"),
        ),
        rate=settings.rate,
    )


def refuse_another(settings: Settings, plan: Plan, expected: str | None) -> None:
    """Refuse a plan that isn't the one that was approved; None = any plan is.

    Raises:
        PlanRefused: both digests.
    """
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
