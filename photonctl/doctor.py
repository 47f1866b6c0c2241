"""Is everything well that an apply will need? One finding for each thing, and how to fix it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.http import check_settings
from photonctl.api.probe import Probe, probe
from photonctl.errors import PhotonctlError
from photonctl.model.filled import shown_text
from photonctl.model.spec import Declared
from photonctl.model.state import DesiredProject
from photonctl.sinks import Inspectable, open_sink
from photonctl.urls import host_of, is_public, undeliverable_reason
from photonctl.versioned import commit_warning, would_be_committed

_DRIFT_S = 60.0  # a receiver refuses signatures off by 300 s (contract §4.4); warn well before
_SOON = timedelta(hours=24)
_NEAR = timedelta(days=90)
_NOTICES = ("deprecation", "sunset", "link")
_LOOKUPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found of one thing.

    Attributes:
        mend: what to do; None where all is well.
    """

    name: str
    is_well: bool
    told: str
    mend: str | None = None


def examine(
    access: Access,
    projects: Sequence[DesiredProject],
    now: datetime,
    resolve: Callable[[str], Sequence[str]],
) -> list[Finding]:
    """Look at hosts, settings, clock, token, sinks and webhook URLs. Changes nothing at Photon.

    Args:
        access: hosts and credentials.
        projects: whose sinks and URLs to look at.
        now: this machine's clock.
        resolve: a host name → its addresses; raises OSError where there are none.
    """
    sinks = [finding for project in projects for finding in _sinks(project)]
    webhooks = [w for p in projects for w in p.resources.get("webhook", {}).values()]
    return [*asyncio.run(_online(access, now)), *sinks, *_urls(webhooks, resolve)]


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
        return [Finding(name="network settings", is_well=False, told=str(error), mend=error.hint)]
    return []


def _notice(host: str, name: str, text: str, now: datetime) -> Finding:
    """Show what a host says of its API's end (contract §8, 31); one that is near isn't well."""
    is_near = False
    if name == "sunset":
        with suppress(TypeError, ValueError):
            is_near = parsedate_to_datetime(text) - now < _NEAR
    mend = "Look for a newer photonctl, and at what Photon says of the date." if is_near else None
    told = f"{host} sends {name.title()}: {text}"
    return Finding(name="notice", is_well=not is_near, told=told, mend=mend)


def _reached(name: str, url: str, found: Probe) -> Finding:
    if found.problem is None:
        return Finding(name=name, is_well=True, told=f"{url} answers")
    return Finding(
        name=name,
        is_well=False,
        told=str(found.problem),
        mend=found.problem.hint or "Check the network, and the host that PHOTON_*_HOST names.",
    )


def _clock(found: Probe, now: datetime) -> Finding:
    if found.date is None:
        return Finding(name="clock", is_well=True, told="no server to compare it with")
    drift_s = (now - found.date).total_seconds()
    if abs(drift_s) <= _DRIFT_S:
        return Finding(name="clock", is_well=True, told="agrees with the server's")
    side = "ahead of" if drift_s > 0 else "behind"
    return Finding(
        name="clock",
        is_well=False,
        told=f"{abs(drift_s):.0f} s {side} the server's",
        mend="Set it by NTP: signatures and sessions depend on it.",
    )


async def _token(access: Access, now: datetime) -> Finding:
    if access.token is None and access.pair is not None:
        told = "none; PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET open one project"
        return Finding(name="token", is_well=True, told=told)
    async with Account(access) as account:
        try:
            user = await account.check_token()
        except PhotonctlError as error:
            return Finding(name="token", is_well=False, told=str(error), mend=error.hint)
    if user.expires_at is None:
        return Finding(name="token", is_well=True, told=f"{access.token_source} is valid")
    ends = f"{access.token_source} is valid until {user.expires_at:%Y-%m-%d %H:%M} UTC"
    is_well = user.expires_at - now > _SOON
    mend = None if is_well else "To get a new one:\n  photonctl login"
    return Finding(name="token", is_well=is_well, told=ends, mend=mend)


def _sinks(project: DesiredProject) -> list[Finding]:
    sinks = [w.secret.sink for w in project.resources.get("webhook", {}).values() if w.secret]
    found = []
    for sink in dict.fromkeys(sinks):
        name = f"secret sink {shown_text(sink.key)} in {shown_text(sink.target)}"
        path = project.folder / sink.target if sink.type == "envFile" else None
        try:
            opened = open_sink(sink, project.folder)
            if isinstance(opened, Inspectable):
                opened.look()
        except PhotonctlError as error:
            found.append(Finding(name=name, is_well=False, told=str(error), mend=error.hint))
            continue
        is_known = isinstance(opened, Inspectable)
        told = "can be written" if is_known else "its plugin can't be asked without writing"
        found.append(Finding(name=name, is_well=True, told=told))
        if path is not None and would_be_committed(path):
            told = "git would commit it, and it holds secrets"
            found.append(Finding(name=name, is_well=False, told=told, mend=commit_warning(path)))
    return found


def _urls(
    webhooks: Sequence[Declared[Any]], resolve: Callable[[str], Sequence[str]]
) -> list[Finding]:
    """Look each webhook's host up, all at once. One out of Photon's reach may be so on purpose."""
    if not webhooks:
        return []
    with ThreadPoolExecutor(_LOOKUPS) as pool:
        return list(pool.map(lambda webhook: _url(webhook, resolve), webhooks))


def _url(webhook: Declared[Any], resolve: Callable[[str], Sequence[str]]) -> Finding:
    name = f"webhook {webhook.label or webhook.key}"
    is_allowed = webhook.may_be_undeliverable
    try:
        reason = undeliverable_reason(webhook.key) or _lookup(webhook.key, resolve)
    except _NoAnswer as error:
        told = f"{error}. Photon drops events for a name that it can't resolve"
        return Finding(name=name, is_well=True, told=told)
    if reason is None:
        told = "its host has public addresses. Only a delivery shows whether deliveries arrive"
        return Finding(name=name, is_well=True, told=told)
    if is_allowed:
        return Finding(name=name, is_well=True, told=f"out of Photon's reach, as allowed: {reason}")
    mend = "Correct the URL or the name's DNS records, or add allowUndeliverable: true."
    return Finding(name=name, is_well=False, told=reason, mend=mend)


class _NoAnswer(Exception):
    """A name has no address, as far as this machine knows."""


def _lookup(url: str, resolve: Callable[[str], Sequence[str]]) -> str | None:
    """Say why Photon's delivery guard would drop events for a host name (contract §4.4)."""
    host = host_of(url)
    try:
        addresses = resolve(host)
    except (OSError, UnicodeError) as error:
        # Another machine may know the name: this one may have no name server, or another view.
        raise _NoAnswer(
            f"{host} doesn't resolve on this machine ({getattr(error, 'strerror', error)})"
        ) from error
    private = [address for address in addresses if not is_public(address)]
    if private:
        return f"{host} has the address {private[0]}, and Photon delivers to public ones only"
    return None if addresses else f"{host} has no address"
