"""``usersFrom``: users from CSV and YAML files, each row with the place where it stands."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photonctl.errors import Diagnostic
from photonctl.manifest.locate import CsvPlaces, Marked, Places, YamlPlaces
from photonctl.manifest.read import NotYaml, decode, parse
from photonctl.manifest.sources import read_file
from photonctl.model.spec import JsonValue

_CSV_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class Table:
    """The rows of one file, and what is wrong with it.

    Attributes:
        places: where the rows stand; None when the file isn't what it should be.
        unread: why the file could not be read at all: the declaration's fault, not the file's.
    """

    rows: list[JsonValue] = field(default_factory=list)
    places: Places | None = None
    problems: list[Diagnostic] = field(default_factory=list)
    unread: str | None = None


def read_table(declared: str, folder: Path) -> Table:
    """Read one file of ``usersFrom``, relative to the manifest's folder."""
    path = folder / declared
    name = str(path)
    source = read_file(path, name, may_wait=False)
    if isinstance(source, Diagnostic):
        return Table(unread=f'the table "{declared}": {source.message}')
    try:
        text = decode(source.data)
        if path.suffix.lower() in (".yaml", ".yml"):
            return _read_yaml(text, name)
        return _read_csv(text, name)
    except NotYaml as error:
        diagnostic = Diagnostic(file=name, line=error.line, column=error.column, message=str(error))
        return Table(problems=[diagnostic])


def _read_yaml(text: str, name: str) -> Table:
    found = parse(text)
    problems = [
        Diagnostic(file=name, line=line, column=column, message=message)
        for line, column, message in found.problems
    ]
    root = found.documents[0] if found.documents else None
    is_wrapped = isinstance(root, dict) and set(root) == {"users"}
    rows = root["users"] if isinstance(root, dict) and is_wrapped else root
    if not isinstance(rows, list) or len(found.documents) > 1:
        message = "this is no list of users. Write one document, a list of mappings; [] for nobody."
        return Table(problems=[Diagnostic(file=name, line=1, column=1, message=message)])
    places = YamlPlaces(name, Marked(text), 0, prefix=("users",) if is_wrapped else ())
    return Table(rows=rows, places=places, problems=problems)


def _read_csv(text: str, name: str) -> Table:
    lines = _CSV_BREAK.split(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    table = Table()
    header: list[str] = []
    header_line = 1
    starts: list[int] = []
    is_shown = name.lower().endswith(".csv")  # until it is known to be a table, and no .env

    def complain(line: int, message: str) -> None:
        source = lines[line - 1] if is_shown and 0 < line <= len(lines) else ""
        table.problems.append(
            Diagnostic(file=name, line=max(line, 1), column=1, message=message, source=source)
        )

    try:
        for start, cells in _rows(reader):
            if not header:
                header_line = start
                header = [cell.strip() for cell in cells]
                for message in _header_problems(header):
                    complain(start, message)
                if "phoneNumber" not in header:
                    return table
                is_shown = True
            elif len(cells) != len(header):
                told = f"{len(cells)} cells below {len(header)} headings. Add or remove commas."
                complain(start, told)
            else:
                pairs = zip(header, cells, strict=True)
                table.rows.append({key: cell.strip() for key, cell in pairs if cell.strip()})
                starts.append(start)
    except csv.Error as error:
        complain(reader.line_num, f"this is no CSV: {error}. Check the quotes.")
    if not header:
        complain(1, "the file is empty. Its first row names the fields, at least phoneNumber.")
    table.places = CsvPlaces(name, lines, (header_line, header), starts)
    return table


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that isn't blank with the line it starts on."""
    while True:
        start = reader.line_num + 1
        cells = next(reader, None)
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield start, cells


def _header_problems(header: Sequence[str]) -> Iterator[str]:
    if len(header) == 1 and ";" in header[0]:
        yield "the fields are separated by semicolons. Save the table with commas."
    elif "phoneNumber" not in header:
        yield 'no heading is "phoneNumber". The first row names the fields.'
    for heading, count in Counter(header).items():
        if count > 1:
            yield f'the heading "{heading}" stands here {count} times. Remove the others.'
