"""``photonctl validate``."""

import click

from photonctl.cli.machine import adapted
from photonctl.cli.settings import Settings, shared_options
from photonctl.model.filled import shown_text
from photonctl.views.terminal import safe


@click.command(epilog="Example:  photonctl validate -f photon.yaml")
@shared_options
def command(settings: Settings) -> None:
    """Check manifests against the schema and every rule, offline."""
    loaded = settings.load()
    adapted(settings, loaded.projects)
    for project in loaded.projects:
        counts = (
            f"{count} {kind}{'s' * (count != 1)}"
            for kind in ("user", "webhook")
            for count in [len(project.resources.get(kind, {}))]
        )
        told = f'{project.manifest}: "{shown_text(project.name)}" is valid: {", ".join(counts)}'
        settings.console.result(safe(told))
