"""The two base URLs (contract §1.1), and the variable that two tools mean differently."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from photonctl.errors import AmbiguousHosts, UsageError

PRODUCTION = "https://app.photon.codes"
PRODUCTION_SPECTRUM = "https://spectrum.photon.codes"


class Hosts(Struct, frozen=True, kw_only=True):
    """Base URLs without a trailing slash."""

    dashboard: str
    spectrum: str


def choose_hosts(env: Mapping[str, str]) -> Hosts:
    """Return the hosts that the environment names, else production.

    Raises:
        AmbiguousHosts: PHOTON_API_HOST is set, and the two clear variables aren't both
            (interface §4).
        UsageError: no base URL, or one that would send a credential in the clear.
    """
    dashboard = env.get("PHOTON_DASHBOARD_HOST", "").strip()
    spectrum = env.get("PHOTON_SPECTRUM_HOST", "").strip()
    if env.get("PHOTON_API_HOST", "").strip() and not (dashboard and spectrum):
        raise AmbiguousHosts(
            "PHOTON_API_HOST is set: the Photon CLI means the dashboard by it, Hermes means "
            "Spectrum, so a credential could go to the wrong host",
            hint="Set both PHOTON_DASHBOARD_HOST and PHOTON_SPECTRUM_HOST, or unset "
            "PHOTON_API_HOST.",
        )
    return Hosts(
        dashboard=_checked("PHOTON_DASHBOARD_HOST", dashboard or PRODUCTION),
        spectrum=_checked("PHOTON_SPECTRUM_HOST", spectrum or PRODUCTION_SPECTRUM),
    )


def _checked(variable: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(
            f"{variable} is no base URL", hint=f"Write it like {variable}={PRODUCTION}"
        )
    if parts.username is not None:
        raise UsageError(f"{variable} holds a user name or password", hint="Remove it.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            f"{variable} is plain http, and credentials would travel in the clear",
            hint="Use https://. Plain http is for loopback addresses only.",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
