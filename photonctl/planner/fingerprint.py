"""What was compared, hashed: a saved plan applies to this live state only (interface §6)."""

import hashlib
import json
from collections.abc import Iterable

from photonctl.model.state import LiveProject, resource_hash


def fingerprint(live: LiveProject, kinds: Iterable[str]) -> str:
    """Return the sha256 of the project's id and its live resources of the given kinds.

    Without their names: of twins, which one is named so depends on whose secret is stored.
    """
    named = resource_hashes(live, kinds)
    nameless = sorted([name.split()[0], found] for name, found in named.items())
    content = {"id": live.id, "resources": nameless}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def resource_hashes(live: LiveProject, kinds: Iterable[str]) -> dict[str, str]:
    """Return "kind key" → a short hash of each live resource, so that a change can be named."""
    return {
        f"{kind} {key}": resource_hash(resource)
        for kind in sorted(kinds)
        for key, resource in sorted(live.resources.get(kind, {}).items())
    }
