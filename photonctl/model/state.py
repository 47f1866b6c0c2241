"""One project, as declared and as live; both hold resources of the same spec types."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct, field

from photonctl.model.filled import shown_text
from photonctl.model.policy import Policy
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Declared, Live, SinkSpec, Spec, spec_to_json
from photonctl.texts import nfc

DeclaredByKind: TypeAlias = Mapping[str, Mapping[str, Declared[Spec]]]
LiveByKind: TypeAlias = Mapping[str, Mapping[str, Live[Spec]]]
_SHORT = 12
_NOTHING: Mapping[str, Mapping[str, Live[Spec]]] = MappingProxyType({})


class DesiredProject(Struct, frozen=True, kw_only=True):
    """What one document of a manifest declares.

    Attributes:
        manifest: the file's name as the user wrote it; ``-`` for standard input.
        id: pins the project; None = found by name.
        resources: kind → key → declaration. A kind that the manifest doesn't mention is absent.
        labels: kind → key → how outputs show it; of what a destruction no longer declares.
        unnamed: kind → keys of what a destruction no longer declares, and whose values were filled
            in: outputs don't say who it is.
        origins: kind → each section and table that declares it, and how many it declares.
        credentials: where the project's own id and secret are stored, if anywhere.
        warnings: what is doubtful about the declaration.
        state: where its journal is; None = in ``.photonctl`` beside the manifest.
        is_emptied: ``destroy`` made it: nothing is declared, and what is live goes.
    """

    manifest: str
    name: str
    id: str | None = None
    resources: DeclaredByKind
    policy: Policy
    origins: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unnamed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    credentials: SinkSpec | None = None
    warnings: tuple[str, ...] = ()
    state: Path | None = None
    is_emptied: bool = False

    def means(self, name: str, *ids: str | None) -> bool:
        """Is this the live project of a name and ids? A pinned id may be Photon's or Spectrum's."""
        return self.id in ids if self.id is not None else nfc(self.name) == nfc(name)

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the manifest start from."""
        return Path() if self.manifest == "-" else Path(self.manifest).parent

    def places(self) -> Iterator[SinkSpec]:
        """Yield each place of its secrets, and then those of its credentials."""
        for by_key in self.resources.values():
            for declared in by_key.values():
                if declared.secret is not None:
                    yield from declared.secret.sink.places
        if self.credentials is not None:
            yield from self.credentials.places

    def env_files(self) -> dict[Path, str]:
        """Return each env file that secrets go to, and how outputs show it."""
        named = (place.target for place in self.places() if place.type == "envFile")
        return {self.folder / target: shown_text(target) for target in named}


def twin_name(key: str, resource_id: str | None) -> str:
    """Name a second live resource of the same key, e.g. a URL in two spellings (a *twin*)."""
    return f"{key} ({resource_id})"


class Stored(Enum):
    """What a sink holds for a webhook."""

    NOTHING = "nothing"
    OTHER = "a secret of another registration, or of unknown origin"
    OLD = "a secret that isn't this webhook's newest"
    STANDARD = "the standard secret only"
    SIGNING = "the legacy secret only"
    ELSEWHERE = "the secret, under another name"
    ALL = "the secret"
    UNKNOWN = "unknown: this kind of sink can't be read"
    UNREADABLE = "unknown: it can't be read"


_WEAKEST = (
    Stored.UNREADABLE, Stored.NOTHING, Stored.OTHER, Stored.OLD, Stored.STANDARD, Stored.SIGNING,
    Stored.ELSEWHERE, Stored.UNKNOWN, Stored.ALL,
)  # fmt: skip
HELD = (Stored.ALL, Stored.SIGNING, Stored.STANDARD)
"""A secret of this very webhook is there, under its own name."""


def weakest(found: Sequence[Stored]) -> Stored:
    """Return which of several answers says least; one that can't be asked counts as well."""
    return min(found, key=_WEAKEST.index)


Whose = tuple[str, ...]
"""All that a place says of what it holds, as it is compared; () = nothing is there."""
UNREAD: Whose = ("unread",)
"""It was asked, and nobody knows what it holds."""


class Occupied(Struct, frozen=True, kw_only=True):
    """A place that holds a secret which isn't known to be the declared webhook's.

    Attributes:
        place: which one of those that are declared.
        stored_id: whose secret it is; None = nothing says so.
        stored_of: in which other project that one is live, if any is known.
        is_ours: that one was registered in this project by an apply, or an apply has deleted it.
    """

    place: SinkSpec
    stored_id: str | None = None
    stored_of: str | None = None
    is_ours: bool = False


class Evidence(Struct, frozen=True, kw_only=True):
    """What sink and journal say of one declared resource's secret, observed before planning.

    Attributes:
        stored: what the sink holds for it; of one that isn't live, nothing or another's.
        stored_id: whose secret is there; None = nothing says so.
        occupied: each place that holds another secret.
        given_by: the place that it may be copied from, if there is one.
        is_older: what is there was given for this webhook before its newest secret.
        gives_newest: what is there is its newest secret, as the journal knows.
        seen: each place, and what it says that it holds; None = it wasn't asked.
        is_live_ours: the live one was registered by an apply.
        was_refused: a registration was asked for, and no secret of the live one was ever stored.
        is_given: each place that can't be asked has got its secrets, as the journal knows.
        is_unsure: a place can't be asked, and the journal doesn't know either what it has; or
            nothing says whose secret is there.
        was_interrupted, rotation_was_interrupted: an intent is open.
        since: of each place, when its standard secret was stored; "" = nothing says so.
        age_s: how old the standard secret is, in seconds, where it is to be rotated; None = nothing
            says so.
        problem: why a place can't be asked.
        credentials: of a project, where its own go, if not every place holds them.
    """

    stored: Stored
    stored_id: str | None = None
    occupied: tuple[Occupied, ...] = ()
    given_by: SinkSpec | None = None
    is_older: bool = False
    gives_newest: bool = False
    seen: tuple[tuple[SinkSpec, Whose | None], ...] = ()
    is_live_ours: bool = False
    was_refused: bool = False
    is_given: bool = False
    is_unsure: bool = False
    was_interrupted: bool = False
    rotation_was_interrupted: bool = False
    since: tuple[str, ...] = ()
    age_s: float | None = None
    problem: str = ""
    credentials: SinkSpec | None = None

    @property
    def is_registered(self) -> bool:
        """Does every place have what a registration gave? Older servers give no standard secret."""
        is_known = self.stored is not Stored.UNKNOWN or self.is_given
        return self.stored in (Stored.ALL, Stored.SIGNING, Stored.UNKNOWN) and is_known


class HeldPair(Struct, frozen=True, kw_only=True):
    """A place for a project's own credentials that doesn't hold them.

    Attributes:
        place: which one of those that are declared.
        of: the other project whose credentials are there, with its host where that is
            another; "" = nothing says whose they are; None = nobody's, or this one's and not valid.
        is_empty: nothing is there.
        problem: why it can't be asked.
    """

    place: SinkSpec
    of: str | None = None
    is_empty: bool = False
    problem: str = ""


class LiveProject(Struct, frozen=True, kw_only=True):
    """What Photon lists of one project, and what sinks and journal say of its secrets.

    Attributes:
        id: the dashboard's id, or the Spectrum id where only that is known; None = not live.
        shared_user_cap: the tier's limit on shared users (contract §4.3); None = none known.
        evidence: what is known of each declared secret.
        look_alikes: name and id of live projects that one might take for this one, if it isn't
            live.
        credentials: what is wrong with the places of the manifest's ``credentials``.
    """

    id: str | None = None
    name: str | None = None
    shared_user_cap: int | None = None
    resources: LiveByKind = field(default_factory=lambda: _NOTHING)
    evidence: Mapping[ResourceRef, Evidence] = field(default_factory=dict)
    look_alikes: tuple[tuple[str, str], ...] = ()
    credentials: tuple[HeldPair, ...] = ()

    def undeclared(self, declared: DeclaredByKind) -> dict[str, list[Live[Spec]]]:
        """Return kind → what is live and isn't declared."""
        return {
            kind: [row for key, row in rows.items() if key not in declared.get(kind, {})]
            for kind, rows in self.resources.items()
        }

    def doubtful(self, kind: str) -> frozenset[str]:
        """Return the keys of what is live twice, where nothing says which one has the secret."""
        twins = {row.key for key, row in self.resources.get(kind, {}).items() if key != row.key}
        known = {key: self.evidence.get(ResourceRef(kind, key)) for key in twins}
        return frozenset(key for key, found in known.items() if found and found.is_unsure)


class Before(Struct, frozen=True, kw_only=True):
    """What was there when a plan was made: nothing else may be changed by it.

    Attributes:
        ids: of the live resources.
        places: what each place of an action's secret says that it holds; None = it wasn't asked.
        pairs: whose credentials are in a place for this project's, as ``HeldPair.of`` says it.
        held: resource → the registrations whose secrets are where its own goes.
    """

    ids: frozenset[str] = frozenset()
    places: Mapping[SinkSpec, Whose | None] = field(default_factory=dict)
    pairs: Mapping[SinkSpec, str] = field(default_factory=dict)
    held: Mapping[ResourceRef, frozenset[str | None]] = field(default_factory=dict)

    def seen(self, spec: SinkSpec) -> tuple[Whose | None, ...]:
        """Return what each place of a declared secret says that it holds; None = nobody asked."""
        return tuple(map(self.places.get, spec.places))

    @classmethod
    def of(cls, live: LiveProject) -> "Before":
        """Return what is there."""
        rows = (row for by_key in live.resources.values() for row in by_key.values())
        return cls(
            ids=frozenset(row.id for row in rows if row.id is not None),
            places=dict(pair for found in live.evidence.values() for pair in found.seen),
            pairs={pair.place: pair.of for pair in live.credentials if pair.of is not None},
            held={
                ref: frozenset(held.stored_id for held in found.occupied)
                for ref, found in live.evidence.items()
                if found.occupied
            },
        )


def resource_hash(resource: Live[Spec]) -> str:
    """Return a short hash of a live resource, so that a saved plan can say what has changed."""
    content = json.dumps([resource.id, spec_to_json(resource.spec)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:_SHORT]
