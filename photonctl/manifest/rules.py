"""Rules that no kind can check alone: between the documents of a run, and inside one setting."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from photonctl.codes import Code
from photonctl.kinds.patterns import LONGEST_PATTERN, has_wildcards, longest_loose
from photonctl.kinds.sinks import PAIR_KEY
from photonctl.kinds.values import Problem
from photonctl.manifest.schema import MOST_PROBLEMS
from photonctl.model.filled import Filled, shown, shown_text
from photonctl.model.names import taken_names
from photonctl.model.spec import FORGES, Declared, JsonObject, JsonValue, SinkSpec
from photonctl.own_credentials import holds_one
from photonctl.reach import resolved
from photonctl.texts import nfc, text_problem

_WILD = re.compile(r"[*?\[]")
_MOST_WILD = 200
_LONGEST_TEXT = 10_000
_MOST_WILDCARDS = 10
_LONGEST_LOOSE = 64
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}\Z")
_PAIR = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")


def check_texts(value: JsonValue, credentials: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Check every text of a document or a table, whatever field it is in and wherever it is from.

    The only place that does: a text with an invisible end would create, register or delete
    something else than the one it looks like, and photonctl's own ``credentials`` belong nowhere.
    After so many problems no more are looked for.
    """
    return islice(_check_texts(value, credentials, ()), MOST_PROBLEMS)


def _check_texts(
    value: JsonValue, credentials: frozenset[str], at: tuple[str | int, ...]
) -> Iterator[Problem]:
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            return  # the schema says so
        if holds_one(value, credentials):
            what = value.raw if isinstance(value, Filled) else "this text"
            text = f"{what} holds a credential of photonctl or of this run. No manifest may use it."
            yield Problem(code=Code.CREDENTIAL, at=at, message=text)
        # What is written is shown where the value isn't.
        written = text_problem(shown_text(value))
        found = written or text_problem(value)
        if found is not None:
            what = "this text" if written else f"the value of {shown_text(value)}"
            yield Problem(code=Code.INVISIBLE, at=at, message=f"{what} {found}. Remove it.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check_texts(item, credentials, (*at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _check_texts(item, credentials, (*at, key))


def check_patterns(document: JsonValue) -> Iterator[Problem]:
    """Bound what comparing the patterns of ``ignore`` and ``protect`` with live state may cost."""
    for section in ("ignore", "protect"):
        given = document.get(section) if isinstance(document, dict) else None
        for name, patterns in given.items() if isinstance(given, dict) else ():
            listed = patterns if isinstance(patterns, list) else []
            found = [p for p in listed if isinstance(p, str) and len(p) <= LONGEST_PATTERN]
            wild = [pattern for pattern in found if _WILD.search(pattern)]
            at = (section, name)
            if any(isinstance(pattern, Filled) and has_wildcards(pattern) for pattern in wild):
                message = (
                    "a pattern with an expression has wildcards, written or filled in: what it "
                    "matches would say what was filled in. Write it out."
                )
                yield Problem(code=Code.PATTERN, at=at, message=message)
            wild = [pattern for pattern in wild if not isinstance(pattern, Filled)]
            if len(wild) > _MOST_WILD:
                message = f"{len(wild):,} patterns have wildcards. The most is {_MOST_WILD}."
                yield Problem(code=Code.PATTERN, at=at, message=message)
            if any(len(_WILD.findall(pattern)) > _MOST_WILDCARDS for pattern in wild):
                message = f"a pattern has more than {_MOST_WILDCARDS} wildcards. Write it shorter."
                yield Problem(code=Code.PATTERN, at=at, message=message)
            if any(longest_loose(pattern) > _LONGEST_LOOSE for pattern in wild):
                message = (
                    f"a pattern has a piece with ? or [ ] in it of more than {_LONGEST_LOOSE} "
                    "characters. Put * in its place."
                )
                yield Problem(code=Code.PATTERN, at=at, message=message)


class Claims(Struct):
    """What the documents of a run have claimed so far: each project and each secret's name once.

    Attributes:
        has_conflict: something was claimed twice.
    """

    ids: set[str] = field(default_factory=set)
    pinned_names: set[str] = field(default_factory=set)
    free_names: set[str] = field(default_factory=set)
    variables: set[tuple[str, str]] = field(default_factory=set)
    has_conflict: bool = False

    def claim(
        self,
        document: JsonObject,
        declared: Iterable[Declared[Any]],
        credentials: SinkSpec | None,
        folder: Path,
    ) -> list[Problem]:
        """Claim what a document declares; return what another one has claimed before."""
        found = [
            *self._claim_project(document),
            *self._claim_variables(declared, credentials, folder),
        ]
        self.has_conflict |= bool(found)
        return found

    def _claim_project(self, document: JsonObject) -> Iterator[Problem]:
        """Each project is declared once: two documents would undo each other.

        A name may be declared twice only if both are pinned by an id.
        """
        project = document.get("project")
        if not isinstance(project, dict):
            return
        name, project_id = project.get("name"), project.get("id")
        if isinstance(project_id, str):
            if project_id in self.ids:
                yield Problem(
                    code=Code.DECLARED_TWICE,
                    at=("project", "id"),
                    message=_declared_twice(project_id),
                )
            self.ids.add(project_id)
        if isinstance(name, str):
            is_pinned = isinstance(project_id, str)
            is_taken = nfc(name) in self.free_names
            if is_taken or (not is_pinned and nfc(name) in self.pinned_names):
                yield Problem(
                    code=Code.DECLARED_TWICE, at=("project", "name"), message=_declared_twice(name)
                )
            (self.pinned_names if is_pinned else self.free_names).add(nfc(name))

    def _claim_variables(
        self, declared: Iterable[Declared[Any]], credentials: SinkSpec | None, folder: Path
    ) -> Iterator[Problem]:
        """No secret may overwrite another: not by its name, nor by what is derived from it."""
        for place in credentials.places if credentials is not None else ():
            pair = (*_PAIR, *taken_names(PAIR_KEY))
            names = {(where, name) for where in _where(place, folder) for name in pair}
            if names & self.variables:
                message = (
                    "another secret is stored as one of these in this place. Name another one."
                )
                at = ("project", "credentials")
                yield Problem(code=Code.SHARED_PLACE, at=at, message=message)
            self.variables |= names
        for resource in declared:
            for place in resource.secret.sink.places if resource.secret else ():
                wanted = taken_names(place.key)
                names = {(where, name) for where in _where(place, folder) for name in wanted}
                if names & self.variables:
                    message = (
                        f"another secret is stored as {shown(place.key)} or a name derived from it "
                        f"in {shown(place.target)}. Give each webhook a key of its own."
                    )
                    yield Problem(
                        code=Code.SHARED_PLACE, at=(*resource.at, "secret"), message=message
                    )
                self.variables |= names


def _where(place: SinkSpec, folder: Path) -> Iterator[str]:
    """Yield what two spellings of one place have in common; nothing of a command."""
    if place.type == "exec" or "\0" in place.target:
        return
    if place.type == "envFile":
        yield str(resolved(folder / place.target))
        return
    name = place.target.lower() if place.type in FORGES else place.target
    names = {name}
    if name.startswith("arn:"):  # it ends in the name, perhaps with six characters of AWS's
        last = name.rpartition(":secret:")[2]
        names = {last, _SUFFIX.sub("", last)}
    yield from (f"{place.type} {one}" for one in names)


def _declared_twice(what: str) -> str:
    return f'another document declares the project "{shown(what)}", too. Join the two.'
