"""Plans and reports for people, in the manner of Terraform."""

from collections.abc import Iterator

from photonctl.model.plan import Action, HoldReason, Plan, ProjectPlan, Verb
from photonctl.model.report import Outcome, ProjectReport, Report, Status
from photonctl.model.spec import spec_to_json
from photonctl.views.terminal import Paint, plain, safe, value

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
_HELD = {
    HoldReason.OWNER: "the project's owner",
    HoldReason.PROTECTED: "protected",
    HoldReason.IGNORED: "ignored",
    HoldReason.NOT_PRUNED: "not declared, and prune is off for its kind",
}


def render_plan(plan: Plan, paint: Paint = plain) -> str:
    """Show every project's plan."""
    return "\n".join(line for project in plan.projects for line in _project(project, paint))


def render_report(report: Report, paint: Paint = plain) -> str:
    """Show what became of every project."""
    return "\n".join(line for project in report.projects for line in _outcome(project, paint))


def render_outcome(outcome: Outcome, paint: Paint = plain) -> str:
    """Show one finished action, as progress."""
    action = outcome.action
    name = f"{action.kind} {safe(action.key)}"
    match outcome.status:
        case Status.OK:
            note = f" ({safe(outcome.note)})" if outcome.note else ""
            return f"{name}: {paint(_DONE[action.verb], 'green')}{note}"
        case Status.FAILED:
            return f"{name}: {paint('failed', 'red')}: {safe(outcome.error or '')}"
        case Status.SKIPPED:
            return f"{name}: {paint('skipped', 'yellow')}: {safe(outcome.error or '')}"


def _project(plan: ProjectPlan, paint: Paint) -> Iterator[str]:
    where = f"({plan.id})" if plan.id else "(not live yet)"
    yield paint(f'{safe(plan.manifest)}: project "{safe(plan.name)}" {where}', "bold")
    yield ""
    for action in plan.actions:
        yield from _action(action, paint)
    if plan.actions:
        yield ""
    for hold in plan.holds:
        yield paint(f"  = {hold.kind} {safe(hold.key)} stays: {_HELD[hold.why]}", "dim")
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
    title = f"{paint(sign, colour)} {action.kind} {safe(action.key)}"
    yield f"{title}  {paint('# ' + safe(action.reason), 'dim')}"
    for change in action.changes:
        yield f"        {change.field}: {value(change.before)} -> {value(change.after)}"
    if action.verb is Verb.CREATE and action.spec is not None:
        for name, content in spec_to_json(action.spec).items():
            if content is not None and content != action.key:
                yield f"        {name}: {value(content)}"
    if action.sink is not None:
        yield f"        secret: kept by {action.sink.type} {safe(action.sink.target)}"


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
        told = "No changes. Live state is as declared"
        return paint(f"{told}{f' ({rest})' if rest else ''}.", "bold")
    todo = ", ".join(f"{counts[verb.value]} to {verb.value}" for verb in Verb)
    return paint(f"Plan: {todo}.", "bold") + (f" {rest[0].upper()}{rest[1:]}." if rest else "")


def _outcome(report: ProjectReport, paint: Paint) -> Iterator[str]:
    troubled = [outcome for outcome in report.outcomes if outcome.status is not Status.OK]
    for outcome in troubled:
        yield render_outcome(outcome, paint)
    for error in report.errors:
        yield f"{paint('Error:', 'red')} {safe(error)}"
    for note in report.notes:
        yield safe(note)
    done = [o for o in report.outcomes if o.status is Status.OK]
    counts = ", ".join(
        f"{sum(o.action.verb is verb for o in done)} {word}" for verb, word in _DONE.items()
    )
    name = f'"{safe(report.plan.name)}"'
    if not report.outcomes and report.converged:
        yield paint(f"{name}: nothing to do. Live state is as declared.", "bold")
    elif report.converged:
        yield paint(f"{name}: done: {counts}. Live state, read back, is as planned.", "bold")
    else:
        yield paint(f"{name}: not converged: {counts}, {len(troubled)} not done.", "bold")
        yield "Run apply again: it continues from what is live."
