"""The path of a value → line and column. Only on error: finding them costs a second reading."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Protocol

from photonctl.errors import Diagnostic
from photonctl.kinds.values import Problem
from photonctl.manifest.read import KEY, Mark, Path, Values, Yaml, read_into

MOST_COLUMNS = 100
_YAML_BREAK = re.compile("\r?\n")
_LONGEST_LINE = 20_000  # nobody reads a longer one
_QUOTED_OR_COMMA = re.compile(r'"[^"]*"?|,')


class Places(Protocol):
    """Turns problems of one document or table into diagnostics."""

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Return the problem with its line, column and source line."""
        ...

    def named(self, name: str) -> "Places":
        """Return the same places of a file of another name."""
        ...


def yaml_lines(text: str) -> list[str]:
    """Split a text as YAML's parser counts lines."""
    return _YAML_BREAK.split(text)


class Marked:
    """A YAML text that is read a second time, as far as there are problems to be placed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found = Yaml()
        self._rest = read_into(self._found, text, Values(), with_marks=True)

    def marks(self, document: int, path: Path) -> Mapping[Path, Mark]:
        """Return where a document's values and keys are, at least to this path if it is there."""
        found = self._found.marks
        if document >= len(found) or path not in found[document]:
            for _ in self._rest:
                is_past = len(found) > document + 1
                if is_past or (len(found) > document and path in found[document]):
                    break
        return found[document] if document < len(found) else {}

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines."""
        return yaml_lines(self._text)


class YamlPlaces:
    """Places in one document of a YAML text. ``prefix`` leads to the part that paths start from."""

    def __init__(self, name: str, text: Marked, document: int, *, prefix: Path = ()) -> None:
        self._name = name
        self._text = text
        self._document = document
        self._prefix = prefix

    def named(self, name: str) -> "YamlPlaces":
        """Return the same places of a file of another name."""
        return YamlPlaces(name, self._text, self._document, prefix=self._prefix)

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Place a problem at its value, its key, or the nearest thing around it."""
        path = (*self._prefix, *problem.at)
        line, column = self._mark(path, is_key=problem.is_key)
        lines = self._text.lines
        source = lines[line - 1] if line <= len(lines) else ""
        if problem.needle and len(source) <= _LONGEST_LINE:
            column = max(source.find(problem.needle, column - 1) + 1, column)
        return _found(problem, self._name, (line, column), source)

    def _mark(self, path: Path, *, is_key: bool) -> Mark:
        wanted = (*path, KEY) if is_key else path
        marks = self._text.marks(self._document, wanted)
        if wanted in marks:
            return marks[wanted]
        for length in range(len(path), -1, -1):
            if path[:length] in marks:
                return marks[path[:length]]
        return (1, 1)


class CsvPlaces:
    """Places in a CSV text: paths are (row, heading)."""

    def __init__(
        self,
        name: str,
        lines: Sequence[str],
        header: tuple[int, Sequence[str]],
        starts: Sequence[int],
    ) -> None:
        self._name = name
        self._lines = lines
        self._header_line, self._header = header
        self._starts = starts

    def named(self, name: str) -> "CsvPlaces":
        """Return the same places of a file of another name."""
        return CsvPlaces(name, self._lines, (self._header_line, self._header), self._starts)

    def diagnose(self, problem: Problem) -> Diagnostic:
        """Place a problem at its cell; an unknown heading in the header row."""
        row, heading = (*problem.at, None, None)[:2]
        line = (
            self._starts[row] if isinstance(row, int) and not problem.is_key else self._header_line
        )
        source = self._lines[line - 1]
        column = 1
        if isinstance(heading, str) and heading in self._header:
            if problem.is_key:
                column = source.find(heading) + 1
            else:
                starts, cell = _cell_starts(source), self._header.index(heading)
                column = starts[cell] + 1 if cell < len(starts) else 1
        return _found(problem, self._name, (line, column), source)


def _found(problem: Problem, file: str, place: tuple[int, int], source: str) -> Diagnostic:
    return Diagnostic(
        code=problem.code,
        file=file,
        line=place[0],
        column=place[1],
        message=problem.message,
        quotes=problem.quotes,
        source=source if len(source) <= _LONGEST_LINE else "",
        is_warning=problem.is_warning,
    )


@lru_cache(maxsize=1_000)  # of one row, for each of its errors in each document
def _cell_starts(line: str) -> list[int]:
    """Return where each cell that may have a heading begins: after a comma outside quotes."""
    ends = (found.end() for found in _QUOTED_OR_COMMA.finditer(line) if found[0] == ",")
    return [0, *islice(ends, MOST_COLUMNS - 1)]
