"""A checked document → the project that it declares: each kind is asked for its part."""

from collections.abc import Sequence
from typing import Any

from photonctl.kinds import kinds
from photonctl.kinds.sinks import PAIR_KEY, read_sink
from photonctl.kinds.values import Problem
from photonctl.manifest.policy import read_policy
from photonctl.manifest.schema import is_too_long
from photonctl.model.spec import Declared, JsonObject, SinkSpec
from photonctl.model.state import DesiredProject


def declare(
    document: JsonObject, problems: list[Problem], *, is_alone: bool
) -> dict[str, dict[str, Declared[Any]]]:
    """Return what each kind declares, by its key; add what is wrong with it to ``problems``."""
    resources: dict[str, dict[str, Declared[Any]]] = {}
    for kind in kinds():
        if is_too_long(kind.section, document.get(kind.section)):
            continue  # the schema says so
        found = kind.declare(document, is_alone=is_alone)
        if found is None:
            continue
        declared = list(found)
        problems += kind.check(document, declared)
        resources[kind.name] = {resource.key: resource for resource in declared}
    return resources


def project_of(
    name: str,
    document: JsonObject,
    resources: dict[str, dict[str, Declared[Any]]],
    tables: Sequence[str],
) -> DesiredProject:
    """Return what a document of the manifest ``name`` declares; ``tables``: their names."""
    section: Any = document["project"]
    return DesiredProject(
        manifest=name,
        name=section["name"],
        id=section.get("id"),
        resources=resources,
        policy=read_policy(document),
        origins={kind.name: kind.origins(document, tables) for kind in kinds()},
        credentials=credentials_of(document),
    )


def credentials_of(document: JsonObject) -> SinkSpec | None:
    """Return where the project's own credentials go; None = nowhere."""
    section = document.get("project")
    return read_sink(section.get("credentials"), PAIR_KEY) if isinstance(section, dict) else None
