"""A plan as one self-contained page."""

from collections.abc import Iterator
from html import escape

from photonctl.model.plan import Plan, ProjectPlan
from photonctl.views.terminal import safe, value

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8884; padding: .4rem .6rem; text-align: left;
  vertical-align: top; }
td { overflow-wrap: anywhere; }
"""


def render_plan(plan: Plan) -> str:
    """Return the plan as HTML, everything foreign escaped."""
    body = "\n".join(line for project in plan.projects for line in _project(project))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>photonctl plan</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>Plan</h1>\n{body}\n</body>\n</html>"
    )


def _project(plan: ProjectPlan) -> Iterator[str]:
    yield f"<h2>{_text(plan.name)}</h2>"
    counts = plan.summary()
    verbs = ("create", "update", "replace", "delete")
    told = ", ".join(f"{counts[v]} to {v}" for v in verbs if counts[v]) or "No changes"
    yield f"<p>{told}.</p>"
    if plan.actions:
        yield "<table>\n<tr><th>Action<th>Kind<th>Key<th>Why<th>Changes</tr>"
        for action in plan.actions:
            changes = "<br>".join(
                f"{_text(c.field)}: {_text(value(c.before))} → {_text(value(c.after))}"
                for c in action.changes
            )
            cells = (action.verb.value, action.kind, action.key, action.reason)
            yield f"<tr>{''.join(f'<td>{_text(cell)}' for cell in cells)}<td>{changes}</tr>"
        yield "</table>"
    notes = [f"{h.kind} {h.key} stays: {h.why.value}" for h in plan.holds]
    notes += [f"Warning: {warning}" for warning in plan.warnings]
    notes += [f"Refused by apply: {refusal.message}" for refusal in plan.refusals]
    if notes:
        yield f"<ul>{''.join(f'<li>{_text(note)}' for note in notes)}</ul>"


def _text(text: str) -> str:
    return escape(safe(text))
