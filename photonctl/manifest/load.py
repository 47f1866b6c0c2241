"""Sources → desired projects: read, interpolate, check, ask each kind. All problems at once."""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from photonctl.codes import Code
from photonctl.errors import Diagnostic, ManifestError
from photonctl.kinds.values import Problem, errors_of, unless_hidden
from photonctl.manifest.desired import credentials_of, declare, project_of
from photonctl.manifest.documents import Document, read_documents
from photonctl.manifest.env_files import TOO_MUCH
from photonctl.manifest.interpolate import Filling
from photonctl.manifest.locate import Places
from photonctl.manifest.paths import At, check_paths, env_files, wrong_default_sinks
from photonctl.manifest.read import Values
from photonctl.manifest.rules import check_patterns, check_texts
from photonctl.manifest.run import MOST_SECRETS, MOST_WARNINGS, Run
from photonctl.manifest.schema import check_document, check_users
from photonctl.manifest.sink_rules import check_sinks
from photonctl.manifest.sources import Source
from photonctl.manifest.table import MOST_READS, Budget, Table
from photonctl.manifest.tables import (
    MOST_TABLES,
    declares_project,
    named_twice,
    read_table,
    table_names,
)
from photonctl.manifest.trust import Trust
from photonctl.model.filled import shown
from photonctl.model.spec import Declared, JsonObject, JsonValue
from photonctl.model.state import DesiredProject
from photonctl.reach import looking_once, resolved


class Loaded(Struct, frozen=True, kw_only=True):
    """What the manifests of a run declare.

    Attributes:
        warnings: what is doubtful about them; each project has its own in words, too.
        broken: what is wrong with the manifests that were left out.
        left_out: their names.
    """

    projects: tuple[DesiredProject, ...]
    warnings: tuple[Diagnostic, ...] = ()
    broken: ManifestError | None = None
    left_out: tuple[str, ...] = ()


def load(
    sources: Sequence[Source],
    trust: Trust,
    unread: Sequence[Diagnostic] = (),
    *,
    leaves_out: bool = False,
) -> Loaded:
    """Read every document of every source; a folder's tables are no manifests.

    Args:
        sources: the manifests' bytes.
        trust: what they may use.
        unread: what was wrong with sources that aren't here, to be reported with the rest.
        leaves_out: a source in which something is wrong doesn't hold back the others, unless two
            of them claim the same project or place, or there are too many errors to find all.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    with looking_once():
        return _load(sources, trust, unread, leaves_out=leaves_out)


def _load(
    sources: Sequence[Source], trust: Trust, unread: Sequence[Diagnostic], *, leaves_out: bool
) -> Loaded:
    filling, values = Filling(), Values()
    credentials, budget = frozenset(trust.credentials()), Budget(values=values)
    run = Run(trust=trust, credentials=credentials, budget=budget, errors=list(unread))
    read = [(source, *read_documents(source, trust, filling, values)) for source in sources]
    every = [document for _, documents, _ in read for document in documents]
    tables = _tables_of(every)
    inputs = tables | {resolved(Path(source.name)) for source, _, _ in read}
    left_out = dict.fromkeys(problem.file for problem in unread)
    for source, documents, problems in read:
        is_named = source.is_listed and resolved(Path(source.name)) in tables
        is_table = is_named and not any(declares_project(document.value) for document in documents)
        if not (is_table or _load_source(run, documents, problems, inputs)):
            left_out[source.name] = None
    broken = run.error() if run.errors else None
    is_whole = not (leaves_out and run.projects) or run.claims.has_conflict or run.is_cut
    if broken is not None and is_whole:
        raise broken
    return Loaded(
        projects=tuple(run.projects),
        warnings=tuple(run.warnings),
        broken=broken,
        left_out=tuple(left_out),
    )


def _tables_of(documents: Iterable[Document]) -> set[Path]:
    """Return the tables that documents name, up to where no more are read: each path takes time."""
    named = (
        (document.folder, name)
        for document in documents
        for name in dict.fromkeys(table_names(document.value))
        if "\0" not in name
    )
    return {resolved(folder / name) for folder, name in islice(named, MOST_READS + 1)}


def _load_source(
    run: Run, documents: Sequence[Document], problems: Sequence[Diagnostic], inputs: set[Path]
) -> bool:
    """Take the projects of a source, if nothing in it is wrong; is that so?"""
    count, before = len(run.projects), len(run.errors)
    run.errors += problems
    for document in documents:
        if run.has_too_many or run.secrets > MOST_SECRETS or run.has_many_warnings:
            run.is_cut = True
        else:
            _load_document(run, document, inputs)
    is_right = len(run.errors) == before
    if not is_right:
        del run.projects[count:]
    return is_right


def _load_document(run: Run, document: Document, inputs: set[Path]) -> None:
    value = document.value
    folder, reach = document.folder, run.trust.reach
    too_much = run.too_much_in(value) if isinstance(value, dict) else None
    if too_much is not None:
        _cut(run, document, too_much)
        return
    first = [
        *document.unfilled,
        *check_texts(value, run.credentials),
        *check_paths(value, folder, reach, inputs),
        *check_patterns(value),
    ]
    problems = check_document(value)
    count = len(run.errors)
    if isinstance(value, dict):
        names = table_names(value)
        tables = _expand_tables(run, value, folder, problems)
        problems += check_sinks(value, problems)
        resources = declare(value, problems, is_alone=document.is_alone)
        declared = [d for by_key in resources.values() for d in by_key.values()]
        problems += run.claims.claim(value, declared, credentials_of(value), folder)
        problems += wrong_default_sinks(declared, folder, reach, inputs)
        refused = {problem.at for problem in errors_of((*first, *problems))}
        problems += _too_much_to_read(run, value, declared, folder, refused)
    else:
        names, tables, resources = [], [], {}
    warnings = _placed(run, document, [*first, *unless_hidden(problems, first)], tables)
    if len(run.errors) == count and isinstance(value, dict):
        project = project_of(document.name, value, resources, names)
        run.projects.append(replace(project, warnings=tuple(warnings)))


def _placed(
    run: Run, document: Document, problems: list[Problem], tables: Sequence[Places | None]
) -> list[str]:
    """Add problems to those of the run, each with its place; return the warnings in words."""
    warnings = []
    for problem in run.to_place(problems):
        diagnostic = _place(problem, document.places, tables)
        if problem.is_warning:
            warnings.append(str(diagnostic))
            run.warnings.append(diagnostic)
        else:
            run.errors.append(diagnostic)
    if run.has_many_warnings:
        message = f"a run has at most {MOST_WARNINGS:,} warnings. See what the first are about."
        problem = Problem(code=Code.TOO_LARGE, at=(), message=message)
        run.errors.append(document.places.diagnose(problem))
    return warnings


def _cut(run: Run, document: Document, message: str) -> None:
    """Say once that there is too much of something; this document isn't checked."""
    run.is_cut = True
    if not any(error.message == message for error in run.errors[-1:]):
        problem = Problem(code=Code.TOO_LARGE, at=(), message=message)
        run.errors.append(document.places.diagnose(problem))


def _too_much_to_read(
    run: Run,
    document: JsonObject,
    declared: Sequence[Declared[Any]],
    folder: Path,
    refused: Collection[At],
) -> list[Problem]:
    """Count secrets, and the env files that a plan will read; what is too much is named."""
    run.secrets += sum(one.secret is not None for one in declared)
    if run.secrets > MOST_SECRETS:
        message = (
            f"a run declares at most {MOST_SECRETS:,} webhooks. Split it into several runs: a "
            "shard reads every manifest."
        )
        return [Problem(code=Code.TOO_LARGE, at=("webhooks",), message=message)]
    sinks = ((d.at, d.secret.sink) for d in declared if d.secret is not None)
    default = ((at, sink.target) for at, sink in sinks if sink.is_default)
    for at, path in (*env_files(document), *default):
        if at not in refused and not run.env_files.take(resolved(folder / path)):
            return [Problem(code=Code.PATH, at=at, message=TOO_MUCH)]
    return []


def _expand_tables(
    run: Run, document: JsonObject, folder: Path, problems: list[Problem]
) -> list[Places | None]:
    """Put the rows of each table where its name stood, and check them."""
    declared = document.get("usersFrom")
    if not isinstance(declared, list):
        return []
    names = table_names(document)
    again = set(named_twice(names, folder))
    for index in sorted(again)[:1]:
        message = f'the table "{shown(names[index])}" is named twice. Remove one.'
        problems.append(Problem(code=Code.DECLARED_TWICE, at=("usersFrom", index), message=message))
    tables = [
        Table()
        if index in again
        else _checked_table(run, entry, folder, ("usersFrom", index), problems)
        for index, entry in enumerate(declared[:MOST_TABLES])
    ]
    document["usersFrom"] = [table.rows for table in tables]
    return [table.places for table in tables]


def _checked_table(
    run: Run, entry: JsonValue, folder: Path, at: At, problems: list[Problem]
) -> Table:
    """Read a table, unless so much is wrong already that no more is looked for."""
    if run.has_too_many:
        run.is_cut = True
        return Table()
    table = read_table(entry, folder, run.trust.reach, run.budget)
    run.errors += table.problems
    if table.unread is not None:
        problems.append(Problem(code=Code.TABLE, at=at, message=table.unread))
    if table.places is not None:
        if run.credentials not in table.checked:
            first = list(check_texts(table.rows, run.credentials))
            others = unless_hidden(check_users(table.rows), first)
            table.checked[run.credentials] = [*first, *others]
        wrong = run.to_place(table.checked[run.credentials])
        run.errors += map(table.places.diagnose, wrong)
    return table


def _place(problem: Problem, places: Places, tables: Sequence[Places | None]) -> Diagnostic:
    match problem.at:
        case ("usersFrom", int(table), *rest) if rest and table < len(tables):
            found = tables[table]
            if found is not None:
                return found.diagnose(replace(problem, at=tuple(rest)))
    return places.diagnose(problem)
