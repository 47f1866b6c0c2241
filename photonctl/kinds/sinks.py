"""Places for secrets, as a manifest writes them: ``secret`` and ``project.credentials``. Pure."""

from collections.abc import Iterator

from photonctl.model.duration import seconds_of
from photonctl.model.spec import (
    PLUGIN,
    SEVERAL,
    STORES,
    JsonObject,
    JsonValue,
    Rotation,
    SinkSpec,
)

WITH_TARGET = ("envFile", "keyring", *STORES)
"""Sinks whose word in a manifest names the place."""
_ASKED = ("keyring", "plugin", *STORES)  # each is asked for what it holds, by every plan
MOST_PLACES = 5
"""Of one secret, as the schema says."""
_LOOKED_AT = MOST_PLACES + 1  # one more shows that there are too many
DEFAULT_KEY = "PHOTON_WEBHOOK_SECRET"
"""What the name of a webhook's secret begins with where a manifest names none."""
PAIR_KEY = "PHOTON_PROJECT"
"""What the names of a project's own credentials begin with."""


def members(declared: JsonValue) -> list[JsonObject]:
    """Return the mappings of a ``secret``, of which there may be a list."""
    found = declared[:_LOOKED_AT] if isinstance(declared, list) else [declared]
    return [item for item in found if isinstance(item, dict)]


def read_sink(declared: JsonValue, key: str) -> SinkSpec | None:
    """Read one place, or several; None = it isn't declared. ``key``: where none is written."""
    found = tuple(_read_one(item, key) for item in members(declared))
    if len(found) < 2:  # noqa: PLR2004
        return found[0] if found else None
    return SinkSpec(type=SEVERAL, target="", key=found[0].key, members=found)


def _read_one(declared: JsonObject, key: str) -> SinkSpec:
    key = _word(declared.get("key", key))
    for kind in WITH_TARGET:
        if kind in declared:
            return SinkSpec(type=kind, target=_word(declared[kind]), key=key)
    if "plugin" in declared:
        name, target = _word(declared["plugin"]), _word(declared.get("target", ""))
        kind = f"{PLUGIN}{name}" if name in STORES else name
        return SinkSpec(type=kind, target=target, key=key)
    command = declared.get("exec")
    words = [_word(word) for word in command] if isinstance(command, list) and command else [""]
    return SinkSpec(type="exec", target=words[0], arguments=tuple(words[1:]), key=key)


def write_sink(sink: SinkSpec) -> JsonValue:
    """Write places as a manifest does."""
    found: list[JsonValue] = [*map(_write_one, sink.places)]
    return found if sink.members else found[0]


def write_pair(sink: SinkSpec) -> JsonValue:
    """Write places for a project's own credentials; their names are always the same."""
    found = write_sink(sink)
    for item in members(found):
        if item.get("key") == PAIR_KEY:
            del item["key"]
    return found


def _write_one(sink: SinkSpec) -> JsonObject:
    match sink.type:
        case word if word in WITH_TARGET:
            return {word: sink.target, "key": sink.key}
        case "exec":
            return {"exec": [sink.target, *sink.arguments]}
        case _:
            name = sink.type.removeprefix(PLUGIN)
            return {"plugin": name, "target": sink.target, "key": sink.key}


def read_rotation(declared: JsonValue) -> Rotation | None:
    """Read when a secret is to be rotated; None = never."""
    rules = (item.get("rotate") for item in members(declared))
    rule = next((rule for rule in rules if isinstance(rule, dict)), None)
    every = seconds_of(_word(rule.get("every"))) if rule is not None else None
    if rule is None or every is None:
        return None
    overlap = rule.get("overlap")
    return Rotation(
        every_s=every, overlap_s=None if overlap is None else seconds_of(_word(overlap))
    )


def places_in(document: JsonObject) -> Iterator[tuple[tuple[str | int, ...], JsonObject]]:
    """Yield where each place for a secret is declared, and what it says."""
    project = document.get("project")
    if isinstance(project, dict):
        yield from _placed(("project", "credentials"), project.get("credentials"))
    webhooks = document.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else []):
        if isinstance(webhook, dict):
            yield from _placed(("webhooks", index, "secret"), webhook.get("secret"))


def is_asked(place: JsonObject) -> bool:
    """Does every plan ask another program what this place holds?"""
    return any(word in place for word in _ASKED)


def _placed(
    at: tuple[str | int, ...], declared: JsonValue
) -> Iterator[tuple[tuple[str | int, ...], JsonObject]]:
    if isinstance(declared, dict):
        yield at, declared
    for index, item in enumerate(declared[:_LOOKED_AT] if isinstance(declared, list) else []):
        if isinstance(item, dict):
            yield (*at, index), item


def _word(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)
