"""Structs of which some fields don't count when two are compared."""

from typing import ClassVar

from msgspec import Struct


class Record(Struct, frozen=True, kw_only=True):
    """Equal to another one if all fields agree that aren't named in ``beside``."""

    beside: ClassVar[frozenset[str]] = frozenset()

    def _compared(self) -> tuple[object, ...]:
        return tuple(getattr(self, n) for n in self.__struct_fields__ if n not in self.beside)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Record)
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())
