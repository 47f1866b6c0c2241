"""Rules that no kind can check alone: between the documents of a run, and inside one setting."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photonctl.model.filled import Filled, unfilled
from photonctl.model.spec import Declared, JsonObject, JsonValue
from photonctl.resources.values import Problem
from photonctl.texts import nfc, text_problem

_SINKS = ("envFile", "exec", "keyring", "plugin")
_SUFFIXES = ("", "_STANDARD", "_WEBHOOK_ID")  # what an env file gets (interface §5)
_PAIR = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")


def check_texts(value: JsonValue, at: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """Check every text of a document or a table, whatever field it is in and wherever it is from.

    The only place that does: a text with an invisible end would create, register or delete
    something else than the one it looks like.
    """
    if isinstance(value, str):
        found = text_problem(value)
        if found is not None:
            what = f"the value of {value.raw}" if isinstance(value, Filled) else "this text"
            yield Problem(at=at, message=f"{what} {found}. Remove it.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from check_texts(item, (*at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from check_texts(item, (*at, key))


def check_paths(document: JsonValue) -> Iterator[Problem]:
    """No path begins with ``~``: only a shell knows whose home that is."""
    if not isinstance(document, dict):
        return
    for at, path in _paths(document):
        first = path[0] if isinstance(path, list) and path else path
        if isinstance(first, str) and first.startswith("~"):
            message = '"~" isn\'t expanded here. Write the path relative to this file.'
            yield Problem(at=at, message=message)


def _paths(document: JsonObject) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    """Yield where each path of a document is, and the path; of a command, its words."""
    project = document.get("project")
    sink = project.get("credentials") if isinstance(project, dict) else None
    if isinstance(sink, dict):
        yield ("project", "credentials", "envFile"), sink.get("envFile")
    webhooks = document.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        secret = webhook.get("secret") if isinstance(webhook, dict) else None
        if isinstance(secret, dict):
            yield ("webhooks", index, "secret", "envFile"), secret.get("envFile")
            yield ("webhooks", index, "secret", "exec"), secret.get("exec")
    tables = document.get("usersFrom")
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        yield ("usersFrom", index), table.get("file") if isinstance(table, dict) else table


def check_sinks(document: JsonObject, known: list[Problem]) -> Iterator[Problem]:
    """Each secret goes to exactly one place (interface §5); what is ``known`` isn't said twice."""
    troubled = {problem.at[:3] for problem in known}
    webhooks = document.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        secret = webhook.get("secret") if isinstance(webhook, dict) else None
        at = ("webhooks", index, "secret")
        if not isinstance(secret, dict) or at in troubled:
            continue
        named = [name for name in _SINKS if name in secret]
        if len(named) != 1:
            told = " and ".join(named) or "none"
            message = f"a secret goes to one of {', '.join(_SINKS)}; here: {told}. Name one."
            yield Problem(at=at, message=message)
        words = secret.get("exec")
        for place, word in enumerate(words if isinstance(words, list) else []):
            if isinstance(word, Filled):
                message = (
                    f"{word.raw} is filled in, and would be readable in the list of processes. Let "
                    "the command read it itself."
                )
                yield Problem(at=(*at, "exec", place), message=message)
        if "exec" in named and "key" in secret:
            message = "an exec sink has no key: the command gets all of it. Remove the key."
            yield Problem(at=(*at, "key"), message=message, is_key=True)
        if "target" in secret and "plugin" not in named:
            message = "only a plugin has a target. Remove it."
            yield Problem(at=(*at, "target"), message=message, is_key=True)


@dataclass(slots=True)
class Claims:
    """What the documents of a run have claimed so far: each project and each secret's name once."""

    ids: set[str] = field(default_factory=set)
    pinned_names: set[str] = field(default_factory=set)
    free_names: set[str] = field(default_factory=set)
    variables: set[tuple[str, str]] = field(default_factory=set)

    def claim_project(self, document: JsonObject) -> Iterator[Problem]:
        """Each project is declared once: two documents would undo each other.

        A name may stand twice only if both are pinned by an id.
        """
        project = document.get("project")
        if not isinstance(project, dict):
            return
        name, project_id = project.get("name"), project.get("id")
        if isinstance(project_id, str):
            if project_id in self.ids:
                yield Problem(at=("project", "id"), message=_declared_twice(project_id))
            self.ids.add(project_id)
        if isinstance(name, str):
            is_pinned = isinstance(project_id, str)
            others = self.free_names if is_pinned else self.free_names | self.pinned_names
            if nfc(name) in others:
                yield Problem(at=("project", "name"), message=_declared_twice(name))
            (self.pinned_names if is_pinned else self.free_names).add(nfc(name))

    def claim_variables(
        self, declared: Iterable[Declared[Any]], credentials: str | None, folder: Path
    ) -> Iterator[Problem]:
        """No secret may overwrite another: not by its name, nor by what is derived from it."""
        if credentials is not None and "\0" not in credentials:
            path = str((folder / credentials).resolve())
            if {(path, name) for name in _PAIR} & self.variables:
                at = ("project", "credentials")
                message = (
                    "another secret is stored as one of these in this file. Name another file."
                )
                yield Problem(at=at, message=message)
            self.variables |= {(path, name) for name in _PAIR}
        for resource in declared:
            sink = resource.secret.sink if resource.secret else None
            if sink is None or sink.type == "exec" or "\0" in sink.target:
                continue
            is_file = sink.type == "envFile"
            place = str((folder / sink.target).resolve()) if is_file else sink.target
            names = {(place, sink.key + suffix) for suffix in _SUFFIXES}
            if names & self.variables:
                message = (
                    f"another secret is stored as {unfilled(sink.key)} or a name derived from it "
                    f"in {unfilled(sink.target)}. Give each webhook a key of its own."
                )
                yield Problem(at=(*resource.at, "secret"), message=message)
            self.variables |= names


def _declared_twice(what: str) -> str:
    return f'another document declares the project "{unfilled(what)}", too. Join the two.'
