"""A server, or a proxy before it, that sends what would hurt (docs/security.md, "server")."""

import asyncio
import gzip
import json
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from photonctl.api.auth import BearerAuth, PairAuth, ProjectPair
from photonctl.api.dashboard import Dashboard
from photonctl.api.envelope import read_dashboard, read_spectrum
from photonctl.api.hook_rows import read_registered_webhook, read_rotated_secret, read_webhooks
from photonctl.api.limiter import Limiter
from photonctl.api.parsing import parse_json
from photonctl.api.retry import Answer, Repeat, Retrying
from photonctl.api.rows import (
    read_created_project,
    read_platforms,
    read_project,
    read_projects,
    read_regenerated_secret,
    read_user,
)
from photonctl.api.spectrum import Spectrum
from photonctl.api.transport import Request, Transport
from photonctl.cli.console import refuse_secrets
from photonctl.errors import Ambiguous, ApiError, PhotonctlError, Rejected, UnknownShape
from photonctl.model import secret as secret_module
from photonctl.model.secret import Secret, note_credential
from photonctl.network.client import open_http, proxy_for

EVIL = [
    "x'; touch pwned; echo '",
    'x"$(touch pwned)"',
    "x`touch pwned`",
    "x\nPATH=/tmp",
    "x\r\nSet-Cookie: a=b",
    "a b",
    "x\x00",
    "\x1b[2Jx",
    "x\u202e",
    "x\u2028y",
    "ключ",
    "x" * 5000,
]
EVIL_IDS = [*EVIL, "../../other", "..", ".", "a/b", "a?b", "a#b", "a%2fb", "-rf", "@x"]


def secret_reads(value):
    hook = {"id": "w1", "webhookUrl": "https://b.example.com/"}
    return [
        lambda: read_registered_webhook({"data": {**hook, "signingSecret": value}}),
        lambda: read_registered_webhook({"data": {**hook, "standardSigningSecret": value}}),
        lambda: read_rotated_secret({"data": {"id": "w1", "standardSigningSecret": value}}),
        lambda: read_project({"id": "p1", "name": "x", "projectSecret": value}),
        lambda: read_regenerated_secret({"projectSecret": value}),
    ]


def id_reads(value):
    phone = "+15551230001"
    return [
        lambda: read_webhooks([{"id": value, "webhookUrl": "https://b.example.com/"}]),
        lambda: read_project({"id": value, "name": "x"}),
        lambda: read_project({"id": "p1", "name": "x", "spectrumProjectId": value}),
        lambda: read_created_project({"id": value}),
        lambda: read_user({"id": value, "phoneNumber": phone}),
        lambda: read_user({"id": "u1", "phoneNumber": value}),
        lambda: read_user({"id": "u1", "phoneNumber": phone, "assignedPhoneNumber": value}),
        lambda: read_platforms([value]),
        lambda: read_platforms({value: True}),
        lambda: read_platforms([{"id": value, "enabled": True}]),
    ]


@pytest.mark.parametrize("value", EVIL, ids=repr)
@pytest.mark.parametrize("place", range(5))
def test_a_secret_in_other_characters_goes_nowhere(value, place):
    with pytest.raises(UnknownShape) as caught:
        secret_reads(value)[place]()

    assert value not in str(caught.value)


@pytest.mark.parametrize("value", EVIL_IDS, ids=repr)
@pytest.mark.parametrize("place", range(10))
def test_an_id_a_number_or_a_platform_in_other_characters_goes_nowhere(value, place):
    with pytest.raises(UnknownShape):
        id_reads(value)[place]()


@pytest.mark.parametrize(
    "value",
    [
        "a" * 64,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "sk-live_1.2~3-0123456789",
        "dG9r/+Zu0123456789==",
        "a%3Db0123456789abc",
    ],
)
def test_what_photon_sends_is_read(value):
    for read in secret_reads(value):
        assert read() is not None


@asynccontextmanager
async def to(handler):
    async with open_http("https://photon.test") as http:
        http._transport = httpx.MockTransport(handler)
        yield Transport(
            http,
            "https://photon.test",
            BearerAuth(Secret("t0ken")),
            limiter=Limiter(0),
            retrying=Retrying(attempts=1),
            slots=asyncio.Semaphore(2),
        )


def exchange(handler, count=1):
    async def run():
        async with to(handler) as transport:
            return [await transport.send(Request(method="GET", path="/x")) for _ in range(count)]

    return asyncio.run(run())


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "x-unknown"])
def test_a_compressed_answer_is_refused_unopened(encoding):
    bomb = gzip.compress(gzip.compress(b"[" + b" " * 50_000_000 + b"]"))

    def handler(request):
        assert request.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"content-encoding": encoding}, stream=Chunks([bomb]))

    with pytest.raises(Ambiguous, match="compressed"):
        exchange(handler)


class Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks):
        self.chunks = chunks
        self.sent = 0

    async def __aiter__(self):
        for chunk in self.chunks:
            self.sent += len(chunk)
            yield chunk


def test_an_endless_answer_is_left():
    endless = Chunks(b"x" * 2**20 for _ in range(10_000))

    with pytest.raises(Ambiguous, match="larger than 1 MiB"):
        exchange(lambda _: httpx.Response(200, stream=endless))

    assert endless.sent < 100 * 2**20


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * 3_000_000 + b"[]]",
        b"[" + b"{}," * 3_000_000 + b"{}]",
        b"[" + b"1," * 3_000_000 + b"1]",
        b"[" * 2_000_000,
        json.dumps("[" + "1," * 3_000_000 + "1]").encode(),
    ],
    ids=["lists", "objects", "numbers", "depth", "text"],
)
def test_an_answer_of_too_many_values_is_none(body):
    with pytest.raises(ValueError, match=r"values|nested"):
        parse_json(body)


def test_no_cookie_is_kept_or_sent():
    seen = []

    def handler(request):
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"set-cookie": "a=b; Path=/"}, json={})

    exchange(handler, count=3)

    assert seen == [None, None, None]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("url", ["http://photon.test", "http://127.0.0.1:8787"])
def test_plain_http_never_goes_through_a_proxy(name, url):
    assert proxy_for(url, {name: "http://proxy.test:3128"}) is None


@pytest.mark.parametrize("value", [{"value": "abc"}, ["abc"], 7, True])
def test_a_secret_that_is_no_text_is_an_unknown_shape(value):
    for read in secret_reads(value):
        with pytest.raises(UnknownShape):
            read()


@pytest.mark.parametrize("value", [None, ""])
def test_a_rotation_without_a_secret_is_an_unknown_shape(value):
    with pytest.raises(UnknownShape):
        read_rotated_secret({"data": {"id": "w1", "standardSigningSecret": value}})


def test_a_name_that_is_longer_than_any_is_an_unknown_shape():
    with pytest.raises(UnknownShape):
        read_project({"id": "p1", "name": "\ufdfa" * 3000})


@pytest.mark.parametrize("shape", ["{}", "Bearer {}", "x {} y", "{}" * 200])
def test_what_the_server_repeats_of_a_token_is_hidden(shape):
    token = "tok-5f3a1b77c2"

    def handler(request):
        said = shape.format(*[token] * shape.count("{}"))
        return httpx.Response(400, json={"message": said})

    async def run():
        async with open_http("https://photon.test") as http:
            http._transport = httpx.MockTransport(handler)
            transport = Transport(
                http,
                "https://photon.test",
                BearerAuth(Secret(token)),
                limiter=Limiter(0),
                retrying=Retrying(attempts=1),
                slots=asyncio.Semaphore(2),
            )
            await Dashboard(transport).projects()

    with pytest.raises(Rejected) as caught:
        asyncio.run(run())

    assert token not in str(caught.value)
    assert token[:8] not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b'"\xed\xa0\x80"', b'["\\ud800"]', b'"{\\"a\\":\\"\\\\ud800\\"}"']
)
def test_half_a_character_never_gets_in(body):
    json.dumps(parse_json(body), ensure_ascii=False).encode()


LIST = {"succeed": True, "data": []}


@pytest.mark.parametrize(
    ("answers", "is_kept"),
    [
        ([httpx.Response(401), httpx.Response(401)], False),
        ([httpx.Response(401), httpx.Response(403)], False),
        ([httpx.Response(401), httpx.Response(302, headers={"Location": "/x"})], False),
        ([httpx.Response(401), httpx.Response(200, html="<p>Sign in</p>")], False),
        ([httpx.Response(401), httpx.Response(200)], False),
        ([httpx.Response(401), httpx.Response(200, json={"status": "ok"})], False),
        ([httpx.Response(401), httpx.Response(200, json={"succeed": False})], False),
        ([httpx.Response(401), httpx.Response(200, json=LIST)], True),
    ],
)
def test_a_secret_is_taken_as_valid_only_once_spectrum_answers_by_it(answers, is_kept):
    kept, left = [], iter(answers)

    async def renew():
        return Secret("wrong_secret_of_somebody")

    async def run():
        pair = ProjectPair(project_id="p1", secret=Secret("right_secret"))
        auth = PairAuth(pair, renew=renew, on_accepted=lambda s: kept.append(s.reveal()))
        async with open_http("https://photon.test") as http:
            http._transport = httpx.MockTransport(lambda _: next(left))
            transport = Transport(
                http, "https://photon.test", auth, limiter=Limiter(0),
                retrying=Retrying(attempts=1), slots=asyncio.Semaphore(),
            )  # fmt: skip
            with suppress(PhotonctlError):
                await Spectrum(transport, "p1").webhooks()
        return auth.is_accepted

    assert asyncio.run(run()) is is_kept
    assert kept == (["wrong_secret_of_somebody"] if is_kept else [])


def test_a_list_with_one_id_twice_is_an_unknown_shape():
    hooks = [{"id": "w1", "webhookUrl": f"https://{host}.example.com/"} for host in "ab"]
    projects = [{"id": "p1", "name": name} for name in "ab"]

    for read, rows in ((read_webhooks, hooks), (read_projects, projects)):
        with pytest.raises(UnknownShape):
            read(rows)


@pytest.mark.parametrize(
    "row",
    [
        lambda secret: {"id": secret, "name": "x"},
        lambda secret: {"id": "p1", "name": "x", "spectrumProjectId": secret},
        lambda secret: {"id": "p1", "name": "x", "platforms": [f"x{secret}"]},
    ],
)
def test_an_id_that_is_a_credential_is_an_unknown_shape(row):
    secret = Secret("tok-9a8b7c6d5e4f").reveal()

    with pytest.raises(UnknownShape):
        read_projects([row(secret)])


def test_an_answer_that_repeats_its_own_secret_elsewhere_is_refused():
    secret = "spk_live_0a1b2c3d4e"
    hook = {"id": "w1", "webhookUrl": "https://b.example.com/", "signingSecret": secret}

    for read, answer in [
        (read_project, {"id": "p1", "name": f"n-{secret}", "projectSecret": secret}),
        (
            read_created_project,
            {"id": "p1", "projectSecret": secret, "warning": {"message": f"see {secret}"}},
        ),
        (read_registered_webhook, {"data": {**hook, "eventTypes": [secret]}}),
        (read_registered_webhook, {"data": {**hook, "failureNotificationEmail": f"{secret}@x.ch"}}),
    ]:
        with pytest.raises(UnknownShape) as caught:
            read(answer)
        assert secret not in str(caught.value)


def test_a_secret_that_is_another_rows_name_hides_nothing():
    """A proxy's row can't make the others' names, hosts or e-mails disappear from a plan."""
    live = {"id": "p1", "name": "hidden-by-a-row.example.com"}

    with pytest.raises(UnknownShape):
        read_projects(
            [{"id": "p2", "name": "zz", "projectSecret": "hidden-by-a-row.example.com"}, live]
        )


def test_a_credential_is_no_signing_secret():
    note_credential("spk_live_sent_with_each_request")
    hook = {"id": "w1", "webhookUrl": "https://b.example.com/"}

    for key in ("signingSecret", "standardSigningSecret"):
        with pytest.raises(UnknownShape, match="new"):
            read_registered_webhook({**hook, key: "spk_live_sent_with_each_request"})


@pytest.mark.parametrize(
    "body",
    [
        {"signingSecret": "f" * 64, "message": "you sent " + "f" * 64},
        {"error": {"details": [{"projectSecret": "s" * 30}], "message": "s" * 30}},
        {"message": "old: stored-in-a-sink-0123456789"},
        {"message": "old: stored-in-a-\u200bsink-0123456789"},
    ],
)
def test_a_message_that_repeats_a_secret_isnt_shown(body):
    Secret("stored-in-a-sink-0123456789", is_noted=False)

    with pytest.raises(Rejected, match="isn't shown") as caught:
        read_spectrum(Request(method="GET", path="/x"), Answer(status=422, body=dumps(body)))

    assert "stored" not in str(caught.value)


def test_what_a_sink_holds_hides_nothing_but_messages():
    Secret("the-authors-choice-0123456789", is_noted=False)

    (row,) = read_projects([{"id": "p1", "name": "the-authors-choice-0123456789"}])

    assert row.name == "the-authors-choice-0123456789"


def dumps(body):
    return json.dumps(body).encode()


GIVEN = "whsec_" + "Z9y8X7w6" * 5


@pytest.mark.parametrize("read", [read_dashboard, read_spectrum])
@pytest.mark.parametrize("status", [200, 400, 422, 409, 404])
@pytest.mark.parametrize(
    "body",
    [
        {"succeed": False, "message": f"no cache for {GIVEN}", "data": {"signingSecret": GIVEN}},
        {"succeed": False, "error": f"no mail with {GIVEN}", "projectSecret": GIVEN},
        {"succeed": False, "error": "invalid_grant", "error_description": f"session {GIVEN}",
         "access_token": GIVEN},
    ],
)  # fmt: skip
def test_a_failure_that_gives_a_secret_shows_none_and_may_be_a_success(read, status, body):
    answer = Answer(status=status, body=json.dumps(body).encode())
    asking, creating = (
        Request(method="POST", path="/x", repeat=repeat) for repeat in (Repeat.SAFE, Repeat.ONCE)
    )

    with pytest.raises(ApiError) as failed:
        read(asking, answer)
    assert GIVEN not in str(failed.value)
    with pytest.raises(UnknownShape, match="may have been done"):
        read(creating, answer)


@pytest.mark.parametrize("words", ["https://bot.example.com", "webhook ", "digest sha256"])
def test_who_fails_chooses_nothing_that_disappears_from_an_output(words):
    body = {"succeed": False, "message": "no", "debug": {"secret": words}}

    with pytest.raises(ApiError):
        read_spectrum(
            Request(method="POST", path="/x"), Answer(status=422, body=json.dumps(body).encode())
        )

    assert refuse_secrets(f"{words} is registered") == f"{words} is registered"


def test_a_list_that_fails_has_changed_nothing():
    body = json.dumps({"succeed": False, "message": "no", "token": GIVEN}).encode()
    request = Request(method="GET", path="/x", repeat=Repeat.ONCE)

    with pytest.raises(Rejected, match="no"):
        read_spectrum(request, Answer(status=422, body=body))


def test_many_made_up_secrets_in_a_long_failure_are_looked_for_at_once():
    """Each of these would be searched in a mebibyte, for minutes, by a loop that hears nothing."""
    given = [{"token": f"{'a' * 17}b{n}"} for n in range(14_000)]
    body = {"succeed": False, "message": "a" * 2**19, "x": given}

    for _ in range(50):
        with pytest.raises(ApiError):
            read_spectrum(
                Request(method="GET", path="/x"),
                Answer(status=422, body=json.dumps(body).encode()),
            )
    assert len(secret_module._given) <= secret_module._MOST_GIVEN


@pytest.mark.parametrize("depth", [10, 900, *range(940, 1_000), 5_000])
def test_a_failure_nested_however_deep_is_one_of_ours(depth):
    body = '{"message":"x","a":' + "[" * depth + '{"token":"abcdefgh1"}' + "]" * depth + "}"

    with pytest.raises(ApiError):
        read_spectrum(Request(method="GET", path="/x"), Answer(status=422, body=body.encode()))


@pytest.mark.parametrize("location", ["https:////[/h", "https:////\uff0et[]An", "//[::1/", "\x00"])
def test_a_redirect_to_what_is_no_address_isnt_followed(location):
    def handler(_):
        return httpx.Response(308, headers={"location": location.encode()})

    try:
        answers = [answer.status for answer in exchange(handler)]
    except Ambiguous:  # what httpx can't read either
        answers = [308]

    assert answers == [308]


@pytest.mark.parametrize("cut", [slice(0, -2), slice(5, None), slice(0, 25), slice(-18, None)])
def test_a_message_that_repeats_a_part_of_a_secret_isnt_shown(cut):
    note_credential(secret := "spk_live_" + "Rtn1CluISamBY7V3vzCps94gkOAC6pGE")
    body = json.dumps({"succeed": False, "message": f"bad header {secret[cut]}"}).encode()

    with pytest.raises(Rejected) as failed:
        read_spectrum(Request(method="GET", path="/x"), Answer(status=400, body=body))
    assert secret[cut] not in str(failed.value)


LONG = "a" * 2**22
INNER = '{"users": [' + "{}," * 900_000 + "{}]}"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"users": [], "x": "{LONG}\U0001f600"}}',
        f'{{"x": "{LONG}\\ud800"}}',
        json.dumps(INNER).replace("{", "\\u007b").replace(",", "\\u002c"),
        "[" + '"\\ud800",' * 2_000_000 + '""]',
    ],
    ids=["one text", "half a character", "inner values", "many half characters"],
)
def test_an_answer_that_would_take_much_more_room_than_it_has_is_none(text):
    with pytest.raises(ValueError, match=r"than any answer has|too large"):
        parse_json(text.encode())


@pytest.mark.parametrize(
    ("repeat", "answers", "count"),
    [
        (Repeat.ONCE, [401, 409], 1),
        (Repeat.ONCE, [409], 1),
        (Repeat.SAFE, [401, 200], 2),
        (Repeat.SAFE, [401, 401], 2),
    ],
)
def test_what_must_not_be_done_twice_isnt_sent_again_after_a_401(repeat, answers, count):
    """The 401 may be made up: a rotation would be done twice, and a registration, too."""
    left, asked = iter(answers), []

    async def renew():
        return Secret("another_secret_0123")

    def answer(request):
        asked.append(request)
        return httpx.Response(next(left), json={})

    async def run():
        pair = ProjectPair(project_id="p1", secret=Secret("a_secret_0123456"))
        async with open_http("https://photon.test") as http:
            http._transport = httpx.MockTransport(answer)
            transport = Transport(
                http, "https://photon.test", PairAuth(pair, renew=renew), limiter=Limiter(0),
                retrying=Retrying(attempts=1), slots=asyncio.Semaphore(),
            )  # fmt: skip
            return await transport.send(Request(method="POST", path="/x", body={}, repeat=repeat))

    assert asyncio.run(run()).status == answers[count - 1]
    assert len(asked) == count


LOCATIONS = [
    ("/a/x/", "/a/x/?p=1"), ("/a/x/?p=2", "/a/x/?p=1"), ("/a/x", None), ("/a/y", None),
    ("/a/y/", None), ("/a/x//", None), ("/a/./y/../x//", None), ("/", None), ("/a/x?p=2", None),
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("repeat", Repeat)
@pytest.mark.parametrize(("location", "followed"), LOCATIONS)
def test_nothing_but_the_slash_redirect_is_followed(location, followed, repeat, method):
    """What a proxy names else is another resource, which nobody asked to be read or deleted."""
    seen = []

    def answer(request):
        seen.append(request.url.raw_path.decode())
        return httpx.Response(308 if len(seen) == 1 else 200, headers={"Location": location})

    async def run():
        async with to(answer) as transport:
            await transport.send(
                Request(method=method, path="/a/x", params={"p": 1}, repeat=repeat)
            )

    asyncio.run(run())
    assert seen == ["/a/x?p=1", *([followed] if followed else [])]


@pytest.mark.parametrize("host", ["xn--", "xn--v1.xa", "a-.b" * 20, "é" * 300])
def test_a_location_that_no_name_can_have_is_no_crash(host):
    headers = {"Location": f"https://{host}/".encode()}

    async def run():
        async with to(lambda _: httpx.Response(302, headers=headers)) as transport:
            with suppress(ApiError):
                await transport.send(Request(method="GET", path="/x"))

    asyncio.run(run())


@pytest.mark.parametrize(
    "platforms",
    [["imessage"] * 100_000, {f"p{n}": True for n in range(100_000)}, [{"id": "a"}] * 101],
    ids=["words", "an object", "objects"],
)
def test_there_are_no_thousands_of_platforms(platforms):
    with pytest.raises(UnknownShape):
        read_platforms(platforms)
    with pytest.raises(UnknownShape):
        read_projects([{"id": "p1", "name": "bot", "platforms": platforms}])
