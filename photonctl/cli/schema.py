"""``photonctl schema``."""

import click


@click.command(epilog="Example:  photonctl schema > photon.schema.json")
def command() -> None:
    """Print the manifest's JSON Schema (draft 2020-12), for editors and checks."""
    from photonctl.manifest.schema import schema_text

    click.echo(schema_text().rstrip("\n"))
