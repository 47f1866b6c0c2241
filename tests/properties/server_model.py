"""A pure model of what Photon does with an action: the planner's laws are tested against it."""

from msgspec.structs import replace

from photonctl.kinds.profile.kind import ProfileSpec
from photonctl.kinds.project.kind import ProjectSpec
from photonctl.model.plan import Verb
from photonctl.model.spec import UNSET, Live
from photonctl.model.state import Evidence, LiveProject, Stored


def carry_out(live, action, serial):
    """Return the live state after one action; ``serial`` makes new ids."""
    if action.kind == "project" and action.verb is Verb.CREATE:
        return _new_project(action)
    rows = dict(live.resources.get(action.kind, {}))
    evidence = dict(live.evidence)
    if action.verb is Verb.DELETE:
        del rows[action.key]
    elif action.verb is Verb.UPDATE or action.kind == "profile":
        rows[action.key] = replace(
            rows[action.key], spec=_merged(rows[action.key].spec, action.spec)
        )
    else:
        spec = _nulled(action.spec)
        rows[action.key] = Live(key=action.key, spec=spec, id=f"new-{serial}")
    if action.sink is not None:
        evidence[action.ref] = Evidence(stored=Stored.ALL)
    return replace(live, resources={**live.resources, action.kind: rows}, evidence=evidence)


def _new_project(action):
    return LiveProject(
        id="p-new",
        name=action.spec.name,
        resources={
            "project": {action.key: Live(key=action.key, spec=ProjectSpec(name="bot"), id="p-new")},
            "platform": {},
            "profile": {"profile": Live(key="profile", spec=ProfileSpec(first_name=None))},
            "user": {},
            "webhook": {},
        },
    )


def _merged(have, sent):
    given = {name: getattr(sent, name) for name in sent.__struct_fields__}
    return replace(have, **{k: v for k, v in given.items() if v is not UNSET and v is not None})


def _nulled(spec):
    """What wasn't sent is null on the server."""
    empty = {"first_name", "last_name", "email"}
    unset = {name: None for name in spec.__struct_fields__ if name in empty}
    return replace(spec, **{k: v for k, v in unset.items() if getattr(spec, k) is UNSET})
