"""Photon's limit of requests per second and project (contract §5.5), kept before it is hit."""

from collections import deque
from collections.abc import Callable

from photonctl.clock import Clock, SystemClock

_WINDOW_S = 1.03  # a second as Photon counts it, and a little for the way there
_LEAST_S = 1.02  # between a request and the one so many before it, as they are really sent
_PATIENCE_S = 10.0  # without a 429, before one more request per second is tried


class Limiter:
    """At most ``rate`` requests start in any one second; a burst of ``rate`` may start at once.

    A sliding window instead of an even pace: a plan of a small project makes four or five
    requests, and these needn't wait for one another. A running bot spends the project's limit,
    too: a 429 halves the rate, and quiet raises it again, one at a time.
    """

    def __init__(
        self,
        rate: int,
        *,
        clock: Clock | None = None,
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Limit to ``rate`` requests per second; 0 means no limit.

        ``on_wait``: called with how many seconds a request is about to wait.
        """
        self._on_wait = on_wait
        self._clock = clock or SystemClock()
        self._most = rate
        self._rate = rate
        self._starts: deque[float] = deque(maxlen=max(rate, 1))
        self._sent: deque[float] = deque(maxlen=max(rate, 1))
        self._learned_at = self._clock.monotonic()

    async def wait(self) -> None:
        """Return when the next request may be sent. Callers are served in the order they came."""
        if self._most == 0:
            return
        seconds = self._reserve(self._starts, _WINDOW_S)
        if seconds > 0:
            self._on_wait(seconds)
            await self._clock.sleep(seconds)

    async def begin(self) -> None:
        """Return when it may really be sent: what waited for a slot meets the next second's."""
        if self._most == 0:
            return
        seconds = self._reserve(self._sent, _LEAST_S)
        if seconds > 0:
            await self._clock.sleep(seconds)

    def learn(self, *, was_limited: bool) -> None:
        """Take an answer into account: was it a 429?"""
        quiet_s = self._clock.monotonic() - self._learned_at
        if self._most == 0 or quiet_s < _WINDOW_S:
            return  # the rest of a burst shows nothing new
        if was_limited:
            self._rate = max(1, self._rate // 2)
        elif self._rate < self._most and quiet_s >= _PATIENCE_S:
            self._rate += 1
        else:
            return
        self._learned_at = self._clock.monotonic()

    def _reserve(self, taken: deque[float], apart_s: float) -> float:
        """Take the next place that is ``apart_s`` behind the one ``rate`` before it.

        Returns:
            In how many seconds that is.
        """
        now = self._clock.monotonic()
        is_full = len(taken) >= self._rate
        start = max(now, taken[-self._rate] + apart_s) if is_full else now
        taken.append(start)
        return start - now
