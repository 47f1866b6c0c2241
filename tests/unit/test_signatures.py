import pytest
from standardwebhooks import Webhook

from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.signatures import Verdict, parse_headers, verify

STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"event": "messages"}'
AT = 1_800_000_000
# printf 'v0:1800000000:…' | openssl dgst -sha256 -hmac abab…
LEGACY = "ab" * 32
LEGACY_SIGNATURE = "v0=c5ec12afa6a0725f4b192f0917e88905d756e85ce73c83842fcfe0f5807eb234"


def delivery(**more):
    from datetime import UTC, datetime

    signed = Webhook(STANDARD).sign("msg_1", datetime.fromtimestamp(AT, UTC), BODY.decode())
    return {
        "x-spectrum-webhook-id": "w_1",
        "x-spectrum-timestamp": str(AT),
        "x-spectrum-signature": LEGACY_SIGNATURE,
        "webhook-id": "msg_1",
        "webhook-timestamp": str(AT),
        "webhook-signature": signed,
        **more,
    }


def stored(signing=LEGACY, standard=STANDARD, webhook_id="w_1"):
    return OneTimeSecrets(
        webhook_id=webhook_id,
        signing=Secret(signing) if signing else None,
        standard=Secret(standard) if standard else None,
    )


def verdicts(headers, body=BODY, secrets=None, now_s=AT):
    judged = verify(headers, body, secrets or stored(), now_s=now_s)
    return judged, tuple(one.verdict for one in judged.signatures)


def test_both_signatures_of_others_making_hold():
    judged, found = verdicts(delivery())

    assert found == (Verdict.VALID, Verdict.VALID)
    assert judged.is_valid
    assert (judged.is_stale, judged.is_of_other) == (False, False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x-spectrum-timestamp": "1800000001"}, (Verdict.WRONG, Verdict.VALID)),
        ({"webhook-timestamp": "1800000001"}, (Verdict.VALID, Verdict.WRONG)),
        ({"webhook-id": "msg_2"}, (Verdict.VALID, Verdict.WRONG)),
        ({"x-spectrum-signature": "v0="}, (Verdict.WRONG, Verdict.VALID)),
        ({"webhook-signature": ""}, (Verdict.VALID, Verdict.WRONG)),
        ({"webhook-signature": "v1,é"}, (Verdict.VALID, Verdict.WRONG)),
    ],
)
def test_any_change_breaks_its_signature(change, expected):
    judged, found = verdicts(delivery(**change))

    assert found == expected
    assert not judged.is_valid


def test_a_changed_body_breaks_both():
    assert verdicts(delivery(), BODY + b"\n")[1] == (Verdict.WRONG, Verdict.WRONG)


def test_one_of_several_signatures_is_enough():
    headers = delivery()
    headers["webhook-signature"] = f"v1,bm9wZQ== {headers['webhook-signature']}"

    assert verdicts(headers)[1][1] is Verdict.VALID


@pytest.mark.parametrize(
    ("secrets", "expected", "is_valid"),
    [
        (stored(standard=None), (Verdict.VALID, Verdict.NO_SECRET), True),
        (stored(signing=None), (Verdict.NO_SECRET, Verdict.VALID), True),
        (stored(signing=None, standard=None), (Verdict.NO_SECRET, Verdict.NO_SECRET), False),
        (stored(standard="whsec_no base64!"), (Verdict.VALID, Verdict.WRONG), False),
    ],
)
def test_only_what_is_stored_can_be_checked(secrets, expected, is_valid):
    judged, found = verdicts(delivery(), secrets=secrets)

    assert (found, judged.is_valid) == (expected, is_valid)


def test_a_delivery_without_signatures_isnt_valid():
    judged, found = verdicts({})

    assert found == (Verdict.ABSENT, Verdict.ABSENT)
    assert (judged.is_valid, judged.age_s, judged.is_of_other) == (False, None, False)


@pytest.mark.parametrize(("now_s", "is_stale"), [(AT + 299, False), (AT + 301, True),
                                                  (AT - 301, True)])  # fmt: skip
def test_the_age_is_told_apart_from_the_signature(now_s, is_stale):
    judged, _ = verdicts(delivery(), now_s=now_s)

    assert (judged.is_valid, judged.is_stale) == (True, is_stale)


def test_a_delivery_of_another_webhook_is_told():
    assert verdicts(delivery(), secrets=stored(webhook_id="w_2"))[0].is_of_other


@pytest.mark.parametrize(
    "text",
    [
        "POST /hook HTTP/1.1\r\nHost: bot.test\r\nX-Spectrum-Event:  messages \r\n\r\n",
        "x-spectrum-event: messages\nhost: bot.test",
        '{"X-Spectrum-Event": "messages", "HOST": ["bot.test"]}',
    ],
)
def test_headers_are_read_from_lines_or_json(text):
    assert parse_headers(text) == {"host": "bot.test", "x-spectrum-event": "messages"}


@pytest.mark.parametrize("text", ["", "nonsense", "[1]", "null"])
def test_no_headers_are_none(text):
    assert parse_headers(text) == {}


def test_headers_beyond_reason_are_none():
    assert parse_headers("[" * 200_000) == {}


def test_a_stored_secret_that_is_none_matches_nothing():
    secrets = OneTimeSecrets(webhook_id="w", signing=None, standard=Secret("whsec_\u00e9"))

    judged = verify({"webhook-signature": "v1,\ud800"}, b"", secrets, now_s=0)

    assert not judged.is_valid
