"""URLs as the planner sees them: normalised for comparison, judged for delivery.

Pure: nothing here resolves a name or opens a socket. A host name may still lead to a private
address: photonctl doesn't look that up.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")
_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "instance-data"})


def normalise_url(url: str) -> str:
    """Return the form under which two spellings of one webhook URL compare equal.

    Scheme and host in lower case, the default port dropped, an empty path turned into ``/``
    (interface §1). Path, query and user info keep their bytes: servers tell them apart.

    Raises:
        ValueError: not an absolute URL with a host.
    """
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    userinfo, at, _ = parts.netloc.rpartition("@")
    port = parts.port
    suffix = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{userinfo}{at}{host}{suffix}{parts.path or '/'}{query}"


def webhook_key(url: str) -> str:
    """Return a webhook's key: its normalised URL, or the text as it is if that is no URL."""
    try:
        return normalise_url(url)
    except ValueError:
        return url


def undeliverable_reason(url: str) -> str | None:
    """Say why Photon would never deliver to this URL, or None when it might (contract §4.4).

    Photon's delivery guard fails closed: https only, every address public.

    Raises:
        ValueError: not an absolute URL with a host.
    """
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        return f"it is {parts.scheme}, and Photon delivers to https only"
    if host == "localhost" or host.endswith(_LOCAL_SUFFIXES) or host in _METADATA_HOSTS:
        return f"{host} is a local name, and Photon delivers to public addresses only"
    address = _literal_address(host)
    if address is None:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global:
        return f"{host} is not a public address, and Photon delivers to public ones only"
    return None


def is_loopback(host: str) -> bool:
    """Is this host the machine itself: localhost, a name below it, 127.0.0.0/8, ``::1``?"""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _literal_address(name)
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def _split(url: str) -> SplitResult:
    if any(character.isspace() or not character.isprintable() for character in url):
        msg = "it contains white space or control characters"
        raise ValueError(msg)
    parts = urlsplit(url)
    if not parts.scheme or not parts.hostname:
        msg = "it is not an absolute URL such as https://bot.example.com/hook"
        raise ValueError(msg)
    if parts.port == 0:
        msg = "port 0 can't be connected to"
        raise ValueError(msg)
    return parts


def _literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Read an address literal, also the short and hexadecimal IPv4 forms that browsers accept."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    fields = host.split(".")
    try:
        numbers = [
            int(f, 16) if f[:2] == "0x" else int(f, 8 if f[:1] == "0" else 10) for f in fields
        ]
        *heads, last = numbers
        room = 256 ** (4 - len(heads))
        if len(heads) > 3 or last >= room or any(n > 255 for n in heads):  # noqa: PLR2004
            return None
        return IPv4Address(sum(n << 8 * (3 - i) for i, n in enumerate(heads)) + last)
    except ValueError:
        return None
