"""``photonctl export``."""

import os
from pathlib import Path

import click

from photonctl.cli.settings import Settings, shared_options
from photonctl.errors import RefusedError
from photonctl.views.terminal import safe


@click.command(epilog="Example:  photonctl export --project support-bot -o photon.yaml")
@click.option("--project", metavar="NAME|ID", help="Only this project.  [default: every project]")
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help="Write to a file, or to -.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@shared_options
def command(settings: Settings, *, project: str | None, output: str | None, force: bool) -> None:
    """Write a manifest from live state; a plan of it is empty.

    Secrets can't be exported: Photon shows a webhook's signing secret only once. Where .env, in the
    folder written to, holds one, the manifest says under which name.
    """
    from photonctl import exporter
    from photonctl.manifest.write import write_documents

    folder = Path(output or ".").parent
    documents = settings.with_access(lambda access: exporter.export(access, project, folder))
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
    how = os.O_TRUNC if force else os.O_EXCL
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
