"""May a one-time secret be stored where the manifest wants it (interface §5)? Pure."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from photonctl.files import is_emulators_file
from photonctl.model.filled import shown_text
from photonctl.model.names import id_name
from photonctl.model.places import place_name, place_target, targets
from photonctl.model.plan import Action, Refusal, SecretStep, Verb
from photonctl.model.spec import STORES, SinkSpec
from photonctl.model.state import LiveProject, Occupied
from photonctl.texts import quote
from photonctl.urls import shown_url

_ANOTHER_NAME = "  secret: {envFile: .env, key: ANOTHER_NAME}"


def sink_refusals(actions: Sequence[Action], *, ci: str | None) -> Iterator[Refusal]:
    """Refuse to store a one-time secret on a disk that is thrown away."""
    sinks = [(a.label or a.key, a.stores_in) for a in actions]
    homeless = [label for label, sink in sinks if sink is not None and sink.is_default]
    if homeless and ci is not None:
        yield Refusal(
            message=f"this is a CI run ({ci}), and these declare no secret sink, so their secrets "
            f"would be lost with this runner's disk: {', '.join(homeless)}",
            hint="Declare where each secret goes, for example secret: {envFile: .env}, "
            "and keep that file.",
        )


def runner_warnings(actions: Sequence[Action], *, ci: str | None) -> Iterator[str]:
    """Say where a secret would go to a runner's disk, because the manifest says so."""
    sinks = [action.stores_in for action in actions]
    files = sorted(
        {
            place_target(place)
            for sink in sinks
            if sink is not None and not any(place.type in STORES for place in sink.places)
            for place in sink.places
            if place.type == "envFile" and not place.is_default
        }
    )
    if files and ci is not None and not any(is_emulators(a.sink) for a in actions if a.sink):
        yield (
            f"this is a CI run ({ci}), and secrets go to {', '.join(files)}. Photon shows them "
            "once: if the runner's disk is thrown away, so are they."
        )


def overwrite_refusals(actions: Sequence[Action], live: LiveProject) -> Iterator[Refusal]:
    """Refuse to store a secret over one that isn't known to be this project's, and dead.

    Also where what is there can't be known. Each place is judged by itself.
    """
    staying = _staying(actions, live)
    leaving = {row.id for rows in live.resources.values() for row in rows.values()} - set(staying)
    for action, held in _overwrites(actions, live):
        key = staying.get(held.stored_id) if held.stored_id != action.id else None
        kept = shown_url(key) if key is not None else None
        if kept is None and held.stored_of is not None:
            kept = f'a {action.kind} of the project "{held.stored_of}"'
        if kept is not None:
            yield Refusal(
                message=f"{place_name(held.place)} holds the secret of {kept}, which stays live: "
                f"the secret of {_label(action)} would overwrite it",
                hint=f"Declare another name for the new one:\n{_ANOTHER_NAME}",
            )
        elif held.stored_id is None or not (
            held.is_ours or held.stored_id in leaving or held.stored_id == action.id
        ):
            yield _unknown_origin(held, _label(action))
        elif _is_renamed(action) and held.stored_id not in (*leaving, action.id):
            # A file claims that it has the secret under another name; this one Photon gave us.
            yield _unknown_origin(held, _label(action))
    for action in actions:
        found = live.evidence.get(action.ref)
        is_obtained = action.verb is not Verb.UPDATE or bool(action.secret_steps)
        if action.sink is not None and found is not None and found.problem and is_obtained:
            yield Refusal(
                message=f"what is stored where the secret of {_label(action)} goes isn't known: "
                f"{found.problem}",
                hint="Make the place readable, and plan again.",
            )


def overwrite_warnings(actions: Sequence[Action], live: LiveProject) -> Iterator[str]:
    """Say which secret of a registration that is gone, or goes with the plan, will be replaced."""
    known = {row.id for rows in live.resources.values() for row in rows.values()}
    leaving = {a.id: _label(a) for a in actions if a.verb is Verb.DELETE}
    for action, held in _overwrites(actions, live):
        if held.stored_id is not None and held.stored_id in leaving:
            yield (
                f"{action.kind} {_label(action)}: {place_name(held.place)} holds the secret of "
                f"{leaving[held.stored_id]}, and will hold the new one before that is deleted."
            )
        is_gone = held.stored_id not in known and held.stored_of is None
        if action.verb is Verb.CREATE and held.is_ours and is_gone:
            yield (
                f"{action.kind} {_label(action)}: {place_name(held.place)} holds the secret "
                f"of {held.stored_id}, which isn't live any more, and will hold the new secret."
            )


def credentials_warnings(live: LiveProject) -> Iterator[str]:
    """Say that a program which reads the project's own credentials can't sign in by them."""
    for held in live.credentials:
        if held.of is None and not (held.is_empty or held.problem):
            yield (
                f"{targets(held.place)} holds another secret of this project, which isn't valid at "
                "this host."
            )


def credentials_refusals(name: str, live: LiveProject) -> Iterator[Refusal]:
    """Refuse to store the own credentials of the project ``name`` over those of another one."""
    flag = "--replace-stored PHOTON_PROJECT_SECRET"
    for held in live.credentials:
        if held.problem:
            yield Refusal(
                message=f"what is stored where the credentials of the project go isn't known: "
                f"{held.problem}",
                hint="Make the place readable, and plan again.",
            )
        elif held.of is not None and not is_emulators(held.place):
            whose = f"of the project {held.of}" if held.of else "of an unknown project"
            yield Refusal(
                message=f"{targets(held.place)} holds the credentials {whose}: those of "
                f'"{shown_text(name)}" would overwrite them',
                hint="Name another place in project.credentials, or, if they are not needed any "
                f"more:\n  photonctl apply {flag}",
                lifted_by=flag,
            )


def is_emulators(sink: SinkSpec) -> bool:
    """Is this a place for secrets of a local Photon, which nobody misses?"""
    return all(
        place.type == "envFile" and is_emulators_file(PurePosixPath(place.target))
        for place in sink.places
    )


def _is_renamed(action: Action) -> bool:
    """Does an action copy a secret from another name in the same place?"""
    is_alone = action.sink is not None and not action.sink.members
    return is_alone and SecretStep.COPY in action.secret_steps


def _unknown_origin(held: Occupied, label: str) -> Refusal:
    key = shown_text(held.place.key)
    flag = f"--replace-stored {key}"
    if held.stored_id is None:
        what = f"a secret of unknown origin: no {id_name(key)} says whose it is"
    elif held.is_ours:
        what = f"the secret of {held.stored_id}, which isn't live any more"
    else:
        # No id: the file that says it may be somebody else's, who would see what is in it.
        what = "the secret of a webhook that isn't known in this project at this host"
    return Refusal(
        message=f"{place_name(held.place)} holds {what}. The secret of {label} would overwrite it",
        hint="It may belong to another host or project, and can't be read again anywhere. Declare "
        "another name:\n"
        f"{_ANOTHER_NAME}\n"
        f"or, if it is not needed any more:\n  photonctl apply --replace-stored {quote(key)}",
        lifted_by=flag,
    )


def _overwrites(actions: Sequence[Action], live: LiveProject) -> Iterator[tuple[Action, Occupied]]:
    """Yield who would store a secret where there is another one, and what is known of that."""
    for action in actions:
        found = live.evidence.get(action.ref)
        if action.sink is not None and found is not None:
            for held in found.occupied:
                if not is_emulators(held.place):
                    yield action, held


def _label(action: Action) -> str:
    return action.label or action.key


def _staying(actions: Sequence[Action], live: LiveProject) -> dict[str | None, str]:
    """Return what is live and isn't deleted: id → key.

    What is replaced stays if its replacement fails: its secret is written over by that alone.
    """
    going = {a.id for a in actions if a.verb is Verb.DELETE}
    rows = (row for rows in live.resources.values() for row in rows.values())
    return {row.id: row.key for row in rows if row.id is not None and row.id not in going}
