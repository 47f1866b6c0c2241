"""Names under which stores keep notes."""

import hashlib

_LONGEST = 40
_DIGEST = 12


def note_name(key: str) -> str:
    """Return the name of a key's notes: itself, or shortened where stores have no room for it."""
    if len(key) <= _LONGEST:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGEST]
    return f"{key[: _LONGEST - _DIGEST - 1]}-{digest}"
