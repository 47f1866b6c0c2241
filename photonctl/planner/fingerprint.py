"""Hashes of the live state that a plan was made from: it applies to that state only."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from photonctl.model.filled import shown_text
from photonctl.model.plan import Verb
from photonctl.model.ref import ResourceRef
from photonctl.model.state import Evidence, LiveProject, Stored, resource_hash

_SHORT = 12


def fingerprint(live: LiveProject, hashes: Mapping[ResourceRef, str]) -> str:
    """Return the sha256 of the project's id and its live resources: their ``resource_hashes``.

    Their keys are left out: which of two twins has the declared key depends on whose secret is
    stored, and that is no part of live state.
    """
    nameless = sorted([ref.kind, found] for ref, found in hashes.items())
    content = {"id": live.id, "resources": nameless}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stored_hash(evidence: Evidence | None, verb: Verb) -> str:
    """Return a short hash of what was known of a secret when something was decided about it.

    It is made of no secret, nor of a digest of one: what a file holds may be easy to guess. Where
    something is created, only whose secrets its places hold was decided on.
    """
    found = evidence or Evidence(stored=Stored.NOTHING)
    content: list[object] = [
        [held.place.type, *map(shown_text, (held.place.target, held.place.key)), held.stored_id]
        for held in found.occupied
    ]
    if verb is not Verb.CREATE:
        is_unfinished = found.was_interrupted and not found.is_registered
        content += [found.stored.name, found.stored_id, found.since]
        content += [is_unfinished, found.rotation_was_interrupted]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_SHORT]


def resource_hashes(live: LiveProject, kinds: Iterable[str]) -> dict[ResourceRef, str]:
    """Return a short hash of each live resource, so that a change can be named."""
    return {
        ResourceRef(kind, key): resource_hash(resource)
        for kind in sorted(kinds)
        for key, resource in sorted(live.resources.get(kind, {}).items())
    }
