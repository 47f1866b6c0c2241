"""One project, as declared and as live; both hold resources of the same spec types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from photonctl.model.policy import Policy
from photonctl.model.spec import Declared, Live, SinkSpec, Spec

DeclaredByKind: TypeAlias = Mapping[str, Mapping[str, Declared[Spec]]]
LiveByKind: TypeAlias = Mapping[str, Mapping[str, Live[Spec]]]
_NOTHING: Mapping[str, Mapping[str, Live[Spec]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredProject:
    """What one document of a manifest declares.

    Attributes:
        manifest: the file's name as the user wrote it; ``-`` for standard input.
        id: pins the project; None = found by name.
        resources: kind → key → declaration. A kind that the manifest doesn't mention is absent.
        credentials: where the project's own id and secret are stored, if anywhere.
    """

    manifest: str
    name: str
    id: str | None = None
    resources: DeclaredByKind
    policy: Policy
    credentials: SinkSpec | None = None

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the manifest start from."""
        return Path() if self.manifest == "-" else Path(self.manifest).parent


def twin_name(key: str, resource_id: str | None) -> str:
    """Name a second live resource of a key, e.g. a URL in another spelling; nothing declares it."""
    return f"{key} ({resource_id})"


class Stored(Enum):
    """What a sink holds for a webhook."""

    NOTHING = "nothing"
    OTHER = "a secret of another registration"
    STANDARD = "the standard secret only"
    ELSEWHERE = "the secret, under another name"
    ALL = "the secret"
    UNKNOWN = "unknown: this kind of sink can't be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What sink and journal say of one declared resource's secret, observed before planning.

    Attributes:
        stored: what the sink holds for it; of one that isn't live, nothing or another's.
        stored_id: whose secret stands under the sink's name, if it is another registration's.
        stored_of: in which other project that one is live, if any is known.
        was_interrupted, rotation_was_interrupted: an intent is open.
    """

    stored: Stored
    stored_id: str | None = None
    stored_of: str | None = None
    was_interrupted: bool = False
    rotation_was_interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveProject:
    """What Photon lists of one project, and what sinks and journal say of its secrets.

    Attributes:
        id: the dashboard's id, or the Spectrum id where only that is known; None = not live.
        shared_user_cap: the tier's limit on shared users (contract §4.3); None = none known.
        evidence: webhook key → what is known of its secret.
    """

    id: str | None = None
    name: str | None = None
    shared_user_cap: int | None = None
    resources: LiveByKind = field(default_factory=lambda: _NOTHING)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
