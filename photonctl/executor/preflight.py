"""What must be true before anything is changed. Nothing here changes anything at Photon."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from photonctl.errors import PLAN_AGAIN, PlanRefused
from photonctl.executor.shown import LiveRows, is_named
from photonctl.intents import check_unchanged, keeps_intents
from photonctl.journal import Journal
from photonctl.kinds import deletes_root, kind_named, kinds
from photonctl.kinds.base import Kind
from photonctl.model.filled import shown_text
from photonctl.model.places import place_name
from photonctl.model.plan import (
    Action,
    Hold,
    HoldReason,
    Place,
    Plan,
    ProjectPlan,
    SecretStep,
    Verb,
)
from photonctl.model.policy import Policy
from photonctl.model.spec import Live, spec_to_json
from photonctl.model.state import Before, LiveProject
from photonctl.planner.patterns import too_much_to_match
from photonctl.port import AccountPort, SessionUser
from photonctl.sinks import each, open_sink
from photonctl.texts import nfc
from photonctl.versioned import commit_warning, to_be_committed

_PLAN = "  photonctl plan --out plan.json"
_SPARE_S = 60.0  # for a person's answer, and for reading back
_REQUESTS_PER_ACTION = 2.0
_FASTEST = 50.0  # requests per second, about, where there is no limit


async def check_token(
    account: AccountPort, project_ids: Sequence[str | None]
) -> SessionUser | None:
    """Ensure a valid token; None = the environment's pair opens all that is asked for.

    Raises:
        AuthError: there is none.
        ApiError: that can't be known.
    """
    is_only = len(project_ids) == 1
    if all(account.opens_by_pair(id_, is_only=is_only) for id_ in project_ids):
        return None
    return await account.check_token()


async def check_deleting(
    account: AccountPort, user: SessionUser | None, plans: Sequence[ProjectPlan]
) -> None:
    """Ensure a token before what is in a project is deleted, if the project is to follow.

    Raises:
        As ``check_token``.
    """
    if user is None and any(deletes_root(plan.actions) for plan in plans):
        await account.check_token()


def expiry_warning(
    session: SessionUser | None, whole: Plan, *, rate: int, now: datetime
) -> str | None:
    """Warn if the session may expire before the apply ends; ``rate`` as of ``Access``."""
    if session is None or session.expires_at is None or not whole.has_changes:
        return None
    count = sum(len(project.actions) for project in whole.projects)
    needed_s = _SPARE_S + count * _REQUESTS_PER_ACTION / (rate or _FASTEST)
    left_s = (session.expires_at - now).total_seconds()
    if left_s >= needed_s:
        return None
    return (
        f"the session expires in {max(0, left_s):.0f} s, possibly before this apply finishes. Log "
        "in again first, or run apply again for the rest:  photonctl login"
    )


def commit_warnings(whole: Plan) -> list[str]:
    """Name the files that would get a secret, and that git would commit."""
    paths = {
        project.folder / place.target: project.folder / shown_text(place.target)
        for project in whole.projects
        for sink in (*(action.stores_in for action in project.actions), project.credentials)
        if sink is not None
        for place in sink.places
        if place.type == "envFile"
    }
    return [commit_warning(paths[path]) for path in to_be_committed(paths)]


def check_limits(whole: Plan, *, lifted: Collection[str]) -> None:
    """Refuse a plan that must not be applied; ``lifted``: the flags that lift a refusal.

    Raises:
        PlanRefused: with every reason.
    """
    refusals = [
        refusal
        for project in whole.projects
        for refusal in project.refusals
        if refusal.lifted_by not in lifted
    ]
    if refusals:
        hints = dict.fromkeys(refusal.hint for refusal in refusals if refusal.hint)
        message = "; ".join(dict.fromkeys(refusal.message for refusal in refusals))
        raise PlanRefused(message, hint="\n".join(hints) or None)


def check_place(saved: Plan, here: Place) -> None:
    """Refuse a plan that was made at other hosts, by another account or in another folder.

    Raises:
        PlanRefused: both places.
    """
    for project in saved.projects:
        made = project.place
        if made is None:
            raise PlanRefused("the plan doesn't say where it was made", hint=PLAN_AGAIN)
        is_other = made.account and here.account and made.account != here.account
        if (made.dashboard, made.spectrum) != (here.dashboard, here.spectrum) or is_other:
            raise PlanRefused(
                f"the plan was made at {_where(made)}, and this is {_where(here)}",
                hint=f"Apply it where it was made, or plan here:\n{_PLAN}",
            )
        keeps = project.credentials or any(action.sink for action in project.actions)
        if keeps and project.manifest != "-" and not Path(project.manifest).exists():
            raise PlanRefused(
                f"the plan keeps secrets beside {project.manifest}, which isn't here",
                hint="Apply it from the folder in which it was made.",
            )


def _where(place: Place) -> str:
    hosts = dict.fromkeys((place.dashboard, place.spectrum))
    who = f", signed in as {place.account}" if place.account else ""
    return f"{' and '.join(hosts)}{who}"


def check_ids(saved: ProjectPlan, live: LiveProject) -> None:
    """Refuse a plan file whose actions name one resource and mean another, or one that must stay.

    Raises:
        PlanRefused: which, and why.
    """
    _check_name(saved, live)
    _check_generated(saved, live)
    _check_holds(saved, live)
    rows = LiveRows(live)
    for action in saved.actions:
        kind = kind_named(action.kind)
        row = rows.find(action, action.id)
        if action.verb is Verb.CREATE:
            if row is not None:
                raise _edited(action, "is live already")
            continue
        if row is None or row.id != action.id or not is_named(row, action):
            raise _edited(action, f"isn't {action.id}")
        _check_may_go(saved, action, row, live)
        known = spec_to_json(row.spec)
        for change in action.changes if action.verb is Verb.UPDATE else ():
            is_as_live = kind.comparable(change.field, change.before) == kind.comparable(
                change.field, known.get(change.field)
            )
            if change.field in kind.in_place and not is_as_live:
                raise _edited(action, f"isn't {change.before!r}")
        if action.who != kind.who(row) and (action.who or action.verb is Verb.DELETE):
            raise _edited(action, f"isn't {action.who}" if action.who else "has a name")


def _check_may_go(saved: ProjectPlan, action: Action, row: Live[Any], live: LiveProject) -> None:
    """Refuse to delete what must stay, and one of two twins: which stays depends on places.

    Raises:
        PlanRefused: why.
    """
    kind = kind_named(action.kind)
    if action.verb is Verb.DELETE and _leaves_twin(saved, row, action, live):
        raise PlanRefused(
            f"the plan deletes one of two live spellings of a URL, {action.label}: which of them "
            "stays depends on whose secret is stored then",
            hint="Apply without a plan file, or delete one of them in the dashboard.",
        )
    is_kept = row.is_owner or kind.is_matched(row, saved.protect.get(action.kind, ()))
    if is_kept and action.verb in (Verb.DELETE, Verb.REPLACE):
        why = "the project's owner" if row.is_owner else "protected"
        raise PlanRefused(
            f"the plan file would {action.verb.value} {action.kind} {action.label}, which is {why}",
            hint=PLAN_AGAIN,
        )


def _leaves_twin(saved: ProjectPlan, row: Live[Any], action: Action, live: LiveProject) -> bool:
    """Is a webhook deleted whose twin stays?"""
    if action.key == row.key or not kind_named(action.kind).has_secret:
        return False
    gone = {one.key for one in saved.actions if one.verb is Verb.DELETE}
    return row.key in live.resources.get(action.kind, {}) and row.key not in gone


def _check_name(saved: ProjectPlan, live: LiveProject) -> None:
    of_root = (a for a in saved.actions if a.verb is Verb.UPDATE and kind_named(a.kind).is_root)
    is_renamed = any(change.field == "name" for action in of_root for change in action.changes)
    is_named = live.name is None or nfc(live.name) == nfc(saved.name) or is_renamed
    if is_named and saved.id == live.id:
        return
    raise PlanRefused(
        f'the plan file was edited: "{shown_text(saved.name)}" is the project "{live.name}"',
        hint=PLAN_AGAIN,
    )


def held_rows(saved: ProjectPlan, live: LiveProject) -> dict[str, list[Live[Any]]]:
    """Return kind → the live resources of which a saved plan says that they stay."""
    found: dict[str, list[Live[Any]]] = {}
    for hold in saved.holds:
        row = live.resources.get(hold.kind, {}).get(hold.key)
        found.setdefault(hold.kind, []).extend([] if row is None else [row])
    return found


def _check_holds(saved: ProjectPlan, live: LiveProject) -> None:
    """Refuse a plan file that says of something else why it stays."""
    held = held_rows(saved, live)
    for kind in kinds():
        rows = live.resources.get(kind.name, {})
        holds = [hold for hold in saved.holds if hold.kind == kind.name]
        of_kind = held.get(kind.name, ())
        refused = next(too_much_to_match(kind, Policy(protect=saved.protect), of_kind), None)
        if refused is not None:
            raise PlanRefused(refused.message, hint=PLAN_AGAIN)
        for hold in holds:
            if not _is_held(hold, kind, rows.get(hold.key), saved):
                raise PlanRefused(
                    f"the plan file was edited: {kind.name} {hold.label or hold.key} doesn't stay "
                    f"({hold.why.value})",
                    hint=PLAN_AGAIN,
                )


def _is_held(hold: Hold, kind: Kind[Any], row: Live[Any] | None, saved: ProjectPlan) -> bool:
    """Does a live resource stay for the reason that is said?"""
    if row is None:
        return False
    if hold.why is HoldReason.OWNER:
        return bool(row.is_owner)
    patterns = saved.protect.get(kind.name, ())
    return hold.why is not HoldReason.PROTECTED or kind.is_matched(row, patterns)


def _check_generated(saved: ProjectPlan, live: LiveProject) -> None:
    """Refuse to give a project that has a secret another one: what signs in by it would stop."""
    for action in saved.actions:
        evidence = live.evidence.get(action.ref)
        is_incomplete = evidence is not None and evidence.was_interrupted
        if SecretStep.GENERATE in action.secret_steps and not is_incomplete:
            raise _edited(action, "has a secret already")


def _edited(action: Action, what: str) -> PlanRefused:
    return PlanRefused(
        f"the plan file was edited: {action.kind} {action.label} {what}", hint=PLAN_AGAIN
    )


def prove_sinks(projects: Sequence[tuple[ProjectPlan, Before]]) -> None:
    """Find out before the first action whether every one-time secret could be stored.

    Raises:
        SinkNotWritable: nothing was changed.
    """
    for project, before in projects:
        sinks = dict.fromkeys(action.sink for action in project.actions if action.sink)
        stored = {action.stores_in for action in project.actions}
        opened = {sink: open_sink(sink, project.folder, project.state) for sink in sinks}
        if not all(map(keeps_intents, opened.values())):
            Journal(project.folder, project.state).check_writable()
        for spec, sink in opened.items():
            for one, member in zip(spec.places, each(sink), strict=True):
                check_unchanged(member, before.places.get(one), place_name(one))
            if spec in stored:
                sink.check_writable()
        if (pair := project.credentials_due) is not None:
            from photonctl.sinks.pair_places import pair_places

            for place in pair_places(pair, project.folder, project.state):
                place.check_writable()
