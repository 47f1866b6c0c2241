"""Unpleasant where the contract leaves room, from a seed; nothing here touches what it fixes."""

import random
from collections.abc import Sequence
from typing import Any

_NULLABLE = ("lastName", "email", "meta", "createdAt")  # left out by servers seen (contract 4.3)


class Quirks:
    """Draws the unpleasantness of one run. ``calm`` draws none."""

    def __init__(self, seed: int, *, calm: bool) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._calm = calm

    def order(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Shuffle a list whose order the contract doesn't state (contract 8, 4)."""
        shuffled = list(rows)
        if not self._calm:
            self._dice.shuffle(shuffled)
        return shuffled

    def row(self, row: dict[str, Any]) -> dict[str, Any]:
        """Add a field that no client knows, and leave out what clients should read as null."""
        if self._calm:
            return row
        kept = {k: v for k, v in row.items() if v is not None or k not in _NULLABLE}
        return {"revision": self._dice.randrange(1, 100), **kept}
