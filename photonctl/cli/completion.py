"""``photonctl completion``."""

import click

from photonctl.cli.console import Console
from photonctl.cli.options import Command


@click.command(cls=Command, epilog='eval "$(photonctl completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a completion script for your shell."""
    from click.shell_completion import get_completion_class

    from photonctl.cli.main import cli

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    Console().document(completion(cli, {}, "photonctl", "_PHOTONCTL_COMPLETE").source())
