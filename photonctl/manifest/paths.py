"""The paths in a document: how they are written, and whether a manifest may use them."""

from collections.abc import Collection, Iterator, Sequence
from itertools import dropwhile
from pathlib import Path, PurePosixPath
from typing import Any

from photonctl.codes import Code
from photonctl.files import STATE_FOLDER
from photonctl.kinds.sinks import places_in
from photonctl.kinds.values import Problem
from photonctl.model.filled import shown
from photonctl.model.spec import Declared, JsonObject, JsonValue
from photonctl.reach import Reach, is_below, resolved
from photonctl.texts import text_problem
from photonctl.variables_file import DEEPEST, PIPELINES_REPORT, is_of_variables

At = tuple[str | int, ...]


def check_paths(
    document: JsonValue,
    folder: Path,
    reach: Reach,
    inputs: Collection[Path] = (),
    *,
    is_saved: bool = False,
) -> Iterator[Problem]:
    """Check each path that a document declares; tables are checked as they are read.

    Args:
        document: the manifest, or what a saved plan declares.
        folder: where it is.
        reach: where it may read and write.
        inputs: the manifests and tables of the run; no secret is stored in one.
        is_saved: a saved plan may be of the embedded emulator, whose secrets are in .photonctl.
    """
    if not isinstance(document, dict):
        return
    for at, path in env_files(document):
        problem = env_file_problem(path, folder, reach, inputs)
        if (
            problem is None
            and not is_saved
            and STATE_FOLDER in PurePosixPath(path.casefold()).parts
        ):
            problem = f'"{shown(path)}" is in photonctl\'s own folder. Name another file.'
        if problem is not None:
            yield Problem(code=Code.PATH, at=at, message=problem)
    for at, path in _others(document):
        if path.startswith("~"):
            yield Problem(code=Code.PATH, at=at, message=_home())


def env_file_problem(
    path: str, folder: Path, reach: Reach, inputs: Collection[Path] = ()
) -> str | None:
    """Say why secrets may not be stored in a file; None = they may. ``inputs`` as above."""
    if text_problem(path) is not None:
        return None  # it has been said
    if path.startswith("~") or _goes_back_up(path):
        up_again = f'"{shown(path)}" goes down and up again. Write it without "..".'
        return _home() if path.startswith("~") else up_again
    no_name = (
        f'"{shown(path)}" isn\'t the name of a file of variables. Name one such as .env, '
        ".env.production or bot.env."
    )
    if path.count("/") > DEEPEST:  # before it is followed, folder by folder
        return no_name
    why = reach.why_not(folder / path, folder)
    if why is not None:
        return f'"{shown(path)}" may not be written: {why}.'
    real = resolved(folder / path)
    home = resolved(folder)
    inside = real.relative_to(home) if is_below(real, home) else real
    if not all(is_of_variables(found) for found in (Path(path), inside)):
        return no_name
    if PIPELINES_REPORT in (real.name.casefold(), PurePosixPath(path).name.casefold()):
        other = "what --ci gitlab overwrites in each run"
    else:
        other = "a manifest or a table" if real in inputs else ""
    return f'"{shown(path)}" is {other}. Name another file.' if other else None


def wrong_default_sinks(
    declared: Sequence[Declared[Any]], folder: Path, reach: Reach, inputs: set[Path]
) -> list[Problem]:
    """Check the file that a secret goes to where nothing is declared: it may be a link."""
    sinks = ((d.at, d.secret.sink) for d in declared if d.secret is not None)
    found = ((at, sink.target) for at, sink in sinks if sink.is_default)
    checked = ((at, env_file_problem(path, folder, reach, inputs)) for at, path in found)
    return [
        Problem(code=Code.PATH, at=at, message=problem)
        for at, problem in checked
        if problem is not None
    ]


def env_files(document: JsonObject) -> Iterator[tuple[At, str]]:
    """Yield where each env file of a document is declared, and its path."""
    for at, place in places_in(document):
        path = place.get("envFile")
        if isinstance(path, str):
            yield (*at, "envFile"), path


def _others(document: JsonObject) -> Iterator[tuple[At, str]]:
    for at, place in places_in(document):
        words = place.get("exec")
        first = words[0] if isinstance(words, list) and words else None
        if isinstance(first, str):
            yield (*at, "exec"), first
    tables = document.get("usersFrom")
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        file = table.get("file") if isinstance(table, dict) else table
        if isinstance(file, str):
            yield ("usersFrom", index), file


def _goes_back_up(path: str) -> bool:
    parts = dropwhile(lambda part: part == "..", PurePosixPath(path).parts)
    return ".." in parts


def _home() -> str:
    return '"~" isn\'t expanded here. Write the path relative to this file.'
