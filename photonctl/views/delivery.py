"""What checking a delivery found → text or JSON."""

from photonctl.model.names import standard_name
from photonctl.signatures import Checked, Verdict, Verification
from photonctl.views.inert import json_text
from photonctl.views.terminal import Paint

_SAID = {
    Verdict.VALID: ("✓", "green", "valid for"),
    Verdict.WRONG: ("✗", "red", "doesn't match"),
    Verdict.ABSENT: ("-", "dim", "not sent; stored is"),
    Verdict.NO_SECRET: ("-", "yellow", "can't be checked: there is no"),
}


def render_text(verified: Verification, key: str, paint: Paint) -> str:
    """Return a line for each signature, and what else a receiver would mind."""
    lines = [_line(checked, key, paint) for checked in verified.signatures]
    if verified.is_of_other:
        lines.append(
            "The delivery names another webhook than the one whose secret is stored here: it was "
            "registered again, or by hand. To see what is live:\n  photonctl plan"
        )
    elif not verified.is_valid:
        lines.append(
            "If the secret is the right one, the body isn't byte for byte what was sent: capture "
            "it before anything parses it."
        )
    if verified.is_stale and verified.age_s is not None:
        lines.append(
            f"It was signed {abs(verified.age_s):.0f} s "
            f"{'ago' if verified.age_s > 0 else 'ahead of this clock'}: "
            "a receiver refuses more than 300 s."
        )
    return "\n".join(lines)


def render_json(verified: Verification) -> str:
    """Return the verdicts, without any secret or signature."""
    detail = {
        "valid": verified.is_valid,
        "signatures": {one.header: one.verdict.value for one in verified.signatures},
        "ageSeconds": None if verified.age_s is None else round(verified.age_s),
        "otherWebhook": verified.is_of_other,
    }
    return json_text(detail)


def _line(checked: Checked, key: str, paint: Paint) -> str:
    sign, colour, said = _SAID[checked.verdict]
    name = standard_name(key) if checked.is_standard else key
    return f"{paint(sign, colour)} {checked.header} {said} {name}"
