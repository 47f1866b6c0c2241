"""Something before a store says that a secret is written, and it isn't."""

import pytest

from photonctl.errors import SinkError
from photonctl.sinks.aws_client import _client
from tests.unit.sinks.test_contended_stores import NEWER, asked
from tests.unit.sinks.test_stores import GIVEN, SECOND

WRITES = {
    "vault": ("POST", "/data/"),
    "githubActions": ("PUT", "/secrets/"),
    "gitlabVariable": ("PUT", "/variables/BOT"),
}
ANSWERS = {
    "a page": b"<html>Your request was blocked.</html>",
    "nothing": b"",
    "an empty object": b"{}",
    "another object": b'{"status": "ok"}',
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_write_that_is_only_said_to_be_done_is_none(store, fresh, answer, monkeypatch):
    if store.word == "kubernetes":
        pytest.skip("it answers a write with what it wrote, in one piece: see test_stores.py")
    fresh().store(GIVEN)
    newer = GIVEN.__class__(webhook_id="w-1", signing=None, standard=NEWER, origin=GIVEN.origin)
    sink = fresh()
    sink.open_intent(asked("rotation"))
    if store.word in WRITES:
        method, path = WRITES[store.word]
        store.stand_in.fault(method, path, status=200, body=ANSWERS[answer], times=99)
    else:  # what botocore makes of such a page
        client = _client(store.target)
        monkeypatch.setattr(client, "update_secret_version_stage", lambda **_: {})

    with pytest.raises(SinkError):
        sink.store(newer)

    if store.word in WRITES:
        store.stand_in.clear_faults()
    assert fresh().record().asked == "rotation"
    assert store.secret("BOT_STANDARD") == SECOND
