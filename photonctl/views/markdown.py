"""A plan for a pull request's comment."""

from collections.abc import Iterator

from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.reason import reason_text
from photonctl.views import rows
from photonctl.views.terminal import printable, safe


def render_plan(plan: Plan) -> str:
    """Return the plan as GitHub-flavoured Markdown, everything foreign escaped."""
    lines = [line for project in plan.projects for line in _project(project)]
    for project in plan.unplanned:
        name = _escape(f'"{shown_text(project.name)}"')
        lines.append(f"- **Error:** {name} can't be read: {_escape(project.error)}")
    return "\n".join(lines)


def _project(plan: ProjectPlan) -> Iterator[str]:
    yield f"### {_escape(shown_text(plan.name))}: {_escape(rows.counts(plan) or 'no changes')}"
    yield ""
    yield _escape(f"At {rows.where(plan.place)}")
    yield ""
    if plan.actions:
        yield "| | kind | key | why | changes |"
        yield "|---|---|---|---|---|"
    for action in plan.actions:
        cells = (action.verb.value, action.kind, rows.key(action), reason_text(action.reason))
        shown = " | ".join(map(_escape, cells))
        yield f"| {shown} | {'<br>'.join(rows.changes(action, _escape, _escape_whole))} |"
    if plan.actions:
        yield ""
    stored = rows.credentials(plan)
    notes = [*([stored] if stored is not None else []), *map(rows.held, plan.holds)]
    for note in notes:
        yield f"- {_escape(note)}"
    for warning in plan.warnings:
        yield f"- **Warning:** {_escape(warning)}"
    for refusal in plan.refusals:
        yield f"- **Refused by apply:** {_escape(refusal.message)}"
    if notes or plan.warnings or plan.refusals:
        yield ""


def _escape(text: str) -> str:
    return _escape_whole(safe(text))


def _escape_whole(text: str) -> str:
    shown = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = "".join(f"\\{c}" if c in "\\`*_{}[]()#!|~@" else c for c in shown)
    return shown.replace("$", "&#36;")  # else what is between two of them is a formula
