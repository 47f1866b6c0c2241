"""``photonctl schema``."""

import click

from photonctl.cli.console import Console
from photonctl.cli.options import Command
from photonctl.published import SCHEMAS, schema_text


@click.command(
    cls=Command,
    epilog="photonctl schema > photon.schema.json\nphotonctl schema report",
)
@click.argument("name", required=False, default="manifest", type=click.Choice(list(SCHEMAS)))
def command(name: str) -> None:
    """Print a JSON Schema (draft 2020-12): of the manifest, or of what programs read.

    plan is of plan --json and of plan files, report of apply --json and --report, events of a line
    of apply --events. New properties may be added to the last three at any time.
    """
    Console().document(schema_text(name).rstrip("\n"))
