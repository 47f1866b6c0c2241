"""The plans of ``destroy``: what is live is deleted, and perhaps the project with it."""

from msgspec.structs import replace

from photonctl.kinds import kind_named, kinds, root_kind
from photonctl.model.filled import is_filled, shown_text
from photonctl.model.plan import Action, HoldReason, ProjectPlan, Refusal, Verb
from photonctl.model.policy import NO_LIMITS
from photonctl.model.reason import Reason, Why
from photonctl.model.spec import spec_to_json
from photonctl.model.state import DesiredProject, LiveProject
from photonctl.planner.diff import own_labels, plan_project
from photonctl.planner.limits import mode_refusals, name_refusals


def emptied(desired: DesiredProject) -> DesiredProject:
    """Return the desired state of a ``destroy``: nothing of the kinds that it empties.

    The owner, ``protect`` and ``ignore`` still hold; ``prune`` and ``limits`` don't.
    """
    names = [kind.name for kind in kinds() if kind.is_emptied_by_destroy]
    policy = replace(desired.policy, prune=dict.fromkeys(names, True), limits=NO_LIMITS)
    return replace(
        desired,
        policy=policy,
        resources={name: {} for name in names},
        labels=own_labels(desired),
        unnamed=_filled_in(desired),
        credentials=None,
        is_emptied=True,
    )


def _filled_in(desired: DesiredProject) -> dict[str, frozenset[str]]:
    return {
        kind: frozenset(
            declared.key
            for declared in by_key.values()
            if any(map(is_filled, spec_to_json(declared.spec).values()))
        )
        for kind, by_key in desired.resources.items()
    }


def plan_removal(desired: DesiredProject, live: LiveProject) -> ProjectPlan:
    """Return a plan that deletes an emptied project itself, too."""
    plan = plan_project(desired, live)
    if live.id is None:
        return plan
    if not plan.actions:
        names = name_refusals(desired, live, (), is_gone=True)
        only = (*mode_refusals(desired.policy, is_changed=True), *names)
        plan = replace(plan, refusals=(*plan.refusals, *only))
    kept = tuple(
        hold
        for hold in plan.holds
        if hold.why is not HoldReason.OWNER
        or kind_named(hold.kind).is_matched(
            live.resources[hold.kind][hold.key], desired.policy.protect.get(hold.kind, ())
        )
    )
    if kept:
        refusal = Refusal(
            message="the project has protected or ignored resources, which would be deleted, too",
            hint="Remove them from protect: and ignore: in the manifest first.",
        )
        plan = replace(plan, refusals=(*plan.refusals, refusal))
    deletion = Action(
        verb=Verb.DELETE,
        kind=root_kind().name,
        key=desired.name,
        label=shown_text(desired.name),
        id=live.id,
        reason=Reason(Why.DESTROY_PROJECT),
    )
    return replace(plan, actions=(*plan.actions, deletion), holds=kept)
