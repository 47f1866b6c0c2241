"""The path of a value → line and column. Only on error: finding them costs a second reading."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from photonctl.errors import Diagnostic
from photonctl.manifest.read import KEY, Mark, Path, parse
from photonctl.resources.base import Problem


class Places(Protocol):
    """Turns problems of one document or table into diagnostics."""

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Return the problem with its line, column and source line."""
        ...


class YamlPlaces:
    """Places in one document of a YAML text. ``prefix`` leads to the part that paths start from."""

    def __init__(self, name: str, text: str, document: int, *, prefix: Path = ()) -> None:
        self._name = name
        self._text = text
        self._document = document
        self._prefix = prefix

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Place a problem at its value, its key, or the nearest thing around it."""
        path = (*self._prefix, *problem.at)
        line, column = self._mark(path, is_key=problem.is_key)
        source = self._lines[line - 1] if line <= len(self._lines) else ""
        if problem.needle:
            column = max(source.find(problem.needle, column - 1) + 1, column)
        return Diagnostic(
            file=self._name, line=line, column=column, message=problem.message, source=source
        )

    def _mark(self, path: Path, *, is_key: bool) -> Mark:
        if is_key and (*path, KEY) in self._marks:
            return self._marks[(*path, KEY)]
        for length in range(len(path), -1, -1):
            if path[:length] in self._marks:
                return self._marks[path[:length]]
        return (1, 1)

    @cached_property
    def _marks(self) -> dict[Path, Mark]:
        marks = parse(self._text, with_marks=True).marks
        return marks[self._document] if self._document < len(marks) else {}

    @cached_property
    def _lines(self) -> list[str]:
        return self._text.splitlines()


class CsvPlaces:
    """Places in a CSV text: paths are (row, heading)."""

    def __init__(
        self, name: str, lines: Sequence[str], header: Sequence[str], starts: Sequence[int]
    ) -> None:
        self._name = name
        self._lines = lines
        self._header = header
        self._starts = starts

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Place a problem at its cell; an unknown heading in the header row."""
        row, heading = (*problem.at, None, None)[:2]
        line = self._starts[row] if isinstance(row, int) and not problem.is_key else 1
        source = self._lines[line - 1]
        column = 1
        if isinstance(heading, str) and heading in self._header:
            if problem.is_key:
                column = source.find(heading) + 1
            else:
                commas = self._header.index(heading)
                column = _cell_column(source, commas)
        return Diagnostic(
            file=self._name, line=line, column=column, message=problem.message, source=source
        )


def _cell_column(line: str, commas: int) -> int:
    """Return where a cell begins: after so many commas outside quotes."""
    is_quoted = False
    for index, character in enumerate(line):
        if commas == 0:
            return index + 1
        is_quoted ^= character == '"'
        commas -= character == "," and not is_quoted
    return len(line) + 1 if commas == 0 else 1
