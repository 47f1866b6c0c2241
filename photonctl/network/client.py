"""Opens the one HTTP client, and reads what the environment says of proxies and certificates.

httpx would read the same variables by itself. It would also send a loopback host's credentials to
a proxy, and answer a wrong value with an error that shows the proxy's password.
"""

import os
import re
import ssl
import stat
from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies

import httpx

from photonctl import __version__
from photonctl.errors import UsageError
from photonctl.extras import install_command
from photonctl.hosts import is_loopback
from photonctl.network.transport import NetworkTransport

CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_PORTS = 2**16
_NO_PROXY = ("no_proxy", "NO_PROXY")
_SYSTEM = "the system's proxy setting"
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # nothing small becomes large here
    "User-Agent": f"photonctl/{__version__}",
}
Environment = Mapping[str, str]


def open_http(
    *urls: str,
    env: Environment = os.environ,
    on_headers: Callable[[str, Mapping[str, str]], None] = lambda _, __: None,
    tls: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """Make a connection pool, one for a run; TLS is verified, nothing is followed by itself.

    Args:
        urls: the base URLs that it is for. A loopback one never goes through a proxy.
        env: where settings of proxies and certificates are read.
        on_headers: called with each answer's host and headers.
        tls: what ``trusted_by`` has returned for them before, as that takes 30 ms.

    Raises:
        UsageError: such a setting is wrong. A run that needs none of them isn't stopped by it.
    """
    tls = tls or trusted_by(*urls, env=env)
    mounts: dict[str, httpx.AsyncBaseTransport | None] = {}
    for url in urls:
        found = proxy_for(url, env)
        if found is not None:
            at = httpx.URL(url)
            mounts[f"{at.scheme}://{at.netloc.decode()}"] = _through(*found, tls)

    async def hear(response: httpx.Response) -> None:
        on_headers(response.request.url.host, response.headers)

    return httpx.AsyncClient(
        follow_redirects=False,
        headers=_HEADERS,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept or sent
        trust_env=False,
        transport=_transport(tls),
        mounts=mounts,
        event_hooks={"response": [hear]},
    )


def trusted_by(*urls: str, env: Environment = os.environ) -> ssl.SSLContext:
    """Return which certificates are trusted, if one of the URLs needs any.

    Raises:
        UsageError: a setting of certificates is wrong.
    """
    is_tls = any(url.lower().startswith("https:") for url in urls)
    return _tls_context(env) if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def check_settings(env: Environment = os.environ) -> None:
    """Read every setting of proxies and certificates, needed or not.

    Raises:
        UsageError: the first that is wrong.
    """
    list(_proxy_settings(env))
    _is_exempt(httpx.URL("https://photon.example"), env)
    _tls_context(env)


def proxy_for(url: str, env: Environment = os.environ) -> tuple[str, httpx.URL] | None:
    """Return the proxy that a URL goes through, and the setting that names it; None = no proxy.

    Raises:
        UsageError: a setting is wrong.
    """
    at = httpx.URL(url)
    if at.scheme == "http" or is_loopback(at.host):
        return None
    settings = dict(_proxy_settings(env))
    name = next((n for n in settings if n.lower() == f"{at.scheme}_proxy"), None)
    name = name or next((n for n in settings if n.lower() in ("all_proxy", _SYSTEM)), None)
    if name is None or _is_exempt(at, env):
        return None
    return name, settings[name]


def _proxy_settings(env: Environment) -> Iterator[tuple[str, httpx.URL]]:
    """Yield each setting of a proxy, the first that is wrong raises; lower case comes first."""
    has_any = False
    for scheme in ("http", "https", "all"):
        lower, upper = f"{scheme}_proxy", f"{scheme}_PROXY".upper()
        name = lower if lower in env else upper
        if env.get(name, "").strip():
            has_any = True
            yield name, _proxy_url(name, env[name].strip())
    system = {} if has_any or env is not os.environ else getproxies()  # macOS and Windows
    if "https" in system:
        yield _SYSTEM, _proxy_url(_SYSTEM, system["https"])


def _proxy_url(name: str, text: str) -> httpx.URL:
    """Read a proxy's address. No message shows it: it may hold a user name and a password."""
    hint = f"Write it like {name}=http://proxy.example.com:3128, or unset it."
    if not text.isprintable() or " " in text:
        raise UsageError(f"{name} holds a space, a line break or an odd character", hint=hint)
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
        is_proxy = bool(url.host) and url.scheme in _PROXY_SCHEMES and (url.port or 1) < _PORTS
    except (httpx.InvalidURL, ValueError):
        is_proxy = False
    if not is_proxy:
        raise UsageError(
            f"{name} isn't the address of a proxy (http, https or socks5, a host, a port)",
            hint=hint,
        )
    return url


def _transport(tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Return our transport, or httpx's own where vcrpy, respx or the like record or play it."""
    own = httpx.AsyncHTTPTransport.handle_async_request
    if Path(own.__code__.co_filename).parent.name != "_transports":
        return httpx.AsyncHTTPTransport(verify=tls, trust_env=False)
    return NetworkTransport(tls)


def _through(name: str, url: httpx.URL, tls: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise UsageError(
            f"{name} names a SOCKS proxy, and the library for it isn't installed",
            hint=f"Install it with:\n  {install_command('socks')}",
        )
    return NetworkTransport(tls, url)


def _is_exempt(url: httpx.URL, env: Environment) -> bool:
    """Does NO_PROXY name this host: a domain, an address, a network, with a port or without?"""
    name = next((n for n in _NO_PROXY if n in env), _NO_PROXY[1])
    entries = [entry for entry in re.split(r"[,\s]+", env.get(name, "")) if entry]
    # Each is read, so that a wrong one is found whatever comes before it.
    named = [_names(entry, url, f"entry {n} of {name}") for n, entry in enumerate(entries, 1)]
    return any(named)


def _names(entry: str, url: httpx.URL, where: str) -> bool:
    if entry == "*":
        return True
    host = entry.partition("://")[2] or entry
    if "/" in host.rstrip("/") or _is_address(host):
        try:
            network = ip_network(host.rstrip("/").strip("[]"), strict=False)
        except ValueError:
            raise UsageError(
                f"{where} isn't a network, an address or a domain",
                hint="Write it like NO_PROXY=internal.example.com,10.0.0.0/8,fe80::/10",
            ) from None
        return _is_address(url.host) and ip_address(url.host.partition("%")[0]) in network
    host, _, port = host.rstrip("/").partition(":")
    domain = host.lstrip("*").strip(".").lower()
    is_port = not port or port == str(url.port or {"http": 80, "https": 443}.get(url.scheme))
    own = url.host.lower().rstrip(".")
    return bool(domain) and is_port and (own == domain or own.endswith(f".{domain}"))


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _tls_context(env: Environment) -> ssl.SSLContext:
    """Return what certificates are trusted: the named ones, else those that httpx brings."""
    if env.get("SSLKEYLOGFILE"):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = env["SSLKEYLOGFILE"]
        except OSError as error:
            raise _wrong("SSLKEYLOGFILE", f"can't be written: {error.strerror}") from None
    file = env.get("SSL_CERT_FILE", "")
    folder = env.get("SSL_CERT_DIR", "")
    if file or folder:
        _check_folder("SSL_CERT_DIR", folder)
        name = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        return _trusting(name, file or None, folder or None)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = env.get(name, "")
        if path:
            is_folder = Path(path).is_dir()
            return _trusting(name, None if is_folder else path, path if is_folder else None)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _trusting(name: str, file: str | None, folder: str | None) -> ssl.SSLContext:
    try:
        if file is not None and not stat.S_ISREG(Path(file).stat().st_mode):
            raise _wrong(name, "isn't a file")
        return ssl.create_default_context(cafile=file, capath=folder)
    except ssl.SSLError:
        raise _wrong(name, "holds no certificate that can be read") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it isn't a path"
        raise _wrong(name, f"can't be read: {reason}") from None


def _check_folder(name: str, folders: str) -> None:
    """OpenSSL takes several folders, and says nothing of one that isn't there."""
    try:
        is_there = not folders or any(map(os.path.isdir, folders.split(os.pathsep)))
    except ValueError:
        is_there = False
    if not is_there:
        raise _wrong(name, "isn't a folder")


def _wrong(name: str, what: str) -> UsageError:
    return UsageError(
        f"the place that {name} names {what}",
        hint=f"Correct {name}, or unset it to trust the certificates that photonctl brings."
        if name in CERTIFICATE_VARIABLES
        else f"Correct {name}, or unset it.",
    )
