"""``photonctl list``."""

import click

from photonctl.cli.options import MANIFEST, SHARD, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import UsageError
from photonctl.kinds import kinds
from photonctl.model.filled import shown_text
from photonctl.model.spec import JsonObject, JsonValue
from photonctl.model.state import DesiredProject
from photonctl.views.inert import json_text
from photonctl.views.terminal import safe

_MOST_JOBS = 256  # of a matrix on GitHub


@click.command(
    cls=Command,
    epilog="photonctl list -f fleet/\nphotonctl list -f fleet/ --shard 1/4\n"
    "photonctl list -f fleet/ --format matrix",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "matrix"]),
    default="text",
    show_default=True,
    help="matrix: for a job matrix of GitHub Actions, a job for each manifest.",
)
@with_options(SHARD, MANIFEST)
def command(settings: Settings) -> None:
    """List the projects that manifests declare, offline."""
    projects = settings.load()
    console = settings.console
    if settings.form == "json":
        console.document(json_text({"projects": [_entry(project) for project in projects]}))
    elif settings.form == "matrix":
        manifests = list(dict.fromkeys(project.manifest for project in projects))
        if len(manifests) > _MOST_JOBS:
            raise UsageError(
                f"{len(manifests):,} manifests are more than the {_MOST_JOBS} jobs of a matrix",
                hint="Use a matrix of shards:  photonctl apply --shard I/N",
            )
        console.document(json_text({"include": [{"manifest": name} for name in manifests]}))
    else:
        for project in projects:
            console.result(safe(f"{project.manifest}: {shown_text(project.name)}"))


def _entry(project: DesiredProject) -> JsonValue:
    declared: JsonObject = {
        kind.section: len(project.resources.get(kind.name, {})) for kind in kinds() if kind.is_shown
    }
    name = shown_text(project.name)
    return {"name": name, "id": project.id, "manifest": project.manifest, **declared}
