"""A plan for a pull request's comment or a job's summary."""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from photonctl.kinds import kind_named
from photonctl.model.plan import Plan, Verb
from photonctl.texts import printable
from photonctl.views.table import Field, Group, Row, Sheet, Table, Viewing, table
from photonctl.views.terminal import safe

_OPEN = (Verb.DELETE, Verb.REPLACE)
_RANKS = {Verb.CREATE: 4, Verb.UPDATE: 3, Verb.REPLACE: 2, Verb.DELETE: 2}
_NOTHING = "&#8203;"  # takes no room
_REFERENCE = re.compile(r"\bGH(?=-\d)|%(?=[\w\"])|\bwww(?=\.)|:(?=[\w+\\-]+:)", re.IGNORECASE)
"""What a forge makes a link or a picture of, beside mentions: an issue, a milestone, a site."""
_ENTITY = re.compile(r"(?:&amp;|&#36;)(?=\d)")
# No formula between two "$", and no mention or link: GitHub makes them of escaped signs, too.
_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_{}[]()!|~"}
    | {c: f"\\{c}{_NOTHING}" for c in "#@"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"}
)
_NOTE = 80  # characters of a line that says how much is left out
_COLUMNS = ("to create", "to update", "to replace", "to delete")


class Block(Struct, frozen=True, kw_only=True):
    """A part of a text that can be cut: ``lines`` from the end, never what is around them.

    Attributes:
        what: what its lines are, for the count of those that are cut.
        rank: which block is cut first: the highest.
        section: which project it is about, from 1; 0 = none.
        hidden: how many are folded away already.
        needed: how many of its lines, all at the beginning, must be seen by who approves the plan:
            all but creations and updates of users.
    """

    before: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    what: str = ""
    rank: int = 0
    section: int = 0
    hidden: int = 0
    needed: int = 0

    def text(self) -> Iterator[str]:
        """Yield its lines."""
        yield from (*self.before, *self.lines)
        if self.hidden:
            yield from ("", f"… and {self.hidden:,} more {self.what}".rstrip())
        yield from self.after


class Cut(Struct, frozen=True, kw_only=True):
    """A plan within some length; ``is_short``: it lacks what must be seen by who approves it."""

    text: str
    is_short: bool


def render_plan(plan: Plan, viewing: Viewing | None = None, most: int | None = None) -> str:
    """Return the plan as GitHub-flavoured Markdown, everything foreign escaped.

    Args:
        plan: what is shown.
        viewing: how.
        most: the most characters. Rows are cut, creates first, and counted; None = none are.
    """
    return render_within(plan, viewing, most).text


def render_within(plan: Plan, viewing: Viewing | None, most: int | None) -> Cut:
    """Return the plan likewise; what isn't shown mustn't be approved by what is."""
    blocks = list(_blocks(plan, viewing or Viewing()))
    kept = fitted(blocks, most)
    text = _joined(kept)
    lines = sum(min(block.needed, len(block.lines)) for block in kept)
    is_whole = lines == sum(block.needed for block in blocks)
    return Cut(text=text[:most], is_short=not is_whole or text[:most] != text)


def _blocks(plan: Plan, viewing: Viewing) -> Iterator[Block]:
    found = table(plan, viewing)
    several = len(found.sheets) > 1
    yield _head(found)
    if found.unread:
        unread = tuple(
            f"- **Error:** {escape(n)} can't be read: {escape(e)}" for n, _, e in found.unread
        )
        yield Block(lines=unread, after=("",), what="errors", needed=len(unread))
    if several:
        yield _all(found)
    for section, sheet in enumerate(found.sheets, start=1):
        if not (several and sheet.is_quiet):
            yield from (replace(block, section=section) for block in _project(sheet))
    if found.last:
        yield Block(before=(f"Apply: {escape(found.last)}.",))


def cut(blocks: Sequence[Block], most: int | None) -> str:
    """Join blocks, of which ``fitted`` has left some lines out."""
    return _joined(fitted(blocks, most))[:most]  # what can't be cut by lines is cut all the same


def fitted(blocks: Sequence[Block], most: int | None) -> Sequence[Block]:
    """Where blocks are longer than ``most`` characters, leave lines out, and count them.

    First goes what needn't be seen: lines of the blocks of the highest rank, from their ends, then
    whole sections. Only then what is needed goes in the same way.
    """
    excess = sum(map(_size, blocks)) - 1 - most if most is not None else 0
    if excess <= 0:
        return blocks
    kept, gone = list(blocks), 0
    for keeps_needed in (True, False):
        if excess > 0:
            kept, excess = _with_less(kept, excess, keeps_needed=keeps_needed)
        if excess > 0:
            reserve = 0 if gone else _NOTE
            kept, excess, count = _without_sections(
                kept, excess + reserve, keeps_needed=keeps_needed
            )
            gone += count
    if gone:
        note = f"… and {gone:,} more projects with changes, which don't fit here"
        kept.append(Block(before=("", note)))
    return kept


def _with_less(
    blocks: Sequence[Block], excess: int, *, keeps_needed: bool
) -> tuple[list[Block], int]:
    """Leave lines out; return how much is too much after that."""
    kept = list(blocks)
    for place in sorted(range(len(kept)), key=lambda place: (-kept[place].rank, -place)):
        if excess <= 0:
            break
        before = _size(kept[place])
        least = kept[place].needed if keeps_needed else 0
        kept[place] = _shortened(kept[place], excess, least)
        excess -= before - _size(kept[place])
    return kept, excess


def _without_sections(
    blocks: Sequence[Block], excess: int, *, keeps_needed: bool
) -> tuple[list[Block], int, int]:
    """Leave sections out; return also how much is too much after that, and how many are gone.

    ``keeps_needed``: only those with nothing that must be seen; else these go first.
    """
    sizes: dict[int, int] = {}
    needed = {block.section for block in blocks if block.needed}
    acting = {block.section for block in blocks if block.needed and not block.what}  # no warning
    for block in blocks:
        sizes[block.section] = sizes.get(block.section, 0) + _size(block)
    gone: set[int] = set()
    for section in sorted(sizes.keys() - {0}, key=lambda s: (s in needed, s in acting, -s)):
        if excess <= 0 or (keeps_needed and section in needed):
            break
        gone.add(section)
        excess -= sizes[section]
    return [b for b in blocks if b.section not in gone], excess, len(gone)


def _shortened(block: Block, excess: int, least: int) -> Block:
    """Leave out as many lines as ``excess`` characters need, and the note that says so."""
    count, gone = len(block.lines), -_NOTE
    while count > least and gone < excess:
        count -= 1
        gone += len(block.lines[count]) + 1
    dropped = len(block.lines) - count
    return replace(block, lines=block.lines[:count], hidden=block.hidden + dropped)


def _size(block: Block) -> int:
    return sum(len(line) + 1 for line in block.text())


def _joined(blocks: Sequence[Block]) -> str:
    return "\n".join(line for block in blocks for line in block.text())


def _head(found: Table) -> Block:
    lines = [f"- {escape(name)}: {escape(text)}" for name, text in found.head]
    return Block(before=(*lines, *([""] if lines else [])))


def _all(found: Table) -> Block:
    sheets = sorted(found.sheets, key=lambda sheet: sheet.is_quiet)
    rows = tuple(
        f"| {escape(sheet.name)} | {_cells(sheet.total(verb) for verb in Verb)} |"
        for sheet in sheets
    )
    totals = (sum(sheet.total(verb) for sheet in found.sheets) for verb in Verb)
    return Block(
        before=(
            f"| project | {' | '.join(_COLUMNS)} |",
            f"|---|{'---:|' * len(_COLUMNS)}",
            f"| **{len(found.sheets):,} projects** | {_cells(totals)} |",
        ),
        lines=rows,
        after=("",),
        what="projects",
        rank=1,
        needed=sum(not sheet.is_quiet for sheet in sheets),
    )


def _cells(counts: Iterator[int]) -> str:
    return " | ".join(f"{count:,}" for count in counts)


def _project(sheet: Sheet) -> Iterator[Block]:
    where = escape(f"Manifest {sheet.manifest}, project {sheet.title}, at {sheet.where}")
    partial = (f"**{sheet.partial.capitalize()}.**", "") if sheet.partial else ()
    yield Block(
        before=(f"### {escape(sheet.name)}: {escape(_todo(sheet))}", "", where, "", *partial)
    )
    alerts = (
        *(f"- **Refused by apply:** {escape(text)}" for text in sheet.refusals),
        *(f"- **Warning:** {escape(text)}" for text in sheet.warnings),
    )
    if alerts:
        yield Block(lines=alerts, after=("",), what="warnings", rank=1, needed=len(alerts))
    yield from map(_group, sheet.groups)
    if sheet.notes:
        notes = tuple(f"- {escape(note)}" for note in sheet.notes)
        yield Block(lines=notes, after=("",), what="notes", rank=5)


def _todo(sheet: Sheet) -> str:
    found = [f"{sheet.total(verb):,} to {verb.value}" for verb in Verb if sheet.total(verb)]
    return ", ".join(found) or ("refused" if sheet.refusals else "no changes")


def _group(group: Group) -> Block:
    """Draw a group's table; folded, except where something is deleted."""
    count = len(group.rows) + group.hidden
    is_grave = group.verb in _OPEN or not kind_named(group.kind).is_counted
    title = f"{count:,} {group.kind}{'s' if count > 1 else ''} to {group.verb.value}"
    is_folded = group.verb not in _OPEN and count > 1
    return Block(
        before=(
            f"<details><summary>{title}</summary>" if is_folded else f"**{title}**",
            "",
            "| | kind | key | why | changes |",
            "|---|---|---|---|---|",
        ),
        lines=tuple(map(_row, group.rows)),
        after=("", *(("</details>", "") if is_folded else ())),
        rank=_RANKS[Verb.DELETE] if is_grave else _RANKS[group.verb],
        hidden=group.hidden,
        needed=len(group.rows) if is_grave else 0,
    )


def _row(row: Row) -> str:
    cells = " | ".join(map(escape, (row.verb.value, row.kind, row.name, row.why)))
    return f"| {cells} | {'<br>'.join(map(_field, row.fields))} |"


def _field(field: Field) -> str:
    after = _escape_whole(field.after) if field.is_whole else escape(field.after)
    before = "" if field.before is None else f"{escape(field.before)} → "
    return f"{escape(field.name)}: {before}{after}"


def escape(text: str) -> str:
    """Return a text so that Markdown shows it as it is, a long one shortened."""
    return _escape_whole(safe(text))


def _escape_whole(text: str) -> str:
    shown = printable(text)
    lower = shown.lower()  # of most texts these say no at once
    may_refer = shown.count(":") > 1 or any(sign in lower for sign in ("%", "www.", "gh-"))
    shown = shown.translate(_ESCAPES)
    if may_refer:
        shown = _REFERENCE.sub(rf"\g<0>{_NOTHING}", shown)
    # A renderer may decode these before it looks for references.
    return _ENTITY.sub(rf"\g<0>{_NOTHING}", shown) if "&" in text or "$" in text else shown
