"""A judged delivery → text or JSON."""

from photonctl.signatures import Checked, Judgement, Verdict
from photonctl.views.inert import json_text
from photonctl.views.terminal import Paint

_SAID = {
    Verdict.VALID: ("✓", "green", "valid for"),
    Verdict.WRONG: ("✗", "red", "doesn't match"),
    Verdict.ABSENT: ("-", "dim", "not sent; stored is"),
    Verdict.NO_SECRET: ("-", "yellow", "can't be checked: there is no"),
}


def render_text(judged: Judgement, key: str, paint: Paint) -> str:
    """Return a line for each signature, and what else a receiver would mind."""
    lines = [_line(checked, key, paint) for checked in judged.signatures]
    if judged.is_of_other:
        lines.append(
            "The delivery names another webhook than the one whose secret is stored here: it was "
            "registered anew, or by hand. To see how things stand:\n  photonctl plan"
        )
    elif not judged.is_valid:
        lines.append(
            "If the secret is the right one, the body isn't byte for byte what was sent: capture "
            "it before anything parses it."
        )
    if judged.is_stale and judged.age_s is not None:
        lines.append(
            f"It was signed {abs(judged.age_s):.0f} s "
            f"{'ago' if judged.age_s > 0 else 'ahead of this clock'}: "
            "a receiver refuses more than 300 s."
        )
    return "\n".join(lines)


def render_json(judged: Judgement) -> str:
    """Return the verdicts, without any secret or signature."""
    told = {
        "valid": judged.is_valid,
        "signatures": {one.header: one.verdict.value for one in judged.signatures},
        "ageSeconds": None if judged.age_s is None else round(judged.age_s),
        "otherWebhook": judged.is_of_other,
    }
    return json_text(told)


def _line(checked: Checked, key: str, paint: Paint) -> str:
    sign, colour, said = _SAID[checked.verdict]
    name = f"{key}_STANDARD" if checked.is_standard else key
    return f"{paint(sign, colour)} {checked.header} {said} {name}"
