"""May a plan be applied? The answer is part of the plan (interface §1, §5)."""

from collections.abc import Iterator, Sequence

from photonctl.model.plan import Action, Refusal, Verb
from photonctl.model.policy import Policy
from photonctl.model.state import LiveProject

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
    for action, owner_id in _overwrites(actions, live):
        kept = _staying(actions, live).get(owner_id)
        if kept is not None and action.sink is not None:
            place = f"{action.sink.key} in {action.sink.target}"
            yield Refusal(
                message=f"{place} holds the secret of {kept}, which stays live: the secret of "
                f"{action.key} would overwrite it",
                hint="Declare another name for the new one:\n"
                "  secret: {envFile: .env, key: ANOTHER_NAME}",
            )


def overwrite_warnings(actions: Sequence[Action], live: LiveProject) -> Iterator[str]:
    """Tell of a secret that is replaced and belongs to nothing in this project."""
    known = {row.id for rows in live.resources.values() for row in rows.values()}
    for action, owner_id in _overwrites(actions, live):
        if owner_id not in known and action.verb is Verb.CREATE and action.sink is not None:
            yield (
                f"webhook {action.key}: {action.sink.key} in {action.sink.target} holds the secret "
                f"of {owner_id}, which isn't live in this project, and will hold the new one."
            )


def _overwrites(actions: Sequence[Action], live: LiveProject) -> Iterator[tuple[Action, str]]:
    for action in actions:
        evidence = live.evidence.get(action.key)
        if action.sink is not None and evidence is not None and evidence.stored_id is not None:
            yield action, evidence.stored_id


def _staying(actions: Sequence[Action], live: LiveProject) -> dict[str, str]:
    """Return what is live and neither deleted nor replaced: id → key."""
    going = {a.id for a in actions if a.verb in (Verb.DELETE, Verb.REPLACE)}
    rows = (row for rows in live.resources.values() for row in rows.values())
    return {row.id: row.key for row in rows if row.id is not None and row.id not in going}
