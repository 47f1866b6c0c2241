"""What every view of a plan says, in words: shared by text, Markdown and HTML."""

import json
from collections.abc import Iterator
from shlex import join

from photonctl.kinds import kind_named
from photonctl.kinds.values import Personal
from photonctl.model.filled import Filled, shown_text
from photonctl.model.places import pair_text, quoted, target_as_key
from photonctl.model.plan import Action, HoldReason, Place, Plan, ProjectPlan, Verb
from photonctl.model.spec import BUILT_IN_SINKS, PLUGIN, JsonValue, SinkSpec, spec_to_json
from photonctl.planner.estimate import estimate as estimated
from photonctl.urls import shown_url, whole_url
from photonctl.views.redact import OPEN, Redaction

HELD = {
    HoldReason.OWNER: "the project's owner",
    HoldReason.PROTECTED: "protected",
    HoldReason.IGNORED: "ignored",
    HoldReason.NOT_PRUNED: "not declared, and prune is off for its kind",
}
_UNCHANGED = (
    ("noop", "unchanged"),
    ("protected", "protected"),
    ("ignored", "ignored"),
    ("notPruned", "not pruned"),
)


def where(place: Place | None, redaction: Redaction = OPEN) -> str:
    """Name the server and the account."""
    if place is None:
        return "an unknown server"
    hosts = dict.fromkeys((place.dashboard, place.spectrum))
    who = f" as {redaction.field(place.account, Personal.EMAIL)}" if place.account else ""
    by = f" with {place.credential}" if place.credential and not who else ""
    return f"{' and '.join(hosts)}{who}{by}"


def places(plan: Plan) -> str:
    """Name every server and account of a plan; "" = it has no project."""
    return "; ".join(dict.fromkeys(where(project.place) for project in plan.projects))


def title(plan: ProjectPlan) -> str:
    """Name a project, and its id if it is live."""
    live = f"({plan.id})" if plan.id else "(not live yet)"
    return f"{quoted(plan.name)} {live}"


def value(data: JsonValue) -> str:
    """Return a field's value as it is shown; a missing one as ``(none)``."""
    if data is None:
        return "(none)"
    return json.dumps(whole_url(data) if isinstance(data, str) else data, ensure_ascii=False)


def fields(action: Action) -> Iterator[tuple[str, JsonValue]]:
    """Yield the fields that a creation or a replacement sends, unless the label says it all."""
    if action.verb not in (Verb.CREATE, Verb.REPLACE) or action.spec is None:
        return
    key_field = kind_named(action.kind).key_field
    for name, content in spec_to_json(action.spec).items():
        # A value that was filled in decides nothing here: it is its label, normalised or not.
        is_label = isinstance(content, Filled) and shown_url(content) == action.label
        is_said = name == key_field and (content == action.key or is_label)
        if not (content is None or is_said):
            yield name, content


def kept_by(sink: SinkSpec) -> str:
    """Say where a secret goes, whole: a reviewer decides by it what a plan may run and write."""
    if sink.members:
        return "; and ".join(map(kept_by, sink.members))
    if sink.type == "exec":
        return f"runs a command that keeps it: {join((sink.target, *sink.arguments))}"
    if sink.type in BUILT_IN_SINKS:
        return f"kept by {sink.type} {target_as_key(sink)}"
    name = shown_text(sink.type).removeprefix(PLUGIN)
    return f"runs the plugin {name}, which keeps it in {target_as_key(sink)}"


def credentials(plan: ProjectPlan) -> str | None:
    """Say where the project's own credentials are; None = nowhere, or they will be stored."""
    if plan.credentials is None or plan.credentials_due is not None:
        return None
    return f"The project's credentials: {pair_text(plan.credentials)}"


def unchanged(plan: ProjectPlan) -> str:
    """Count what there isn't to do; "" = nothing is live."""
    counts = plan.summary()
    return ", ".join(f"{counts[name]:,} {word}" for name, word in _UNCHANGED if counts[name])


def partial(plan: ProjectPlan) -> str:
    """Say that a plan leaves actions out; "" = it is whole."""
    if not plan.left_out:
        return ""
    done = len(plan.actions)
    return f"partial: {done:,} of {done + plan.left_out:,} actions"


def estimate(plan: Plan, rate: int) -> str:
    """Say how many requests an apply takes, and how long; "" = nothing is to be done."""
    if not plan.has_changes:
        return ""
    cost = estimated(plan, rate)
    minutes, seconds = divmod(round(cost.seconds), 60)
    time = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    at = f"at {rate}/s" if rate else "without a limit"
    return f"{cost.requests:,} requests, about {time} {at}"
