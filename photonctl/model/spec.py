"""What one resource is made of: the same type for what is declared and for what is live.

A spec holds the *declarable* fields of a kind. A field that the manifest doesn't mention is
``UNSET`` and isn't compared; a field that the server doesn't know is ``UNSET`` on the live side.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

from photonctl.model.secret import Secret

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"


class Unset(Enum):
    """The type of ``UNSET``, so that a type checker can tell it from a value."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
Text: TypeAlias = str | Literal[Unset.UNSET] | None
Flag: TypeAlias = bool | Literal[Unset.UNSET]
Words: TypeAlias = tuple[str, ...] | Literal[Unset.UNSET]

E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


class Spec(Struct, frozen=True, kw_only=True):
    """The base of every kind's spec: a frozen struct of declarable fields."""


S_co = TypeVar("S_co", bound=Spec, covariant=True)


class OnMissingSecret(Enum):
    """What to do about a live webhook whose signing secret isn't in its sink (interface §1)."""

    FAIL = "fail"
    WARN = "warn"
    ROTATE = "rotate"
    REPLACE = "replace"
    IGNORE = "ignore"
    """It is kept elsewhere, and nobody wants to be warned."""


FORGES = ("githubActions", "gitlabVariable")
STORES = ("awsSecretsManager", "kubernetes", "vault", *FORGES)
"""Sinks that keep secrets at a service, by their words in a manifest."""
BUILT_IN_SINKS = ("envFile", "exec", "keyring", *STORES)
SEVERAL = "several"
PLUGIN = "plugin:"
"""Before the name of a plugin that is called like a store."""
WRITE_ONLY = ("exec", "githubActions")
"""Sinks that give nobody what they hold."""
DEFAULT_ENV_FILE = ".env"
"""Where secrets go that nobody declared a sink for (interface §5), beside the manifest."""


class SinkSpec(Struct, frozen=True, kw_only=True):
    """Where a one-time secret goes (interface §5).

    Attributes:
        type: one of ``BUILT_IN_SINKS``, or a plugin's name.
        target: the path as declared, the keyring's service, or the command's first word.
        arguments: the command's other words.
        key: the name it is stored under.
        is_default: nobody declared it; refused where the disk is thrown away.
        members: of ``SEVERAL``, the places that each get the secret; their names are their own.
    """

    type: str
    target: str
    key: str
    arguments: tuple[str, ...] = ()
    is_default: bool = False
    members: tuple["SinkSpec", ...] = ()

    @property
    def places(self) -> tuple["SinkSpec", ...]:
        """The places that get the secret: its members, or itself."""
        return self.members if self.type == SEVERAL else (self,)


def runs_code(sink: SinkSpec) -> bool:
    """Does storing a secret there run a command, or a plugin's code?"""
    safe = {"envFile", "keyring", *STORES}
    return any(place.type not in safe for place in sink.places)


class Rotation(Struct, frozen=True, kw_only=True):
    """When a standard secret is rotated, and for how long the old one stays valid, in seconds."""

    every_s: int
    overlap_s: int | None = None


class SecretRule(Struct, frozen=True, kw_only=True):
    """How a declared resource's one-time secret is kept."""

    sink: SinkSpec
    on_missing: OnMissingSecret = OnMissingSecret.WARN
    rotation: Rotation | None = None


class Declared(Struct, Generic[S_co], frozen=True, kw_only=True):
    """A resource as the manifest declares it.

    Attributes:
        key: its natural identity within kind and project (contract §6.1).
        at: the path of its declaration within its document, for error messages.
        secret: what becomes of its one-time secret, for the kinds that have one.
        label: its key as outputs show it; "" = as it is.
        may_be_undeliverable: a URL that Photon can't reach is declared on purpose.
    """

    key: str
    spec: S_co
    label: str = ""
    may_be_undeliverable: bool = False
    at: tuple[str | int, ...] = ()
    secret: SecretRule | None = None


class Live(Struct, Generic[S_co], frozen=True, kw_only=True):
    """A resource as Photon lists it.

    Attributes:
        id: Photon's id, or None for kinds that have none.
        is_owner: the project owner whom Photon enrolled itself (contract §6.2); None = nobody can
            tell.
        stored_as: under which name the default env file holds its secret; known to export only.
        created_at: when it was made, as Photon writes it.
    """

    key: str
    spec: S_co
    id: str | None = None
    is_owner: bool | None = False
    stored_as: str | None = None
    created_at: str | None = None


class Origin(Struct, frozen=True, kw_only=True):
    """Whose a secret is.

    Attributes:
        host: Spectrum's base URL.
        project_id: Photon's id of the project.
        url: the webhook's, as outputs show it; "" for a project's own credentials.
    """

    host: str
    project_id: str
    url: str = ""


STANDARD_PREFIX = "whsec_"
"""What each standard secret begins with (contract §4.4); it is public."""


class OneTimeSecrets(Struct, frozen=True, kw_only=True):
    """The secrets of one registration; they exist in this answer only (contract §6.5).

    Attributes:
        webhook_id: of which webhook; with its legacy and its standard secret, or one of them.
        origin: whose they are; None where that isn't known, as in what a sink reads back.
        given_at: since when the place that they were read from has them; None = not known.
        is_copy: they come from another place, so ``given_at`` holds for the next one, too.
        is_unfinished: storing them ends nothing: a place that notes what was begun keeps the note.
    """

    webhook_id: str
    signing: Secret | None = None
    standard: Secret | None = None
    origin: Origin | None = None
    given_at: datetime | None = None
    is_copy: bool = False
    is_unfinished: bool = False


def wire_name(name: str) -> str:
    """Turn a Python field name into Photon's: ``first_name`` → ``firstName``."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


_WIRE_NAMES: dict[Any, tuple[tuple[str, str], ...]] = {}


def wire_names(spec_type: Any) -> tuple[tuple[str, str], ...]:
    """Return each field's Python name and Photon's, in the order of a Spec's type."""
    found = _WIRE_NAMES.get(spec_type)
    if found is None:
        found = tuple((name, wire_name(name)) for name in spec_type.__struct_fields__)
        _WIRE_NAMES[spec_type] = found
    return found


def spec_to_json(spec: Spec) -> JsonObject:
    """Return the fields that are set, by Photon's names, in the order of the type."""
    found: JsonObject = {}
    for name, wire in wire_names(type(spec)):
        value = getattr(spec, name)
        if value is not UNSET:
            found[wire] = list(value) if isinstance(value, tuple) else value
    return found


def spec_from_json(spec_type: type[S_co], data: Mapping[str, JsonValue]) -> S_co:
    """Read back what ``spec_to_json`` wrote; absent fields are UNSET.

    Raises:
        TypeError: a field that has no default is absent, unknown, or no text, list of texts or
            flag.
    """
    known: dict[str, Any] = {}
    names = dict(wire_names(spec_type))
    if not data.keys() <= set(names.values()):
        msg = "a field that it doesn't have"
        raise TypeError(msg)
    for name, wire in names.items():
        if wire in data:
            value = data[wire]
            each = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str | bool | None) for one in each):
                raise TypeError(f"{wire} is no text")
            known[name] = tuple(each) if isinstance(value, list) else value
    return spec_type(**known)
