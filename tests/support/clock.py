"""Clocks that tests move."""

import asyncio
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 11, 25, 12, tzinfo=UTC)


class FakeClock:
    """Sleeping takes no time: it moves the clock on, and is remembered in ``slept``."""

    def __init__(self):
        self.seconds = 0.0
        self.slept = []

    def now(self):
        return BEGINNING + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)  # others get their turn, as with a real pause

    async def work(self, seconds):
        """Let time pass that nobody sleeps through."""
        self.seconds += seconds


class SharedClock(FakeClock):
    """For many sleepers at once, of whom each notes its time: it doesn't go on by itself."""

    async def sleep(self, seconds):
        self.slept.append(seconds)
