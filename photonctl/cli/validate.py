"""``photonctl validate``."""

import os
from collections.abc import Sequence

import click

from photonctl.cli.options import CI, MANIFEST, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import Diagnostic, ManifestError
from photonctl.kinds import kinds
from photonctl.model.filled import shown_text
from photonctl.views.terminal import safe


@click.command(
    cls=Command,
    epilog="photonctl validate -f prod/\nphotonctl validate prod.yaml team.csv\n"
    "photonctl validate --format sarif > photonctl.sarif",
)
@click.argument("files_named", metavar="[FILES]...", nargs=-1, type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab", "sarif"]),
    default="text",
    show_default=True,
    help="How findings are shown.",
)
@with_options(CI, MANIFEST)
def command(settings: Settings, *, files_named: tuple[str, ...]) -> None:
    """Check manifests against the schema and every rule, offline.

    FILES are manifests, or tables, which lead to the manifests in their folder and above that name
    them.
    """
    from photonctl.manifest.files import check_files
    from photonctl.rules import ruled

    names = _named(settings, files_named)
    try:
        loaded = check_files(names, settings.trust)
    except ManifestError as error:
        if settings.form != "text":
            _show(settings, [*error.diagnostics, *error.warnings])
        raise
    projects = ruled(settings.rules(), loaded.projects)
    settings.console.warn_of([str(warning) for warning in loaded.warnings])
    _show(settings, loaded.warnings)
    for project in projects if settings.form == "text" else ():
        counts = ", ".join(
            f"{count} {kind.name}{'s' * (count != 1)}"
            for kind in kinds()
            if kind.is_shown
            for count in [len(project.resources.get(kind.name, {}))]
        )
        name = shown_text(project.name)
        settings.console.result(safe(f'{project.manifest}: "{name}" is valid: {counts}'))


def _named(settings: Settings, files: tuple[str, ...]) -> tuple[str, ...]:
    if not files:
        return settings.files
    from photonctl.manifest.naming import manifests_of

    given = settings.files if settings.has_files else ()
    found, lonely = manifests_of(files)
    for name in lonely:
        settings.console.warn(f"no manifest in its folder or above names the table {name}")
    return (*given, *found)


def _show(settings: Settings, found: Sequence[Diagnostic]) -> None:
    """Print findings for a program; and in a CI system, where one is to be shown them."""
    from photonctl.cli.pipeline import show_findings

    form = settings.form
    if form == "text":
        show_findings(settings, found)
        return
    from photonctl.findings import findings_of
    from photonctl.views import findings

    listed = findings_of(found, os.environ)
    if form == "github":
        settings.console.commands(findings.github_lines(listed))
        return
    renders = {
        "json": findings.render_json,
        "gitlab": findings.render_gitlab,
        "sarif": findings.render_sarif,
    }
    settings.console.document(renders[form](listed))
