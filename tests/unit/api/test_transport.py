"""Sending: limits, repeats, redirects; and no error of httpx leaves the room."""

import asyncio
import inspect
from collections import deque
from contextlib import asynccontextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from photonctl.api.access import Access
from photonctl.api.auth import BearerAuth
from photonctl.api.connection import Connection
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Answer, Repeat, Retrying, send_persistently
from photonctl.api.transport import Request, Transport, translate
from photonctl.errors import Ambiguous, ApiError, Unreachable
from photonctl.events import ignore
from photonctl.model.secret import Secret
from tests.support.clock import FakeClock, SharedClock

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


def test_no_second_sees_more_than_the_rate():
    clock = SharedClock()
    limiter = Limiter(5, clock=clock)

    async def run():
        for _ in range(23):
            await limiter.wait()

    asyncio.run(run())

    starts = [0.0] * 5 + clock.slept
    windows = [sum(start <= other < start + 1 for other in starts) for start in starts]
    assert max(windows) == 5
    assert max(starts) < 23 / 5 * 1.1


def test_a_burst_within_the_rate_doesnt_wait():
    clock = FakeClock()
    limiter = Limiter(5, clock=clock)

    async def run():
        for _ in range(5):
            await limiter.wait()

    asyncio.run(run())
    assert clock.slept == []


def test_a_rate_of_0_is_no_limit():
    clock = FakeClock()
    limiter = Limiter(0, clock=clock)

    async def run():
        for _ in range(100):
            await limiter.wait()

    asyncio.run(run())
    assert clock.slept == []


class TestLearning:
    """A bot spends the same limit: the rate follows what is left of it."""

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def limiter(self, clock):
        return Limiter(5, clock=clock)

    def per_second(self, limiter, clock):
        """Let 40 requests pass; return how many that were a second in the long run."""

        async def run():
            begun = clock.seconds
            for _ in range(40):
                await limiter.wait()
            return 40 / (clock.seconds - begun)

        return asyncio.run(run())

    def test_a_429_halves_the_rate_once_a_burst(self, limiter, clock):
        clock.seconds += 5
        for _ in range(8):
            limiter.learn(was_limited=True)

        assert 1.8 < self.per_second(limiter, clock) < 2.1

    def test_it_never_stops_altogether(self, limiter, clock):
        for _ in range(10):
            clock.seconds += 2
            limiter.learn(was_limited=True)

        assert 0.9 < self.per_second(limiter, clock) < 1.1

    def test_quiet_raises_it_again_and_never_above_the_most(self, limiter, clock):
        clock.seconds += 5
        limiter.learn(was_limited=True)
        for _ in range(10):
            clock.seconds += 11
            limiter.learn(was_limited=False)

        assert 4.5 < self.per_second(limiter, clock) < 40 / 7  # eight bursts, seven seconds

    def test_success_right_after_a_429_raises_nothing(self, limiter, clock):
        clock.seconds += 5
        limiter.learn(was_limited=True)
        clock.seconds += 2
        limiter.learn(was_limited=False)

        assert self.per_second(limiter, clock) < 2.1


def ask(outcomes, repeat, **how):
    """Send with the given outcomes in turn; return status, count and pauses.

    An outcome is a status, an answer or an error; or a pair: after so many seconds, one of these.
    """
    clock = FakeClock()
    queue = deque(outcomes)
    how = {"attempts": 4, **how}

    async def send(left_s):
        after_s, outcome = queue[0] if isinstance(queue[0], tuple) else (0, queue[0])
        queue.popleft()
        await clock.work(min(after_s, left_s))
        if after_s > left_s:
            raise Ambiguous("no answer in time")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Answer) else Answer(status=outcome, body=b"")

    @asynccontextmanager
    async def turn():
        await clock.work(1000)
        yield

    def on_wait(reason, _):
        reasons.append(reason)

    reasons = []
    retrying = Retrying(clock=clock, **how)
    answer = asyncio.run(
        send_persistently(send, repeat=repeat, retrying=retrying, turn=turn, on_wait=on_wait)
    )
    assert len(reasons) == len(clock.slept)
    return answer.status, len(outcomes) - len(queue), clock.slept


def test_waiting_is_an_event_with_its_reason():
    seen = []
    answers = iter([503, 200])

    exchange(
        lambda _: httpx.Response(next(answers)),
        Request(method="GET", path="/x"),
        on_event=seen.append,
        clock=FakeClock(),
        attempts=2,
    )

    first, wait, last = seen
    assert (first.status, last.status, last.project_id) == (503, 200, "p1")
    assert (wait.request, wait.reason, wait.project_id) == ("GET /x", "status 503", "p1")


def test_waiting_for_the_limit_is_an_event():
    seen, clock = [], FakeClock()
    access = Access(
        dashboard_url=str(URL),
        spectrum_url=str(URL),
        rate=2,
        retrying=Retrying(clock=clock),
        on_event=seen.append,
    )

    async def run():
        async with Connection(access) as connection:
            limiter = connection.to_project("p1", httpx.Auth())._limiter
            for _ in range(3):
                await limiter.wait()

    asyncio.run(run())

    assert [(event.project_id, event.seconds) for event in seen] == [("p1", clock.slept[0])]


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (429, (Repeat.SAFE, Repeat.ONCE)),
        (503, (Repeat.SAFE,)),
        (500, (Repeat.SAFE,)),
        (502, (Repeat.SAFE,)),
        (504, (Repeat.SAFE,)),
        (409, ()),
        (401, ()),
        (Unreachable("never sent"), (Repeat.SAFE, Repeat.ONCE)),
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


def test_pauses_are_anything_up_to_a_ceiling_that_grows():
    runs = [ask([500] * 9, Repeat.SAFE) for _ in range(200)]

    assert {(status, count) for status, count, _ in runs} == {(500, 4)}
    pauses = list(zip(*(slept for _, _, slept in runs), strict=True))
    for ceiling, drawn in zip((0.5, 1.0, 2.0), pauses, strict=True):
        assert 0 <= min(drawn) < ceiling / 2 < max(drawn) <= ceiling


@pytest.mark.parametrize(("asked_s", "least"), [(7.0, 7.0), (None, 1.0), (0.0, 0.0)])
def test_what_the_server_asks_for_is_waited_and_a_second_where_it_says_nothing(asked_s, least):
    answer = Answer(status=429, body=b"", retry_after_s=asked_s)

    (pause,) = ask([answer, 200], Repeat.ONCE)[2]
    assert least <= pause <= least + 0.5


def test_a_server_that_asks_for_more_than_there_is_time_is_not_waited_for():
    answer = Answer(status=503, body=b"", retry_after_s=60.0)

    assert ask([answer, 200], Repeat.SAFE, limit_s=30) == (503, 1, [])


def test_the_time_limit_is_for_all_attempts_and_pauses_but_not_for_the_turn():
    assert ask([(12, 500), (12, 500), (4, 200)], Repeat.SAFE, limit_s=30)[:2] == (200, 3)
    with pytest.raises(Ambiguous):
        ask([(12, 500), (12, 500), (12, 200)], Repeat.SAFE, limit_s=30)


@asynccontextmanager
async def opened(handler, limiter=None, on_event=ignore, **how):
    """Make a Transport to a function instead of a network."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
        yield Transport(
            http,
            "https://photon.test",
            BearerAuth(Secret("t0ken")),
            limiter=limiter or Limiter(0),
            retrying=Retrying(**{"attempts": 1, **how}),
            slots=asyncio.Semaphore(2),
            on_event=on_event,
            project_id="p1",
        )


def exchange(handler, request, **how):
    """Send one request."""

    async def run():
        async with opened(handler, **how) as transport:
            return await transport.send(request)

    return asyncio.run(run())


def test_a_server_that_never_ends_its_answer_is_left():
    async def drops():
        while True:
            yield b" "
            await asyncio.sleep(0.001)

    with pytest.raises(Ambiguous, match="the answer was lost"):
        exchange(
            lambda _: httpx.Response(200, content=drops()),
            Request(method="GET", path="/x"),
            limit_s=0.05,
        )


def test_what_waits_for_its_limit_takes_no_slot_from_others():
    """Two slots; one project is at its limit, with three requests that wait for their turn."""
    sent = []

    async def run():
        hold = asyncio.Event()

        class Held(FakeClock):
            async def sleep(self, seconds):
                await hold.wait()

        limiter = Limiter(1, clock=Held())

        def handler(request):
            sent.append(request.url.path)
            return httpx.Response(200)

        async with opened(handler, limiter) as busy:
            other = copy(busy)
            other._limiter = Limiter(0)
            waiting = [
                asyncio.create_task(busy.send(Request(method="GET", path="/busy")))
                for _ in range(4)
            ]
            await asyncio.sleep(0)
            await other.send(Request(method="GET", path="/other"))
            assert sent.count("/busy") == 1
            hold.set()
            await asyncio.gather(*waiting)

    asyncio.run(run())
    assert sorted(sent) == ["/busy"] * 4 + ["/other"]


def test_no_more_requests_are_on_their_way_than_there_are_slots():
    now, most = 0, 0

    async def handler(_):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return httpx.Response(200)

    async def run():
        async with opened(handler) as transport:
            requests = (transport.send(Request(method="GET", path="/x")) for _ in range(20))
            await asyncio.gather(*requests)

    asyncio.run(run())
    assert most == 2


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
        ({"Retry-After": "1e400"}, None),
        ({"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({"Date": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
    ],
)
def test_retry_after_in_every_form(headers, expected):
    answer = exchange(
        lambda _: httpx.Response(429, headers=headers), Request(method="GET", path="/x")
    )

    assert answer.retry_after_s == expected


def test_retry_after_as_a_date_is_the_time_until_then():
    then = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    answer = exchange(
        lambda _: httpx.Response(503, headers={"Retry-After": then}),
        Request(method="GET", path="/x"),
    )

    assert 110 < answer.retry_after_s <= 120


def test_an_error_holds_neither_credential_nor_query():
    def handler(request):
        raise httpx.ReadError("broken", request=request)

    with pytest.raises(Ambiguous) as caught:
        exchange(handler, Request(method="GET", path="/x", params={"search": "ada@example.com"}))

    assert "t0ken" not in repr(caught.value)
    assert "ada" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
