"""``photonctl export``."""

from pathlib import Path

import click

from photonctl.cli.console import refuse_secrets
from photonctl.cli.options import EMULATOR, FILES, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError
from photonctl.files import refuse_link, write_private
from photonctl.views.terminal import safe


@click.command(cls=Command, epilog="photonctl export --project support-bot -o photon.yaml")
@click.option("--project", metavar="NAME|ID", help="Only this project.  [default: every project]")
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help="Write to a file, or to -.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@with_options(FILES, EMULATOR, NETWORK)
def command(settings: Settings, *, project: str | None, output: str | None, force: bool) -> None:
    """Write a manifest from live state; a plan of it is empty.

    Secrets can't be exported: Photon shows a webhook's signing secret only once. Where .env, in the
    folder written to, holds one, the manifest says under which name.
    """
    write_live(settings, project, output, force=force)


def write_live(settings: Settings, project: str | None, output: str | None, *, force: bool) -> None:
    """Write live state to a file, or to standard output; ``project``: None = all of it."""
    from photonctl.cli.session import in_session
    from photonctl.manifest.write import write_documents

    folder = Path(output or ".").parent
    documents = in_session(settings, lambda session: session.export(project, folder))
    text = write_documents(documents)
    if output in (None, "-"):
        settings.console.document(text.rstrip("\n"))
        return
    assert output is not None
    try:
        _write(Path(output), text, force=force)
    except FileExistsError:
        raise RefusedError(
            f"{output} is there already", hint="To overwrite it, add --force."
        ) from None
    except OSError as error:
        raise RefusedError(f"{output} can't be written: {error.strerror}") from error
    settings.console.say(safe(f"Wrote {output}, readable by you only: it names people."))


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a file that is private from the first byte on."""
    if path.exists() and not force:
        raise FileExistsError(path)
    refuse_link(path)
    write_private(path, refuse_secrets(text).encode())
