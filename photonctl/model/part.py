"""Which part of the declared and live resources a run is about, and what it replaces."""

from collections.abc import Callable

from msgspec import Struct

from photonctl.model.ref import ResourceRef


class Choice(Struct, frozen=True):
    """Resources of a kind; ``pattern``: as in ``ignore`` and ``protect``; None = all of them."""

    kind: str
    pattern: str | None = None


class Part(Struct, frozen=True, kw_only=True):
    """What was asked for.

    Attributes:
        only: what the run is about; empty = everything.
        exclude: what it isn't about; wins over ``only``.
        replace: what is registered again, although nothing about it differs.
    """

    only: tuple[Choice, ...] = ()
    exclude: tuple[Choice, ...] = ()
    replace: tuple[ResourceRef, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Is the run about everything?"""
        return not (self.only or self.exclude)

    def has(self, kind: str, matches: Callable[[str], bool]) -> bool:
        """Is a resource in it? ``matches``: does a pattern mean the resource?"""
        return (not self.only or _any(self.only, kind, matches)) and not _any(
            self.exclude, kind, matches
        )


def _any(choices: tuple[Choice, ...], kind: str, matches: Callable[[str], bool]) -> bool:
    return any(c.kind == kind and (c.pattern is None or matches(c.pattern)) for c in choices)


WHOLE = Part()
