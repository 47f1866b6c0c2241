"""The connection pool of a run, and the limits that its requests share."""

import asyncio
from types import TracebackType
from typing import Self

import httpx

from photonctl.api.access import Access
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Retrying
from photonctl.api.transport import Transport
from photonctl.events import Paced
from photonctl.network.client import open_http


class Connection:
    """Opens transports that share one pool. An async context manager."""

    def __init__(self, access: Access, *urls: str) -> None:
        """Open the pool; ``urls``: the base URLs that it is for, by default both hosts."""
        self._access = access
        urls = urls or (access.dashboard_url, access.spectrum_url)
        self._http = open_http(*urls, on_headers=access.on_headers)
        self._limiters: dict[str, Limiter] = {}
        self._slots = asyncio.Semaphore(access.parallelism)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    def unlimited(
        self, base_url: str, auth: httpx.Auth | None = None, retrying: Retrying | None = None
    ) -> Transport:
        """Return a transport without a limit of requests per second; no ``auth`` = anonymous.

        Its slots are its own: a Spectrum request that was refused asks the dashboard on its way.
        """
        return Transport(
            self._http,
            base_url,
            auth or httpx.Auth(),
            limiter=Limiter(0),
            retrying=retrying or self._access.retrying,
            slots=asyncio.Semaphore(self._access.parallelism),
            on_event=self._access.on_event,
        )

    def to_project(self, project_id: str, auth: httpx.Auth) -> Transport:
        """Return a transport to Spectrum within the project's limit (contract §5.5)."""
        if project_id not in self._limiters:
            self._limiters[project_id] = self._limiter(project_id)
        return Transport(
            self._http,
            self._access.spectrum_url,
            auth,
            limiter=self._limiters[project_id],
            retrying=self._access.retrying,
            slots=self._slots,
            on_event=self._access.on_event,
            project_id=project_id,
        )

    def _limiter(self, project_id: str) -> Limiter:
        def on_wait(seconds: float) -> None:
            self._access.on_event(Paced(project_id=project_id, seconds=seconds))

        clock = self._access.retrying.clock
        return Limiter(self._access.rate, clock=clock, on_wait=on_wait)
