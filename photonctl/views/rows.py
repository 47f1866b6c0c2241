"""What every view of a plan says, in words: shared by text, Markdown and HTML."""

from collections.abc import Callable, Iterator
from shlex import join

from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Hold, HoldReason, Place, Plan, ProjectPlan, Verb
from photonctl.model.spec import BUILT_IN_SINKS, JsonValue, SinkSpec, spec_to_json
from photonctl.views.terminal import before, value

_HELD = {
    HoldReason.OWNER: "the project's owner",
    HoldReason.PROTECTED: "protected",
    HoldReason.IGNORED: "ignored",
    HoldReason.NOT_PRUNED: "not declared, and prune is off for its kind",
}


def where(place: Place | None) -> str:
    """Name the server and the account."""
    if place is None:
        return "an unknown server"
    hosts = dict.fromkeys((place.dashboard, place.spectrum))
    who = f" as {place.account}" if place.account else ""
    by = f" with {place.credential}" if place.credential and not who else ""
    return f"{' and '.join(hosts)}{who}{by}"


def places(plan: Plan) -> str:
    """Name every server and account of a plan; "" = it has no project."""
    return "; ".join(dict.fromkeys(where(project.place) for project in plan.projects))


def title(plan: ProjectPlan) -> str:
    """Name a project, and its id if it is live."""
    live = f"({plan.id})" if plan.id else "(not live yet)"
    return f'"{shown_text(plan.name)}" {live}'


def key(action: Action | Hold) -> str:
    """Name a resource; of a delete, also whom it concerns."""
    who = action.who if isinstance(action, Action) else ""
    label = action.label or action.key
    return f"{label} {who}" if who else label


def fields(action: Action) -> Iterator[tuple[str, JsonValue]]:
    """Yield the fields that a creation or a replacement sends."""
    if action.verb not in (Verb.CREATE, Verb.REPLACE) or action.spec is None:
        return
    for name, content in spec_to_json(action.spec).items():
        if content is not None and content != action.key:
            yield name, content


def changes(
    action: Action, escape: Callable[[str], str], escape_whole: Callable[[str], str]
) -> Iterator[str]:
    """Yield a cell's lines: each change, each declared field and the place of a secret.

    ``escape_whole`` hides nothing: a command must be seen as it would run.
    """
    for change in action.changes:
        was, will = escape(before(change)), escape(value(change.after))
        yield f"{escape(change.field)}: {was} → {will}"
    for name, content in fields(action):
        yield f"{escape(name)}: {escape(value(content))}"
    if action.sink is not None:
        yield escape_whole(f"secret: {kept_by(action.sink)}")


def kept_by(sink: SinkSpec) -> str:
    """Say where a secret goes, whole: a reviewer decides by it what a plan may run and write."""
    if sink.type == "exec":
        return f"runs a command that keeps it: {join((sink.target, *sink.arguments))}"
    place = f"{shown_text(sink.target)} as {shown_text(sink.key)}"
    if sink.type in BUILT_IN_SINKS:
        return f"kept by {sink.type} {place}"
    return f"runs the plugin {shown_text(sink.type)}, which keeps it in {place}"


def credentials(plan: ProjectPlan) -> str | None:
    """Say where the project's own credentials go; None = nowhere."""
    if plan.credentials is None:
        return None
    place = shown_text(plan.credentials.target)
    return (
        f"The project's credentials: kept by envFile {place} as PHOTON_PROJECT_ID and "
        "PHOTON_PROJECT_SECRET"
    )


def held(hold: Hold) -> str:
    """Say why a resource isn't deleted."""
    return f"{hold.kind} {key(hold)} stays: {_HELD[hold.why]}"


def counts(plan: ProjectPlan) -> str:
    """Count what there is to do; "" = nothing."""
    found = plan.summary()
    return ", ".join(f"{found[verb.value]} to {verb.value}" for verb in Verb if found[verb.value])
