"""What the environment says of proxies and certificates, right and wrong."""

import asyncio
import re
import shutil
import ssl
import subprocess
import sys
import traceback
from contextlib import asynccontextmanager

import httpcore  # noqa: F401  # loaded before a test takes its socks library away
import httpx
import pytest

from photonctl.api.limiter import Limiter
from photonctl.api.retry import Retrying
from photonctl.api.transport import Request, Transport
from photonctl.errors import Blocked, PhotonctlError, Unreachable, UsageError
from photonctl.network.client import open_http, proxy_for
from tests.support.clock import FakeClock

PHOTON = "https://photon.test"
PROXY = "http://ada:hunter2@proxy.test:3128"
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LOOPBACK = [
    "http://localhost:8787", "https://bot.localhost", "https://LOCALHOST.", "http://127.0.0.1:1",
    "https://127.9.8.7", "http://[::1]:8787", "https://[::ffff:127.0.0.1]", "https://127.1",
]  # fmt: skip


def refusal(env, *urls):
    with pytest.raises(UsageError) as found:
        open_http(*(urls or (PHOTON,)), env=env)
    told = f"{found.value}\n{found.value.hint}"
    shown = "".join(traceback.format_exception(found.value))
    assert not re.search(r"hunter2|\bada\b", told + shown.replace(__file__, ""))
    return told


@pytest.mark.parametrize("url", LOOPBACK)
def test_loopback_never_goes_through_a_proxy(url):
    env = dict.fromkeys((*NAMES, *map(str.lower, NAMES)), PROXY)

    assert proxy_for(url, env) is None
    assert proxy_for(url, {**env, "NO_PROXY": "example.com"}) is None


@pytest.mark.parametrize("url", ["https://localhost.test", "https://128.0.0.1", PHOTON])
def test_what_only_looks_like_loopback_goes_through_it(url):
    assert proxy_for(url, {"HTTPS_PROXY": PROXY}) == ("HTTPS_PROXY", httpx.URL(PROXY))


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, "ALL_PROXY"),
        ({"all_proxy": PROXY}, "all_proxy"),
        ({"ALL_PROXY": "http://other.test", "HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://other.test", "https_proxy": PROXY}, "https_proxy"),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, None),
    ],
)
def test_the_nearest_setting_decides(env, expected):
    found = proxy_for(PHOTON, env)

    assert (found and found[0]) == expected


@pytest.mark.parametrize(
    ("no_proxy", "url", "goes_through"),
    [
        ("*", PHOTON, False),
        ("photon.test", PHOTON, False),
        ("PHOTON.test", "https://api.photon.test", False),
        (".photon.test", PHOTON, False),
        ("*.photon.test", "https://api.photon.test", False),
        ("oton.test", PHOTON, True),
        ("other.test, photon.test:443", PHOTON, False),
        ("photon.test:8443", PHOTON, True),
        ("https://photon.test", PHOTON, False),
        ("10.0.0.0/8", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://11.1.2.3", True),
        ("10.0.0.0/8", PHOTON, True),
        ("fe80::/10", "https://[fe80::1]", False),
        ("fe80::/10", PHOTON, True),
        ("[2001:db8::1]", "https://[2001:db8::1]", False),
        ("192.0.2.7", "https://192.0.2.7:444", False),
        ("", PHOTON, True),
    ],
)
def test_no_proxy_takes_domains_addresses_networks_and_ports(no_proxy, url, goes_through):
    env = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}

    assert (proxy_for(url, env) is not None) is goes_through


@pytest.mark.parametrize("name", [*NAMES, *map(str.lower, NAMES)])
@pytest.mark.parametrize(
    "value",
    [
        "http://ada:hunter2@host:notaport", "ftp://ada:hunter2@host", "://", "://ada:hunter2@host",
        "http://ada:hunter2@host\nX: y", "http://ada:hunter2@", "http://ada:hunter2@host:99999",
        "http://ada hunter2@host", "socks4://ada:hunter2@host:1080", "http://[ada:hunter2",
        "http://ada:hunter2@ho\udcffst", "file:///hunter2",
    ],
)  # fmt: skip
def test_a_wrong_proxy_is_named_and_never_shown(name, value):
    assert name in refusal({name: value})


@pytest.mark.parametrize("value", ["fe80::/200", "10.0.0.0/8/8", "ada:hunter2@host/x"])
def test_a_wrong_no_proxy_is_named_and_never_shown(value):
    told = refusal({"HTTPS_PROXY": PROXY, "NO_PROXY": f"a.test,{value}"})

    assert "entry 2 of NO_PROXY" in told


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_without_its_library_names_the_extra(monkeypatch, scheme):
    monkeypatch.setitem(sys.modules, "socksio", None)

    told = refusal({"ALL_PROXY": f"{scheme}://ada:hunter2@127.0.0.1:1080"})

    assert "ALL_PROXY" in told
    assert "pip install 'httpx[socks]" in told


def test_what_isnt_needed_isnt_judged(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    env = {"ALL_PROXY": "socks5://h", "NO_PROXY": "x/y", "SSL_CERT_FILE": "/nonexistent"}

    asyncio.run(open_http("http://127.0.0.1:8787", env=env).aclose())


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["missing", "garbage", "empty", "pipe", "nul"])
def test_a_file_of_certificates_that_cant_be_read_is_named(tmp_path, name, kind):
    import os

    path = tmp_path / "certificates.pem"
    if kind in ("garbage", "empty"):
        path.write_bytes(b"\xff\x00 no certificate" if kind == "garbage" else b"")
    if kind == "pipe":
        os.mkfifo(path)

    told = refusal({name: "a\0b" if kind == "nul" else str(path)})

    assert name in told


def test_a_folder_for_a_file_and_a_file_for_a_folder_are_named(tmp_path):
    (tmp_path / "file").touch()

    assert "SSL_CERT_FILE names isn't a file" in refusal({"SSL_CERT_FILE": str(tmp_path)})
    for wrong in (tmp_path / "file", tmp_path / "missing"):
        assert "SSL_CERT_DIR names isn't a folder" in refusal({"SSL_CERT_DIR": str(wrong)})


def test_a_key_log_that_cant_be_written_is_named(tmp_path):
    told = refusal({"SSLKEYLOGFILE": str(tmp_path / "missing" / "keys")})

    assert "SSLKEYLOGFILE names can't be written" in told


@asynccontextmanager
async def serving(answer, tls=None):
    """Listen on loopback; ``answer`` gets what came first and returns what is said to it."""
    seen = []

    async def on_client(reader, writer):
        seen.append(await reader.read(4096))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_client, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


def sent(answer, monkeypatch, variable="HTTPS_PROXY", scheme="http", url=PHOTON):
    """Send a request through a proxy that answers so; return the error and the attempts."""

    async def run():
        async with serving(answer) as (port, seen):
            monkeypatch.setenv(variable, f"{scheme}://ada:hunter2@127.0.0.1:{port}")
            return await failure(url), len(seen)

    error, attempts = asyncio.run(run())
    assert "hunter2" not in f"{error}{error.hint}"
    return error, attempts


async def failure(url, env=None):
    http = open_http(url, **({} if env is None else {"env": env}))
    transport = Transport(
        http, url, httpx.Auth(), limiter=Limiter(0), slots=asyncio.Semaphore(),
        retrying=Retrying(attempts=3, clock=FakeClock()),
    )  # fmt: skip
    async with http:
        try:
            return await transport.send(Request(method="GET", path="/x"))
        except PhotonctlError as error:
            return error


@pytest.fixture(autouse=True)
def _no_proxies_of_this_machine(monkeypatch):
    for name in (*NAMES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("status", [b"403 hunter2", b"407 Proxy Authentication Required", b"400 "])
def test_a_proxys_refusal_is_told_as_the_proxys_and_not_repeated(monkeypatch, status):
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"

    error, attempts = sent(answer, monkeypatch)

    assert isinstance(error, Blocked)
    assert f"the proxy that HTTPS_PROXY names answered {status[:3].decode()}" in str(error)
    assert attempts == 1


def test_a_proxy_that_cant_reach_photon_is_asked_again(monkeypatch):
    answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

    error, attempts = sent(answer, monkeypatch, "ALL_PROXY")

    assert (type(error), attempts) == (Unreachable, 3)
    assert "the proxy that ALL_PROXY names answered 503" in str(error)


@pytest.mark.parametrize("answer", [b"", b"\x05\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0"])
def test_a_socks_proxy_that_refuses_is_told_as_the_proxys(monkeypatch, answer):
    error, attempts = sent(answer, monkeypatch, "ALL_PROXY", "socks5")

    assert isinstance(error, Blocked)
    assert "the proxy that ALL_PROXY names refused the connection" in str(error)
    assert attempts == 1


def test_a_proxy_that_isnt_there_is_named(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://ada:hunter2@127.0.0.1:9")

    error = asyncio.run(failure(PHOTON))

    assert isinstance(error, Unreachable)
    assert "the proxy that https_proxy names" in error.hint


def test_a_407_on_the_way_is_told_as_a_proxys_and_not_repeated():
    async def run():
        answer = b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n"
        async with serving(answer) as (port, seen):
            return await failure(f"http://127.0.0.1:{port}"), len(seen)

    error, attempts = asyncio.run(run())

    assert isinstance(error, Blocked)
    assert "this isn't Photon's answer" in str(error)
    assert attempts == 1


def asked_by_tls(certificate, env):
    async def run():
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
        answer = b"HTTP/1.1 204 Fine\r\n\r\n"
        async with serving(answer, tls) as (port, _):
            return await failure(f"https://localhost:{port}", env)

    return asyncio.run(run())


def test_a_certificate_that_isnt_trusted_is_told_and_what_to_set(certificate):
    error = asked_by_tls(certificate, {})

    assert isinstance(error, Blocked)
    assert "its certificate isn't trusted (self-signed certificate)" in str(error)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        assert name in error.hint


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_named_file_of_certificates_is_trusted(certificate, name):
    assert asked_by_tls(certificate, {name: str(certificate)}).status == 204


@pytest.mark.parametrize("name", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_a_named_folder_of_certificates_is_trusted(certificate, name):
    folder = certificate.parent / "trusted"
    folder.mkdir()
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", certificate],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    shutil.copy(certificate, folder / f"{hashed.stdout.strip()}.0")

    assert asked_by_tls(certificate, {name: str(folder)}).status == 204
