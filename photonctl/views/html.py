"""A plan as one self-contained page."""

from collections.abc import Iterator
from html import escape

from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.reason import reason_text
from photonctl.views import rows
from photonctl.views.terminal import printable, safe

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
    lines = [line for project in plan.projects for line in _project(project)]
    for project in plan.unplanned:
        name = f'"{shown_text(project.name)}"'
        lines.append(f"<p>Error: {_text(name)} can't be read: {_text(project.error)}</p>")
    body = "\n".join(lines)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>photonctl plan</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>Plan</h1>\n{body}\n</body>\n</html>"
    )


def _project(plan: ProjectPlan) -> Iterator[str]:
    yield f"<h2>{_text(shown_text(plan.name))}</h2>"
    yield f"<p>{_text(rows.counts(plan) or 'No changes')}. At {_text(rows.where(plan.place))}</p>"
    if plan.actions:
        yield "<table>\n<tr><th>Action<th>Kind<th>Key<th>Why<th>Changes</tr>"
        for action in plan.actions:
            cells = (action.verb.value, action.kind, rows.key(action), reason_text(action.reason))
            shown = "".join(f"<td>{_text(cell)}" for cell in cells)
            yield f"<tr>{shown}<td>{'<br>'.join(rows.changes(action, _text, _whole))}</tr>"
        yield "</table>"
    stored = rows.credentials(plan)
    notes = [stored] if stored is not None else []
    notes += [rows.held(hold) for hold in plan.holds]
    notes += [f"Warning: {warning}" for warning in plan.warnings]
    notes += [f"Refused by apply: {refusal.message}" for refusal in plan.refusals]
    if notes:
        yield f"<ul>{''.join(f'<li>{_text(note)}' for note in notes)}</ul>"


def _text(text: str) -> str:
    return _whole(safe(text))


def _whole(text: str) -> str:
    # No "#": no CI system's command begins with the entity's.
    return "&#35;".join(map(escape, printable(text).split("#")))
