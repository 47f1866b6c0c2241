"""What it costs to hold the patterns of ``protect`` and ``ignore`` against what is live. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from photonctl.kinds import kinds
from photonctl.kinds.base import Kind
from photonctl.kinds.patterns import Patterns, patterns_in
from photonctl.model.policy import Policy
from photonctl.model.spec import Live

_MOST = 40_000_000
_EACH, _TO_MAKE_READY = 500, 8_000  # of any pattern, and of one with ? or a set
_CHARACTERS = 32  # that a text has, most of the time


class Matching:
    """What all projects of a run cost together."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._cost = 0
        self._loose: set[str] = set()

    def take(self, policy: Policy, rows: Mapping[str, Sequence[Live[Any]]]) -> bool:
        """Count a project's; False = the run's would take too long.

        ``rows``: kind → what is live and held against them.
        """
        for kind in kinds():
            of_kind = rows.get(kind.name, ())
            self._cost += _EACH * sum(map(len, _given(kind, policy))) if of_kind else 0
            if of_kind and self._cost <= _MOST:
                self._cost += cost_of(kind, policy, of_kind)
                self._loose.update(*(found.loose for found in _patterns(kind, policy)))
        return self._cost + _TO_MAKE_READY * len(self._loose) <= _MOST


def cost_of(kind: Kind[Any], policy: Policy, rows: Sequence[Live[Any]]) -> int:
    """Return it for a kind, in tenths of a microsecond, once the patterns are made ready."""
    cost = sum(patterns.cost for patterns in _patterns(kind, policy)) if rows else 0
    return cost * _texts(kind, rows) if cost else 0


def _given(kind: Kind[Any], policy: Policy) -> list[tuple[str, ...]]:
    return [section.get(kind.name, ()) for section in (policy.protect, policy.ignore)]


def _patterns(kind: Kind[Any], policy: Policy) -> list[Patterns]:
    given = filter(None, _given(kind, policy))
    return [patterns_in(kind.pattern_forms, patterns) for patterns in given]


def _texts(kind: Kind[Any], rows: Iterable[Live[Any]]) -> int:
    """Count the texts that patterns with wildcards are held against; a long one counts as more."""
    each = (text for row in rows for text in set(kind.shown_texts(row)))
    return sum(1 + len(text) // _CHARACTERS for text in each)
