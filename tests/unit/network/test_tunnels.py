"""Connections through proxies: what they are asked, and answers that aren't a proxy's."""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from photonctl.network.transport import NetworkTransport
from tests.support.listening import listening

PATIENCE_S = 30.0
SIGNED_IN = b"\x01\x00"


async def copy(reader, writer):
    with suppress(ConnectionError):
        while chunk := await reader.read(4096):
            writer.write(chunk)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def speak_http(reader, writer):
    asked = await reader.readuntil(b"\r\n\r\n")
    return asked, b"HTTP/1.1 200 Connected\r\n\r\n"


async def speak_socks(reader, writer):
    asked = await reader.readexactly(3)
    writer.write(b"\x05" + asked[2:])
    if asked[2] == 2:
        head = await reader.readexactly(2)
        asked += head + await reader.readexactly(head[1])
        asked += (size := await reader.readexactly(1)) + await reader.readexactly(size[0])
        writer.write(SIGNED_IN)
    head = await reader.readexactly(5)
    asked += head + await reader.readexactly(head[4] + 2)
    return asked, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


@asynccontextmanager
async def tunnelling(port, speak, tls=None):
    """A proxy that connects its one client to a port of loopback, whatever it asks for."""
    seen = []

    async def on_client(reader, writer):
        asked, answer = await speak(reader, writer)
        seen.append(asked)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(answer)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    async with listening(on_client, tls) as proxy:
        yield proxy, seen


@asynccontextmanager
async def serving(tls):
    seen = []

    async def on_client(reader, writer):
        while True:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 Fine\r\n\r\n")

    async with listening(on_client, tls) as port:
        yield port, seen


def through(scheme, speak, pair, certificate):
    """Send two requests through a proxy: their statuses, what it was asked, what went through."""

    async def run():
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        own.load_cert_chain(certificate)
        context = ssl.create_default_context(cafile=str(certificate))
        outer = own if scheme == "https" else None
        async with serving(own) as (port, seen), tunnelling(port, speak, outer) as (proxy, asked):
            at = httpx.URL(f"{scheme}://{pair}localhost:{proxy}")
            async with httpx.AsyncClient(transport=NetworkTransport(context, at)) as client:
                answers = [await client.get(f"https://localhost:8443/{n}") for n in (1, 2)]
        return [answer.status_code for answer in answers], asked, seen

    return asyncio.run(run())


@pytest.mark.parametrize("pair", ["", "ada:hunter2@"])
@pytest.mark.parametrize(
    ("scheme", "speak"), [("http", speak_http), ("https", speak_http), ("socks5", speak_socks)]
)
def test_answers_come_by_tls_through_a_tunnel(certificate, scheme, speak, pair):
    statuses, (asked,), seen = through(scheme, speak, pair, certificate)

    assert statuses == [204, 204]
    assert [head.split()[1] for head in seen] == [b"/1", b"/2"]
    if scheme == "socks5":
        assert asked.endswith(b"\x03\x09localhost" + (8443).to_bytes(2))
        assert (b"\x03ada\x07hunter2" in asked) is bool(pair)
    else:
        assert asked.startswith(b"CONNECT localhost:8443 HTTP/1.1\r\n")
        assert (b"Basic YWRhOmh1bnRlcjI=\r\n" in asked) is bool(pair)
        assert b"hunter2" not in b"".join(seen)


async def speak_socks_in_pieces(reader, writer):
    asked, answer = await speak_socks(reader, Pieces(writer))
    await Pieces(writer).say(answer[:-1])
    return asked, answer[-1:]


class Pieces:
    """Writes byte by byte, each in a segment of its own."""

    def __init__(self, writer):
        self._writer = writer

    def write(self, data):
        asyncio.get_running_loop().create_task(self.say(data))

    async def say(self, data):
        for byte in data:
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(0)


def test_a_proxys_answers_may_come_in_pieces(certificate):
    statuses, (asked,), _ = through("socks5", speak_socks_in_pieces, "", certificate)

    assert statuses == [204, 204]
    assert asked


@pytest.mark.parametrize("pair", ["u" * 300, f"ada:{'p' * 300}"])
def test_a_name_that_socks_has_no_room_for_is_refused(pair):
    async def run():
        async def on_client(reader, writer):
            with suppress(asyncio.IncompleteReadError):
                await speak_socks(reader, writer)

        async with listening(on_client) as port:
            transport = NetworkTransport(
                ssl.create_default_context(), httpx.URL(f"socks5://{pair}@127.0.0.1:{port}")
            )
            async with httpx.AsyncClient(transport=transport) as client:
                with pytest.raises(httpx.ProxyError):
                    await client.get("https://photon.example/", timeout=PATIENCE_S)

    asyncio.run(run())


ODD = {
    "nothing": b"",
    "no HTTP": b"\x00\x01 what?\r\n\r\n",
    "no": b"HTTP/1.1 403 hunter2\r\n\r\n",
    "more": b"HTTP/1.1 200 OK\r\n\r\nand more",
    "soon": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
    "another way": b"\x05\xff",
    "not for you": b"\x05\x02\x01\x01",
    "a head that takes its square": b"HTTP/1.1 200 OK\r\nA:" + b" " * 90_000 + b"\0\r\n\r\n",
    "half": b"\x05",
    "no network": b"\x05\x00",
}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_proxys_yes_is_a_refusal_and_nothing_goes_through(scheme, odd):
    async def run():
        seen = []

        async def on_client(reader, writer):
            seen.append(await reader.read(4096))
            writer.write(ODD[odd])
            writer.write_eof()
            seen.append(await reader.read())

        async with listening(on_client) as port:
            proxy = httpx.URL(f"{scheme}://ada:x@127.0.0.1:{port}")
            transport = NetworkTransport(ssl.create_default_context(), proxy)
            async with httpx.AsyncClient(transport=transport) as client:
                with pytest.raises(httpx.ProxyError) as caught:
                    await client.get("https://photon.example/secret", timeout=PATIENCE_S)
        return str(caught.value), b"".join(seen)

    said, seen = asyncio.run(run())

    assert "hunter2" not in said
    assert b"secret" not in seen


def test_a_tunnel_ends_when_nobody_answers():
    async def run():
        async def on_client(reader, writer):
            await reader.read()

        async with listening(on_client) as port:
            proxy = httpx.URL(f"http://127.0.0.1:{port}")
            transport = NetworkTransport(ssl.create_default_context(), proxy)
            async with httpx.AsyncClient(transport=transport) as client:
                with pytest.raises(httpx.ConnectTimeout):
                    await client.get("https://photon.example/", timeout=0.01)

    asyncio.run(run())
