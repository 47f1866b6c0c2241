"""Keep what a run is about, and what that can't do without. Pure.

A creation that something chosen needs comes along, such as the project of a new webhook; a delete
never does. What needs an excluded creation is left out with it.
"""

from collections.abc import Sequence

from photonctl.kinds import kind_named, root_kind
from photonctl.model.part import Part
from photonctl.model.plan import Action, SecretStep, Verb


def with_needed(part: Part, chosen: Sequence[Action], others: Sequence[Action]) -> list[Action]:
    """Return the actions of a part, in no particular order.

    Args:
        part: what the run is about.
        chosen: the actions that are in it.
        others: the other actions of the plan.
    """
    excluded = {choice.kind for choice in part.exclude}
    barred = {a.kind for a in others if _is_needed(a) and a.kind in excluded}
    kept = [a for a in chosen if a.verb is Verb.DELETE or not barred & _needs(a.kind)]
    changing = [a for a in kept if a.verb is not Verb.DELETE]
    # What is live already has what it needs, except a project that was never completed.
    wanted = {need for a in changing if a.verb is Verb.CREATE for need in _needs(a.kind)}
    wanted |= {root_kind().name} if changing else set()
    return [*kept, *(a for a in others if _is_needed(a) and a.kind in wanted)]


def _is_needed(action: Action) -> bool:
    """Can others depend on it? On what doesn't exist or isn't whole yet."""
    return action.verb is Verb.CREATE or SecretStep.GENERATE in action.secret_steps


def _needs(name: str) -> frozenset[str]:
    """Return every kind that a kind needs, directly or not."""
    needs = kind_named(name).needs
    return needs.union(*(_needs(needed) for needed in needs))
