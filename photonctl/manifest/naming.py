"""Files that somebody changed → the manifests to check: themselves, or those that name them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from photonctl.manifest.read import NotYaml, decode, parse
from photonctl.manifest.sources import LARGEST_MANIFEST
from photonctl.manifest.tables import table_names
from photonctl.reach import resolved

_TABLE = ".csv"
_YAML = (".yaml", ".yml")
_MOST_FOLDERS = 20
_MOST_FILES = 1_000


def manifests_of(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the manifests to check, and the tables that none of them names.

    A table is looked for in the YAML files of its folder and of those above it, up to the folder in
    which the command runs. A YAML file that such a manifest names is a table, too.
    """
    found: dict[str, None] = {}
    lonely = []
    for name in names:
        naming = list(_naming(Path(name))) if os.path.isfile(name) else []  # noqa: PTH113
        is_table = Path(name).suffix.lower() == _TABLE
        found |= dict.fromkeys(naming if naming or is_table else [name])
        if is_table and not naming:
            lonely.append(name)
    return list(found), lonely


def _naming(table: Path) -> Iterator[str]:
    """Yield the manifests that name a table."""
    wanted = resolved(table)
    here = Path.cwd()
    folders = [table.parent]
    while len(folders) < _MOST_FOLDERS and resolved(folders[-1]) not in (here, Path("/")):
        folders.append(
            folders[-1].parent if folders[-1].name not in ("", "..") else folders[-1] / ".."
        )
    for folder in folders:
        files = sorted(file for suffix in _YAML for file in folder.glob(f"*{suffix}"))
        for file in files[:_MOST_FILES]:
            if resolved(file) != wanted and wanted in _tables(file):
                yield str(file)


def _tables(manifest: Path) -> set[Path]:
    try:
        if manifest.stat().st_size > LARGEST_MANIFEST:
            return set()
        documents = parse(decode(manifest.read_bytes())).documents
    except (OSError, NotYaml):
        return set()
    names = (name for document in documents for name in table_names(document))
    return {resolved(manifest.parent / name) for name in names if name and "\0" not in name}
