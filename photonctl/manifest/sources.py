"""``-f`` arguments → texts: files, folders and standard input, bounded."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from photonctl.codes import Code
from photonctl.errors import Diagnostic
from photonctl.files import read_bounded
from photonctl.reach import Reach, resolved

LARGEST_MANIFEST = 16 * 2**20  # 100,000 users in the long form are about 12 MB
_MANIFESTS = (".yaml", ".yml", "")
_MOST_BYTES = 48 * 2**20  # of a run: 10,000 projects with 20 users each are about 30 MB
_MOST_FILES = 12_000  # of a run, as it has documents; an empty one costs time, too
STDIN = "-"


class Source(Struct, frozen=True, kw_only=True):
    """One file's bytes, under the name that the user gave it.

    Attributes:
        is_listed: found in a folder that was named; a table there isn't a manifest.
    """

    name: str
    data: bytes
    is_listed: bool = False


def read_sources(
    names: Sequence[str], stdin: BinaryIO, reach: Reach
) -> tuple[list[Source], list[Diagnostic]]:
    """Read every named file, each YAML file of a named folder, and standard input for ``-``.

    A link is read only if it leads to a file within reach.

    Returns:
        What could be read, and a diagnostic for each name that could not.
    """
    sources: list[Source] = []
    problems: list[Diagnostic] = []
    size = 0
    every = (found for name in dict.fromkeys(names) for found in _read(name, stdin, reach))
    for count, found in enumerate(every, start=1):
        size += len(found.data) if isinstance(found, Source) else 0
        if size > _MOST_BYTES or count > _MOST_FILES:
            name = found.name if isinstance(found, Source) else found.file
            return sources, [*problems, _too_much(name)]
        if isinstance(found, Source):
            sources.append(found)
        else:
            problems.append(found)
    return sources, problems


def _too_much(name: str) -> Diagnostic:
    most = f"{_MOST_FILES:,} files, and {_MOST_BYTES // 2**20} MiB"
    message = f"a run reads at most {most} of manifests. Split the run."
    return Diagnostic(code=Code.TOO_LARGE, file=name, message=message)


def read_file(
    path: Path, name: str, folder: Path, reach: Reach, *, may_wait: bool = False
) -> Source | Diagnostic:
    """Read one file of a folder, if it may wait also a pipe; what prevents it is a diagnostic."""
    try:
        is_pipe = may_wait and path.is_fifo() and not _is_link(path)
        # A hidden file may hold secrets; only one that somebody names as a manifest is read.
        is_named = may_wait and not _is_link(path)
        judge = reach.why_unread if is_named else reach.why_no_value
        why = None if is_pipe else judge(path, folder)
        if why is not None:
            return Diagnostic(code=Code.UNREADABLE, file=name, message=f"it can't be read: {why}.")
        known = _MANIFESTS if not path.suffix else _MANIFESTS[:2]
        if may_wait and path.is_symlink() and resolved(path).suffix.lower() not in known:
            return Diagnostic(
                code=Code.UNREADABLE, file=name, message="it is a link to a file that is no YAML."
            )
        data = read_bounded(path, LARGEST_MANIFEST, may_wait=may_wait)
        return Source(name=name, data=data)
    except FileNotFoundError:
        return Diagnostic(
            code=Code.UNREADABLE, file=name, message="there is no such file. Check its path."
        )
    except IsADirectoryError:
        return Diagnostic(code=Code.UNREADABLE, file=name, message="it is a folder. Name a file.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Diagnostic(code=Code.UNREADABLE, file=name, message=f"it can't be read: {reason}.")


def _is_link(path: Path) -> bool:
    """Is it a link, except one that the system itself gives for a pipe (``/dev/fd``)?"""
    return path.is_symlink() and not str(path).startswith(("/dev/", "/proc/self/"))


def once(files: Sequence[Path]) -> list[Path]:
    """Leave out links to a file that is among these, or that another link leads to."""
    seen = {resolved(file) for file in files if not file.is_symlink()}
    kept = []
    for file in files:
        real = resolved(file) if file.is_symlink() else None
        if real is None or real not in seen:
            kept.append(file)
        if real is not None:
            seen.add(real)
    return kept


def _read(name: str, stdin: BinaryIO, reach: Reach) -> Iterator[Source | Diagnostic]:
    path = Path(name)
    if name == STDIN:
        data = stdin.read(LARGEST_MANIFEST + 1)
        if len(data) > LARGEST_MANIFEST:
            message = f"it is larger than {LARGEST_MANIFEST // 2**20} MiB. Split it."
            yield Diagnostic(code=Code.UNREADABLE, file=name, message=message)
        else:
            yield Source(name=name, data=data)
    elif os.path.isdir(name):  # noqa: PTH112  # takes a name of any length
        found = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
        visible = [file for file in found if not file.name.startswith(".")]
        if len(visible) > _MOST_FILES:
            yield _too_much(name)
            return
        files = once(visible)
        if not files:
            message = "this folder holds no *.yaml or *.yml file. Name a manifest or its folder."
            yield Diagnostic(code=Code.UNREADABLE, file=name, message=message)
        for file in files:
            if file.is_symlink() and resolved(file).suffix.lower() not in (".yaml", ".yml"):
                yield Diagnostic(
                    code=Code.UNREADABLE,
                    file=str(file),
                    message="it is a link to a file that is no YAML.",
                )
                continue
            source = read_file(file, str(file), path, reach)
            yield replace(source, is_listed=True) if isinstance(source, Source) else source
    elif not os.path.lexists(name):
        message = "there is no such file. Check its path, or write one with: photonctl init"
        yield Diagnostic(code=Code.UNREADABLE, file=name, message=message)
    else:
        yield read_file(path, name, path.parent, reach, may_wait=True)
