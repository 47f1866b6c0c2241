"""One file's bytes → its documents, their expressions filled in."""

import io
from functools import partial
from itertools import islice
from pathlib import Path

from msgspec import Struct

from photonctl.codes import Code
from photonctl.errors import Diagnostic
from photonctl.files import read_bounded
from photonctl.kinds.values import Problem
from photonctl.manifest.decode import NotYaml, decode
from photonctl.manifest.interpolate import Files, Filling, Interpolator, refuse_many_expressions
from photonctl.manifest.locate import Marked, Places, YamlPlaces, yaml_lines
from photonctl.manifest.read import Values, Yaml, parse
from photonctl.manifest.sources import STDIN, Source
from photonctl.manifest.trust import Trust
from photonctl.model.spec import JsonValue
from photonctl.reach import Reach, resolved

_LARGEST_INCLUDED = 64 * 2**10


class Document(Struct, frozen=True, kw_only=True):
    """One document of a source, its expressions filled in.

    Attributes:
        is_alone: its file holds no other document.
        unfilled: what is wrong with its expressions.
    """

    name: str
    places: Places
    value: JsonValue
    is_alone: bool
    unfilled: list[Problem]

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return Path() if self.name == STDIN else Path(self.name).parent


def read_documents(
    source: Source, trust: Trust, filling: Filling, values: Values
) -> tuple[list[Document], list[Diagnostic]]:
    """Parse one source, and fill in the expressions of its documents that aren't empty.

    ``filling``, ``values``: what the run has had before.
    """
    try:
        text = decode(source.data)
        refuse_many_expressions(text)
        found = parse(text, values=values)
    except NotYaml as error:
        return [], [not_yaml(source, error)]
    problems = _read_problems(source.name, text, found)
    count = sum(value is not None for value in found.documents)
    if not count and not source.is_listed:
        message = "the manifest is empty. Write a starter with: photonctl init --force"
        problems.append(
            Diagnostic(
                code=Code.EMPTY_MANIFEST, file=source.name, line=1, column=1, message=message
            )
        )
    marked = Marked(text)
    documents = []
    for index, value in enumerate(found.documents):
        if value is None:
            continue
        folder = Path() if source.name == STDIN else Path(source.name).parent
        read_file = partial(included, folder, trust.reach, filling.files)
        filler = Interpolator(trust=trust, read_file=read_file, filling=filling)
        documents.append(
            Document(
                name=source.name,
                places=YamlPlaces(source.name, marked, index),
                value=filler.fill(value),
                is_alone=count == 1,
                unfilled=filler.problems,
            )
        )
    return documents, problems


def not_yaml(source: Source, error: NotYaml) -> Diagnostic:
    """Say where a source stops being YAML."""
    lines = io.BytesIO(source.data)  # which may be long: no list of all of them
    line = next(islice(lines, error.line - 1, None), b"").rstrip(b"\r\n")
    return Diagnostic(
        code=Code.NOT_YAML,
        file=source.name,
        line=error.line,
        column=error.column,
        message=str(error),
        quotes=error.quotes,
        source=_printable(line[:800].decode("utf-8", "replace")[:200]),
    )


def _read_problems(name: str, text: str, found: Yaml) -> list[Diagnostic]:
    lines = yaml_lines(text)
    return [
        Diagnostic(
            code=code,
            file=name,
            line=line,
            column=column,
            message=message,
            source=lines[line - 1],
            quotes=quotes,
        )
        for line, column, code, message, quotes in found.problems
    ]


def included(folder: Path, reach: Reach, files: Files, path: str) -> str:
    """Read a file named by ``${file:…}``, without its last line break; each once in a run.

    Raises:
        OSError, ValueError: it can't be read, or may not be.
    """
    named = (folder, path)
    if named not in files.named:
        why = reach.why_no_value(folder / path, folder)
        files.named[named] = ValueError(why) if why is not None else resolved(folder / path)
    real = files.named[named]
    if isinstance(real, ValueError):
        raise real.with_traceback(None)
    if real not in files.texts:
        try:
            files.texts[real] = read_bounded(real, _LARGEST_INCLUDED).decode("utf-8")
        except (OSError, ValueError) as error:
            files.texts[real] = error
    text = files.texts[real]
    if not isinstance(text, str):
        raise text.with_traceback(None)
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _printable(line: str) -> str:
    """Return a source line that may hold anything in a form that can be shown."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)
