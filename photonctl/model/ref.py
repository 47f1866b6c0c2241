"""The name of one resource within a project."""

from typing import NamedTuple


class ResourceRef(NamedTuple):
    """A kind and a key; prints as plans and plan files write it."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
