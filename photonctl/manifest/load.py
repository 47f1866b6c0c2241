"""Sources → desired projects: read, interpolate, check, ask each kind. All problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from photonctl.errors import Diagnostic, ManifestError
from photonctl.files import read_bounded
from photonctl.manifest.interpolate import Interpolator
from photonctl.manifest.locate import Marked, Places, YamlPlaces, yaml_lines
from photonctl.manifest.read import NotYaml, Yaml, decode, parse
from photonctl.manifest.rules import Claims, check_sinks
from photonctl.manifest.schema import check_document, check_users
from photonctl.manifest.sources import STDIN, Source
from photonctl.manifest.tables import read_table
from photonctl.model.policy import DEFAULT_PRUNE, Policy
from photonctl.model.spec import Declared, JsonObject, JsonValue, SinkSpec
from photonctl.model.state import DesiredProject
from photonctl.resources import KINDS
from photonctl.resources.base import Problem

_LARGEST_INCLUDED = 64 * 2**10
_SECTIONS = {kind.section: kind.name for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the manifests of a run declare, and what is doubtful about them."""

    projects: tuple[DesiredProject, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(slots=True)
class _Run:
    """What is gathered over all documents of a run."""

    env: Mapping[str, str]
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    projects: list[DesiredProject] = field(default_factory=list)
    claims: Claims = field(default_factory=Claims)


def load(
    sources: Sequence[Source], env: Mapping[str, str], unread: Sequence[Diagnostic] = ()
) -> Loaded:
    """Read every document of every source.

    Args:
        sources: the manifests' bytes.
        env: where ``${env:…}`` looks.
        unread: what was wrong with sources that aren't here, to be reported with the rest.

    Raises:
        ManifestError: everything that is wrong with any of them.
    """
    run = _Run(env=env, errors=list(unread))
    for source in sources:
        _load_source(run, source)
    if run.errors:
        raise ManifestError(run.errors)
    return Loaded(projects=tuple(run.projects), warnings=tuple(run.warnings))


def _load_source(run: _Run, source: Source) -> None:
    try:
        text = decode(source.data)
        found = parse(text)
    except NotYaml as error:
        lines = source.data.decode("utf-8", "replace").split("\n")
        shown = lines[error.line - 1][:200] if error.line <= len(lines) else ""
        run.errors.append(
            Diagnostic(
                file=source.name,
                line=error.line,
                column=error.column,
                message=str(error),
                source=_printable(shown),
            )
        )
        return
    run.errors += _read_problems(source.name, text, found)
    if not found.documents:
        message = "the manifest is empty. Write a starter with: photonctl init --force"
        run.errors.append(Diagnostic(file=source.name, line=1, column=1, message=message))
    marked = Marked(text)
    for index, document in enumerate(found.documents):
        places = YamlPlaces(source.name, marked, index)
        is_alone = len(found.documents) == 1
        _load_document(run, source.name, places, document, is_alone=is_alone)


def _read_problems(name: str, text: str, found: Yaml) -> list[Diagnostic]:
    lines = yaml_lines(text)
    return [
        Diagnostic(file=name, line=line, column=column, message=message, source=lines[line - 1])
        for line, column, message in found.problems
    ]


def _load_document(run: _Run, name: str, places: Places, raw: JsonValue, *, is_alone: bool) -> None:
    folder = Path() if name == STDIN else Path(name).parent
    filler = Interpolator(env=run.env, read_file=lambda path: _included(folder / path))
    document = filler.fill(raw)
    problems = check_document(document)
    count = len(run.errors)
    if isinstance(document, dict):
        tables = _expand_tables(run, document, folder, problems)
        problems += check_sinks(document, problems)
        problems += run.claims.claim_project(document)
        resources = _declare(document, problems, is_alone=is_alone)
        declared = [d for by_key in resources.values() for d in by_key.values()]
        credentials = _credentials(document)
        problems += run.claims.claim_variables(declared, credentials, folder)
    else:
        tables, resources = [], {}
    for problem in [*filler.problems, *_unless_hidden(problems, filler.problems)]:
        shown = replace(problem, message=filler.mask(problem.message))
        diagnostic = _place(shown, places, tables)
        (run.warnings if problem.is_warning else run.errors).append(diagnostic)
    if len(run.errors) == count and isinstance(document, dict) and count == 0:
        run.projects.append(_project(name, document, resources))


def _unless_hidden(found: list[Problem], by: list[Problem]) -> list[Problem]:
    """Leave out what is said of a value that couldn't be filled in."""
    hidden = {problem.at for problem in by}
    return [problem for problem in found if problem.at not in hidden]


def _expand_tables(
    run: _Run, document: JsonObject, folder: Path, problems: list[Problem]
) -> list[Places | None]:
    """Put the rows of each table where its name stood, and check them."""
    declared = document.get("usersFrom")
    if not isinstance(declared, list):
        return []
    tables = [read_table(str(name), folder) for name in declared]
    for index, table in enumerate(tables):
        run.errors += table.problems
        if table.unread is not None:
            problems.append(Problem(at=("usersFrom", index), message=table.unread))
        if table.places is not None:
            run.errors += [table.places.diagnose(p) for p in check_users(table.rows)]
    document["usersFrom"] = [table.rows for table in tables]
    return [table.places for table in tables]


def _place(problem: Problem, places: Places, tables: Sequence[Places | None]) -> Diagnostic:
    match problem.at:
        case ("usersFrom", int(table), *rest) if rest and table < len(tables):
            found = tables[table]
            if found is not None:
                return found.diagnose(replace(problem, at=tuple(rest)))
    return places.diagnose(problem)


def _declare(
    document: JsonObject, problems: list[Problem], *, is_alone: bool
) -> dict[str, dict[str, Declared[Any]]]:
    resources: dict[str, dict[str, Declared[Any]]] = {}
    for kind in KINDS:
        found = kind.declare(document, is_alone=is_alone)
        if found is None:
            continue
        declared = list(found)
        problems += kind.check(document, declared)
        resources[kind.name] = {resource.key: resource for resource in declared}
    return resources


def _project(
    name: str, document: JsonObject, resources: dict[str, dict[str, Declared[Any]]]
) -> DesiredProject:
    section: Any = document["project"]
    credentials = _credentials(document)
    return DesiredProject(
        manifest=name,
        name=section["name"],
        id=section.get("id"),
        resources=resources,
        policy=_policy(document),
        credentials=None
        if credentials is None
        else SinkSpec(type="envFile", target=credentials, key="PHOTON_PROJECT"),
    )


def _credentials(document: JsonObject) -> str | None:
    section = document.get("project")
    sink = section.get("credentials") if isinstance(section, dict) else None
    target = sink.get("envFile") if isinstance(sink, dict) else None
    return target if isinstance(target, str) else None


def _policy(document: Mapping[str, Any]) -> Policy:
    prune = document.get("prune", {})
    limits = document.get("limits", {})
    if isinstance(prune, bool):
        prune = dict.fromkeys(("users", "webhooks", *(["platforms"] if not prune else [])), prune)
    return Policy(
        prune={**DEFAULT_PRUNE, **{_SECTIONS[section]: value for section, value in prune.items()}},
        ignore=_patterns(document.get("ignore", {})),
        protect=_patterns(document.get("protect", {})),
        max_deletes=limits.get("maxDeletes"),
        max_delete_percent=limits.get("maxDeletePercent"),
    )


def _patterns(section: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {_SECTIONS[name]: tuple(patterns) for name, patterns in section.items()}


def _included(path: Path) -> str:
    """Read a file named by ``${file:…}``, without its last newline."""
    return read_bounded(path, _LARGEST_INCLUDED).decode("utf-8").removesuffix("\n")


def _printable(line: str) -> str:
    """Return a source line that may hold anything in a form that can be shown."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)
