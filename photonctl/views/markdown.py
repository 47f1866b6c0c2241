"""A plan for a pull request's comment."""

from collections.abc import Iterator

from photonctl.model.plan import Plan, Verb
from photonctl.views.table import Field, Group, Row, Sheet, Table, Viewing, table
from photonctl.views.terminal import printable, safe

_OPEN = (Verb.DELETE, Verb.REPLACE)
_COLUMNS = ("to create", "to update", "to replace", "to delete")


def render_plan(plan: Plan, viewing: Viewing | None = None) -> str:
    """Return the plan as GitHub-flavoured Markdown, everything foreign escaped."""
    found = table(plan, viewing or Viewing())
    several = len(found.sheets) > 1
    lines = [*_head(found), *(_all(found) if several else ())]
    for sheet in found.sheets:
        lines += () if several and sheet.is_quiet else _project(sheet)
    for name, _, error in found.unread:
        lines.append(f"- **Error:** {_escape(name)} can't be read: {_escape(error)}")
    return "\n".join([*lines, *([f"Apply: {_escape(found.last)}."] if found.last else [])])


def _head(found: Table) -> Iterator[str]:
    for name, text in found.head:
        yield f"- {_escape(name)}: {_escape(text)}"
    if found.head:
        yield ""


def _all(found: Table) -> Iterator[str]:
    yield f"| project | {' | '.join(_COLUMNS)} |"
    yield f"|---|{'---:|' * len(_COLUMNS)}"
    for sheet in found.sheets:
        yield f"| {_escape(sheet.name)} | {_cells(sheet.total(verb) for verb in Verb)} |"
    totals = (sum(sheet.total(verb) for sheet in found.sheets) for verb in Verb)
    yield f"| **{len(found.sheets):,} projects** | {_cells(totals)} |"
    yield ""


def _cells(counts: Iterator[int]) -> str:
    return " | ".join(f"{count:,}" for count in counts)


def _project(sheet: Sheet) -> Iterator[str]:
    yield f"### {_escape(sheet.name)}: {_escape(_todo(sheet))}"
    yield ""
    yield _escape(f"Manifest {sheet.manifest}, project {sheet.title}, at {sheet.where}")
    yield ""
    if sheet.partial:
        yield f"**{sheet.partial.capitalize()}.**"
        yield ""
    alerts = [
        *(f"- **Refused by apply:** {_escape(text)}" for text in sheet.refusals),
        *(f"- **Warning:** {_escape(text)}" for text in sheet.warnings),
    ]
    yield from (*alerts, *([""] if alerts else []))
    for group in sheet.groups:
        yield from _group(group)
    yield from (f"- {_escape(note)}" for note in sheet.notes)
    if sheet.notes:
        yield ""


def _todo(sheet: Sheet) -> str:
    found = [f"{sheet.total(verb):,} to {verb.value}" for verb in Verb if sheet.total(verb)]
    return ", ".join(found) or "no changes"


def _group(group: Group) -> Iterator[str]:
    """Draw a group's table; folded, except where something is deleted."""
    count = len(group.rows) + group.hidden
    title = f"{count:,} {group.kind}{'s' if count > 1 else ''} to {group.verb.value}"
    is_folded = group.verb not in _OPEN and count > 1
    yield f"<details><summary>{title}</summary>" if is_folded else f"**{title}**"
    yield ""
    yield "| | kind | key | why | changes |"
    yield "|---|---|---|---|---|"
    yield from map(_row, group.rows)
    if group.hidden:
        yield ""
        yield f"… and {group.hidden:,} more"
    yield ""
    if is_folded:
        yield "</details>"
        yield ""


def _row(row: Row) -> str:
    cells = " | ".join(map(_escape, (row.verb.value, row.kind, row.name, row.why)))
    return f"| {cells} | {'<br>'.join(map(_field, row.fields))} |"


def _field(field: Field) -> str:
    after = _escape_whole(field.after) if field.is_whole else _escape(field.after)
    before = "" if field.before is None else f"{_escape(field.before)} → "
    return f"{_escape(field.name)}: {before}{after}"


def _escape(text: str) -> str:
    return _escape_whole(safe(text))


def _escape_whole(text: str) -> str:
    shown = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = "".join(f"\\{c}" if c in "\\`*_{}[]()#!|~@" else c for c in shown)
    return shown.replace("$", "&#36;")  # else what is between two of them is a formula
