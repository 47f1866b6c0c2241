"""Where one-time secrets go (interface §5)."""

from pathlib import Path

from photonctl.errors import SinkNotWritable
from photonctl.model.spec import SinkSpec
from photonctl.sinks.base import Sink

__all__ = ["Sink", "open_sink"]


def open_sink(spec: SinkSpec, folder: Path) -> Sink:
    """Return the sink that a declaration names; relative paths start from ``folder``.

    Raises:
        SinkNotWritable: this version has no such sink.
    """
    if spec.type == "envFile":
        from photonctl.sinks.env_file import EnvFileSink

        return EnvFileSink(folder / spec.target, spec.key)
    raise SinkNotWritable(
        f"secret sinks of the type {spec.type} aren't available in this version",
        hint="Declare an env file instead, for example secret: {envFile: .env}",
    )
