"""Where one-time secrets go (interface §5): built in, or a plugin's.

A plugin is an entry point of the group ``photonctl.sinks``, named like the word in the manifest's
``secret: {plugin: NAME}``, that leads to a function ``(spec: SinkSpec, folder: Path) -> Sink``.
Everything that one needs can be imported from here; ``__all__`` is public.
"""

from collections.abc import Callable
from pathlib import Path

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.filled import shown_text
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import Stored
from photonctl.sinks.base import Inspectable, Sink

__all__ = [
    "Inspectable",
    "OneTimeSecrets",
    "Secret",
    "Sink",
    "SinkError",
    "SinkNotWritable",
    "SinkSpec",
    "Stored",
    "open_sink",
]

_GROUP = "photonctl.sinks"


def open_sink(spec: SinkSpec, folder: Path, state: Path | None = None) -> Sink:
    """Return the sink that a declaration names; relative paths start from ``folder``.

    ``state``: for what is temporary; None = the ``.photonctl`` beside what is written.

    Raises:
        SinkNotWritable: a plugin isn't installed, or can't be loaded.
    """
    match spec.type:
        case "envFile":
            from photonctl.sinks.env_file import EnvFileSink

            return EnvFileSink(
                folder / spec.target,
                spec.key,
                shown=folder / shown_text(spec.target),
                state=state,
            )
        case "exec":
            from photonctl.sinks.exec import ExecSink

            return ExecSink((spec.target, *spec.arguments), folder, state=state)
        case "keyring":
            from photonctl.sinks.keyring import KeyringSink

            return KeyringSink(spec.target, spec.key, shown=shown_text(spec.target))
        case _:
            return _plugin(spec.type)(spec, folder)


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
