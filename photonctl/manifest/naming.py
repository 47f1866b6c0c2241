"""Files that somebody changed → the manifests to check: themselves, or those that name them."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import read_bounded
from photonctl.manifest.decode import NotYaml, decode
from photonctl.manifest.read import Values, parse
from photonctl.manifest.sources import LARGEST_MANIFEST
from photonctl.manifest.tables import declares_project, table_names
from photonctl.reach import looking_once, resolved

_TABLE = ".csv"
_YAML = (".yaml", ".yml")
_MOST_FOLDERS = 20
_MOST_FILES = 10_000
_MOST_READ = 16 * 2**20
_MOST_NAMES = 20_000  # of tables: each becomes a path


def manifests_of(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the manifests to check, and the tables that none of them names.

    A table is looked for in the YAML files of its folder and of those above it, up to the folder in
    which the command runs. A YAML file that such a manifest names is a table, too.

    Raises:
        RefusedError: there is more of them than photonctl looks into.
    """
    with looking_once():
        return _manifests_of(names)


def _manifests_of(names: Sequence[str]) -> tuple[list[str], list[str]]:
    found: dict[str, None] = {}
    lonely = []
    known = _Known()
    for name in names:
        is_named = False
        if os.path.isfile(name):  # noqa: PTH113
            naming, is_named = _naming(Path(name), known)
            found |= dict.fromkeys(naming)
            is_named &= known.may_be_table(Path(name))
        is_table = Path(name).suffix.lower() == _TABLE
        if is_table and not is_named:
            lonely.append(name)
        elif not is_named:
            found[name] = None
    return list(found), lonely


class _Known:
    """What the YAML files of folders name, each read once, and not too much of them."""

    def __init__(self) -> None:
        self._left = _MOST_READ
        self._files_left = _MOST_FILES
        self._names = _MOST_NAMES
        self._values = Values()
        self._folders: dict[Path, dict[Path, list[Path]]] = {}
        self._files: dict[tuple[Path, Path], frozenset[Path]] = {}
        self._others: set[Path] = set()  # YAML files that were read, and declare no project
        self._asked: dict[tuple[Path, Path], bool] = {}

    def once(self, folder: Path, table: Path) -> tuple[list[str], bool]:
        """Return the files of a folder that name a table, the first time; is it named by any?

        Many links may lead to one table.
        """
        pair, named = (resolved(folder), table), list[str]()
        if pair not in self._asked:
            named = [str(file) for file in self.naming(folder, table) if resolved(file) != table]
            self._asked[pair] = bool(named)
        return named, self._asked[pair]

    def may_be_table(self, file: Path) -> bool:
        """Is a file one that another may make a table of? None that declares a project is."""
        return file.suffix.lower() not in _YAML or resolved(file) in self._others

    def naming(self, folder: Path, table: Path) -> Sequence[Path]:
        """Return the files of a folder that name a table."""
        whole = resolved(folder)
        if whole not in self._folders:
            found: dict[Path, list[Path]] = {}
            every = (file for suffix in _YAML for file in folder.glob(f"*{suffix}"))
            files = sorted(file for file in every if not file.name.startswith("."))
            self._files_left -= len(files)
            if self._files_left < 0:
                raise _too_much()
            for file in files:
                for named in self._tables(file):
                    found.setdefault(named, []).append(file)
            self._folders[whole] = found
        return self._folders[whole].get(table, ())

    def _tables(self, file: Path) -> frozenset[Path]:
        whole = resolved(file)
        if not whole.is_relative_to(Path.cwd()):
            return frozenset()  # a link that leads out
        at = whole, resolved(file.parent)
        if at not in self._files:
            self._files[at] = frozenset(self._read(file))
        return self._files[at]

    def _read(self, file: Path) -> set[Path]:
        try:
            data = read_bounded(file, LARGEST_MANIFEST)
            self._left -= len(data)
            if self._left < 0:
                raise _too_much()
            documents = parse(decode(data), self._values).documents
        except (OSError, ValueError, NotYaml):
            if self._values.is_full:
                raise _too_much() from None
            return set()
        if not any(map(declares_project, documents)):
            self._others.add(resolved(file))
        every = (name for document in documents for name in table_names(document))
        # What an expression gives isn't known here.
        known = (name for name in every if name and "\0" not in name and "${" not in name)
        names = set(islice(known, self._names + 1))
        self._names -= len(names)
        if self._names < 0:
            raise _too_much()
        return {resolved(file.parent / name) for name in names}


def _too_much() -> RefusedError:
    return RefusedError(
        "there are more YAML files here than photonctl looks into for a table's manifests.",
        hint="Name the manifests themselves: photonctl validate photon.yaml",
    )


def _naming(table: Path, known: _Known) -> tuple[list[str], bool]:
    """Return the manifests that name a table and weren't found before; is it named by any?"""
    wanted = resolved(table)
    here = Path.cwd()
    folders = [table.parent]
    while resolved(folders[-1]) not in (here, Path("/")):
        if len(folders) == _MOST_FOLDERS:
            raise _too_much()
        folders.append(
            folders[-1].parent if folders[-1].name not in ("", "..") else folders[-1] / ".."
        )
    found = [known.once(folder, wanted) for folder in folders]
    return [file for named, _ in found for file in named], any(is_named for _, is_named in found)
