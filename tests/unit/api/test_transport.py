"""Sending: limits, repeats, redirects; and no error of httpx leaves the room."""

import asyncio
import inspect
from collections import deque

import httpx
import pytest

from photonctl.api.auth import BearerAuth
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Answer, Repeat, Retrying, send_persistently
from photonctl.api.transport import Request, Transport, translate
from photonctl.errors import Ambiguous, ApiError, Unreachable
from photonctl.model.secret import Secret

URL = httpx.URL("https://photon.test/x?y=z")


def all_errors():
    named = (getattr(httpx, name) for name in httpx.__all__)
    errors = [e for e in named if inspect.isclass(e) and issubclass(e, Exception)]
    return [e for e in errors if e is not httpx.CookieConflict]  # we use no cookies


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_httpx_becomes_one_of_ours(kind):
    # What Transport catches; a new exception class outside of it must be looked at.
    assert issubclass(kind, httpx.HTTPError | httpx.StreamError | httpx.InvalidURL)
    error = kind.__new__(kind)
    assert isinstance(translate(error, "GET", URL), ApiError)


@pytest.mark.parametrize(
    "kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol]
)
def test_what_was_never_sent_is_unreachable(kind):
    assert isinstance(translate(kind("x"), "POST", URL), Unreachable)


@pytest.mark.parametrize(
    "kind", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.InvalidURL]
)
def test_what_may_have_been_carried_out_is_ambiguous(kind):
    assert isinstance(translate(kind("x"), "POST", URL), Ambiguous)


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class SharedClock(Clock):
    """For many sleepers at once: each is told when its time has come, and time goes on."""

    async def sleep(self, seconds):
        self.slept.append(seconds)


def test_no_second_sees_more_than_the_rate():
    clock = SharedClock()
    limiter = Limiter(5, clock=clock, sleep=clock.sleep)

    async def run():
        for _ in range(23):
            await limiter.wait()

    asyncio.run(run())

    starts = [0.0] * 5 + clock.slept
    windows = [sum(start <= other < start + 1 for other in starts) for start in starts]
    assert max(windows) == 5
    assert max(starts) < 23 / 5 * 1.1


def test_a_burst_within_the_rate_doesnt_wait():
    clock = Clock()
    limiter = Limiter(5, clock=clock, sleep=clock.sleep)

    async def run():
        for _ in range(5):
            await limiter.wait()

    asyncio.run(run())
    assert clock.slept == []


def test_a_rate_of_0_is_no_limit():
    clock = Clock()
    limiter = Limiter(0, clock=clock, sleep=clock.sleep)

    async def run():
        for _ in range(100):
            await limiter.wait()

    asyncio.run(run())
    assert clock.slept == []


class TestLearning:
    """A bot spends the same limit: the rate follows what is left of it."""

    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def limiter(self, clock):
        return Limiter(5, clock=clock, sleep=clock.sleep)

    def per_second(self, limiter, clock):
        """Let 40 requests pass; return how many that were a second in the long run."""

        async def run():
            begun = clock.now
            for _ in range(40):
                await limiter.wait()
            return 40 / (clock.now - begun)

        return asyncio.run(run())

    def test_a_429_halves_the_rate_once_a_burst(self, limiter, clock):
        clock.now += 5
        for _ in range(8):
            limiter.learn(was_limited=True)

        assert 1.8 < self.per_second(limiter, clock) < 2.1

    def test_it_never_stops_altogether(self, limiter, clock):
        for _ in range(10):
            clock.now += 2
            limiter.learn(was_limited=True)

        assert 0.9 < self.per_second(limiter, clock) < 1.1

    def test_quiet_raises_it_again_and_never_above_the_most(self, limiter, clock):
        clock.now += 5
        limiter.learn(was_limited=True)
        for _ in range(10):
            clock.now += 11
            limiter.learn(was_limited=False)

        assert 4.5 < self.per_second(limiter, clock) < 5.5

    def test_success_right_after_a_429_raises_nothing(self, limiter, clock):
        clock.now += 5
        limiter.learn(was_limited=True)
        clock.now += 2
        limiter.learn(was_limited=False)

        assert self.per_second(limiter, clock) < 2.1


def test_waiting_is_told_with_its_reason():
    told, clock = [], Clock()
    answers = deque([Answer(status=503, body=b""), Answer(status=200, body=b"")])

    async def send():
        return answers.popleft()

    retrying = Retrying(
        sleep=clock.sleep, draw=lambda: 0.5, on_wait=lambda *words: told.append(words)
    )
    asyncio.run(send_persistently(send, what="GET /x", repeat=Repeat.SAFE, retrying=retrying))

    assert told == [("GET /x", "status 503", 0.25)]


def ask(outcomes, repeat, attempts=4):
    """Send with the given outcomes in turn; return status, count and pauses."""
    clock = Clock()
    queue = deque(outcomes)

    async def send():
        outcome = queue.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Answer) else Answer(status=outcome, body=b"")

    retrying = Retrying(attempts=attempts, sleep=clock.sleep, draw=lambda: 1.0)
    answer = asyncio.run(send_persistently(send, what="GET /x", repeat=repeat, retrying=retrying))
    return answer.status, len(outcomes) - len(queue), clock.slept


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (429, (Repeat.SAFE, Repeat.CONFIRM, Repeat.ONCE)),
        (503, (Repeat.SAFE, Repeat.CONFIRM)),
        (500, (Repeat.SAFE,)),
        (502, (Repeat.SAFE,)),
        (504, (Repeat.SAFE,)),
        (409, ()),
        (401, ()),
        (Unreachable("never sent"), (Repeat.SAFE, Repeat.CONFIRM, Repeat.ONCE)),
        (Ambiguous("lost"), (Repeat.SAFE,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("repeat", Repeat)
def test_only_what_is_harmless_is_sent_again(outcome, repeated, repeat):
    if repeat in repeated:
        assert ask([outcome, 200], repeat)[:2] == (200, 2)
    elif isinstance(outcome, Exception):
        with pytest.raises(type(outcome)):
            ask([outcome, 200], repeat)
    else:
        assert ask([outcome, 200], repeat)[:2] == (outcome, 1)


def test_pauses_grow_and_end():
    assert ask([500] * 9, Repeat.SAFE) == (500, 4, [0.5, 1.0, 2.0])


def test_what_the_server_asks_for_is_waited():
    answer = Answer(status=429, body=b"", retry_after_s=7.0)

    assert ask([answer, 200], Repeat.ONCE)[2] == [7.1]


def exchange(handler, request, base="https://photon.test"):
    """Send one request through a Transport, to a function instead of a network."""

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            transport = Transport(
                http,
                base,
                BearerAuth(Secret("t0ken")),
                limiter=Limiter(0),
                retrying=Retrying(attempts=1),
            )
            return await transport.send(request)

    return asyncio.run(run())


def test_a_slash_redirect_keeps_method_body_and_credential():
    seen = []

    def handler(request):
        seen.append((request.method, request.url.path, request.headers["authorization"]))
        if request.url.path == "/api/projects/":
            return httpx.Response(308, headers={"Location": "/api/projects"})
        return httpx.Response(200, content=request.content)

    answer = exchange(handler, Request(method="POST", path="/api/projects/", body={"name": "x"}))

    assert answer.body == b'{"name":"x"}'
    assert seen == [
        ("POST", "/api/projects/", "Bearer t0ken"),
        ("POST", "/api/projects", "Bearer t0ken"),
    ]


@pytest.mark.parametrize(
    "location", ["https://elsewhere.test/x", "http://photon.test/x", "https://photon.test:444/x"]
)
def test_no_other_origin_is_followed(location):
    seen = []

    def handler(request):
        seen.append(request.url)
        return httpx.Response(307, headers={"Location": location})

    answer = exchange(handler, Request(method="GET", path="/x"))

    assert (answer.status, len(seen)) == (307, 1)


def test_a_delete_carries_no_body():
    def handler(request):
        assert "content-type" not in request.headers
        return httpx.Response(200, content=request.content)

    assert exchange(handler, Request(method="DELETE", path="/x")).body == b""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"X-Retry-After": "4.5"}, 4.5),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_retry_after_in_every_form(headers, expected):
    answer = exchange(
        lambda _: httpx.Response(429, headers=headers), Request(method="GET", path="/x")
    )

    assert answer.retry_after_s == expected


def test_an_error_holds_neither_credential_nor_query():
    def handler(request):
        raise httpx.ReadError("broken", request=request)

    with pytest.raises(Ambiguous) as caught:
        exchange(handler, Request(method="GET", path="/x", params={"search": "ada@example.com"}))

    assert "t0ken" not in repr(caught.value)
    assert "ada" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
