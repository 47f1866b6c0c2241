"""``photonctl validate``."""

import click

from photonctl.cli.options import MANIFEST, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.kinds import kinds
from photonctl.model.filled import shown_text
from photonctl.views.terminal import safe


@click.command(cls=Command, epilog="photonctl validate\nphotonctl validate -f prod/")
@with_options(MANIFEST)
def command(settings: Settings) -> None:
    """Check manifests against the schema and every rule, offline."""
    for project in settings.load():
        counts = ", ".join(
            f"{count} {kind.name}{'s' * (count != 1)}"
            for kind in kinds()
            if kind.is_shown
            for count in [len(project.resources.get(kind.name, {}))]
        )
        name = shown_text(project.name)
        settings.console.result(safe(f'{project.manifest}: "{name}" is valid: {counts}'))
