"""How many requests an apply takes, and how long they take at the limit. Pure."""

from msgspec import Struct

from photonctl.model.plan import Plan, ProjectPlan, Verb

_AT_ONCE = 50  # requests per second of a whole run: 8 on their way (--parallelism), 150 ms each
_CHECKS = 2  # get-session and the project list, once for the whole run
_COSTS = {Verb.CREATE: 1, Verb.UPDATE: 1, Verb.REPLACE: 2, Verb.DELETE: 1}


class Estimate(Struct, frozen=True, kw_only=True):
    """What an apply costs, where nothing has to be sent twice.

    Attributes:
        requests: of all projects.
        seconds: of the project that takes longest, whose limit is its own (contract §5.5), or of
            all requests at the usual parallelism, if that takes longer.
    """

    requests: int
    seconds: float


def estimate(plan: Plan, rate: int) -> Estimate:
    """Return what applying a plan costs.

    ``rate``: requests per second and project; 0 = no limit.
    """
    counts = [_requests(project) for project in plan.projects if project.actions]
    if not counts:
        return Estimate(requests=0, seconds=0.0)
    requests = _CHECKS + sum(counts)
    longest = max(counts) / rate if rate else 0.0
    return Estimate(requests=requests, seconds=round(max(longest, requests / _AT_ONCE), 1))


def _requests(project: ProjectPlan) -> int:
    """Count each kind's list once before, and once after for those that are changed."""
    touched = {action.kind for action in project.actions}
    replaced = {a.kind for a in project.actions if a.verb is Verb.CREATE} & {
        a.kind for a in project.actions if a.verb is Verb.DELETE
    }  # listed before the deletes, to see what was created in their place
    actions = sum(_COSTS[action.verb] for action in project.actions)
    return actions + len(project.kinds) + len(touched) + len(replaced)
