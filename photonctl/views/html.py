"""A plan as one self-contained page: complete without its script, which only filters."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from msgspec.structs import replace

from photonctl.model.plan import Plan, Verb
from photonctl.texts import printable
from photonctl.views.table import Field, Group, Row, Sheet, Table, Viewing, table
from photonctl.views.terminal import safe

_SIGNS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.REPLACE: "-/+", Verb.DELETE: "-"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render_plan(plan: Plan, viewing: Viewing | None = None) -> str:
    """Return the plan as HTML, everything foreign escaped. Nothing is left out: groups fold."""
    found = table(plan, replace(viewing or Viewing(), is_full=True))
    here = files("photonctl.views")
    style, script = (here.joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
    lines = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{_text(_title(found))}</title>\n<style>\n{style}</style>\n</head>\n<body>",
        *_header(found),
        "<main>",
        *(_all(found) if len(found.sheets) > 1 else ()),
        *(line for n, sheet in enumerate(found.sheets) for line in _project(n, sheet, found)),
        *(_unread(name, error) for name, _, error in found.unread),
        f"<footer><p>{_text(f'Apply: {found.last}.' if found.last else '')}</p></footer>",
        f"</main>\n<script>\n{script}</script>\n</body>\n</html>",
    ]
    return "\n".join(lines)


def _title(found: Table) -> str:
    return f"Plan: {_todo(found)}"


def _todo(found: Table) -> str:
    totals = {verb: sum(sheet.total(verb) for sheet in found.sheets) for verb in Verb}
    return ", ".join(f"{n:,} to {verb.value}" for verb, n in totals.items() if n) or "no changes"


def _header(found: Table) -> Iterator[str]:
    counts = {verb: sum(sheet.total(verb) for sheet in found.sheets) for verb in Verb}
    shown = (
        f'<li class="{verb.value}">{_SIGNS[verb]} {count:,} to {verb.value}</li>'
        for verb, count in counts.items()
    )
    kinds = sorted({kind for sheet in found.sheets for kind, _ in sheet.counts})
    yield "<header>\n<h1>Plan</h1>"
    yield f'<ul class="counts" aria-label="What would be done">{"".join(shown)}</ul>'
    yield '<form hidden role="search" aria-label="Filter the actions">'
    yield _choice("verb", "Action", [verb.value for verb in Verb])
    yield _choice("kind", "Kind", kinds)
    yield '<input type="search" name="text" placeholder="Search" aria-label="Search the actions">'
    yield "<output></output>\n</form>\n</header>"


def _choice(name: str, label: str, values: list[str]) -> str:
    options = "".join(f"<option>{_text(value)}</option>" for value in values)
    first = f'<option value="">{label}</option>'
    return f'<select name="{name}" aria-label="{label}">{first}{options}</select>'


def _all(found: Table) -> Iterator[str]:
    columns = "".join(f"<th scope=col>{verb.value}</th>" for verb in Verb)
    yield f'<div class="scroll" tabindex="0"><table>\n<tr><th scope=col>project</th>{columns}</tr>'
    for place, sheet in enumerate(found.sheets):
        cells = "".join(f"<td>{sheet.total(verb):,}</td>" for verb in Verb)
        name = _text(sheet.name)
        linked = name if sheet.is_quiet else f'<a href="#p{place}">{name}</a>'
        yield f"<tr><th scope=row>{linked}</th>{cells}</tr>"
    yield "</table></div>"


def _project(place: int, sheet: Sheet, found: Table) -> Iterator[str]:
    if len(found.sheets) > 1 and sheet.is_quiet:
        return
    yield f'<section>\n<h2 id="p{place}">{_text(sheet.name)}</h2>'
    where = f"Manifest {sheet.manifest}, project {sheet.title}, at {sheet.where}"
    yield f'<p class="where">{_text(where)}</p>'
    yield from _described(found)
    if sheet.partial:
        yield f"<p><strong>{_text(sheet.partial.capitalize())}.</strong></p>"
    alerts = [
        *(("refusal", f"Refused by apply: {text}") for text in sheet.refusals),
        *(("warning", f"Warning: {text}") for text in sheet.warnings),
    ]
    if alerts:
        items = "".join(f'<li class="{kind}">{_text(text)}</li>' for kind, text in alerts)
        yield f'<ul class="alerts">{items}</ul>'
    for group in sheet.groups:
        yield from _group(group)
    if not sheet.groups:
        where = " in this part" if sheet.partial else ". Live state is as declared"
        where = " are planned: see what is refused above" if sheet.refusals else where
        yield f"<p>No changes{where}.</p>"
    if sheet.notes:
        yield f"<ul>{''.join(f'<li>{_text(note)}</li>' for note in sheet.notes)}</ul>"
    yield "</section>"


def _described(found: Table) -> Iterator[str]:
    if found.head:
        items = "".join(f"<dt>{_text(n)}: </dt><dd>{_text(t)}</dd>" for n, t in found.head)
        yield f'<dl class="head">{items}</dl>'


def _group(group: Group) -> Iterator[str]:
    count = len(group.rows)
    title = f"{count:,} {_text(group.kind)}{'s' if count > 1 else ''} to {group.verb.value}"
    yield f'<details open>\n<summary class="{group.verb.value}">{title}</summary>'
    yield '<ul class="rows">'
    yield from map(_row, group.rows)
    yield "</ul>\n</details>"


def _row(row: Row) -> str:
    fields = "".join(map(_field, row.fields))
    listed = f"<dl>{fields}</dl>" if fields else ""
    verb, sign = row.verb.value, _SIGNS[row.verb]
    return (
        f'<li data-verb="{verb}" data-kind="{_text(row.kind)}">'
        f'<span class="sign {verb}" role="img" aria-label="{verb}">{sign}</span>'
        f"{_text(row.kind)} <b>{_text(row.name)}</b> "
        f'<span class="why">{_text(row.why)}</span>{listed}</li>'
    )


def _field(field: Field) -> str:
    after = _whole(field.after) if field.is_whole else _text(field.after)
    value = (
        after if field.before is None else f"<del>{_text(field.before)}</del> → <ins>{after}</ins>"
    )
    return f"<div><dt>{_text(field.name)}:</dt><dd>{value}</dd></div>"


def _unread(name: str, error: str) -> str:
    text = _text(f"Error: {name} can't be read: {error}")
    return f'<ul class="alerts"><li class="refusal">{text}</li></ul>'


def _text(text: str) -> str:
    return _whole(safe(text))


def _whole(text: str) -> str:
    # No "#": no CI system's command begins with the entity's.
    return "&#35;".join(map(escape, printable(text).split("#")))
