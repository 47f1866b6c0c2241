"""The only place that decides to send a request again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from msgspec import Struct, field
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from photonctl.clock import Clock, SystemClock
from photonctl.errors import Ambiguous, Blocked, Unreachable

_LIMIT_WINDOW_S = 1.0  # requests are counted per second (contract §5.5)


class Repeat(Enum):
    """May a request be sent twice (contract §5.2)?

    SAFE: reads, deletes, upserts, PATCH. ONCE: what creates a project, a webhook or a secret; who
    asked looks at live state first.
    """

    SAFE = "safe"
    ONCE = "once"


class Answer(Struct, frozen=True, kw_only=True):
    """An HTTP answer, read whole. Its ``repr`` shows nothing that may be a secret.

    Attributes:
        auth_token: the ``set-auth-token`` header (contract §2.3).
        date: the server's clock.
        sent: how often the request was sent for it.
    """

    status: int
    body: bytes
    retry_after_s: float | None = None
    location: str | None = None
    auth_token: str | None = None
    date: datetime | None = None
    sent: int = 1

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"


class Retrying(Struct, frozen=True, kw_only=True):
    """How often, how long between (exponential with full jitter), how long in all (contract §5.5).

    Attributes:
        limit_s: what a request may take with its repetitions and the pauses between them.
        clock: what the pauses are measured and waited by.
    """

    attempts: int = 5
    limit_s: float = 30.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0
    clock: Clock = field(default_factory=SystemClock)


async def send_persistently(
    send: Callable[[float], Awaitable[Answer]],
    *,
    repeat: Repeat,
    retrying: Retrying,
    turn: Callable[[], AbstractAsyncContextManager[None]],
    on_wait: Callable[[str, float], None],
) -> Answer:
    """Send, and send again while that is both useful and harmless.

    Args:
        send: sends it once, within so many seconds.
        repeat: whether it may be carried out twice.
        retrying: how often, how long between, and how long in all.
        turn: entered before each attempt. Waiting for it, perhaps for minutes, isn't counted.
        on_wait: called with why it is sent again, and after how many seconds.

    Returns:
        The last answer; it may still be a 429 or 5xx.

    Raises:
        Unreachable: never sent, after all attempts.
        Ambiguous: the answer was lost, and repeating isn't harmless or didn't help.
    """
    budget = _Budget(retrying, on_wait)

    async def attempt() -> Answer:
        async with turn(), budget.spending() as left_s:
            return await send(left_s)

    jitter = wait_random_exponential(retrying.first_pause_s, retrying.longest_pause_s)
    policy = AsyncRetrying(
        retry=lambda state: _may_repeat(state, repeat),
        wait=lambda state: _asked_s(state) + jitter(state),
        stop=budget.is_spent,
        before_sleep=budget.pause,
        sleep=retrying.clock.sleep,
        retry_error_callback=_last,
    )
    return await policy(attempt)


class _Budget:
    """What one request has taken: its attempts and the pauses between them, not its turns."""

    def __init__(self, retrying: Retrying, on_wait: Callable[[str, float], None]) -> None:
        self._retrying = retrying
        self._on_wait = on_wait
        self._taken_s = 0.0

    @asynccontextmanager
    async def spending(self) -> AsyncIterator[float]:
        """Count an attempt; yields how many seconds it may take."""
        began = self._retrying.clock.monotonic()
        try:
            yield self._retrying.limit_s - self._taken_s
        finally:
            self._taken_s += self._retrying.clock.monotonic() - began

    def is_spent(self, state: RetryCallState) -> bool:
        """Would the next pause be over only after the last attempt, or after the time limit?"""
        will_be_s = self._taken_s + state.upcoming_sleep
        return (
            state.attempt_number >= self._retrying.attempts or will_be_s >= self._retrying.limit_s
        )

    def pause(self, state: RetryCallState) -> None:
        """Count and report the pause that is about to begin."""
        self._taken_s += state.upcoming_sleep
        self._on_wait(_why(state), state.upcoming_sleep)


def _may_repeat(state: RetryCallState, repeat: Repeat) -> bool:
    error, answer = _end(state)
    if answer is None:
        never_sent = isinstance(error, Unreachable) and not isinstance(error, Blocked)
        return never_sent or (isinstance(error, Ambiguous) and repeat is Repeat.SAFE)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and repeat is Repeat.SAFE


def _asked_s(state: RetryCallState) -> float:
    """Return how long to wait at least: what the server asks for, or until its window is over."""
    _, answer = _end(state)
    if answer is None:
        return 0.0
    if answer.retry_after_s is not None:
        return answer.retry_after_s
    return _LIMIT_WINDOW_S if answer.status == HTTPStatus.TOO_MANY_REQUESTS else 0.0


def _why(state: RetryCallState) -> str:
    error, answer = _end(state)
    if answer is not None:
        return f"status {answer.status}"
    return "no connection" if isinstance(error, Unreachable) else "the answer was lost"


def _end(state: RetryCallState) -> tuple[BaseException | None, Answer | None]:
    """Return how an attempt ended: with an error, or with an answer."""
    assert state.outcome is not None
    error = state.outcome.exception()
    return error, None if error else state.outcome.result()


def _last(state: RetryCallState) -> Answer:
    """Give up: return the last answer, or raise the last error."""
    assert state.outcome is not None
    answer: Answer = state.outcome.result()
    return answer
