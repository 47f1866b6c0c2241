"""The credential summary, and the doctor's findings → text or JSON."""

from collections.abc import Sequence

from photonctl.doctor import Finding
from photonctl.status import Line, State
from photonctl.views.inert import json_text
from photonctl.views.terminal import Paint, safe

_SIGNS = {
    State.STORED: ("✓", "green", "stored"),
    State.MISSING: ("✗", "red", "missing"),
    State.UNSET: ("⚠", "yellow", "unset"),
}


def render_status(host: str, lines: Sequence[Line], paint: Paint) -> str:
    """Return a line for each credential."""
    width = max(len(_label(line)) for line in lines)
    shown = [_line(line, width, paint) for line in lines]
    return "\n".join([safe(f"Credentials for {host}"), *shown])


def render_status_json(host: str, lines: Sequence[Line]) -> str:
    """Return the same for machines."""
    found = [
        {
            "name": line.name,
            "of": line.of or None,
            "state": line.state.value,
            "detail": line.detail,
            "since": line.since,
            "verifies": line.verifies,
        }
        for line in lines
    ]
    return json_text({"host": host, "credentials": found})


def render_findings(findings: Sequence[Finding], paint: Paint) -> str:
    """Return a line for each thing that was checked, and below it how to fix it."""
    lines = []
    for finding in findings:
        sign = paint("✓", "green") if finding.is_well else paint("✗", "red")
        lines.append(f"{sign} {safe(finding.name)}: {safe(finding.message)}")
        lines += [f"    {safe(line)}" for line in (finding.fix or "").splitlines()]
    return "\n".join(lines)


def render_findings_json(findings: Sequence[Finding]) -> str:
    """Return the same for machines."""
    checks = [
        {"name": f.name, "ok": f.is_well, "message": f.message, "fix": f.fix} for f in findings
    ]
    return json_text({"ok": all(f.is_well for f in findings), "checks": checks})


def _line(line: Line, width: int, paint: Paint) -> str:
    sign, colour, word = _SIGNS[line.state]
    detail = safe(line.detail)
    said = {
        State.STORED: f"{word} ({detail})",
        State.MISSING: f"{word} ({detail})",
        State.UNSET: f"{word} — {detail}",
    }[line.state]
    since = f"since {line.since[:10]}" if line.since else ""
    rest = safe(", ".join(filter(None, (since, line.now))))
    return f"  {_label(line):<{width}}  {paint(sign, colour)} {said}{f', {rest}' if rest else ''}"


def _label(line: Line) -> str:
    return safe(f"{line.name} of {line.of}" if line.of else line.name)
