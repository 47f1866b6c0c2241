"""``photonctl validate``."""

import click

from photonctl.cli.settings import Settings, shared_options
from photonctl.views.terminal import safe


@click.command(epilog="Example:  photonctl validate -f photon.yaml")
@shared_options
def command(settings: Settings) -> None:
    """Check manifests against the schema and every rule, offline."""
    loaded = settings.load()
    for project in loaded.projects:
        users = len(project.resources.get("user", {}))
        webhooks = len(project.resources.get("webhook", {}))
        told = f'{project.manifest}: "{project.name}" is valid: {users} users, {webhooks} webhooks'
        settings.console.result(safe(told))
