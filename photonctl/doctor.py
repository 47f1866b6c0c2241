"""Is everything well that an apply will need? One finding for each thing, with its mend."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.probe import Probe, probe
from photonctl.errors import PhotonctlError
from photonctl.model.state import DesiredProject
from photonctl.sinks import open_sink
from photonctl.urls import undeliverable_reason

_DRIFT_S = 60.0  # a receiver refuses signatures off by 300 s (contract §4.4); warn well before
_SOON = timedelta(hours=24)


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
    access: Access, projects: Sequence[DesiredProject], now: Callable[[], datetime]
) -> list[Finding]:
    """Look at hosts, clock, token, sinks and webhook URLs. Changes nothing."""
    return [
        *asyncio.run(_online(access, now)),
        *(finding for project in projects for finding in _sinks(project)),
        *(finding for project in projects for finding in _urls(project)),
    ]


async def _online(access: Access, now: Callable[[], datetime]) -> list[Finding]:
    dashboard, spectrum, token = await asyncio.gather(
        probe(access, access.dashboard_url, "/api/health"),
        probe(access, access.spectrum_url, "/openapi/json"),
        _token(access),
    )
    return [
        _reached("dashboard", access.dashboard_url, dashboard),
        _reached("Spectrum", access.spectrum_url, spectrum),
        _clock(dashboard if dashboard.date else spectrum, now()),
        token,
    ]


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


async def _token(access: Access) -> Finding:
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
    is_well = user.expires_at - datetime.now(UTC) > _SOON
    mend = None if is_well else "To begin with a new one:\n  photonctl login"
    return Finding(name="token", is_well=is_well, told=ends, mend=mend)


def _sinks(project: DesiredProject) -> list[Finding]:
    sinks = [w.secret.sink for w in project.resources.get("webhook", {}).values() if w.secret]
    found = []
    for sink in dict.fromkeys(sinks):
        name = f"secret sink {sink.key} in {sink.target}"
        try:
            open_sink(sink, project.folder).check_writable()
        except PhotonctlError as error:
            found.append(Finding(name=name, is_well=False, told=str(error), mend=error.hint))
        else:
            found.append(Finding(name=name, is_well=True, told="can be written"))
    return found


def _urls(project: DesiredProject) -> list[Finding]:
    """Say what is to be expected of each URL; one out of Photon's reach was allowed on purpose."""
    found = []
    for key in project.resources.get("webhook", {}):
        reason = undeliverable_reason(key)
        told = f"out of Photon's reach, as allowed: {reason}" if reason else "a public address"
        found.append(Finding(name=f"webhook {key}", is_well=True, told=told))
    return found
