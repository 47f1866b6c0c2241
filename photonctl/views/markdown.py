"""A plan for a pull request's comment."""

from collections.abc import Iterator

from photonctl.model.plan import Plan, ProjectPlan
from photonctl.views.terminal import safe, value


def render_plan(plan: Plan) -> str:
    """Return the plan as GitHub-flavoured Markdown, everything foreign escaped."""
    return "\n".join(line for project in plan.projects for line in _project(project))


def _project(plan: ProjectPlan) -> Iterator[str]:
    yield f"### {_escape(plan.name)}: {_escape(_counts(plan))}"
    yield ""
    if plan.actions:
        yield "| | kind | key | why | changes |"
        yield "|---|---|---|---|---|"
    for action in plan.actions:
        changes = "<br>".join(
            f"{_escape(c.field)}: {_escape(value(c.before))} → {_escape(value(c.after))}"
            for c in action.changes
        )
        cells = (action.verb.value, action.kind, action.key, action.reason)
        yield f"| {' | '.join(map(_escape, cells))} | {changes} |"
    if plan.actions:
        yield ""
    for hold in plan.holds:
        yield f"- {_escape(f'{hold.kind} {hold.key}')} stays: {hold.why.value}"
    for warning in plan.warnings:
        yield f"- **Warning:** {_escape(warning)}"
    for refusal in plan.refusals:
        yield f"- **Refused by apply:** {_escape(refusal.message)}"
    if plan.holds or plan.warnings or plan.refusals:
        yield ""


def _counts(plan: ProjectPlan) -> str:
    counts = plan.summary()
    verbs = ("create", "update", "replace", "delete")
    return ", ".join(f"{counts[v]} to {v}" for v in verbs if counts[v]) or "no changes"


def _escape(text: str) -> str:
    shown = safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#!|~@" else c for c in shown)
