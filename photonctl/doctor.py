"""Is everything well that an apply will need? One finding for each thing, and how to fix it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from photonctl import loop
from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.probe import Probe, probe
from photonctl.errors import PhotonctlError
from photonctl.hosts import is_public
from photonctl.kinds import kinds
from photonctl.kinds.base import Kind
from photonctl.model.filled import shown_text
from photonctl.model.foreign import one_line
from photonctl.model.places import place_name, place_target
from photonctl.model.spec import Declared
from photonctl.model.state import DesiredProject
from photonctl.network.client import check_settings
from photonctl.sinks import Inspectable, open_sink
from photonctl.urls import host_of, undeliverable_reason
from photonctl.versioned import commit_warning, to_be_committed

_DRIFT_S = 60.0  # a receiver refuses signatures off by 300 s (contract §4.4); warn well before
_SOON = timedelta(hours=24)
_NEAR = timedelta(days=90)
_NOTICES = ("deprecation", "sunset", "link")
_LONGEST_S = 60.0  # for all names
_LOOKUPS = 16
_LONGEST_NOTICE = 300
Resolve = Callable[[str], Awaitable[Sequence[str]]]
_Receiver = tuple[Kind[Any], Declared[Any], str]


class Finding(Struct, frozen=True, kw_only=True):
    """What was found of one thing.

    Attributes:
        fix: what to do; None where all is well.
    """

    name: str
    is_well: bool
    message: str
    fix: str | None = None


def examine(
    access: Access,
    projects: Sequence[DesiredProject],
    now: datetime,
    resolve: Resolve,
) -> list[Finding]:
    """Look at hosts, settings, clock, token, sinks and webhook URLs. Changes nothing at Photon.

    Args:
        access: hosts and credentials.
        projects: whose sinks and URLs to look at.
        now: this machine's clock.
        resolve: a host name → its addresses; raises OSError where there are none.
    """
    committed = set(to_be_committed(path for project in projects for path in project.env_files()))
    sinks = [finding for project in projects for finding in _sinks(project, committed)]
    receivers = [
        (kind, declared, url)
        for project in projects
        for kind in kinds()
        for declared in project.resources.get(kind.name, {}).values()
        for url in [kind.delivered_to(declared)]
        if url is not None
    ]

    async def ask() -> tuple[list[Finding], list[Finding]]:
        return await asyncio.gather(_online(access, now), _urls(receivers, resolve))

    online, urls = loop.run(ask())
    return [*online, *sinks, *urls]


async def _online(access: Access, now: datetime) -> list[Finding]:
    notices: dict[tuple[str, str], str] = {}

    def on_headers(host: str, headers: Mapping[str, str]) -> None:
        notices.update({(host, n): headers[n] for n in _NOTICES if headers.get(n)})

    access = replace(access, on_headers=on_headers)
    dashboard, spectrum, token = await asyncio.gather(
        probe(access, access.dashboard_url, "/api/health"),
        probe(access, access.spectrum_url, "/openapi/json"),
        _token(access, now),
    )
    return [
        _reached("dashboard", access.dashboard_url, dashboard),
        _reached("Spectrum", access.spectrum_url, spectrum),
        *_settings(),
        _clock(dashboard if dashboard.date else spectrum, now),
        token,
        *(_notice(host, name, text, now) for (host, name), text in sorted(notices.items())),
    ]


def _settings() -> list[Finding]:
    """Name a setting of proxies or certificates that is wrong, also where nothing needs it yet."""
    try:
        check_settings()
    except PhotonctlError as error:
        return [Finding(name="network settings", is_well=False, message=str(error), fix=error.hint)]
    return []


def _notice(host: str, name: str, text: str, now: datetime) -> Finding:
    """Show what a host says of its API's end (contract §8, 31); one that is near isn't well."""
    is_near = False
    if name == "sunset":
        with suppress(TypeError, ValueError, OverflowError):
            is_near = parsedate_to_datetime(text) - now < _NEAR
    fix = "Look for a newer photonctl, and at what Photon says of the date." if is_near else None
    text = f"{host} sends {name.title()}: {one_line(text, _LONGEST_NOTICE)}"
    return Finding(name="notice", is_well=not is_near, message=text, fix=fix)


def _reached(name: str, url: str, found: Probe) -> Finding:
    if found.problem is None:
        return Finding(name=name, is_well=True, message=f"{url} answers")
    return Finding(
        name=name,
        is_well=False,
        message=str(found.problem),
        fix=found.problem.hint or "Check the network, and the host that PHOTON_*_HOST names.",
    )


def _clock(found: Probe, now: datetime) -> Finding:
    if found.date is None:
        return Finding(name="clock", is_well=True, message="no server to compare it with")
    drift_s = (now - found.date).total_seconds()
    if abs(drift_s) <= _DRIFT_S:
        return Finding(name="clock", is_well=True, message="agrees with the server's")
    side = "ahead of" if drift_s > 0 else "behind"
    return Finding(
        name="clock",
        is_well=False,
        message=f"{abs(drift_s):.0f} s {side} the server's",
        fix="Set it by NTP: signatures and sessions depend on it.",
    )


async def _token(access: Access, now: datetime) -> Finding:
    if access.token is None and access.pair is not None:
        text = "none; PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET open one project"
        return Finding(name="token", is_well=True, message=text)
    async with Account(access) as account:
        try:
            user = await account.check_token()
        except PhotonctlError as error:
            return Finding(name="token", is_well=False, message=str(error), fix=error.hint)
    if user.expires_at is None:
        return Finding(name="token", is_well=True, message=f"{access.token_source} is valid")
    ends = f"{access.token_source} is valid until {user.expires_at:%Y-%m-%d %H:%M} UTC"
    is_well = user.expires_at - now > _SOON
    fix = None if is_well else "To get a new one:\n  photonctl login"
    return Finding(name="token", is_well=is_well, message=ends, fix=fix)


def _sinks(project: DesiredProject, committed: Collection[Path]) -> list[Finding]:
    credentials = project.credentials.places if project.credentials is not None else ()
    found = []
    for sink in dict.fromkeys(project.places()):
        is_pair = sink in credentials
        of_pair = f"project credentials in {place_target(sink)}"
        name = of_pair if is_pair else f"secret sink {place_name(sink)}"
        path = project.folder / sink.target if sink.type == "envFile" else None
        shown = project.folder / shown_text(sink.target)
        try:
            opened = open_sink(sink, project.folder, project.state)
            if isinstance(opened, Inspectable):
                opened.look()
        except PhotonctlError as error:
            found.append(Finding(name=name, is_well=False, message=str(error), fix=error.hint))
            continue
        is_known = isinstance(opened, Inspectable)
        text = "can be written" if is_known else "its plugin can't be asked without writing"
        found.append(Finding(name=name, is_well=True, message=text))
        if path is not None and path in committed:
            text = "git would commit it, and it holds secrets"
            found.append(Finding(name=name, is_well=False, message=text, fix=commit_warning(shown)))
    return found


async def _urls(receivers: Sequence[_Receiver], resolve: Resolve) -> list[Finding]:
    """Look each URL's host up, many at once. One out of Photon's reach may be so on purpose."""
    slots, once = asyncio.Semaphore(_LOOKUPS), _once(resolve)

    async def one(receiver: _Receiver) -> Finding:
        async with slots:
            return await _url(*receiver, once)

    return await asyncio.gather(*map(one, receivers))


def _once(resolve: Resolve) -> Resolve:
    """Ask for each name once, and for all of them within a time."""
    asked: dict[str, asyncio.Future[Sequence[str]]] = {}
    end = asyncio.get_running_loop().time() + _LONGEST_S

    async def found(host: str) -> Sequence[str]:
        if host not in asked:
            if asyncio.get_running_loop().time() >= end:
                raise TimeoutError
            asked[host] = asyncio.ensure_future(resolve(host))
        async with asyncio.timeout_at(end):
            return await asyncio.shield(asked[host])

    return found


async def _url(kind: Kind[Any], declared: Declared[Any], url: str, resolve: Resolve) -> Finding:
    host = host_of(url)
    if not host or host_of(declared.label or declared.key) == host:
        return await _checked_url(kind, declared, url, resolve)
    # The manifest filled the host in. It may be a secret, and name servers would read it.
    text = "its host is filled in, so it isn't looked up"
    return Finding(name=f"{kind.name} {declared.label}", is_well=True, message=text)


async def _checked_url(
    kind: Kind[Any], declared: Declared[Any], url: str, resolve: Resolve
) -> Finding:
    name = f"{kind.name} {declared.label or declared.key}"
    is_allowed = declared.may_be_undeliverable
    try:
        reason = undeliverable_reason(url) or await _lookup(url, resolve)
    except _NoAnswer as error:
        text = f"{error}. Photon drops events for a name that it can't resolve"
        return Finding(name=name, is_well=True, message=text)
    if reason is None:
        text = "its host has public addresses. Only a delivery shows whether deliveries arrive"
        return Finding(name=name, is_well=True, message=text)
    if is_allowed:
        return Finding(
            name=name, is_well=True, message=f"out of Photon's reach, as allowed: {reason}"
        )
    fix = "Correct the URL or the name's DNS records, or add allowUndeliverable: true."
    return Finding(name=name, is_well=False, message=reason, fix=fix)


class _NoAnswer(Exception):
    """A name has no address, as far as this machine knows."""


async def _lookup(url: str, resolve: Resolve) -> str | None:
    """Say why Photon's delivery guard would drop events for a host name (contract §4.4)."""
    host = host_of(url)
    try:
        addresses = await resolve(host)
    except (OSError, UnicodeError) as error:
        # Another machine may know the name: this one may have no name server, or another view.
        why = getattr(error, "strerror", None) or "no answer"
        raise _NoAnswer(f"{host} doesn't resolve on this machine ({why})") from error
    private = [address for address in addresses if not is_public(address)]
    if private:
        return f"{host} has the address {private[0]}, and Photon delivers to public ones only"
    return None if addresses else f"{host} has no address"
