"""URLs as the planner sees them: normalised for comparison, checked for delivery. Pure."""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, unquote

from photonctl.hosts import UNREAD, ascii_host, is_public, literal_address, split_bounded
from photonctl.model.filled import EXPRESSION, HIDDEN, Filled

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")
_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]{0,20}://[^\s\"<>]+", re.IGNORECASE)
_WHOLE = re.compile(r"[a-z][a-z0-9+.-]{0,20}://\S+\Z", re.IGNORECASE)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ALIKE = {
    one + other: chr(byte) if (byte := int(one + other, 16)) in _UNRESERVED else f"%{byte:02X}"
    for one in "0123456789abcdefABCDEF"
    for other in "0123456789abcdefABCDEF"
}
"""What follows a percent sign → how it is written in a URL that is compared."""
_NOT_ASCII = {byte: f"%{byte:02X}" for byte in range(128, 256)}
_EXPRESSIONS = re.compile(rf"(?<!\$)(?:{EXPRESSION})+")
_BEGUN = re.compile(r"\$\{(?=(?:env|file):)")
_TAKEN, _ALL_TAKEN = re.compile("\0(\\d+)\0"), re.compile("(?:\0\\d+\0)+")
_QUERY_VALUE = re.compile(r"(?<![^&])([^&=]*+=)?+([^&]++)")  # or a name without one
_ONLY_NAME, _ONLY_VALUE = re.compile(r"(?<![^&])[^&=]++(?![^&])"), re.compile(r"=[^&]++")
_PORT = re.compile(r":[0-9]+\Z")
_MOST_EXPRESSIONS = 3  # in a host; more would make matching it slow
_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "instance-data"})


def normalise_url(url: str) -> str:
    """Return the form under which two spellings of one webhook URL compare equal.

    Scheme and host in lower case, the host in its ASCII form, the default port dropped, an empty
    path turned into ``/`` (interface §1); percent-encoding and dot segments as RFC 3986 §6.2.2
    has them. Query and user info otherwise keep their bytes: servers treat them as different.

    Raises:
        ValueError: not an absolute URL with a host.
    """
    parts = _split(url)
    host = ascii_host(parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    userinfo, at, _ = parts.netloc.rpartition("@")
    port = parts.port
    suffix = "" if port is None or port == _DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    path = _without_dots(_escaped(parts.path)) or "/"
    query = f"?{_escaped(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{userinfo}{at}{host}{suffix}{path}{query}"


def shown_url(url: str) -> str:
    """Return a URL as outputs may show it.

    User info, query values and fragment are ``***``, except a manifest's expressions, which stay
    whole, whatever is in them. Only what was filled in has expressions; what looks like one in
    another URL is escaped as in a manifest, ``$${``. A host name that isn't ASCII is shown as DNS
    knows it: it may look like another one.
    """
    if isinstance(url, Filled):
        return _around_expressions(url.raw, _shown_url)
    return _BEGUN.sub("$\\g<0>", _shown_url(url))


def matched_url(url: str) -> str:
    """Return a URL as patterns are held against it: without what ``shown_url`` hides."""
    return _shown_url(url)


def _around_expressions(text: str, show: Callable[[str], str]) -> str:
    """Show a text with each expression in it as it is: a part of it is no part of a URL."""
    if "${" not in text or "\0" in text:
        return show(text)
    kept: list[str] = []

    def take(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\0{len(kept) - 1}\0"

    return _TAKEN.sub(lambda found: kept[int(found[1])], show(_EXPRESSIONS.sub(take, text)))


def _shown_url(url: str) -> str:
    head, hash_sign, _ = url.partition("#")
    head, question, query = head.partition("?")
    scheme, slashes, rest = head.partition("://")
    authority, slash, path = rest.partition("/")
    _, at, host = authority.rpartition("@")
    shown = f"{scheme}{slashes}{HIDDEN + at if at else ''}{_shown_host(host)}{slash}{path}"
    if question:
        shown += f"?{_shown_query(query)}"
    return shown + (f"#{HIDDEN}" if hash_sign else "")


def shown_in_text(text: str) -> str:
    """Return a text for outputs, as manifests write it, with every URL as ``shown_url`` has it."""
    if "://" not in text:
        return text
    return _around_expressions(text, lambda whole: _IN_TEXT.sub(_shown_match, whole))


def _shown_match(found: re.Match[str]) -> str:
    """Hide a URL's secrets, but not the sentence's own mark behind it."""
    url = found.group()
    end = url[len(url.rstrip(":;,.!?")) :]
    return _shown_url(url.removesuffix(end)) + end


def shown_live(text: str) -> str:
    """Return a server's text for outputs: no expression is in it, whatever it looks like."""
    return shown_url(text) if _WHOLE.match(text) else shown_in_text(text)


def whole_url(text: str) -> str:
    """Return such a text that is one URL, odd characters in it or not, as ``shown_url`` has it."""
    return _around_expressions(text, _shown_url) if _WHOLE.match(text) else text


def _shown_host(host: str) -> str:
    if host.isascii():
        return host
    if "\0" in host:  # what is around expressions is no whole name
        pieces = _TAKEN.split(host)
        return "".join(
            f"\0{piece}\0" if place % 2 else piece.encode("unicode_escape").decode()
            for place, piece in enumerate(pieces)
        )
    name, colon, port = host.partition(":")
    try:
        return f"{ascii_host(name)}{colon}{port}"
    except ValueError:
        return host.encode("unicode_escape").decode()


def _shown_query(query: str) -> str:
    if "\0" in query:
        return _QUERY_VALUE.sub(_shown_value, query)
    # A server chooses how many there are: without a call for each of them.
    return _ONLY_VALUE.sub(f"={HIDDEN}", _ONLY_NAME.sub(HIDDEN, query))


def _shown_value(found: re.Match[str]) -> str:
    name, value = found.groups()
    return found[0] if _ALL_TAKEN.fullmatch(value) else f"{name or ''}{HIDDEN}"


def _escaped(text: str) -> str:
    """Decode escapes of characters that need none, and write the others alike."""
    whole = text if text.isascii() else text.encode().decode("latin-1").translate(_NOT_ASCII)
    first, *rest = whole.split("%")
    return first + "".join(f"{_ALIKE.get(one[:2]) or f'%{one[:2]}'}{one[2:]}" for one in rest)


def _without_dots(path: str) -> str:
    """Resolve ``.`` and ``..`` (RFC 3986 §5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    is_folder = segments[-1] in (".", "..")
    return "/" + "/".join(kept) + ("/" if is_folder and kept else "")


def webhook_key(url: str) -> str:
    """Return a webhook's key: its normalised URL, or the text as it is if that is no URL."""
    try:
        return normalise_url(url)
    except ValueError:
        return url


def is_respelled(url: str, other: str) -> bool:
    """Could a server have made one URL from the other by writing it in a form of its own?"""
    return _loose(url) == _loose(other)


def _loose(url: str) -> tuple[str, str, list[str]]:
    head, _, query = webhook_key(url).partition("?")
    scheme, _, rest = head.partition("://")
    place = re.sub("/+", "/", unquote(rest)).rstrip("/").casefold()
    return scheme, place, sorted(unquote(query).casefold().split("&"))


def is_host_shown(url: str, raw: str) -> bool:
    """Does a URL before its expressions were filled in show the host that it has now?

    It does where an expression gives the whole beginning of the URL, or where everything that is
    around the expressions between "://" and the path is also around what they gave.
    """
    netloc = _split(url).netloc.lower()
    marked = _EXPRESSIONS.sub("\0", raw).replace("$${", "${").lower()
    _, is_written, rest = marked.partition("://")
    if not is_written:
        return "@" not in netloc and re.fullmatch("\0([/?#].*)?", marked, re.DOTALL) is not None
    first, *others = re.split("[/?#]", rest, maxsplit=1)[0].split("\0")
    if not others:
        return netloc == first
    if "@" in netloc or len(others) > _MOST_EXPRESSIONS:
        return False
    *inner, last = others
    host = netloc if last else _PORT.sub("", netloc)
    return _is_between(host, first, inner, last)


def _is_between(host: str, first: str, inner: list[str], last: str) -> bool:
    """Is a host made of these parts, with something that is no port between each two?

    Each part is looked for as far to the left as it can be: no other choice helps the next one.
    """
    if len(host) < len(first) + len(last) or not (host.startswith(first) and host.endswith(last)):
        return False
    rest = host[len(first) : len(host) - len(last)]
    for part in inner:
        gap, is_there, rest = rest.partition(part) if part else ("", True, rest)
        if not is_there or ":" in gap:
            return False
    return ":" not in rest


def undeliverable_reason(
    url: str, *, is_shown: bool = True, says_address: bool = True
) -> str | None:
    """Say why Photon would never deliver to this URL, or None when it might (contract §4.4).

    Photon's delivery guard fails closed: https only, every address public.

    Args:
        url: the URL.
        is_shown: may the host be named?
        says_address: may it be said what kind of address it is? Else one value after the other
            could be tried out.

    Raises:
        ValueError: not an absolute URL with a host.
    """
    parts = _split(url)
    host = ascii_host(parts.hostname or "").rstrip(".")
    name = host if is_shown else "its host"
    if parts.scheme != "https":
        return (
            f"it is {parts.scheme if is_shown else 'not https'}, and Photon delivers to https only"
        )
    if host == "localhost" or host.endswith(_LOCAL_SUFFIXES) or host in _METADATA_HOSTS:
        return f"{name} is a local name, and Photon delivers to public addresses only"
    address = literal_address(host) if says_address else None
    if address is not None and not is_public(str(address)):
        return f"{name} is not a public address, and Photon delivers to public ones only"
    return None


def host_of(url: str) -> str:
    """Return a webhook URL's host as DNS knows it; "" for a text that is no URL."""
    try:
        return ascii_host(_split(url).hostname or "")
    except ValueError:
        return ""


def _split(url: str) -> SplitResult:
    if " " in url or not url.isprintable():  # of what isprintable takes, only this one is blank
        msg = "it contains white space or control characters"
        raise ValueError(msg)
    if "\\" in url:
        msg = "it contains a backslash, which programs read in two ways"
        raise ValueError(msg)
    parts = split_bounded(url)
    try:
        port = parts.port
    except ValueError:  # its text may quote what a manifest filled in
        raise ValueError(UNREAD) from None
    if not parts.scheme or not parts.hostname:
        msg = "it is not an absolute URL such as https://bot.example.com/hook"
        raise ValueError(msg)
    if "[" in parts.netloc and ":" not in parts.hostname:
        msg = "only an address of IPv6 has brackets"
        raise ValueError(msg)
    if "" in parts.hostname.removesuffix(".").split("."):
        msg = "its host has an empty part between two dots"
        raise ValueError(msg)
    if port == 0:
        msg = "port 0 can't be connected to"
        raise ValueError(msg)
    return parts
