"""Connections: what goes out and comes in, how they end, and when their end is noticed."""

import asyncio
import gzip
import re
import socket
import ssl
import struct
import threading
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from photonctl.network import line, transport
from tests.support import listening as support

PATIENCE_S = 30.0


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("photonctl.network.transport.time.monotonic", lambda: now[0])
    return now


@asynccontextmanager
async def connected(on_client):
    """Serve one client on loopback; yields the line to it."""
    served, over = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def serve(reader, writer):
        served.set_result(await on_client(reader, writer))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        opened = await line.connect("127.0.0.1", port)
        try:
            yield opened, served
        finally:
            opened.close()
            await over.wait()


async def read_all(opened):
    found = b""
    while chunk := await opened.take(PATIENCE_S):
        found += chunk
    return found


def test_the_pieces_of_a_request_go_out_at_once_and_in_order():
    async def pieces():
        for piece in (b"a ", b"", b"body"):
            yield piece

    async def run():
        got = []

        async def answer(reader, writer):
            got.append(await reader.read(4096))
            writer.write(ANSWER + b"ok")

        async with listening(answer) as url, client_of(url) as client:
            await client.post("/x", content=pieces(), headers={"Content-Length": "6"})
        return got

    (got,) = asyncio.run(run())
    assert got.startswith(b"POST /x HTTP/1.1\r\n")
    assert got.endswith(b"\r\n\r\na body")


def test_a_large_request_and_a_large_answer_arrive_whole():
    large = bytes(range(256)) * 20_000

    async def run():
        async def client(reader, writer):
            got = await reader.readexactly(len(large))
            writer.write(got[::-1])
            await writer.drain()

        async with connected(client) as (opened, _):
            await opened.send(large, PATIENCE_S)
            return await read_all(opened)

    assert asyncio.run(run()) == large[::-1]


class Reading(asyncio.Transport):
    """A transport that only reads, or doesn't."""

    reads = True

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True


def test_what_nobody_reads_is_left_to_the_network():
    opened, reading, piece = line.Line(), Reading(), b"x" * 2**17
    opened.connection_made(reading)

    arrived = 0
    while reading.reads:
        opened.data_received(piece)
        arrived += len(piece)
    assert arrived <= line._MOST_HELD + len(piece)

    assert asyncio.run(opened.take(PATIENCE_S)) == b"x" * arrived
    assert reading.reads


def test_what_has_arrived_or_ended_is_no_quiet_line():
    async def run():
        async def client(reader, writer):
            await reader.readexactly(1)
            writer.write(b"refused")

        async with connected(client) as (opened, served):
            was_quiet = opened.is_quiet()
            await opened.send(b"x", PATIENCE_S)
            await served
            return was_quiet, opened.is_quiet()

    assert asyncio.run(run()) == (True, False)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@asynccontextmanager
async def serving(surplus, on):
    """Answer with the request's number; ``surplus`` comes behind the answer to number ``on``."""
    seen = []

    async def answer(reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            body = await reader.readexactly(int(length[1])) if length else b""
            seen.append(head.split()[0].decode() + body.decode())
            number = len(seen)
            behind = surplus if number == on else b""
            writer.write(ANSWER + f"{number:02d}".encode() + behind)

    async with listening(answer) as url:
        yield url, seen


@asynccontextmanager
async def listening(on_client):
    """Serve clients until they leave; yields the URL."""
    async with support.listening(on_client) as port:
        yield f"http://127.0.0.1:{port}"


def client_of(url):
    return httpx.AsyncClient(
        base_url=url, transport=transport.NetworkTransport(ssl.create_default_context())
    )


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "surplus",
    [
        ANSWER + b"99",
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 409 Conflict\r\nX-Unfinished: ",
        b"x",
    ],
)
def test_no_answer_is_taken_for_that_to_another_request(surplus, method):
    async def run():
        async with serving(surplus, 1) as (url, seen), client_of(url) as client:
            first = await client.get("/")
            second = await client.request(method, "/", content=b"x" if method == "POST" else None)
            third = await client.get("/")
            return [first.text, second.text, third.text], seen

    answers, seen = asyncio.run(run())

    assert answers == ["01", "02", "03"]
    assert seen == ["GET", f"{method}{'x' if method == 'POST' else ''}", "GET"]


def test_a_connection_serves_many_requests():
    async def run():
        async with serving(b"", 0) as (url, seen), client_of(url) as client:
            for _ in range(5):
                await client.get("/")
            return len(client._transport._open), len(seen)

    assert asyncio.run(run()) == (1, 5)


def test_a_connection_that_was_idle_for_long_isnt_used_again(clock):
    async def run():
        async with serving(b"", 0) as (url, _), client_of(url) as client:
            found = []
            for pause_s in (0, 1, 4, 6):
                clock[0] += pause_s
                await client.get("/")
                found += client._transport._open - set(found)
            return len(found)

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("how", ["left", "cancelled", "closed twice"])
def test_an_answer_that_wasnt_read_to_its_end_gives_no_connection_back(how):
    async def run():
        asked = asyncio.Event()

        async def endless(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
            asked.set()
            await reader.read()

        async with listening(endless) as url, client_of(url) as client:
            if how == "cancelled":
                asking = asyncio.create_task(client.get("/"))
                await asked.wait()
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
            else:
                async with client.stream("GET", "/") as answer:
                    if how == "closed twice":
                        await answer.stream.aclose()
                        await answer.stream.aclose()
            return client._transport._open, client._transport._idle

    opened, idle = asyncio.run(run())
    assert opened == set()
    assert not any(idle.values())


def test_silence_ends_in_a_time_out():
    async def run():
        async def client(reader, writer):
            await reader.read()

        async with listening(client) as url, client_of(url) as client_:
            with pytest.raises(httpx.ReadTimeout):
                await client_.get("/", timeout=httpx.Timeout(PATIENCE_S, read=0.01))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("breaks", "error"), [(True, httpx.ReadError), (False, httpx.RemoteProtocolError)]
)
def test_an_end_before_an_answer_is_an_error_of_the_network_or_of_the_protocol(breaks, error):
    async def run():
        async def client(reader, writer):
            if breaks:
                at_once = struct.pack("ii", 1, 0)
                end = writer.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            await reader.readuntil(b"\r\n\r\n")

        async with listening(client) as url, client_of(url) as client_:
            with pytest.raises(error):
                await client_.get("/")

    asyncio.run(run())


def test_a_port_where_nobody_listens_is_an_error_of_connecting():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async def run():
        async with client_of(f"http://127.0.0.1:{port}") as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/")

    asyncio.run(run())


@pytest.mark.parametrize("name", ["a..b", "x" * 70])
def test_a_host_that_no_name_can_be_is_an_error_of_connecting(name):
    async def run():
        async with client_of(f"http://{name}") as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/")

    asyncio.run(run())


def answering(answer):
    """Answer every request with the same bytes, then close."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return listening(serve)


class Again(httpx.Auth):
    """Sends each request twice, as one with renewed credentials is."""

    async def async_auth_flow(self, request):
        yield request
        yield request


BOMB = gzip.compress(b"a" * 2**22)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 401 No\r\nContent-Length: 4194304\r\n\r\n" + b"a" * 2**22,
        b"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (len(BOMB), BOMB),
        b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 100_000,
    ],
    ids=["large", "compressed", "in pieces"],
)
def test_a_failure_that_is_read_before_a_second_try_is_bounded(answer):
    async def run():
        async with answering(answer) as url, client_of(url) as client:
            with pytest.raises(httpx.DecodingError):
                await client.get("/", auth=Again())

    asyncio.run(run())


@pytest.mark.parametrize("line", [b"HTTP/1.1 103 Soon\r\n\r\n", b"HTTP/1.1 100 Go on\r\n\r\n"])
def test_an_answer_that_never_begins_is_given_up(line):
    async def run():
        async with answering(line * 50_000) as url, client_of(url) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="doesn't end"):
                await client.get("/")

    asyncio.run(run())


def test_a_server_that_speaks_before_it_is_asked_answers_nothing(monkeypatch):
    """Its words wait for the request: the connection is taken as soon as they have come."""
    connect = line.connect

    async def patient(*where):
        opened = await connect(*where)
        while not opened._arrived:
            await opened._wait()
        return opened

    async def speak(_, writer):
        writer.write(ANSWER + b"ok")

    async def run():
        monkeypatch.setattr(transport, "connect", patient)
        async with listening(speak) as url, client_of(url) as client:
            with pytest.raises(httpx.ConnectError, match="before it is asked"):
                await client.post("/", json={})

    asyncio.run(run())


def test_a_certificate_may_be_for_another_name_than_the_host(certificate):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)

    async def answer(reader, writer):
        await reader.read(4096)
        writer.write(ANSWER + b"ok")
        writer.close()

    async def status(port, **extensions):
        trusted = ssl.create_default_context(cafile=certificate)
        async with httpx.AsyncClient(transport=transport.NetworkTransport(trusted)) as client:
            found = await client.get(f"https://127.0.0.1:{port}/", extensions=extensions)
            return found.status_code

    async def run():
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(httpx.ConnectError):
                await status(port)
            assert await status(port, sni_hostname="localhost") == 200

    asyncio.run(run())


BLANKS = b" " * 90_000
ODD_HEADS = [b"A:" + BLANKS + odd for odd in (b"\0", b"\x7f", b"x \x01", b"\rx", b"\x0b", b"\x0c")]


@pytest.mark.parametrize("line", ODD_HEADS)
@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Soon\r\n\r\n"])
def test_a_byte_that_no_head_has_is_found_before_the_head_is_read(line, before):
    """h11 would need the square of the blanks before it."""

    async def run():
        answer = before + b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n"
        async with answering(answer) as url, client_of(url) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="control character"):
                await client.get("/")

    asyncio.run(run())


@pytest.mark.parametrize("begin", [b"0\r\nA:", b"4", b"4;a="])
def test_what_comes_after_a_body_in_chunks_is_bounded(begin):
    async def run():
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
        answer = chunked + begin + BLANKS + b"\0\r\n\r\n"
        async with answering(answer) as url, client_of(url) as client:
            with pytest.raises(httpx.RemoteProtocolError, match="too long"):
                await client.get("/")

    asyncio.run(run())


@pytest.mark.parametrize("size", [1, 3, 4_095, 4_096, 4_097, 300_000])
def test_a_body_in_chunks_comes_as_it_was_sent(size):
    body = bytes(range(256)) * 2_000

    async def run():
        pieces = [body[at : at + size] for at in range(0, len(body), size)][:60_000]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        async with answering(answer) as url, client_of(url) as client:
            found = await client.get("/")
        assert found.content == b"".join(pieces)

    asyncio.run(run())


@pytest.mark.parametrize("is_tls", [True, False])
def test_what_came_while_the_client_was_busy_is_no_answer_to_what_it_sends_next(
    certificate, is_tls
):
    """The loop hasn't read it yet: only the system knows of it."""
    has_come = threading.Event()

    def serve(listener):
        numbers = iter(range(1, 9))
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if is_tls:
                    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                    context.load_cert_chain(certificate)
                    connection = context.wrap_socket(connection, server_side=True)
                with suppress(ConnectionError, ssl.SSLError), connection:
                    while connection.recv(65_536):
                        number = next(numbers)
                        connection.sendall(ANSWER + f"{number:02d}".encode())
                        if number == 1:
                            is_read.wait(PATIENCE_S)
                            connection.sendall(ANSWER + b"99")
                            has_come.set()

    is_read = threading.Event()

    async def run(port):
        scheme = "https" if is_tls else "http"
        context = ssl.create_default_context(cafile=str(certificate))
        own = transport.NetworkTransport(context)
        async with httpx.AsyncClient(base_url=f"{scheme}://localhost:{port}", transport=own) as c:
            first = await c.get("/")
            is_read.set()
            assert has_come.wait(PATIENCE_S)  # the loop doesn't turn meanwhile
            second = await c.post("/")
        return first.text, second.text

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        found = asyncio.run(run(listener.getsockname()[1]))
        listener.shutdown(socket.SHUT_RDWR)

    assert found == ("01", "02")
