"""``usersFrom``: users from CSV and YAML files, each row with the place that it is from."""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from photonctl.codes import Code
from photonctl.errors import Diagnostic
from photonctl.manifest.decode import NotYaml, decode
from photonctl.manifest.locate import MOST_COLUMNS, CsvPlaces, Marked, YamlPlaces
from photonctl.manifest.read import LONGEST_KEY, MOST_COMPLAINTS, Values, parse
from photonctl.manifest.sources import read_file
from photonctl.manifest.table import Budget, Table
from photonctl.model.filled import shown, shown_text
from photonctl.model.spec import JsonValue
from photonctl.reach import Reach, is_link, resolved

MOST_TABLES = 100
"""In one document; more are an error of the schema."""
_MOST_LINES, _LONGEST_LINE = 200_000, 100_000
_CSV, _YAML = ".csv", (".yaml", ".yml")
_SUFFIXES = (_CSV, *_YAML)
_CSV_BREAK = re.compile(r"\r\n|\r|\n")


def declares_project(document: JsonValue) -> bool:
    """Does a document declare a project? Then no other one can make a table of it."""
    return isinstance(document, dict) and "project" in document


def table_names(document: JsonValue) -> list[str]:
    """Return the files that ``usersFrom`` names, in either form; "" for what names none.

    Those after the first MOST_TABLES are left out: the schema refuses such a document.
    """
    declared = document.get("usersFrom") if isinstance(document, dict) else None
    entries = declared[:MOST_TABLES] if isinstance(declared, list) else []
    return [_declared(entry)[0] for entry in entries]


def named_twice(names: Sequence[str], folder: Path) -> Iterator[int]:
    """Yield the places of tables that are named again, in whatever spelling."""
    seen: set[Path | str] = set()
    for index, name in enumerate(names):
        if not name or "\0" in name:
            continue  # the schema says so
        path = name if name in seen else resolved(folder / name)
        if path in seen:
            yield index
        seen |= {name, path}


def read_table(entry: JsonValue, folder: Path, reach: Reach, budget: Budget) -> Table:
    """Read one file of ``usersFrom``, relative to the manifest's folder.

    A table without a row is a problem, as of an export that went wrong, unless its entry allows it.
    """
    declared, may_be_empty = _declared(entry)
    if not declared or "\0" in declared:
        return Table()  # the schema says so
    if budget.spent:
        return Table(unread=budget.spent)
    path = folder / declared
    name = str(folder / shown_text(declared))
    if is_link(path) and resolved(path).suffix.lower() not in _SUFFIXES:
        why = "it can't be read: it is a link to a file that is no table."
        return Table(unread=f'the table "{shown(declared)}": {why}')
    source = read_file(path, name, folder, reach)
    if isinstance(source, Diagnostic):
        return Table(unread=f'the table "{shown(declared)}": {source.message}')
    table = _counted(source.data, name, path, budget)
    if not (table.rows or table.problems or table.unread or may_be_empty):
        message = (
            "the table has no row, so every user of it would be deleted. If that is meant, "
            f"declare it as {{file: {shown(declared)}, allowEmpty: true}}."
        )
        empty = Diagnostic(code=Code.EMPTY_TABLE, file=name, line=1, column=1, message=message)
        table.problems.append(empty)
    return table


def _counted(data: bytes, name: str, path: Path, budget: Budget) -> Table:
    """Read a table, unless the run has too much of them."""
    budget.take(len(data))
    if budget.spent:
        return Table(unread=budget.spent)
    # By its content: a file has as many names as there are links to it, or copies of it.
    form = (path.suffix.lower() in _YAML, name.lower().endswith(_CSV), data)
    known = budget.parsed.get(form)
    is_repeated = known is not None
    if known is None:
        known = budget.parsed[form] = _parsed(data, name, budget.values, is_yaml=form[0])
    budget.take_rows(len(known.rows), is_repeated=is_repeated)
    if budget.spent:
        return Table(unread=budget.spent)
    return known.named(name)


def _parsed(data: bytes, name: str, values: Values, *, is_yaml: bool) -> Table:
    try:
        text = decode(data)
        return _read_yaml(text, name, values) if is_yaml else _read_csv(text, name)
    except NotYaml as error:
        diagnostic = Diagnostic(
            code=Code.NOT_YAML,
            file=name,
            line=error.line,
            column=error.column,
            message=str(error),
            quotes=error.quotes,
        )
        return Table(problems=[diagnostic])


def _declared(entry: JsonValue) -> tuple[str, bool]:
    """Return the file of an entry, and whether it may hold no row."""
    long = entry if isinstance(entry, dict) else {"file": entry}
    file = long.get("file")
    return file if isinstance(file, str) else "", long.get("allowEmpty") is True


def _read_yaml(text: str, name: str, values: Values) -> Table:
    found = parse(text, values=values)
    problems = [
        Diagnostic(code=code, file=name, line=line, column=column, message=message, quotes=quotes)
        for line, column, code, message, quotes in found.problems
    ]
    root = found.documents[0] if found.documents else None
    is_wrapped = isinstance(root, dict) and set(root) == {"users"}
    rows = root["users"] if isinstance(root, dict) and is_wrapped else root
    if not isinstance(rows, list) or len(found.documents) > 1:
        message = "this isn't a list of users. Write one document, a list of mappings."
        wrong = Diagnostic(code=Code.TABLE, file=name, line=1, column=1, message=message)
        return Table(problems=[wrong])
    places = YamlPlaces(name, Marked(text), 0, prefix=("users",) if is_wrapped else ())
    return Table(rows=rows, places=places, problems=problems)


def _read_csv(text: str, name: str) -> Table:
    import csv

    lines, starts = _csv_lines(text), list[int]()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    table, header, header_line = Table(), list[str](), 1
    is_shown = name.lower().endswith(_CSV)  # until it is known to be a table, and no .env

    def complain(line: int, message: str, quotes: str = "") -> None:
        source = lines[line - 1] if is_shown and 0 < line <= len(lines) else ""
        table.problems.append(_wrong(name, line, message, source, quotes))

    try:
        for start, cells in _rows(reader):
            if not header:
                header_line = start
                header = _header(cells)
                for message, quotes in _header_problems(header):
                    complain(start, message, quotes)
                if "phoneNumber" not in header:
                    return table
                is_shown = True
                continue
            row = _row(header, cells)
            if len(table.problems) > MOST_COMPLAINTS:
                break
            if isinstance(row, str):
                complain(start, row)
            else:
                table.rows.append(row)
                starts.append(start)
    except csv.Error as error:
        complain(reader.line_num, f"this isn't CSV: {error}. Check the quotes.")
    if not header:
        complain(1, "the file is empty. Its first row names the fields, at least phoneNumber.")
    table.places = CsvPlaces(name, lines, (header_line, header), starts)
    return table


def _wrong(name: str, line: int, message: str, source: str, quotes: str) -> Diagnostic:
    return Diagnostic(
        code=Code.TABLE,
        file=name,
        line=max(line, 1),
        column=1,
        message=message,
        source=source,
        quotes=quotes,
    )


def _header(cells: Sequence[str]) -> list[str]:
    """Return the headings.

    Raises:
        NotYaml: one is longer than any key; each error about its cells would quote it.
    """
    header = _without_blank_end([cell.strip() for cell in cells[:MOST_COLUMNS]])
    if any(len(heading) > LONGEST_KEY for heading in header):
        raise NotYaml(f"a heading has at most {LONGEST_KEY} characters. Is a quote missing?", 1, 1)
    return header


def _csv_lines(text: str) -> list[str]:
    if max(text.count("\n"), text.count("\r")) > _MOST_LINES:
        raise NotYaml(f"the table has more than {_MOST_LINES:,} lines. Split it.", 1, 1)
    lines = _CSV_BREAK.split(text)
    long = next((n for n, line in enumerate(lines, 1) if len(line) > _LONGEST_LINE), None)
    if long is not None:
        raise NotYaml(f"this line is longer than {_LONGEST_LINE:,} characters.", long, 1)
    return lines


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, JsonValue] | str:
    """Return a row's fields; empty cells are no fields. A text says what is wrong with the row.

    Spreadsheets write columns without a heading and without a cell, and rows with fewer or more
    empty cells than headings.
    """
    extra = _without_blank_end(cells[len(header) :])
    missing = len(header) - len(cells)
    if extra or missing > 0:
        count = len(cells) if missing > 0 else len(header) + len(extra)
        return f"{count} cells below {len(header)} headings. Add or remove commas."
    row: dict[str, JsonValue] = {}
    for place, (heading, cell) in enumerate(zip(header, cells, strict=False), start=1):
        if cell and not heading:
            return f"cell {place} is below an empty heading. Name the heading, or remove the cell."
        if cell:
            row[heading] = cell
    return row


def _without_blank_end(cells: Sequence[str]) -> list[str]:
    kept = list(cells)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that isn't blank with the line it starts on; not a spreadsheet's "sep=,"."""
    while True:
        start = reader.line_num + 1
        cells = next(reader, None)
        if cells is None:
            return
        is_separator = start == 1 and cells == ["sep=", ""]
        if not is_separator and any(cell.strip() for cell in cells):
            yield start, cells


def _header_problems(header: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what it quotes: the first row may be no headings, but a person."""
    if "phoneNumber" not in header and any(sign in cell for cell in header for sign in ";\t|"):
        yield "the fields aren't separated by commas. Save the table as comma-separated values.", ""
    elif "phoneNumber" not in header:
        yield 'no heading is "phoneNumber". The first row names the fields.', ""
    for heading, count in Counter(header).items():
        if count > 1 and heading:
            quoted = f'"{heading}"'
            yield f"the heading {quoted} is here {count} times. Remove the others.", quoted
