"""Where one-time secrets go (interface §5): built in, or a plugin's.

A plugin is an entry point of the group ``photonctl.sinks``, named like the word in the manifest's
``secret: {plugin: NAME}``, that leads to a function ``(spec: SinkSpec, folder: Path) -> Sink``.
Everything that one needs can be imported from here; ``__all__`` is public.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.filled import shown_text
from photonctl.model.held import CREATION, Intent, Record
from photonctl.model.secret import Secret
from photonctl.model.spec import PLUGIN, SEVERAL, STORES, OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import Stored, Whose
from photonctl.sinks.base import Inspectable, KeepsRecords, KnowsRotation, Readable, Sink

__all__ = [
    "Inspectable",
    "Intent",
    "KeepsRecords",
    "KnowsRotation",
    "OneTimeSecrets",
    "Origin",
    "Readable",
    "Record",
    "Secret",
    "Sink",
    "SinkError",
    "SinkNotWritable",
    "SinkSpec",
    "Stored",
    "open_sink",
]

_GROUP = "photonctl.sinks"


def open_sink(
    spec: SinkSpec, folder: Path, state: Path | None = None, beside: Sequence[SinkSpec] = ()
) -> Sink:
    """Return the sink that a declaration names; relative paths start from ``folder``.

    Args:
        spec: the declaration.
        folder: the manifest's.
        state: for what is temporary; None = the ``.photonctl`` beside what is written.
        beside: the places of the same secret, where there are several.

    Raises:
        SinkNotWritable: a plugin isn't installed, or can't be loaded.
    """
    match spec.type:
        case "envFile":
            return _env_file(spec, folder, state, beside)
        case "exec":
            from photonctl.sinks.exec import ExecSink

            return ExecSink((spec.target, *spec.arguments), folder, state=state)
        case "keyring":
            from photonctl.sinks.keyring import KeyringSink

            return KeyringSink(spec.target, spec.key, shown=shown_text(spec.target))
        case word if word in STORES:
            from photonctl.sinks.stores import open_store

            return open_store(spec)
        case word if word == SEVERAL:
            from photonctl.sinks.several import SeveralSinks

            return SeveralSinks(
                [open_sink(place, folder, state, beside=spec.members) for place in spec.members]
            )
        case _:
            return _plugin(spec.type.removeprefix(PLUGIN))(spec, folder)


def _env_file(spec: SinkSpec, folder: Path, state: Path | None, beside: Sequence[SinkSpec]) -> Sink:
    from photonctl.sinks.env_file import EnvFileSink

    return EnvFileSink(
        folder / spec.target,
        spec.key,
        shown=folder / shown_text(spec.target),
        state=state,
        beside=[(folder / place.target, place.key) for place in beside if place.type == spec.type],
    )


def each(sink: Sink) -> tuple[Sink, ...]:
    """Return the places of a sink: itself, or each of several."""
    members: tuple[Sink, ...] = getattr(sink, "members", ())
    return members or (sink,)


def whose(sink: Readable) -> Whose:
    """Return all that a place says of what it holds, so that a change of it can be seen.

    Of a place that keeps no records: the id beside it, and the secrets' digests.

    Raises:
        SinkError, OSError: it can't be asked.
    """
    if isinstance(sink, KeepsRecords):
        found = sink.record()
        if found is None:
            return ()
        held = (found.host, found.project_id, found.webhook_id, found.holds.name, found.digest)
        if found.asked in ("", CREATION):  # the second is this run's own, or keeps nothing
            return held if found.holds is not Stored.NOTHING else ()
        return (*held, found.asked, *found.asked_by)
    kept = sink.kept()
    if kept is None:
        return ()
    secrets = (kept.signing, kept.standard)
    return (kept.webhook_id, *(secret.digest() if secret else "" for secret in secrets))


def _plugin(name: str) -> Callable[[SinkSpec, Path], Sink]:
    from importlib.metadata import entry_points

    found = entry_points(group=_GROUP, name=name)
    for point in found:
        try:
            make: Callable[[SinkSpec, Path], Sink] = point.load()
        except Exception as error:
            raise SinkNotWritable(
                f"the secret sink {shown_text(name)} of {point.value} can't be loaded "
                f"({type(error).__name__})",
                hint="Install it again, or name another sink.",
            ) from error
        return make
    known = ", ".join(sorted(point.name for point in entry_points(group=_GROUP))) or "none"
    raise SinkNotWritable(
        f"there is no secret sink called {shown_text(name)}; plugins installed: {known}",
        hint="Install the package that brings it, or declare an env file, for example "
        "secret: {envFile: .env}",
    )
