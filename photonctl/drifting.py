"""Who changed what: live state since the last apply, or the manifest. Pure."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from photonctl.model.plan import Action, Plan, ProjectPlan, Verb
from photonctl.model.ref import hashed_ref, key_mark, keyed


class Origin(Enum):
    """Where a difference comes from."""

    OUTSIDE = "outside"
    """Somebody changed live state since the last apply."""
    PENDING = "pending"
    """The manifest was changed, and isn't applied yet."""
    UNKNOWN = "unknown"
    """Without the report of the last apply it can't be known."""


class Baseline(Struct, frozen=True, kw_only=True):
    """What the report of the last apply says was live then.

    Attributes:
        applied_at: when, as the report says it; "" = it doesn't.
        live: project (its id) → a hash of each resource's name → a hash of the resource.
        key: what the names are hashed with; "" = nothing.
        is_foreign: what it says of some project is hashed with another key, so it says nothing.
    """

    applied_at: str
    live: Mapping[str, Mapping[str, str]]
    key: str = ""
    is_foreign: bool = False


def baseline_of(report: Mapping[str, Any], key: str = "") -> Baseline:
    """Read a report's JSON; ``key``: ``PHOTONCTL_PLAN_KEY``, as it must have been then."""
    known = [
        project
        for project in report["projects"]
        if project.get("id") and isinstance(project.get("liveAfter"), dict)
    ]
    ours = [project for project in known if project.get("liveAfterKey") == key_mark(key)]
    live = {
        str(project["id"]): {str(k): str(v) for k, v in project["liveAfter"].items()}
        for project in ours
    }
    applied_at = str(report.get("appliedAt") or "")
    return Baseline(applied_at=applied_at, live=live, key=key, is_foreign=len(ours) < len(known))


def origin(action: Action, project: ProjectPlan, baseline: Baseline | None) -> Origin:
    """Say where the difference comes from that an action would remove."""
    then = baseline.live.get(project.id or "") if baseline is not None else None
    if then is None or baseline is None:
        return Origin.UNKNOWN
    before = then.get(hashed_ref(action.ref, baseline.key))
    match action.verb:
        case Verb.CREATE:
            is_outside = before is not None
        case Verb.DELETE:
            is_outside = before is None
        case Verb.UPDATE:
            now = project.live.get(action.ref)
            is_outside = before != (None if now is None else keyed(now, baseline.key))
        case Verb.REPLACE:
            is_outside = True  # its secret is lost, or it was registered again
    return Origin.OUTSIDE if is_outside else Origin.PENDING


def split(plan: Plan, baseline: Baseline | None) -> dict[Origin, Plan]:
    """Return the plan of each origin that there is any action of."""
    found = {}
    for wanted in Origin:
        projects = tuple(_only(project, wanted, baseline) for project in plan.projects)
        part = replace(plan, projects=tuple(p for p in projects if p.actions), unplanned=())
        if part.projects:
            found[wanted] = part
    return found


def _only(project: ProjectPlan, wanted: Origin, baseline: Baseline | None) -> ProjectPlan:
    actions = tuple(a for a in project.actions if origin(a, project, baseline) is wanted)
    return replace(project, actions=actions, holds=(), warnings=(), refusals=(), noop=0)
