"""How a request carries its credential; one of the few places that open a Secret."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from http import HTTPStatus

import httpx
from msgspec import Struct
from msgspec.structs import replace

from photonctl.model.secret import Secret, note_credential, note_secret, note_session

ONCE = "photonctl_once"
"""In a request's extensions: a 401 may not be true, so it isn't sent a second time."""


class ProjectPair(Struct, frozen=True, kw_only=True):
    """A project's Spectrum credentials: always from one place (contract §1.2)."""

    project_id: str
    secret: Secret


class BearerAuth(httpx.Auth):
    """The dashboard's: ``Authorization: Bearer <session token>`` (contract §1.1)."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        token = self._token.reveal()
        note_session(token)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class PairAuth(httpx.Auth):
    """Spectrum's: HTTP Basic ``projectId:projectSecret`` (contract §1.1).

    A secret that is refused may have been regenerated elsewhere. It is read again once, and the
    request is sent again, unless it must not be carried out twice.
    """

    def __init__(
        self,
        pair: ProjectPair,
        *,
        renew: Callable[[], Awaitable[Secret | None]] | None = None,
        on_accepted: Callable[[Secret], None] = lambda _: None,
    ) -> None:
        """Take a pair.

        Args:
            pair: what to send.
            renew: returns another secret once this one was refused; None = there is none.
            on_accepted: called with a renewed secret once ``accept`` is.
        """
        self._pair = pair
        self._renew = renew
        self._on_accepted = on_accepted
        self._renewing = asyncio.Lock()
        self._unproven = False
        self._is_answered = False
        self.is_accepted = False
        """Has Spectrum done with this pair what it was asked for?"""

    def accept(self) -> None:
        """Take the pair as valid: an answer of Spectrum's own, not only a status, has said so."""
        if not self._is_answered:
            return
        self.is_accepted = True
        if self._unproven:
            self._unproven = False
            self._on_accepted(self._pair.secret)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add the header; after a 401 once more, with the new secret."""
        used = self._pair.secret
        response = yield self._signed(request)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            self._note_answer(used, response)
            return
        if ONCE in request.extensions:
            return
        async with self._renewing:
            if self._pair.secret == used and self._renew is not None:
                renew, self._renew = self._renew, None  # once
                renewed = await renew()
                if renewed is not None:
                    self._pair = replace(self._pair, secret=renewed)
                    self._unproven, self._is_answered = True, False
        if self._pair.secret != used:
            fresh = self._pair.secret
            response = yield self._signed(request)
            self._note_answer(fresh, response)

    def _note_answer(self, used: Secret, response: httpx.Response) -> None:
        if response.is_success and used == self._pair.secret:
            self._is_answered = True

    def _signed(self, request: httpx.Request) -> httpx.Request:
        secret = self._pair.secret.reveal()
        note_credential(secret)
        basic = httpx.BasicAuth(self._pair.project_id, secret)
        signed = next(basic.auth_flow(request))
        note_secret(signed.headers["Authorization"].removeprefix("Basic "))
        return signed
