"""``photonctl fmt``."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from photonctl.cli.options import FILES, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import ManifestError, RefusedError
from photonctl.texts import printable

if TYPE_CHECKING:
    from photonctl.manifest.read import Values
    from photonctl.manifest.sources import Source

_WOULD_CHANGE = 1
_STDIN = "-"
_YAML = (".yaml", ".yml")
_HIDDEN = "(a line with a credential, which isn't shown)"


@click.command(
    cls=Command,
    epilog="photonctl fmt\nphotonctl fmt --check --diff prod.yaml\nphotonctl fmt - < photon.yaml",
)
@click.argument("files_named", metavar="[FILES]...", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Show what would change; write nothing.")
@with_options(FILES)
def command(settings: Settings, *, files_named: tuple[str, ...], check: bool, diff: bool) -> int:
    """Write manifests in their usual form; comments and layout stay.

    Phone numbers are quoted, and written in E.164 where their form is clear: +1 (415) 555-0102
    becomes "+14155550102". White space at the ends of lines, and more than one blank line, go.
    """
    from photonctl.manifest.read import Values
    from photonctl.reach import looking_once

    changed, values = 0, Values()
    given = settings.files if settings.has_files or not files_named else ()
    is_written = not (check or diff)
    with looking_once():
        for source in (found for name in (*given, *files_named) for found in _read(settings, name)):
            changed += _format(settings, source, values, is_shown=diff, is_written=is_written)
    if check or diff:
        return _WOULD_CHANGE if check and changed else 0
    settings.console.say(f"{changed} file{'s' * (changed != 1)} changed.")
    return 0


def _read(settings: Settings, name: str) -> "list[Source]":
    """Read a file, or the YAML files of a folder."""
    from photonctl.manifest.quoting import quotable
    from photonctl.manifest.sources import read_sources

    is_file = os.path.exists(name) and not os.path.isdir(name)  # noqa: PTH110, PTH112  # any length
    if is_file and not name.lower().endswith(_YAML):
        return []  # a table, say, as pre-commit names it
    trust = settings.trust
    sources, problems = read_sources([name], sys.stdin.buffer, trust.reach)
    if problems:
        credentials = frozenset(trust.credentials())
        raise ManifestError([quotable(problem, credentials) for problem in problems])
    return sources


def _format(
    settings: Settings, source: "Source", values: "Values", *, is_shown: bool, is_written: bool
) -> bool:
    """Format one file; returns whether it changes. ``values``: what others of this run hold."""
    from photonctl.manifest.changes import changes
    from photonctl.manifest.decode import NotYaml
    from photonctl.manifest.documents import not_yaml
    from photonctl.manifest.format import formatted
    from photonctl.manifest.quoting import quotable
    from photonctl.own_credentials import holds_one

    name = source.name
    credentials = frozenset(settings.trust.credentials())
    try:
        after = formatted(source.data, values)
    except NotYaml as error:
        raise ManifestError([quotable(not_yaml(source, error), credentials)]) from None
    before = source.data.decode("utf-8-sig")
    console = settings.console
    if is_shown:
        found = changes(before, after)
        lines = [_HIDDEN if holds_one(line, credentials) else line for line in found]
        lines = lines or ["Only how lines end differs."]
        if before != after:
            console.result("\n".join(map(printable, (f"--- {name}", f"+++ {name}", *lines))))
    elif name == _STDIN and is_written:
        console.document(after.rstrip("\n"))
    elif before != after and is_written:
        _replace(Path(name), after)
    if before != after and not is_shown and name != _STDIN:
        console.say(f"{printable(name)}: {'changed' if is_written else 'would change'}")
    return before != after


def _replace(path: Path, text: str) -> None:
    """Replace a file's content in one step; its mode stays."""
    from photonctl.files import refuse_link, replace_file

    refuse_link(path)
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise RefusedError(f"{path} can't be written: {error.strerror}") from error
