"""The only place that decides to send a request again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from http import HTTPStatus

from photonctl.errors import Ambiguous, Unreachable

_LIMIT_WINDOW_S = 1.0  # requests are counted per second (contract §5.5)
_LONGEST_ASKED_S = 60.0


class Repeat(Enum):
    """May a request be sent twice (contract §5.2)?

    SAFE: reads, deletes, upserts, PATCH. CONFIRM: registering a webhook, safe after a 503 only.
    ONCE: creating a project, regenerating a secret.
    """

    SAFE = "safe"
    CONFIRM = "confirm"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, read whole. Its ``repr`` shows nothing that may be a secret.

    Attributes:
        auth_token: the ``set-auth-token`` header (contract §2.3).
        date: the server's clock.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float | None = None
    location: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often, and how long between: exponential with full jitter (contract §5.5).

    Attributes:
        on_wait: told the request, why it is sent again, and after how many seconds.
        sleep, draw: the clock and the dice, so that tests need neither.
    """

    attempts: int = 5
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0
    on_wait: Callable[[str, str, float], None] = lambda _, __, ___: None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    draw: Callable[[], float] = field(default=random.random)

    def pause_s(self, attempt: int, asked_s: float | None) -> float:
        """Return how long to wait after the given attempt (from 1); what the server asks wins."""
        ceiling = min(self.first_pause_s * 2.0 ** (attempt - 1), self.longest_pause_s)
        if asked_s is not None:
            return min(asked_s, _LONGEST_ASKED_S) + self.draw() * 0.1
        return ceiling * self.draw()


async def send_persistently(
    send: Callable[[], Awaitable[Answer]], *, what: str, repeat: Repeat, retrying: Retrying
) -> Answer:
    """Send, and send again while that is both useful and harmless.

    Args:
        send: sends it once.
        what: the request, in words.
        repeat: whether it may be carried out twice.
        retrying: how often, and how long between.

    Returns:
        The last answer; it may still be a 429 or 5xx.

    Raises:
        Unreachable: never sent, after all attempts.
        Ambiguous: the answer was lost, and repeating isn't harmless or didn't help.
    """
    for attempt in range(1, retrying.attempts + 1):
        is_last = attempt == retrying.attempts
        asked_s = None
        try:
            answer = await send()
        except Unreachable:
            if is_last:
                raise
            why = "no connection"
        except Ambiguous:
            if is_last or repeat is not Repeat.SAFE:
                raise
            why = "the answer was lost"
        else:
            why = f"status {answer.status}"
            if is_last or not _may_repeat(answer.status, repeat):
                return answer
            asked_s = answer.retry_after_s
            if asked_s is None and answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                asked_s = _LIMIT_WINDOW_S * attempt
        pause_s = retrying.pause_s(attempt, asked_s)
        retrying.on_wait(what, why, pause_s)
        await retrying.sleep(pause_s)
    msg = "at least one attempt is made"
    raise ValueError(msg)


def _may_repeat(status: int, repeat: Repeat) -> bool:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return repeat is not Repeat.ONCE
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and repeat is Repeat.SAFE
