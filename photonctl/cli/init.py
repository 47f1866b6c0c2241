"""``photonctl init``."""

import os
from pathlib import Path

import click

from photonctl.cli.options import FILES, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError
from photonctl.files import refuse_link


@click.command(cls=Command, epilog="photonctl init && photonctl plan --emulator")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@with_options(FILES)
def command(settings: Settings, *, force: bool) -> None:
    """Write a commented starter manifest."""
    from photonctl.manifest.write import starter

    path = Path(settings.files[0])
    if os.path.isdir(path):  # noqa: PTH112  # takes a name of any length
        path /= "photon.yaml"
    text = starter(path.absolute().parent.name)
    if settings.files[0] == "-":
        settings.console.document(text.rstrip("\n"))
        return
    refuse_link(path)
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise RefusedError(
            f"{path} is there already", hint="To overwrite it:\n  photonctl init --force"
        ) from None
    except OSError as error:
        raise RefusedError(f"{path} can't be written: {error.strerror}") from error
    settings.console.say(f"Wrote {path}. Edit it, then look at what it would do:")
    settings.console.say("  photonctl plan")
