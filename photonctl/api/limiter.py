"""Photon's limit of requests per second and project (contract §5.5), kept before it is hit."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

_WINDOW_S = 1.05  # a second as Photon counts it, and a little for the way there


class Limiter:
    """At most ``rate`` requests start in any one second; a burst of ``rate`` may start at once.

    A sliding window instead of an even pace: a plan of a small project makes four or five
    requests, and these needn't wait for one another.
    """

    def __init__(
        self,
        rate: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Limit to ``rate`` requests per second; 0 means no limit."""
        self._starts: deque[float] = deque(maxlen=rate)
        self._clock = clock
        self._sleep = sleep

    async def wait(self) -> None:
        """Return when the next request may be sent. Callers are served in the order they came."""
        if self._starts.maxlen == 0:
            return
        now = self._clock()
        is_full = len(self._starts) == self._starts.maxlen
        start = max(now, self._starts[0] + _WINDOW_S) if is_full else now
        self._starts.append(start)
        if start > now:
            await self._sleep(start - now)
