"""May a plan be applied? The answer is part of the plan (interface §1)."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from photonctl.kinds import kind_named, kinds, root_kind
from photonctl.model.filled import HIDDEN, Filled, shown_text
from photonctl.model.plan import Action, Refusal, Verb
from photonctl.model.policy import Limits, Policy
from photonctl.model.spec import UNSET, Spec
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.texts import text_size

_LIFT_DELETES, _LIFT_CHANGES = "--allow-deletes", "--allow-changes"
_LOOK = "Look at the plan. If that is meant:\n  photonctl apply "


def limit_refusals(
    desired: DesiredProject, actions: Sequence[Action], live: LiveProject
) -> Iterator[Refusal]:
    """Hold the plan of each kind against ``limits``."""
    limits = desired.policy.limits
    named = dict.fromkeys(action.kind for action in actions)
    for kind in (name for name in named if kind_named(name).counts_in_limits):
        counts = {v: sum(a.verb is v for a in actions if a.kind == kind) for v in Verb}
        total = len(live.resources.get(kind, {}))
        why = _above(limits, counts[Verb.DELETE], total)
        if why is not None:
            where = ", ".join(
                f"{n} in {shown_text(name)}" for name, n in desired.origins.get(kind, ())
            )
            declared = f"; declared now: {where}" if where else ""
            yield Refusal(
                message=f"{counts[Verb.DELETE]} of {total} live {kind}s would be deleted, which is "
                f"more than {why}{declared}",
                hint=f"{_LOOK}{_LIFT_DELETES}",
                lifted_by=_LIFT_DELETES,
            )
        for verb, name, most in (
            (Verb.CREATE, "maxCreates", limits.max_creates),
            (Verb.UPDATE, "maxUpdates", limits.max_updates),
            (Verb.REPLACE, "maxReplaces", limits.max_replaces),
        ):
            if most is not None and counts[verb] > most:
                yield Refusal(
                    message=f"{counts[verb]} {kind}s to {verb.value} are more than "
                    f"limits.{name}: {most}",
                    hint=f"{_LOOK}{_LIFT_CHANGES}",
                    lifted_by=_LIFT_CHANGES,
                )


def _above(limits: Limits, count: int, total: int) -> str | None:
    """Say which limit on deletes is passed."""
    most, percent = limits.max_deletes, limits.max_delete_percent
    is_many = most is not None and count > most
    is_share = percent is not None and count * 100 > percent * total
    if limits.needs_both:
        both = f"{most}, and more than {percent} % of them"
        return (
            f"{both} (the default; limits: in the manifest changes it)"
            if is_many and is_share
            else None
        )
    if is_many:
        return f"limits.maxDeletes: {most}"
    if is_share:
        return f"limits.maxDeletePercent: {percent}"
    return None


def list_refusals(actions: Sequence[Action], live: LiveProject) -> Iterator[Refusal]:
    """Refuse to make a list so long that it couldn't be read any more: nothing would go on then.

    What is created comes before what is deleted.
    """
    for kind in kinds():
        sent = [a for a in actions if a.kind == kind.name and a.spec is not None]
        if not sent:
            continue
        specs = {key: row.spec for key, row in live.resources.get(kind.name, {}).items()}
        for action in sent:  # what is changed was so before, and may stay so
            specs[action.key] = _longer(specs.get(action.key), action.spec)
        why = kind.unreadable_list([*specs.values()], len(specs))
        if why is not None:
            yield Refusal(
                message=f"with what is live, {kind.section} would be a list that can't be read "
                f"back: {why}",
                hint="Delete what isn't needed first, in an apply of its own.",
            )


def _longer(have: Spec | None, sent: Any) -> Any:
    """Return a resource with the longer of both texts in each field; ``have``: None = it is new."""
    if have is None:
        return sent
    pairs = {name: (getattr(have, name), getattr(sent, name)) for name in sent.__struct_fields__}
    return replace(sent, **{name: max(pair, key=_length) for name, pair in pairs.items()})


def _length(value: object) -> int:
    """Return how much a text counts in a list; of those that are several, all together."""
    if value is UNSET or value is None:
        return 0
    return text_size([value if isinstance(value, tuple) else [value]])


def mode_refusals(policy: Policy, *, is_changed: bool) -> Iterator[Refusal]:
    """Refuse every change of a project that is only observed."""
    if policy.is_observed and is_changed:
        yield Refusal(
            message="the manifest says mode: observe, so nothing is applied",
            hint="To let apply change the project, write mode: manage.",
        )


def name_refusals(
    desired: DesiredProject, live: LiveProject, actions: Sequence[Action], *, is_gone: bool = False
) -> Iterator[Refusal]:
    """Refuse to create a project that one could take for a live one, or to delete of another one.

    One that is pinned by its id may have another name by now, which only a rename would show.
    ``is_gone``: it is deleted itself.
    """
    names = [root_kind().comparable("name", one) for one in (live.name, desired.name)]
    is_same = live.name is None or names[0] == names[1]
    is_renamed = any(kind_named(a.kind).is_root and a.verb is Verb.UPDATE for a in actions)
    is_gone |= any(action.verb in (Verb.DELETE, Verb.REPLACE) for action in actions)
    if is_gone and not (is_same or is_renamed):
        name = HIDDEN if isinstance(desired.name, Filled) else live.name
        yield Refusal(
            message=f'the project {live.id} is called "{name}", and the manifest says '
            f'"{shown_text(desired.name)}"',
            hint="Is it the right one? Correct project.name or project.id in the manifest; or "
            "rename the project first, by an apply of the whole manifest.",
        )
    for live_name, project_id in live.look_alikes:
        name = HIDDEN if isinstance(desired.name, Filled) else live_name
        yield Refusal(
            message=f'the project "{shown_text(desired.name)}" would be created, and "{name}" '
            f"({project_id}) is live, whose name differs only in case, white space or the form of "
            "its characters",
            hint="If that one is meant, write its name as it is, or pin it below project:\n"
            f"  id: {project_id}\n"
            "If not, choose a name that can't be mistaken for it.",
        )
