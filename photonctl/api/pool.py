"""httpx's transport, with connections that cheaply say whether the server has closed them.

The pool asks that of every idle connection for each request and for each answer. Of several
hundred projects that was a third of a plan's time: anyio gathers all that it knows of a socket,
with a system call, to hand over the one thing that is wanted, which is another system call.
"""

import select
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_AFTER_USE_S, _AFTER_LOOK_S = 0.2, 0.05
"""For so long a connection counts as open, which is less than the news of its end may travel.

No server closes a connection that it wants to keep as soon after an answer as that.
"""


class PooledTransport(httpx.AsyncHTTPTransport):
    """As httpx makes it; only idle connections are looked at in another way."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        pool: Any = self._pool
        if hasattr(select, "poll") and hasattr(pool, "_network_backend"):  # not on Windows
            pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001  # no other way


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections as another backend does."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(  # as httpcore calls it
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(
            await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._poll = select.poll()
        self._poll.register(inner.get_extra_info("socket").fileno(), select.POLLIN)
        self._open_until = time.monotonic() + _AFTER_USE_S
        self.aclose = inner.aclose  # type: ignore[method-assign]  # the pool's own way

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._inner.read(max_bytes, timeout)
        self._open_until = time.monotonic() + _AFTER_USE_S
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        if info != "is_readable":
            return self._inner.get_extra_info(info)
        now = time.monotonic()
        if now < self._open_until:
            return False
        self._open_until = now + _AFTER_LOOK_S
        return bool(self._poll.poll(0))
