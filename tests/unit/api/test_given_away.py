"""A failure that gives a secret, in whatever place: it isn't shown, and isn't taken for one."""

import json

import pytest

from photonctl.api.envelope import read_dashboard, read_spectrum
from photonctl.api.retry import Answer, Repeat
from photonctl.api.transport import Request
from photonctl.errors import ApiError, Conflict, Rejected, UnknownShape

WHSEC = "whsec_B4rJ0c3VtYWdpY1NlY3JldDEyMzQ1Njc4"
HEX = "0123456789abcdef" * 4
PROJECTS = "spk_live_7fK2mQ9xT4wZ8nB3vL6c"
OPAQUE = "q7Xk2Lm9Zp4Rt8Vw3Yb6Nc1D"
HOOK = "https://bot.example.com/hook-1234567890abcdef"
VALIDATION = {"type": "validation", "on": "body"}


def asked(path="/webhooks/w/secret/rotate", method="POST", repeat=Repeat.ONCE, body=None):
    return Request(method=method, path=path, repeat=repeat, body=body)


def failed(body, request=None, status=422, read=read_spectrum):
    answer = Answer(status=status, body=json.dumps(body).encode(), sent=1)
    with pytest.raises(ApiError) as caught:
        read(request or asked(), answer)
    return caught.value


@pytest.mark.parametrize("secret", [WHSEC, HEX, PROJECTS, OPAQUE])
@pytest.mark.parametrize(
    "place",
    [
        lambda s: {"standardSigningSecret": s},
        lambda s: {"data": {"secret": {"value": s}}},
        lambda s: {"data": {"secret": [s]}},
        lambda s: {"data": {"projectSecret": {"now": [{"text": s}]}}},
        lambda s: {**VALIDATION, "property": "/standardSigningSecret", "found": s},
    ],
)
def test_a_secret_in_a_failure_means_that_it_may_have_been_done(forgetful, place, secret):
    error = failed(place(secret))

    assert isinstance(error, UnknownShape)
    assert "may have been done" in str(error)
    assert secret not in f"{error} {error.hint}"


@pytest.mark.parametrize("secret", [WHSEC, HEX, PROJECTS])
@pytest.mark.parametrize("name", ["found", "data", "message", "summary", "error"])
def test_what_looks_like_a_secret_is_one_under_any_name(forgetful, name, secret):
    for read in (read_spectrum, read_dashboard):
        error = failed({name: f"no: {secret}", "succeed": False}, read=read)
        assert isinstance(error, UnknownShape)
        assert secret not in str(error)


def test_an_answer_that_photon_itself_refused_was_made(forgetful):
    error = failed({"type": "validation", "on": "response", "summary": "not valid"})

    assert isinstance(error, UnknownShape)
    assert not isinstance(failed({**VALIDATION, "summary": "not valid"}), UnknownShape)


@pytest.mark.parametrize("name", ["message", "summary", "detail", "error"])
def test_no_message_of_such_a_failure_holds_what_could_be_a_new_secret(forgetful, name):
    error = failed({name: f"Expected string, found: {OPAQUE}"})

    assert OPAQUE not in f"{error} {getattr(error, 'code', '')}"
    assert "isn't shown" in str(error)


GROUPED = "4f3c2b1a0d9e8f76a5b4c3d2e1f0a9984f3c2b1a0d9e8f76a5b4c3d2e1f0a998"


@pytest.mark.parametrize(("mark", "size"), [(" ", 15), (" ", 4), (":", 2), (".", 8), (", ", 6)])
def test_a_new_secret_isnt_shown_in_groups_either(forgetful, mark, size):
    groups = [GROUPED[at : at + size] for at in range(0, len(GROUPED), size)]

    error = failed({"message": f"can't store {mark.join(groups)}"})

    assert groups[1] not in str(error)
    assert "isn't shown" in str(error)


@pytest.mark.parametrize(
    "message",
    [
        f"the URL {HOOK} is not allowed",
        "no webhook 0b7e8a3c-1111-4222-8333-444455556666",
        "INSUFFICIENT_PERMISSIONS_FOR_PROJECT",
        "must be internationalization-compatible",
        "it resolves to 10.250.113.14 and 10.250.113.15, which are private",
        "try again after 2026-11-30T12:34:56.789Z",
    ],
)
def test_what_was_sent_and_ordinary_words_are_shown(forgetful, message):
    error = failed({"message": message}, asked("/webhooks/", body={"webhookUrl": HOOK}))

    assert isinstance(error, Rejected)
    assert message in str(error)


def test_a_conflict_stays_one(forgetful):
    error = failed({"message": "already registered"}, status=409)

    assert isinstance(error, Conflict)


def test_a_long_name_is_looked_at_once_however_much_is_below_it(forgetful):
    """To look at it for each of these would take minutes."""
    body = {"message": "no", "s" * 400_000: [1] * 300_000}

    assert "no" in str(failed(body, asked("/projects/", method="GET", repeat=Repeat.SAFE)))
