"""Connections: what goes out and comes in, how they end, and when their end is noticed."""

import asyncio
import gzip
import re
import socket
import struct
from contextlib import asynccontextmanager, suppress

import httpcore
import httpx
import pytest

from photonctl.api import network

PATIENCE_S = 30.0


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("photonctl.api.network.time.monotonic", lambda: now[0])
    return now


@asynccontextmanager
async def connected(on_client):
    """Serve one client on loopback; yields the stream to it."""
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
        stream = await network._Backend().connect_tcp("127.0.0.1", port, PATIENCE_S)
        try:
            yield stream, served
        finally:
            await stream.aclose()
            await over.wait()


async def read_all(stream, most=65536):
    found = b""
    while chunk := await stream.read(most, PATIENCE_S):
        stream.head_left = None  # as the transport says once an answer has begun
        found += chunk
    return found


def test_the_pieces_of_a_request_go_out_at_once_and_in_order():
    async def run():
        async def client(reader, writer):
            return await reader.read(100)

        async with connected(client) as (stream, served):
            await stream.write(b"head ")
            await stream.write(b"")
            await stream.write(b"body")
            assert await read_all(stream) == b""
            return await served

    assert asyncio.run(run()) == b"head body"


def test_a_large_request_and_a_large_answer_arrive_whole():
    large = bytes(range(256)) * 20_000

    async def run():
        async def client(reader, writer):
            got = await reader.readexactly(len(large))
            writer.write(got[::-1])
            await writer.drain()

        async with connected(client) as (stream, _):
            await stream.write(large)
            return await read_all(stream)

    assert asyncio.run(run()) == large[::-1]


class Reading(asyncio.Transport):
    """A transport that only reads, or doesn't."""

    reads = True

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True


def test_what_nobody_reads_is_left_to_the_network():
    line, transport, piece = network._Line(), Reading(), b"x" * 2**17
    line.connection_made(transport)

    arrived = 0
    while transport.reads:
        line.data_received(piece)
        arrived += len(piece)
    assert arrived <= network._MOST_HELD + len(piece)

    assert asyncio.run(line.take(arrived)) == b"x" * arrived
    assert transport.reads


def test_nothing_is_sent_where_something_waits_already():
    async def run():
        async def client(reader, writer):
            writer.write(b"refused")

        async with connected(client) as (stream, served):
            await served
            await stream.write(b"a request")
            with pytest.raises(httpcore.ConnectError):
                await stream.read(100, PATIENCE_S)

    asyncio.run(run())


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
    ended = []

    async def serve(reader, writer):
        over = asyncio.get_running_loop().create_future()
        ended.append(over)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await on_client(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        over.set_result(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*ended)


def client_of(url):
    return httpx.AsyncClient(base_url=url, transport=network.NetworkTransport())


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
            return len(client._transport._pool.connections), len(seen)

    assert asyncio.run(run()) == (1, 5)


def test_silence_ends_in_a_time_out():
    async def run():
        async def client(reader, writer):
            await reader.read()

        async with connected(client) as (stream, _):
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(100, 0.01)

    asyncio.run(run())


def test_a_connection_that_breaks_is_an_error_of_the_network():
    async def run():
        async def client(reader, writer):
            at_once = struct.pack("ii", 1, 0)
            end = writer.get_extra_info("socket")
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

        async with connected(client) as (stream, _):
            with pytest.raises(httpcore.ReadError):
                await stream.read(100, PATIENCE_S)

    asyncio.run(run())


def test_a_port_where_nobody_listens_is_an_error_of_connecting():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(httpcore.ConnectError):
        asyncio.run(network._Backend().connect_tcp("127.0.0.1", port, PATIENCE_S))


def is_over(stream):
    return stream.get_extra_info("is_readable")


def test_a_connection_that_was_just_used_counts_as_open(clock):
    async def run():
        async def client(reader, writer):
            writer.write(b"an answer")

        async with connected(client) as (stream, served):
            clock[0] += 1
            assert await stream.read(100, PATIENCE_S) == b"an answer"
            await served
            is_soon = is_over(stream)
            clock[0] += 1
            return is_soon, is_over(stream)

    assert asyncio.run(run()) == (False, True)


def test_an_end_that_has_arrived_is_seen_at_once(clock):
    async def run():
        async def client(reader, writer):
            return None

        async with connected(client) as (stream, _):
            await stream._line.take(1)
            return is_over(stream)

    assert asyncio.run(run()) is True


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
