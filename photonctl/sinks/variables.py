"""Files of variables: each is read once, and written by one process at a time."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from photonctl.errors import RefusedError
from photonctl.files import STATE_FOLDER, locked, own_target, read_bounded, write_private
from photonctl.model.names import ID_SUFFIX
from photonctl.sinks.alone import held
from photonctl.sinks.env_text import edit, lines_of, refuse_other
from photonctl.state_folder import state_folder, work_folder
from photonctl.variables_file import is_of_variables

_LARGEST = 2**19
_MOST_LINES = 10_000  # a .env of some lines is usual; parsing this many takes 0.02 s
_TRIAL = {f"PHOTONCTL_TRIAL_{n}": "x" * 1_000 for n in range(4)}
"""As many values as a webhook has, and as long, for a file that is only proven."""
_MOST_PARSED = 64 * 2**20  # bytes of files: more than a run's manifests may name
_MOST_FILES = 20_000  # as many as a run may name
_LONG_BLANK = re.compile(r"[^\S\n]{100}")  # the parser's time grows with the square of these


def why(error: Exception) -> str:
    """Say what is wrong, without the path, which may be one that isn't shown."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


class Variables(dict[str, str]):
    """What an env file assigns; never changed, as all who ask share it."""

    @cached_property
    def claims(self) -> Mapping[str, Sequence[str]]:
        """Webhook id → the names that claim to hold its secret, in the file's order."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in self.items():
            if name.endswith(ID_SUFFIX) and value:
                found[value].append(name.removesuffix(ID_SUFFIX))
        return dict(found)


T = TypeVar("T")
Stamp = tuple[int, int, int, int]
"""Of a file, however many links lead to it; every write changes it."""


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


class Known(Generic[T]):
    """What was found out about files, once for all who ask, also why it couldn't be.

    What was found first is forgotten where it is too much.
    """

    def __init__(self) -> None:
        self._found: dict[Stamp, T | ValueError | RefusedError] = {}
        self._bytes = 0
        self._guard = Lock()

    def of(self, path: Path, find: Callable[[Path], T]) -> T:
        """Return what ``find`` returns for a file as it is now.

        Raises:
            OSError, ValueError, RefusedError: as ``find`` does, or did for the same file.
        """
        stamp = _stamp(path)
        try:
            found = self._found[stamp]
        except KeyError:
            found = self._keep(stamp, _tried(find, path))
        if isinstance(found, ValueError | RefusedError):
            raise found.with_traceback(None)
        return found

    def _keep(
        self, stamp: Stamp, found: T | ValueError | RefusedError
    ) -> T | ValueError | RefusedError:
        with self._guard:
            if stamp not in self._found:
                self._bytes += stamp[-1]
            self._found[stamp] = found
            while self._bytes > _MOST_PARSED or len(self._found) > _MOST_FILES:
                *_, size = first = next(iter(self._found))
                del self._found[first]
                self._bytes -= size
        return found


def _tried(find: Callable[[Path], T], path: Path) -> T | ValueError | RefusedError:
    try:
        return find(path)
    except (ValueError, RefusedError) as error:
        return error  # it cost as much, and is asked for as often


def read_variables(path: Path) -> Variables:
    """Read an env file; the last of several assignments to a name wins.

    Raises:
        OSError, ValueError: it can't be read, or isn't text.
    """
    return _parsed.of(path, lambda path: _parse(_read(path)))


@lru_cache(maxsize=16)  # as of ``lines_of``
def _parse(text: str) -> Variables:
    return Variables(
        (line.key, line.value) for line in lines_of(text) if line.key and line.value is not None
    )


def _read(path: Path) -> str:
    try:
        text = read_bounded(path, _LARGEST).decode()
    except UnicodeDecodeError as error:
        msg = f"it isn't UTF-8 text (byte {error.start + 1})"
        raise ValueError(msg) from error
    _refuse_large(text)
    if _LONG_BLANK.search(text):
        msg = "a line holds 100 blanks in a row, which no file of variables does"
        raise ValueError(msg)
    return text


def _refuse_large(text: str) -> None:
    """Refuse a text that couldn't be read again."""
    if max(text.count("\n"), text.count("\r")) > _MOST_LINES:
        msg = f"it has more than {_MOST_LINES:,} lines, which no file of variables has"
        raise ValueError(msg)
    if len(text.encode()) > _LARGEST:
        msg = f"it is larger than {_LARGEST // 1024} KiB, which no file of variables is"
        raise ValueError(msg)


def set_variables(
    path: Path,
    values: Mapping[str, str | None] | Callable[[Variables], Mapping[str, str | None]],
    state: Path | None = None,
) -> None:
    """Set variables of an env file and leave every other byte alone; None removes one.

    The first assignment to a name is replaced, later ones of the same name go. New names are
    appended. One process at a time; mode 0600 afterwards.

    Args:
        path: the file.
        values: what is set; or what decides that, by what is there once nobody else writes.
        state: as for ``EnvFileSink``.

    Raises:
        OSError, ValueError, RefusedError: the file is as it was.
    """
    path = _target(path)  # one lock, however it is reached
    if STATE_FOLDER in path.parent.parts:  # the emulator's own, made when it is needed
        state_folder(path.parent)
    folder = work_folder(path.parent, state)
    with locked(folder / f"{path.name}.lock"), held(path.parent):
        text = _of_variables(path)
        if callable(values):
            values = values(_parse(text))
        changed = _edited(text, values or _TRIAL)
        # A temporary file that a crash leaves holds secrets: not where it could be committed.
        written = changed if values else text  # proving writes it as it is
        write_private(path, written.encode(), by_way_of=folder, keeps_owner=True)


def look_at(path: Path) -> None:
    """Find out whether variables of an env file could be set; nothing is changed.

    Raises:
        OSError, ValueError, RefusedError: they couldn't.
    """
    path = _target(path)
    _prove(path)
    folder = path.parent
    while STATE_FOLDER in folder.parts and not folder.is_dir():
        folder = folder.parent  # the emulator's own, made when it is needed
    if not folder.is_dir():
        msg = "its folder isn't there"
        raise ValueError(msg)
    if not all(os.access(one, os.W_OK) for one in (folder, path) if one.exists()):
        msg = "it, or its folder, is read-only"
        raise ValueError(msg)


def _prove(path: Path) -> None:
    """Try whether variables could be set, once for all who ask of the same file."""
    with suppress(FileNotFoundError):
        _proven.of(path, lambda path: len(_edited(_of_variables(path), _TRIAL)))


def _target(path: Path) -> Path:
    """Return the file itself, where a name is a link beside it."""
    found = own_target(path)
    if found != path and not is_of_variables(Path(found.name)):
        msg = f"{path.name} is a link to {found.name}, which is no file of variables"
        raise RefusedError(msg, hint="Replace the link with a file.")
    return found


def _of_variables(path: Path) -> str:
    """Return the text of a file of variables; of one that isn't there, none."""
    try:
        text = _read(path)
    except FileNotFoundError:
        text = ""
    refuse_other(text)
    return text


def _edited(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with variables set, if it is read again as just that.

    Raises:
        ValueError: it would be too large, or a quotation before them would take them in.
    """
    before, changed = _parse(text), edit(text, values)
    _refuse_large(changed)
    wanted = {name: value for name, value in {**before, **values}.items() if value is not None}
    if _parse(changed) != wanted:
        msg = "its variables can't be set without changing others: is a quotation never closed?"
        raise ValueError(msg)
    return changed


_parsed = Known[Variables]()
_proven = Known[int]()  # how long it would be
