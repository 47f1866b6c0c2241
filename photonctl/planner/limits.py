"""May a plan be applied? The answer is part of the plan (interface §1, §5)."""

from collections.abc import Iterator, Sequence

from photonctl.model.plan import Action, Refusal, Verb
from photonctl.model.policy import Policy
from photonctl.model.state import Evidence, LiveProject, Stored

_ANOTHERS = (Stored.OTHER, Stored.ELSEWHERE)
_COUNTED = ("user", "webhook")
_HINT = "Look at the deletes in the plan. If they are meant:\n  photonctl apply --allow-deletes"


def delete_refusals(
    policy: Policy, actions: Sequence[Action], live: LiveProject
) -> Iterator[Refusal]:
    """Hold the plan's deletes against ``limits``, users and webhooks together."""
    count = sum(a.verb is Verb.DELETE and a.kind in _COUNTED for a in actions)
    total = sum(len(live.resources.get(kind, {})) for kind in _COUNTED)
    if policy.max_deletes is not None and count > policy.max_deletes:
        yield Refusal(
            message=f"{count} deletes are more than limits.maxDeletes: {policy.max_deletes}",
            hint=_HINT,
            is_overridable=True,
        )
    percent = policy.max_delete_percent
    if percent is not None and count * 100 > percent * total:
        share = count * 100 / max(total, 1)
        yield Refusal(
            message=f"{count} of {total} live users and webhooks would be deleted "
            f"({share:.0f} %): more than limits.maxDeletePercent: {percent}",
            hint=_HINT,
            is_overridable=True,
        )


def sink_refusals(actions: Sequence[Action], *, allows_default_sinks: bool) -> Iterator[Refusal]:
    """Refuse to store a one-time secret on a disk that is thrown away (interface §5)."""
    homeless = [a.key for a in actions if a.sink is not None and a.sink.is_default]
    if homeless and not allows_default_sinks:
        yield Refusal(
            message="CI=true, and these webhooks declare no secret sink, so their secrets would "
            f"be lost with this runner's disk: {', '.join(homeless)}",
            hint="Declare where each secret goes, for example secret: {envFile: .env}, "
            "and keep that file.",
        )


def overwrite_refusals(actions: Sequence[Action], live: LiveProject) -> Iterator[Refusal]:
    """Refuse to store a secret over that of another webhook which stays live."""
    staying = _staying(actions, live)
    for action, place, found in _overwrites(actions, live):
        kept = staying.get(found.stored_id)
        if kept is None and found.stored_of is not None:
            kept = f'a webhook of the project "{found.stored_of}"'
        if kept is not None:
            yield Refusal(
                message=f"{place} holds the secret of {kept}, which stays live: the secret of "
                f"{action.key} would overwrite it",
                hint="Declare another name for the new one:\n"
                "  secret: {envFile: .env, key: ANOTHER_NAME}",
            )


def overwrite_warnings(actions: Sequence[Action], live: LiveProject) -> Iterator[str]:
    """Tell of a secret that is replaced and belongs to nothing that is known."""
    known = {row.id for rows in live.resources.values() for row in rows.values()}
    for action, place, found in _overwrites(actions, live):
        if action.verb is not Verb.CREATE:
            continue
        if found.stored_id is None:
            held = "a value that nothing tells the origin of"
        elif found.stored_id in known:
            continue
        else:
            held = f"the secret of {found.stored_id}, which isn't live in this project"
        yield f"webhook {action.key}: {place} holds {held}, and will hold the new secret."


def _overwrites(
    actions: Sequence[Action], live: LiveProject
) -> Iterator[tuple[Action, str, Evidence]]:
    """Yield who would store a secret where there is one, and what is known of that."""
    for action in actions:
        found = live.evidence.get(action.key)
        if action.sink is not None and found is not None and found.stored in _ANOTHERS:
            yield action, f"{action.sink.key} in {action.sink.target}", found


def _staying(actions: Sequence[Action], live: LiveProject) -> dict[str | None, str]:
    """Return what is live and neither deleted nor replaced: id → key."""
    going = {a.id for a in actions if a.verb in (Verb.DELETE, Verb.REPLACE)}
    rows = (row for rows in live.resources.values() for row in rows.values())
    return {row.id: row.key for row in rows if row.id is not None and row.id not in going}
