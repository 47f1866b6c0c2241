"""The name of one resource within a project."""

import hashlib
from typing import NamedTuple

_SHORT = 16


class ResourceRef(NamedTuple):
    """A kind and a key; prints as plans and plan files write it."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def hashed_ref(ref: ResourceRef) -> str:
    """Return a short hash of a resource's name, which may hold what is shown nowhere."""
    return hashlib.sha256(str(ref).encode()).hexdigest()[:_SHORT]
