"""One request and its whole answer, for callers that aren't asynchronous: forges and stores."""

import asyncio
import os
import ssl
from typing import Any

import httpx
from msgspec import Struct

from photonctl import loop
from photonctl.network.bodies import read_whole
from photonctl.network.client import Environment, open_http


class Answer(Struct, frozen=True):
    """What a server answered."""

    status: int
    headers: httpx.Headers
    data: bytes


class Limits(Struct, frozen=True, kw_only=True):
    """What an exchange may cost.

    Attributes:
        largest: bytes of the answer.
        wait_s: seconds until the connection is there, and until more of the answer comes.
        longest_s: seconds for all of it, however the answer comes.
    """

    largest: int
    wait_s: float
    longest_s: float


def exchange(
    method: str,
    url: str,
    limits: Limits,
    *,
    tls: ssl.SSLContext,
    env: Environment = os.environ,
    **what: Any,
) -> Answer:
    """Send a request on a connection of its own, and read its answer; no redirect is followed.

    Args:
        method: its method.
        url: where it goes.
        limits: what it may cost.
        tls: which certificates are trusted (``network.client.trusted_by``).
        env: where settings of proxies are read.
        what: headers, query, body and extensions, as httpx takes them.

    Raises:
        TimeoutError: it takes longer.
        httpx.DecodingError: the answer is compressed or too large.
        httpx.HTTPError: it didn't come; of which kind, says whether the request was sent.
        UsageError: a setting of proxies is wrong.
    """
    opened = open_http(url, tls=tls, env=env)
    # In a loop of its own: only there a whole exchange can be given a time, also one whose
    # headers come a letter at a time.
    return loop.run(_exchange(method, url, limits, opened, what))


async def _exchange(
    method: str, url: str, limits: Limits, opened: httpx.AsyncClient, what: dict[str, Any]
) -> Answer:
    # What ends a call that nobody waits for any more is nothing to report.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with (
        asyncio.timeout(limits.longest_s),
        opened as client,
        client.stream(method, url, timeout=limits.wait_s, **what) as answer,
    ):
        data = await read_whole(answer, limits.largest)
        return Answer(answer.status_code, answer.headers, data)
