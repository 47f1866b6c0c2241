"""``photonctl schema``."""

import click

from photonctl.cli.console import Console
from photonctl.cli.options import Command


@click.command(cls=Command, epilog="photonctl schema > photon.schema.json")
def command() -> None:
    """Print the manifest's JSON Schema (draft 2020-12), for editors and checks."""
    from photonctl.manifest.schema import schema_text

    Console().document(schema_text().rstrip("\n"))
