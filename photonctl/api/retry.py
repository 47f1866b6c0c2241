"""The only place that decides to send a request again."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from msgspec import Struct, field

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


_End = Answer | Ambiguous | Unreachable


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
        turn: entered before each attempt. Waiting for it isn't counted.
        on_wait: called with why it is sent again, and after how many seconds.

    Returns:
        The last answer; it may still be a 429 or 5xx.

    Raises:
        Unreachable: never sent, after all attempts.
        Ambiguous: the answer was lost, and repeating isn't harmless or didn't help.
    """
    clock, taken_s, attempt = retrying.clock, 0.0, 0
    while True:
        attempt += 1
        async with turn():
            began = clock.monotonic()
            end = await _end(send, retrying.limit_s - taken_s)
            taken_s += clock.monotonic() - began
        if not _may_repeat(end, repeat):
            break
        pause_s = _asked_s(end) + _jitter_s(attempt, retrying)
        taken_s += pause_s
        if attempt >= retrying.attempts or taken_s >= retrying.limit_s:
            break  # the pause would be over only after the last attempt, or after the time limit
        on_wait(_why(end), pause_s)
        await clock.sleep(pause_s)
    return _given(end)


def _given(end: _End) -> Answer:
    if isinstance(end, Answer):
        return end
    raise end


async def _end(send: Callable[[float], Awaitable[Answer]], left_s: float) -> _End:
    """Return how an attempt ended: with an answer, or without one."""
    try:
        return await send(left_s)
    except (Ambiguous, Unreachable) as error:
        return error


def _may_repeat(end: _End, repeat: Repeat) -> bool:
    if isinstance(end, Answer):
        is_limited = end.status == HTTPStatus.TOO_MANY_REQUESTS
        has_failed = end.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return is_limited or (has_failed and repeat is Repeat.SAFE)
    if isinstance(end, Ambiguous):
        return repeat is Repeat.SAFE
    return not isinstance(end, Blocked)


def _asked_s(end: _End) -> float:
    """Return how long to wait at least: what the server asks for, or until its window is over."""
    if not isinstance(end, Answer):
        return 0.0
    if end.retry_after_s is not None:
        return end.retry_after_s
    return _LIMIT_WINDOW_S if end.status == HTTPStatus.TOO_MANY_REQUESTS else 0.0


def _jitter_s(attempt: int, retrying: Retrying) -> float:
    """Return a part of what doubles with each attempt, so that clients don't come back together."""
    most_s = min(retrying.longest_pause_s, retrying.first_pause_s * 2 ** (attempt - 1))
    return random.uniform(0, most_s)  # noqa: S311  # no secret


def _why(end: _End) -> str:
    if isinstance(end, Answer):
        return f"status {end.status}"
    return "no connection" if isinstance(end, Unreachable) else "the answer was lost"
