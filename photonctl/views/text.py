"""Plans and reports for people, in the manner of Terraform."""

from collections.abc import Iterator

from msgspec.structs import replace

from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, Verb
from photonctl.model.report import Outcome, ProjectReport, Report, Status
from photonctl.texts import printable
from photonctl.views import rows
from photonctl.views.redact import OPEN, Redaction, names_of
from photonctl.views.table import Group, Sheet, Table, Viewing, names_in, table
from photonctl.views.terminal import Paint, plain, safe

_SIGNS = {
    Verb.CREATE: ("  +", "green"),
    Verb.UPDATE: ("  ~", "yellow"),
    Verb.REPLACE: ("-/+", "cyan"),
    Verb.DELETE: ("  -", "red"),
}
_DONE = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.REPLACE: "replaced",
    Verb.DELETE: "deleted",
}


def render_plan(plan: Plan, paint: Paint = plain, viewing: Viewing | None = None) -> str:
    """Show every project's plan; of several, those without changes in a line each."""
    found = table(plan, viewing or Viewing())
    several = len(found.sheets) > 1
    head = ", ".join(f"{name} {text}" for name, text in found.head)
    lines = [paint(safe(head), "dim")] if head else []
    if several:
        lines += (_brief(sheet, paint) for sheet in found.sheets)
    for sheet in found.sheets:
        if not (several and sheet.is_quiet):
            lines += ("", *_project(sheet, paint)) if several else _project(sheet, paint)
    lines += (_unread(paint, *item) for item in found.unread)
    if several:
        lines.append(paint(f"All {len(found.sheets):,} projects: {_todo(found)}.", "bold"))
    return "\n".join([*lines, *([f"Apply: {found.last}."] if found.last else [])])


def todo(plan: Plan) -> str:
    """Say what a plan would do in a few words."""
    counts = plan.counts().items()
    return ", ".join(f"{n:,} to {verb.value}" for verb, n in counts if n) or "no changes"


def render_report(
    report: Report,
    paint: Paint = plain,
    viewing: Viewing | None = None,
    *,
    shows_failures: bool = True,
) -> str:
    """Show what became of every project.

    Args:
        report: what became of a plan.
        paint: colours, or none.
        viewing: its head, and how people are shown.
        shows_failures: False where the progress above it has shown them.
    """
    how = viewing or Viewing()
    head = ", ".join(f"{name} {text}" for name, text in how.head)
    lines = [paint(safe(head), "dim")] if head else []
    for project in report.projects:
        redaction = replace(how.redaction, names=names_of(names_in(project.plan)))
        lines += _outcome(project, paint, redaction, shows_failures=shows_failures)
    unread = (
        _unread(paint, shown_text(u.name), u.manifest, how.redaction.message(u.error))
        for u in report.unplanned
    )
    return "\n".join([*lines, *unread])


def render_outcome(outcome: Outcome, paint: Paint = plain, redaction: Redaction = OPEN) -> str:
    """Show one finished action, as progress."""
    action = outcome.action
    name = f"{action.kind} {safe(redaction.message(action.label or action.key))}"
    outcome = replace(
        outcome,
        note=outcome.note and redaction.message(outcome.note),
        error=outcome.error and redaction.message(outcome.error),
    )
    match outcome.status:
        case Status.OK:
            note = f" ({safe(outcome.note)})" if outcome.note else ""
            return f"{name}: {paint(_DONE[action.verb], 'green')}{note}"
        case Status.FAILED:
            return f"{name}: {paint('failed', 'red')}: {safe(outcome.error or '')}"
        case Status.SKIPPED:
            return f"{name}: {paint('skipped', 'yellow')}: {safe(outcome.error or '')}"


def _brief(sheet: Sheet, paint: Paint) -> str:
    """Show one of several projects in a line."""
    signs = (
        paint(f"{_SIGNS[verb][0].strip()}{sheet.total(verb):,}", _SIGNS[verb][1])
        for verb in Verb
        if sheet.total(verb)
    )
    refused = [paint("refused by apply", "red")] if sheet.refusals else []
    said = " ".join([*signs, *refused]) or "no changes"
    return f"{paint(safe(f'{sheet.manifest}: project {sheet.title}'), 'bold')}: {said}"


def _project(sheet: Sheet, paint: Paint) -> Iterator[str]:
    yield paint(safe(f"{sheet.manifest}: project {sheet.title}"), "bold")
    yield paint(safe(f"  at {sheet.where}"), "dim")
    yield ""
    for refusal in sheet.refusals:
        yield f"{paint('Refused by apply:', 'red')} {safe(refusal)}"
    for warning in sheet.warnings:
        yield f"{paint('Warning:', 'yellow')} {safe(warning)}"
    if sheet.warnings or sheet.refusals:
        yield ""
    for group in sheet.groups:
        yield from _group(group, paint)
    if sheet.groups:
        yield ""
    for note in sheet.notes:
        yield paint(safe(f"  = {note}"), "dim")
    if sheet.notes:
        yield ""
    yield _summary(sheet, paint)


def _group(group: Group, paint: Paint) -> Iterator[str]:
    sign, colour = _SIGNS[group.verb]
    for row in group.rows:
        why = paint(f"# {safe(row.why)}", "dim")
        yield f"{paint(sign, colour)} {row.kind} {safe(row.name)}  {why}"
        for field in row.fields:
            after = printable(field.after) if field.is_whole else safe(field.after)
            change = after if field.before is None else f"{safe(field.before)} -> {after}"
            yield f"        {safe(field.name)}: {change}"
    if group.hidden:
        more = f"… and {group.hidden:,} more {group.kind}s to {group.verb.value}; --full shows all"
        yield f"{paint(sign, colour)} {more}"


def _summary(sheet: Sheet, paint: Paint) -> str:
    rest = sheet.unchanged
    if not sheet.has_changes and sheet.partial:
        return paint(f"No changes in this part ({sheet.partial}).", "bold")
    if not sheet.has_changes and sheet.refusals:
        return paint("No changes are planned: see what is refused above.", "bold")
    if not sheet.has_changes:
        return paint(
            f"No changes. Live state is as declared{f' ({rest})' if rest else ''}.", "bold"
        )
    todo = ", ".join(f"{sheet.total(verb):,} to {verb.value}" for verb in Verb)
    kinds = "; ".join(f"{kind}s {_count(found)}" for kind, found in sheet.counts)
    more = "".join(f" {words[0].upper()}{words[1:]}." for words in (rest, sheet.partial) if words)
    return f"{paint(f'Plan: {todo}.', 'bold')} By kind: {kinds}.{more}"


def _count(found: dict[Verb, int]) -> str:
    return " ".join(f"{_SIGNS[verb][0].strip()}{count:,}" for verb, count in found.items() if count)


def _todo(found: Table) -> str:
    return ", ".join(
        f"{sum(sheet.total(verb) for sheet in found.sheets):,} to {verb.value}" for verb in Verb
    )


def _unread(paint: Paint, name: str, manifest: str, error: str) -> str:
    shown = safe(f'{manifest}: project "{name}"')
    return f"{paint('Error:', 'red')} {shown} can't be read: {safe(error)}"


def _outcome(
    report: ProjectReport, paint: Paint, redaction: Redaction, *, shows_failures: bool
) -> Iterator[str]:
    troubled = [outcome for outcome in report.outcomes if outcome.status is not Status.OK]
    for outcome in troubled if shows_failures else ():
        yield render_outcome(outcome, paint, redaction)
    for outcome in report.outcomes if shows_failures else ():
        if outcome.status is Status.OK and outcome.note:
            name = f"{outcome.action.kind} {outcome.action.label or outcome.action.key}"
            yield safe(redaction.message(f"{name}: {outcome.note}"))
    for outcome in report.outcomes:
        number = outcome.facts.get("assignedPhoneNumber")
        if number is not None:
            texts = f"{outcome.action.kind} {outcome.action.label} texts {number}"
            yield safe(redaction.message(texts))
    for error in report.errors:
        yield f"{paint('Error:', 'red')} {safe(redaction.message(error))}"
    for note in report.notes:
        yield safe(note)
    done = [o for o in report.outcomes if o.status is Status.OK]
    counts = ", ".join(
        f"{sum(o.action.verb is verb for o in done)} {word}" for verb, word in _DONE.items()
    )
    name = safe(f'"{shown_text(report.plan.name)}" at {rows.where(report.plan.place, redaction)}')
    part = rows.partial(report.plan)
    name = f"{name} ({part})" if part else name
    yield from _closing(report, name, counts, len(troubled), paint)


def _closing(
    report: ProjectReport, name: str, counts: str, failed: int, paint: Paint
) -> Iterator[str]:
    if not report.outcomes and report.converged and report.plan.left_out:
        yield paint(f"{name}: nothing of it was chosen, so nothing was done.", "bold")
    elif not report.outcomes and report.converged:
        yield paint(f"{name}: nothing to do. Live state is as declared.", "bold")
    elif report.converged:
        yield paint(f"{name}: applied: {counts}. Verified against live state.", "bold")
    else:
        yield paint(f"{name}: incomplete: {counts}, {failed} not done.", "bold")
        yield "Run the same command again to continue from what is live."
