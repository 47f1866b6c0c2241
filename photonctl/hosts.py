"""Host names and addresses: as DNS knows them, and where they lead. Pure."""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

MOST_ODD = 20_000
"""Characters of a list's hosts that aren't ASCII: to encode them takes a fifth of a second."""

_LONGEST_HOST, _LONGEST_LABEL = 253, 63
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # which IDNA reads as one
# Each of these is compared with all of its label (RFC 5892, A.3 to A.9).
_IN_CONTEXT = re.compile("[\u00b7\u0375\u05f3\u05f4\u0660-\u0669\u06f0-\u06f9\u30fb]")
_MOST_IN_CONTEXT = 12
UNREAD = "its host or its port can't be read"
_NETLOC = re.compile(r"[^/?#]*//[^/?#]*")
_LONGEST_NETLOC = 400  # a host has 253 characters; scheme, user info and port are beside it


def split_bounded(url: str) -> SplitResult:
    """Split a URL, unless it has a host of which that would take the square of its accents.

    Raises:
        ValueError: it has, or can't be split.
    """
    netloc = _NETLOC.match(url)
    if netloc is not None and not netloc[0].isascii() and len(netloc[0]) > _LONGEST_NETLOC:
        msg = "its host is no name that DNS can know"
        raise ValueError(msg)
    try:
        return urlsplit(url)
    except ValueError:  # its text may quote what a manifest filled in
        raise ValueError(UNREAD) from None


def ascii_host(host: str) -> str:
    """Return a host name in lower case, and as DNS knows it where it isn't ASCII.

    Raises:
        ValueError: no host can have this name.
    """
    if host.isascii():
        if host and not _HOST.fullmatch(host):  # such as an escape, which some programs decode
            raise ValueError("its host has characters that no host has")
        return host.lower()
    is_short = len(host) <= _LONGEST_HOST and max(map(len, _DOTS.split(host))) <= _LONGEST_LABEL
    if is_short and (found := _encoded(host.lower())) is not None:
        return found
    msg = "its host is no name that DNS can know"
    raise ValueError(msg)


@lru_cache(maxsize=2**15)  # a host is asked for several times, and encoding it is slow
def _encoded(host: str) -> str | None:
    import idna

    try:
        mapped = idna.uts46_remap(host)
        # One letter may become eighteen, and to encode a label takes the square of its length.
        labels = _DOTS.split(mapped)
        is_short = max(map(len, labels)) <= _LONGEST_LABEL
        is_quick = all(len(_IN_CONTEXT.findall(label)) <= _MOST_IN_CONTEXT for label in labels)
        return idna.encode(mapped).decode().lower() if is_short and is_quick else None
    except idna.IDNAError:
        return None


def is_public(address: str) -> bool:
    """Is this an address that Photon's delivery guard lets through (contract §4.4)?"""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_global


def is_loopback(host: str) -> bool:
    """Is this host the machine itself: localhost, a name below it, 127.0.0.0/8, ``::1``?"""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = literal_address(name)
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Read an address literal, also the short and hexadecimal IPv4 forms that browsers accept."""
    with suppress(ValueError):
        return ip_address(host.partition("%")[0])
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


def odd_hosts(urls: Iterable[str]) -> int:
    """Count the characters of hosts that aren't ASCII, and are short enough to be encoded."""
    hosts = (url.split("/", 3)[2:3] for url in urls if not url.isascii())
    sizes = (len(host) for found in hosts for host in found if not host.isascii())
    return sum(size for size in sizes if size <= _LONGEST_NETLOC)
