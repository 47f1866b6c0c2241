"""Time, as a run sees it; tests pass one that they can move."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a run asks of time."""

    def now(self) -> datetime:
        """Return the time of day, with a time zone."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since the machine started, about."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        import asyncio  # loaded already wherever somebody waits

        await asyncio.sleep(seconds)
