"""One plan as a table: what is said, in which order, and how much of it. Views only draw it.

What a reviewer must not miss comes first: refusals, warnings, deletes, replaces. Deletes and
replaces are always whole, and so is what gets a secret; of more than 20 other updates or creates of
a kind, the first five are shown.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby

from msgspec import Struct

from photonctl.kinds import kind_named
from photonctl.kinds.values import Personal
from photonctl.model.filled import HIDDEN, is_filled, shown, shown_text
from photonctl.model.places import pair_text
from photonctl.model.plan import (
    STEP_FIELDS,
    Action,
    FieldChange,
    Hold,
    Plan,
    ProjectPlan,
    SecretStep,
    Verb,
)
from photonctl.model.reason import reason_text
from photonctl.model.spec import JsonValue, spec_to_json
from photonctl.views import rows
from photonctl.views.redact import OPEN, Redaction

_ORDER = (Verb.DELETE, Verb.REPLACE, Verb.UPDATE, Verb.CREATE)
_FOLDED = (Verb.UPDATE, Verb.CREATE)
_MOST, _FIRST = 20, 5
_DETAIL = re.compile(
    r"(?<![a-z])[a-z]++://\S+|\"[^\"]*\"|[\d+•]+"
)  # in which equal warnings differ


class Viewing(Struct, frozen=True, kw_only=True):
    """How a plan is shown.

    Attributes:
        is_full: nothing is folded.
        folds_warnings: those that say the same of many are.
        redaction: how people are shown.
        head: what is said of the whole plan, such as its time and digest: name → text.
        rate: requests per second and project, for the estimate; 0 = no limit.
    """

    is_full: bool = False
    folds_warnings: bool = True
    redaction: Redaction = OPEN
    head: tuple[tuple[str, str], ...] = ()
    rate: int = 5


class Field(Struct, frozen=True, kw_only=True):
    """One line of a row: a declared field, or a change.

    Attributes:
        before: what it was; None = there was nothing, or it isn't said.
        is_whole: hide nothing of it: a command must be seen as it would run.
    """

    name: str
    before: str | None = None
    after: str
    is_whole: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """One action. ``name``: whom or what it is about."""

    verb: Verb
    kind: str
    name: str
    why: str
    fields: tuple[Field, ...]


class Group(Struct, frozen=True, kw_only=True):
    """The actions of one verb and kind; ``hidden``: how many more there are."""

    verb: Verb
    kind: str
    rows: tuple[Row, ...]
    hidden: int


class Sheet(Struct, frozen=True, kw_only=True):
    """One project.

    Attributes:
        title: its name, and its id if it is live.
        counts: what there is to do, by kind; each verb's count, zero or not.
        notes: what stays and why, and where its credentials go.
        unchanged: what there isn't to do, in words; "" = nothing is live.
        partial: how much the run leaves out, in words; "" = nothing.
    """

    name: str
    title: str
    manifest: str
    where: str
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]
    groups: tuple[Group, ...]
    counts: tuple[tuple[str, dict[Verb, int]], ...]
    notes: tuple[str, ...]
    unchanged: str
    partial: str

    @property
    def has_changes(self) -> bool:
        """Is there anything to do?"""
        return bool(self.groups)

    @property
    def is_quiet(self) -> bool:
        """Is there nothing to do, and nothing to say?"""
        return not (self.groups or self.refusals or self.warnings or self.partial)

    def total(self, verb: Verb) -> int:
        """Count what there is to do, of every kind."""
        return sum(found[verb] for _, found in self.counts)


class Table(Struct, frozen=True, kw_only=True):
    """A whole plan.

    Attributes:
        unread: name of each project that couldn't be planned, its manifest, and why.
    """

    head: tuple[tuple[str, str], ...]
    sheets: tuple[Sheet, ...]
    unread: tuple[tuple[str, str, str], ...]
    last: str


def table(plan: Plan, viewing: Viewing) -> Table:
    """Return what every view of a plan shows."""
    return Table(
        head=viewing.head,
        sheets=tuple(_sheet(project, viewing) for project in plan.projects),
        unread=tuple(
            (shown_text(p.name), p.manifest, viewing.redaction.message(p.error))
            for p in plan.unplanned
        ),
        last=rows.estimate(plan, viewing.rate),
    )


def _sheet(plan: ProjectPlan, viewing: Viewing) -> Sheet:
    # The author of a pull request chooses words of a plan's messages, and names of people in it:
    # hiding the one by the other would say who is live, or blank what the plan says.
    redaction = viewing.redaction
    groups = tuple(_groups(plan, redaction, is_full=viewing.is_full))
    stored = rows.credentials(plan)
    return Sheet(
        name=shown_text(plan.name),
        title=rows.title(plan),
        manifest=plan.manifest,
        where=rows.where(plan.place, redaction),
        refusals=tuple(redaction.message(refusal.message) for refusal in plan.refusals),
        warnings=_alike([redaction.message(w) for w in plan.warnings], viewing),
        groups=groups,
        counts=tuple(_counts(plan.actions)),
        notes=(
            *_folded(list(_held(plan.holds, redaction)), viewing, "that stay"),
            *([stored] if stored is not None else []),
        ),
        unchanged=rows.unchanged(plan),
        partial=rows.partial(plan),
    )


def _groups(plan: ProjectPlan, redaction: Redaction, *, is_full: bool) -> Iterator[Group]:
    """Yield the actions by verb, in the order of what a reviewer must not miss, then by kind."""
    for verb in _ORDER:
        same = [action for action in plan.actions if action.verb is verb]
        for kind, found in groupby(sorted(same, key=_kind), key=_kind):
            alike = list(found)
            # Where secrets go, and what would run, is never folded away.
            is_plain = verb in _FOLDED and kind_named(kind).is_counted
            is_folded = is_plain and not is_full and len(alike) > _MOST
            shown = alike[:_FIRST] if is_folded else alike
            yield Group(
                verb=verb,
                kind=kind,
                rows=tuple(_row(plan, action, redaction) for action in shown),
                hidden=len(alike) - len(shown),
            )


def _kind(action: Action) -> str:
    return action.kind


def _row(plan: ProjectPlan, action: Action, redaction: Redaction) -> Row:
    name = redaction.field(action.label or action.key, _personal(action.kind, ""))
    who = redaction.who(action.who)
    return Row(
        verb=action.verb,
        kind=action.kind,
        name=f"{name} {who}" if who else name,
        why=redaction.message(reason_text(action.reason)),
        fields=(*_fields(action, redaction), *_credentials(plan, action)),
    )


def _fields(action: Action, redaction: Redaction) -> Iterator[Field]:
    for change in action.changes:
        if change.field == STEP_FIELDS[SecretStep.STORE]:
            continue  # as a secret, and whole: see below
        show = partial(_value, action.kind, change.field, redaction)
        yield Field(name=change.field, before=_before(change, show), after=show(change.after))
    for name, content in rows.fields(action):
        yield Field(name=name, after=_value(action.kind, name, redaction, content))
    if action.sink is not None:
        yield Field(name="secret", after=rows.kept_by(action.sink), is_whole=True)


def _credentials(plan: ProjectPlan, action: Action) -> Iterator[Field]:
    """Say where the project's own credentials are stored, with what is done to the project."""
    if action.verb is Verb.DELETE or not kind_named(action.kind).is_root:
        return
    due = plan.credentials_due  # looks at every action: only the root's row asks for it
    if due is not None:
        yield Field(name="credentials", after=pair_text(due), is_whole=True)


def _before(change: FieldChange, show: Callable[[JsonValue], str]) -> str:
    """Return what a field was; hidden where what it will be is: both may be secrets."""
    is_hidden = is_filled(change.after) and change.before is not None
    return HIDDEN if is_hidden else show(change.before)


def _value(kind: str, field: str, redaction: Redaction, value: JsonValue) -> str:
    known = shown(value)
    what = _personal(kind, field)
    return rows.value(redaction.field(known, what) if isinstance(known, str) else known)


def _personal(kind: str, field: str) -> Personal | None:
    return kind_named(kind).personal.get(field)


def names_in(plan: ProjectPlan) -> Iterator[str]:
    """Yield every name of a person that the plan knows."""
    for action in plan.actions:
        sent = spec_to_json(action.spec) if action.spec is not None else {}
        changed = {change.field: change.before for change in action.changes}
        for field, value in (*sent.items(), *changed.items()):
            if isinstance(value, str) and _personal(action.kind, field) is Personal.NAME:
                yield value
        yield action.who.rpartition("<")[0]


def _held(holds: Sequence[Hold], redaction: Redaction) -> Iterator[str]:
    for hold in holds:
        label = redaction.field(hold.label or hold.key, _personal(hold.kind, ""))
        yield f"{hold.kind} {label} stays: {rows.HELD[hold.why]}"


def _folded(lines: list[str], viewing: Viewing, what: str) -> tuple[str, ...]:
    if viewing.is_full or len(lines) <= _MOST:
        return tuple(lines)
    return (*lines[:_FIRST], f"… and {len(lines) - _FIRST:,} more {what}; --full shows all")


def _alike(warnings: list[str], viewing: Viewing) -> tuple[str, ...]:
    """Fold warnings that say the same of many; what is said once is never folded away."""
    if viewing.is_full or not viewing.folds_warnings or len(warnings) <= _MOST:
        return tuple(warnings)
    shapes = [_DETAIL.sub("", warning) for warning in warnings]
    counts, seen, kept = Counter(shapes), Counter[str](), []
    for shape, warning in zip(shapes, warnings, strict=True):
        seen[shape] += 1
        if seen[shape] <= _FIRST:
            kept.append(warning)
        elif seen[shape] == counts[shape]:
            kept.append(f"… and {counts[shape] - _FIRST:,} more like the last; --full shows all")
    return tuple(kept)


def _counts(actions: Sequence[Action]) -> Iterator[tuple[str, dict[Verb, int]]]:
    found = Counter((action.kind, action.verb) for action in actions)
    for kind in dict.fromkeys(action.kind for action in actions):
        yield kind, {verb: found[kind, verb] for verb in Verb}
