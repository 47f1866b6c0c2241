"""How a request carries its credential; one of the few places that open a Secret."""

from collections.abc import Generator
from dataclasses import dataclass

import httpx

from photonctl.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPair:
    """A project's Spectrum credentials: always from one place (contract §1.2)."""

    project_id: str
    secret: Secret


class BearerAuth(httpx.Auth):
    """The dashboard's: ``Authorization: Bearer <session token>`` (contract §1.1)."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


class PairAuth(httpx.Auth):
    """Spectrum's: HTTP Basic ``projectId:projectSecret`` (contract §1.1)."""

    def __init__(self, pair: ProjectPair) -> None:
        self._pair = pair

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        basic = httpx.BasicAuth(self._pair.project_id, self._pair.secret.reveal())
        yield from basic.auth_flow(request)
