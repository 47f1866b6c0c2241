"""``usersFrom``: users from CSV and YAML files, each row with the place where it stands."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from photonctl.errors import Diagnostic
from photonctl.manifest.locate import CsvPlaces, Places, YamlPlaces
from photonctl.manifest.read import NotYaml, decode, parse
from photonctl.manifest.sources import read_file
from photonctl.model.spec import JsonValue


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
    source = read_file(path, name)
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
    root = found.documents[0] if found.documents else []
    is_wrapped = isinstance(root, dict) and set(root) == {"users"}
    rows = root["users"] if isinstance(root, dict) and is_wrapped else root
    if not isinstance(rows, list) or len(found.documents) > 1:
        message = "this is no list of users. Write one document: a list of mappings."
        return Table(problems=[Diagnostic(file=name, line=1, column=1, message=message)])
    places = YamlPlaces(name, text, 0, prefix=("users",) if is_wrapped else ())
    return Table(rows=rows, places=places, problems=problems)


def _read_csv(text: str, name: str) -> Table:
    lines = text.splitlines()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    table = Table()
    header: list[str] = []
    starts: list[int] = []
    try:
        while True:
            start = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                message = f"{len(cells)} cells below {len(header)} headings. Add or remove commas."
                table.problems.append(_at_line(name, lines, start, message))
                continue
            pairs = zip(header, cells, strict=True)
            table.rows.append({key: cell.strip() for key, cell in pairs if cell.strip()})
            starts.append(start)
    except csv.Error as error:
        message = f"this is no CSV: {error}. Check the quotes."
        table.problems.append(_at_line(name, lines, reader.line_num, message))
    if not header:
        message = "the file is empty. Its first row names the fields, at least phoneNumber."
        table.problems.append(Diagnostic(file=name, line=1, column=1, message=message))
    table.places = CsvPlaces(name, lines, header, starts)
    return table


def _at_line(name: str, lines: list[str], line: int, message: str) -> Diagnostic:
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    return Diagnostic(file=name, line=max(line, 1), column=1, message=message, source=source)
