"""RFC 8628 without network or clock: each step is given its answer by hand."""

import json

import pytest

from photonctl.api.device_login import Send, Show, Wait, log_in
from photonctl.api.retry import Answer
from photonctl.errors import (
    Ambiguous,
    AuthError,
    LoginDenied,
    LoginExpired,
    RateLimited,
    ServerFailed,
    UnknownShape,
    Unreachable,
)

HOST = "https://app.photon.codes"
CODE = {
    "device_code": "device-code-1",
    "user_code": "PEDNLHTX",
    "verification_uri": f"{HOST}/device",
    "verification_uri_complete": f"{HOST}/device?user_code=PEDNLHTX",
    "expires_in": 60,
    "interval": 5,
}


def answer(status, body, **more):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, body=content, **more)


def refused(word, status=400, **more):
    return answer(status, {"error": word, "error_description": f"because {word}"}, **more)


PENDING = refused("authorization_pending")
APPROVED = answer(200, {"access_token": "t1", "token_type": "Bearer", "expires_in": 600})


class Device:
    """Performs the steps: waiting moves its clock, sending takes the next answer."""

    def __init__(self, *answers, code=CODE):
        self.answers = [answer(200, code) if isinstance(code, dict) else code, *answers]
        self.now = 1000.0
        self.sent, self.waits, self.shown = [], [], []

    def run(self):
        steps = log_in(HOST, lambda: self.now)
        reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value
            reply = None
            if isinstance(step, Show):
                self.shown.append(step.code)
            elif isinstance(step, Wait):
                assert step.seconds <= step.left_s
                self.waits.append(step.seconds)
                self.now += step.seconds
            else:
                assert isinstance(step, Send)
                self.sent.append(step)
                reply = self.answers.pop(0) if self.answers else PENDING

    def tokens(self):
        return [candidate.token.reveal() for candidate in self.run()]


def test_the_way_from_code_to_token():
    device = Device(PENDING, PENDING, APPROVED)

    assert device.tokens() == ["t1"]
    start, *polls = device.sent
    assert start.path == "/api/auth/device/code"
    assert start.body == {"client_id": "photon-cli", "scope": "openid profile email"}
    assert not start.is_poll
    assert [poll.path for poll in polls] == ["/api/auth/device/token"] * 3
    assert polls[0].body["device_code"] == "device-code-1"
    assert device.waits == [5, 5, 5]  # also before the first poll
    (code,) = device.shown
    assert (code.user_code, code.url, code.lifetime_s) == (
        "PEDNLHTX",
        f"{HOST}/device?user_code=PEDNLHTX",
        60,
    )


def test_slow_down_is_for_good():
    device = Device(refused("slow_down"), PENDING, refused("slow_down"), PENDING, APPROVED)
    device.run()

    assert device.waits == [5, 10, 10, 15, 15]


@pytest.mark.parametrize(
    ("more", "waits"),
    [({}, [5, 15]), ({"retry_after_s": 7}, [5, 7]), ({"retry_after_s": 1}, [5, 5])],
)
def test_a_429_is_waited_out(more, waits):
    device = Device(answer(429, {"message": "Too many requests."}, **more), APPROVED)
    device.run()

    assert device.waits == waits


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable("no network"),
        Ambiguous("lost"),
        answer(500, {}),
        answer(502, b"<html>"),
        answer(503, b""),
        answer(404, b"NOT_FOUND"),
        answer(200, b"<html>"),
        answer(200, b"[]"),
        answer(400, b"nonsense"),
        answer(400, [1]),
        refused("something_new"),
    ],
    ids=repr,
)
def test_passing_trouble_is_polled_through(trouble):
    assert Device(trouble, PENDING, trouble, APPROVED).tokens() == ["t1"]


@pytest.mark.parametrize("trouble", [PENDING, Unreachable("no network"), answer(500, {})])
def test_it_ends_at_the_deadline_and_never_sleeps_past_it(trouble):
    device = Device(*[trouble] * 100, code={**CODE, "expires_in": 12})

    with pytest.raises(LoginExpired):
        device.run()

    assert device.waits == [5, 5, 2]


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (refused("access_denied"), LoginDenied, "denied"),
        (refused("expired_token"), LoginExpired, "expired"),
        (refused("invalid_grant"), AuthError, "used already"),
        (refused("invalid_client"), AuthError, "because invalid_client"),
        (refused("invalid_request"), AuthError, "because invalid_request"),
        (refused("unauthorized_client"), AuthError, "because"),
        (refused("invalid_scope"), AuthError, "because"),
        (refused("unsupported_grant_type"), AuthError, "no device login"),
        (answer(400, {"message": "access_denied"}), LoginDenied, "denied"),
    ],
)
def test_each_end_has_its_own_words(reply, kind, said):
    with pytest.raises(kind, match=said) as failure:
        Device(PENDING, reply).run()

    assert failure.value.exit_code == 4


@pytest.mark.parametrize("lost", [Ambiguous("lost"), answer(200, b"<html>")])
def test_a_code_that_was_used_by_a_lost_answer_is_told_apart(lost):
    with pytest.raises(AuthError, match="lost on the way"):
        Device(lost, refused("invalid_grant")).run()


@pytest.mark.parametrize(
    ("start", "kind", "code"),
    [
        (refused("invalid_client"), AuthError, 4),
        (refused("invalid_request"), AuthError, 4),
        (answer(429, {"message": "busy"}), RateLimited, 1),
        (answer(503, b""), ServerFailed, 1),
        (Unreachable("no network"), Unreachable, 1),
        (answer(200, b"<html>"), UnknownShape, 1),
        (answer(200, {"device_code": "x"}), UnknownShape, 1),
    ],
)
def test_a_login_that_cant_begin(start, kind, code):
    with pytest.raises(kind) as failure:
        Device(code=start).run()

    assert failure.value.exit_code == code


@pytest.mark.parametrize("nothing", [0, None, "soon", -1, True, float("inf")])
def test_a_nonsensical_time_counts_as_absent(nothing):
    device = Device(APPROVED, code={**CODE, "expires_in": nothing, "interval": nothing})
    device.run()

    assert (device.shown[0].lifetime_s, device.waits) == (900, [5])


def test_a_relative_page_is_of_the_dashboard():
    code = {k: v for k, v in CODE.items() if k != "verification_uri_complete"}
    device = Device(APPROVED, code={**code, "verification_uri": "/device"})
    device.run()

    assert device.shown[0].url == f"{HOST}/device"


@pytest.mark.parametrize(
    ("body", "header", "tokens"),
    [
        ({"access_token": "a"}, None, ["a"]),
        ({"accessToken": "a"}, None, ["a"]),
        ({"session": {"access_token": "a"}, "user": {}}, None, ["a"]),
        ({"data": {"access_token": "a"}}, None, ["a"]),
        ({"data": {"accessToken": "a"}}, None, ["a"]),
        ({"session": {"id": "x"}, "user": {}}, "h", ["h"]),
        ({"access_token": " Bearer a "}, "a", ["a"]),
        ({"access_token": "", "accessToken": "b", "data": {"access_token": "b"}}, "h", ["b", "h"]),
        (
            {
                "data": {"accessToken": "5", "access_token": "4"},
                "session": {"access_token": "3"},
                "accessToken": "2",
                "access_token": "1",
            },
            "6",
            ["1", "2", "3", "4", "5", "6"],
        ),
        ({"access_token": "two words", "accessToken": "b"}, None, ["b"]),
    ],
)
def test_every_candidate_in_the_contracts_order_and_once(body, header, tokens):
    assert Device(answer(200, body, auth_token=header)).tokens() == tokens


@pytest.mark.parametrize("body", [{}, {"token": "x"}, {"access_token": 5}, {"session": "x"}])
def test_an_answer_without_a_token_in_a_known_place(body):
    with pytest.raises(UnknownShape, match="no token"):
        Device(answer(200, body)).run()


def test_nothing_secret_shows_in_what_could_be_logged():
    device = Device(answer(200, {"access_token": "s3cret"}, auth_token="s3cret-too"))
    found = device.run()
    shown = repr(found) + repr(device.sent) + repr(answer(200, b"s3cret", auth_token="s3cret"))

    assert "s3cret" not in shown
    assert "device-code-1" not in shown


@pytest.mark.parametrize("cut", [1, 5])
def test_a_part_of_the_device_code_in_a_refusal_is_not_shown(cut):
    code = {**CODE, "device_code": "device-code-0123456789-abcdefghij"}
    said = "x" * (500 - len(code["device_code"]) + cut) + code["device_code"]
    device = Device(answer(400, {"error": "invalid_request", "error_description": said}), code=code)

    with pytest.raises(AuthError) as caught:
        device.run()

    assert code["device_code"][:-cut] not in str(caught.value)


FOREIGN = [
    "https://evil.test/device",
    "http://app.photon.codes/device",
    "//evil.test/device",
    "javascript:alert(1)",
    "file:///etc/passwd",
    f"{HOST}@evil.test/",
    f"{HOST}.evil.test/",
    f"{HOST}:444/",
    f"{HOST}/device\x1b[2J",
    f"{HOST}/\u202edevice",
    "https://[",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_a_page_of_another_origin_gives_way_to_the_plain_one(url):
    device = Device(APPROVED, code={**CODE, "verification_uri_complete": url})
    device.run()

    assert device.shown[0].url == CODE["verification_uri"]


@pytest.mark.parametrize("url", FOREIGN)
def test_a_server_with_foreign_pages_only_is_refused_and_none_is_shown(url):
    pages = {"verification_uri_complete": url, "verification_uri": url}

    with pytest.raises(AuthError, match="a page that isn't its own") as caught:
        Device(APPROVED, code={**CODE, **pages}).run()

    assert "evil" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("name", ["user_code", "device_code"])
@pytest.mark.parametrize("value", ["AB CD", "AB\nCD", "'; rm", "\x1b[2J", "é"])
def test_a_code_of_other_characters_is_no_code(name, value):
    with pytest.raises(UnknownShape):
        Device(APPROVED, code={**CODE, name: value}).run()


@pytest.mark.parametrize("name", ["access_token", "token", "apiToken"])
def test_a_token_that_a_refusal_gives_is_not_shown(name, forgetful):
    token = "tok_9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    said = f"session {token} may not be given"
    body = {"error": "invalid_request", "error_description": said, name: token}

    with pytest.raises(AuthError) as caught:
        Device(answer(400, body)).run()

    assert token not in str(caught.value)
