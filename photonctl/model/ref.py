"""The name of one resource within a project."""

import hashlib
import hmac
from typing import NamedTuple

_SHORT = 16


class ResourceRef(NamedTuple):
    """A kind and a key; prints as plans and plan files write it."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def hashed_ref(ref: ResourceRef, key: str = "") -> str:
    """Return a short hash of a resource's name, which may hold what is shown nowhere.

    ``key``: without one, a phone number can be guessed from it.
    """
    name = str(ref).encode()
    whole = hmac.new(key.encode(), name, "sha256") if key else hashlib.sha256(name)
    return whole.hexdigest()[:_SHORT]


def key_mark(key: str) -> str:
    """Return what hashes made with this key are known by; "" = they are made without one."""
    return keyed("hashes of live resources", key) if key else ""


def keyed(found: str, key: str = "") -> str:
    """Return a hash of a resource as others may read it; ``key``: likewise, "" = as it is."""
    return hmac.new(key.encode(), found.encode(), "sha256").hexdigest()[:_SHORT] if key else found
