"""Perform a device login, and keep only a token that both endpoints that check it accept."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from photonctl import loop
from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.connection import Connection
from photonctl.api.device_login import Candidate, DeviceCode, Reply, Send, Show, Wait, log_in
from photonctl.api.retry import Repeat
from photonctl.api.transport import Request
from photonctl.errors import ApiError, TokenRejected
from photonctl.model.secret import Secret
from photonctl.port import SessionUser


class SignedIn(Struct, frozen=True, kw_only=True):
    """A token that was accepted, and whose it is."""

    token: Secret
    user: SessionUser

    @property
    def expires_at(self) -> datetime | None:
        """When the session ends, where the server says so."""
        return self.user.expires_at


class LoginHooks(Struct, frozen=True, kw_only=True):
    """How a login speaks to the person, and how time passes."""

    show: Callable[[DeviceCode], None]
    wait: Callable[[float, float], Awaitable[None]]  # seconds, seconds left
    now: Callable[[], float] = time.monotonic


async def sign_in(access: Access, hooks: LoginHooks) -> SignedIn:
    """Log in by a device code, and validate what comes back. Stores nothing.

    Raises:
        AuthError: denied, expired, refused, or no candidate that both endpoints accept.
        ApiError: the server can't be asked.
    """
    return await _accepted(access, await _candidates(access, hooks))


async def _candidates(access: Access, hooks: LoginHooks) -> tuple[Candidate, ...]:
    async with Connection(access, access.dashboard_url) as connection:
        steps = log_in(access.dashboard_url, hooks.now)
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                found: tuple[Candidate, ...] = end.value
                return found
            match step:
                case Show():
                    hooks.show(step.code)
                    reply = None
                case Wait():
                    await hooks.wait(step.seconds, step.left_s)
                    reply = None
                case Send():
                    reply = await _send(connection, access, step)


async def _send(connection: Connection, access: Access, step: Send) -> Reply:
    # A poll isn't tried again here: the next poll is its repetition, at the server's pace.
    attempts = 1 if step.is_poll else access.retrying.attempts
    retrying = replace(access.retrying, attempts=attempts)
    transport = connection.unlimited(access.dashboard_url, retrying=retrying)
    request = Request(method="POST", path=step.path, body=step.body, repeat=Repeat.SAFE)
    try:
        return await transport.send(request)
    except ApiError as error:
        return error


async def _accepted(access: Access, candidates: tuple[Candidate, ...]) -> SignedIn:
    rejections = []
    for candidate in candidates:
        async with Account(replace(access, token=candidate.token)) as account:
            try:
                return SignedIn(token=candidate.token, user=await account.check_token())
            except TokenRejected as error:
                rejections.append(f"  {candidate.place}: {error}")
    tried = "\n".join(rejections)
    raise TokenRejected(
        "the sign-in was approved, but Photon rejects every token that came with it; nothing "
        "was stored",
        hint=f"Tried:\n{tried}\nOnly Photon can fix this. Until then, set PHOTON_TOKEN to a token "
        "from elsewhere.",
    )


def run_sign_in(access: Access, hooks: LoginHooks) -> SignedIn:
    """Call ``sign_in`` from where nothing is async."""
    return loop.run(sign_in(access, hooks))
