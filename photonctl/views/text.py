"""Plans and reports for people, in the manner of Terraform."""

from collections.abc import Callable, Iterator

from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Plan, ProjectPlan, Unplanned, Verb
from photonctl.model.reason import reason_text
from photonctl.model.report import Outcome, ProjectReport, Report, Status
from photonctl.views import rows
from photonctl.views.terminal import Paint, before, plain, printable, safe, value

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


def render_plan(plan: Plan, paint: Paint = plain) -> str:
    """Show every project's plan."""
    lines = [line for project in plan.projects for line in _project(project, paint)]
    return "\n".join([*lines, *map(_unplanned(paint), plan.unplanned)])


def render_report(report: Report, paint: Paint = plain, *, shows_failures: bool = True) -> str:
    """Show what became of every project.

    ``shows_failures``: False where the progress above it has shown them.
    """
    projects = report.projects
    lines = [line for p in projects for line in _outcome(p, paint, shows_failures=shows_failures)]
    return "\n".join([*lines, *map(_unplanned(paint), report.unplanned)])


def render_outcome(outcome: Outcome, paint: Paint = plain) -> str:
    """Show one finished action, as progress."""
    action = outcome.action
    name = f"{action.kind} {safe(action.label or action.key)}"
    match outcome.status:
        case Status.OK:
            note = f" ({safe(outcome.note)})" if outcome.note else ""
            return f"{name}: {paint(_DONE[action.verb], 'green')}{note}"
        case Status.FAILED:
            return f"{name}: {paint('failed', 'red')}: {safe(outcome.error or '')}"
        case Status.SKIPPED:
            return f"{name}: {paint('skipped', 'yellow')}: {safe(outcome.error or '')}"


def _project(plan: ProjectPlan, paint: Paint) -> Iterator[str]:
    yield paint(safe(f"{plan.manifest}: project {rows.title(plan)}"), "bold")
    yield paint(safe(f"  at {rows.where(plan.place)}"), "dim")
    yield ""
    for action in plan.actions:
        yield from _action(action, paint)
    if plan.actions:
        yield ""
    stored = rows.credentials(plan)
    if stored is not None:
        yield safe(f"  {stored}")
        yield ""
    for hold in plan.holds:
        yield paint(safe(f"  = {rows.held(hold)}"), "dim")
    if plan.holds:
        yield ""
    for warning in plan.warnings:
        yield f"{paint('Warning:', 'yellow')} {safe(warning)}"
    for refusal in plan.refusals:
        yield f"{paint('Refused by apply:', 'red')} {safe(refusal.message)}"
    if plan.warnings or plan.refusals:
        yield ""
    yield _summary(plan, paint)


def _action(action: Action, paint: Paint) -> Iterator[str]:
    sign, colour = _SIGNS[action.verb]
    title = f"{paint(sign, colour)} {action.kind} {safe(rows.key(action))}"
    yield f"{title}  {paint('# ' + safe(reason_text(action.reason)), 'dim')}"
    for change in action.changes:
        yield f"        {safe(change.field)}: {before(change)} -> {value(change.after)}"
    for name, content in rows.fields(action):
        yield f"        {name}: {value(content)}"
    if action.sink is not None:
        yield f"        secret: {printable(rows.kept_by(action.sink))}"


def _summary(plan: ProjectPlan, paint: Paint) -> str:
    counts = plan.summary()
    rest = ", ".join(
        f"{counts[name]} {word}"
        for name, word in (
            ("noop", "unchanged"),
            ("protected", "protected"),
            ("ignored", "ignored"),
            ("notPruned", "not pruned"),
        )
        if counts[name]
    )
    if not plan.actions:
        detail = "No changes. Live state is as declared"
        return paint(f"{detail}{f' ({rest})' if rest else ''}.", "bold")
    todo = ", ".join(f"{counts[verb.value]} to {verb.value}" for verb in Verb)
    return paint(f"Plan: {todo}.", "bold") + (f" {rest[0].upper()}{rest[1:]}." if rest else "")


def _unplanned(paint: Paint) -> Callable[[Unplanned], str]:
    def shown(project: Unplanned) -> str:
        name = safe(f'{project.manifest}: project "{shown_text(project.name)}"')
        return f"{paint('Error:', 'red')} {name} can't be read: {safe(project.error)}"

    return shown


def _outcome(report: ProjectReport, paint: Paint, *, shows_failures: bool) -> Iterator[str]:
    troubled = [outcome for outcome in report.outcomes if outcome.status is not Status.OK]
    for outcome in troubled if shows_failures else ():
        yield render_outcome(outcome, paint)
    for outcome in report.outcomes if shows_failures else ():
        if outcome.status is Status.OK and outcome.note:
            name = f"{outcome.action.kind} {outcome.action.label or outcome.action.key}"
            yield safe(f"{name}: {outcome.note}")
    for outcome in report.outcomes:
        number = outcome.facts.get("assignedPhoneNumber")
        if number is not None:
            yield safe(f"{outcome.action.kind} {outcome.action.label} texts {number}")
    for error in report.errors:
        yield f"{paint('Error:', 'red')} {safe(error)}"
    for note in report.notes:
        yield safe(note)
    done = [o for o in report.outcomes if o.status is Status.OK]
    counts = ", ".join(
        f"{sum(o.action.verb is verb for o in done)} {word}" for verb, word in _DONE.items()
    )
    name = safe(f'"{shown_text(report.plan.name)}" at {rows.where(report.plan.place)}')
    if not report.outcomes and report.converged:
        yield paint(f"{name}: nothing to do. Live state is as declared.", "bold")
    elif report.converged:
        yield paint(f"{name}: applied: {counts}. Verified against live state.", "bold")
    else:
        yield paint(f"{name}: incomplete: {counts}, {len(troubled)} not done.", "bold")
        yield "Run apply again to continue from what is live."
