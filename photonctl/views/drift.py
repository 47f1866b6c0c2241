"""Drift: the plan that would remove it, in parts by who changed what."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from photonctl.drifting import Baseline, Origin, origin, split
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.views import html, markdown, text
from photonctl.views.inert import json_text
from photonctl.views.json import shown_plan
from photonctl.views.table import Viewing
from photonctl.views.terminal import Paint, plain, safe

_MENTION = re.compile(r"[@#!&~%$]|\bGH(?=-)", re.IGNORECASE)
_LONGEST_NAME = 200  # characters; a title of GitHub or GitLab has at most 255


def render_text(plan: Plan, then: Baseline | None, viewing: Viewing, paint: Paint = plain) -> str:
    """Show each part under its heading."""
    quiet = replace(viewing, head=())
    shown = [
        f"{paint(safe(heading), 'bold')}\n{text.render_plan(part, paint, quiet)}"
        for heading, part in _headed(plan, then)
    ]
    unread = replace(plan, projects=()) if plan.unplanned else None
    if unread is not None:
        shown.append(text.render_plan(unread, paint, quiet))
    return "\n\n".join(shown) if shown else paint(_none(plan), "bold")


def render_markdown(
    plan: Plan, then: Baseline | None, viewing: Viewing, most: int | None = None
) -> str:
    """Show each part under its heading, in ``most`` characters."""
    quiet = replace(viewing, head=())
    parts = list(_headed(plan, then))
    if plan.unplanned:
        parts.append(("Not known:", replace(plan, projects=())))
    if not parts:
        return _none(plan)
    each = None if most is None else most // len(parts) - 200
    head = "".join(f"- {markdown.escape(n)}: {markdown.escape(t)}\n" for n, t in viewing.head)
    shown = (
        f"## {markdown.escape(heading)}\n\n{markdown.render_plan(part, quiet, each)}"
        for heading, part in parts
    )
    return "\n\n".join([*([head.rstrip()] if head else []), *shown])


def render_html(plan: Plan, then: Baseline | None, viewing: Viewing) -> str:
    """Show the whole plan as a page: what would remove the drift, not who caused it."""
    del then
    return html.render_plan(plan, viewing)


def render_json(plan: Plan, then: Baseline | None, viewing: Viewing, key: str = "") -> str:
    """Return the plan's JSON; each action says where its difference comes from, in ``drift``."""
    data: dict[str, Any] = shown_plan(plan, key, viewing)
    for shown, project in zip(data["projects"], plan.projects, strict=True):
        for action, known in zip(shown["actions"], project.actions, strict=True):
            action["drift"] = origin(known, project, then).value
    since = {"appliedAt": then.applied_at} if then is not None else None
    kept = {name: value for name, value in data.items() if name != "seal"}
    return json_text({**kept, "hasDrift": not plan.is_as_declared, "baseline": since})


def title(project: ProjectPlan) -> str:
    """Return the title of a project's issue: plain text, in which a forge looks for mentions.

    A name that is longer than a forge's titles is cut; the issue is known by its mark.
    """
    name = _MENTION.sub("\\g<0>\u200b", safe(shown_text(project.name)))
    name = (
        name
        if len(name) <= _LONGEST_NAME
        else f"{name[: _LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
    )
    return f"photonctl: {name} isn't as declared"


def without_time(viewing: Viewing) -> Viewing:
    """Leave the time out, so that the same drift is the same text."""
    return replace(viewing, head=tuple(item for item in viewing.head if item[0] != "planned"))


def _none(plan: Plan) -> str:
    if any(project.left_out for project in plan.projects):
        return "No drift in this part."
    if any(project.warnings for project in plan.projects):
        return "No drift in what is declared; there are warnings."
    return "No drift. Live state is as declared."


def _headed(plan: Plan, then: Baseline | None) -> Iterator[tuple[str, Plan]]:
    found = split(plan, then)
    names: dict[Origin, Callable[[], str]] = {
        Origin.OUTSIDE: lambda: f"Changed outside since the last apply{_at(then)}",
        Origin.PENDING: lambda: "Not applied yet",
        Origin.UNKNOWN: lambda: "Differs; --baseline REPORT says since when",
    }
    for which, part in found.items():
        yield f"{names[which]()}:", part
    refused = tuple(
        replace(project, actions=(), holds=(), warnings=(), noop=0)
        for project in plan.projects
        if project.refusals
    )
    if refused:
        yield (
            "Refused, so it differs or isn't known:",
            replace(plan, projects=refused, unplanned=()),
        )


def _at(then: Baseline | None) -> str:
    return f" ({then.applied_at})" if then is not None and then.applied_at else ""
