"""A rotation on servers that don't offer one, whatever their 404 looks like."""

import asyncio

import pytest

from photonctl.errors import (
    Ambiguous,
    NotFound,
    NotOffered,
    RateLimited,
    Rejected,
    ServerFailed,
    Unauthorized,
)
from photonctl.journal import Journal, rotation_of
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.rotating import rotate_secret
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.port import WebhookRow

BOT = SinkSpec(type="envFile", target=".env", key="BOT")

KEY = "https://bot.example.com/hook"


class OldSpectrum:
    """A project on a server without the route: its webhook is listed all the same."""

    project_id = "p1"

    def __init__(self, error, live=("w1",)):
        self._error = error
        self._live = live

    async def rotate_secret(self, webhook_id, overlap_s):
        raise self._error

    async def webhooks(self):
        if isinstance(self._live, Exception):
            raise self._live
        return tuple(WebhookRow(id=webhook_id, webhook_url=KEY) for webhook_id in self._live)


class Sink:
    def __init__(self):
        self.stored = []

    def check_writable(self):
        pass

    def store(self, secrets):
        self.stored.append(secrets)


def rotated(tmp_path, spectrum, *, was_interrupted):
    journal, sink = Journal(tmp_path), Sink()
    if was_interrupted:
        journal.open_intent("p1", rotation_of(KEY))
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each test says which
        asyncio.run(rotate_secret(Kept(spectrum, journal, sink, BOT), webhook_id="w1", key=KEY))
    return caught.value, journal.has_intent("p1", rotation_of(KEY)), sink.stored


@pytest.mark.parametrize("was_interrupted", [True, False])
@pytest.mark.parametrize(
    "error", [NotFound("Not Found", status=404), NotOffered("no route", status=405)]
)
def test_a_server_without_the_route_is_known_by_the_webhook_that_it_lists(
    tmp_path, error, was_interrupted
):
    found, has_intent, stored = rotated(
        tmp_path, OldSpectrum(error), was_interrupted=was_interrupted
    )

    assert isinstance(found, NotOffered)
    assert "still valid" in str(found)
    assert "onMissingSecret: replace" in str(found)
    assert (has_intent, stored) == (False, [])


def test_a_webhook_that_is_gone_is_no_missing_route(tmp_path):
    error = NotFound("Webhook not found", status=404)

    found, _, _ = rotated(tmp_path, OldSpectrum(error, live=()), was_interrupted=False)

    assert found is error


@pytest.mark.parametrize("error", [NotFound("x", status=404), NotOffered("no route", status=405)])
def test_a_server_that_has_rotated_a_webhook_offers_it(tmp_path, error):
    """Something in between says 404, and may have carried it out."""
    journal = Journal(tmp_path)
    for secret in ("whsec_Zmlyc3Q", "whsec_c2Vjb25k"):
        given = OneTimeSecrets(webhook_id="w1", signing=None, standard=Secret(secret))
        journal.note_given("p1", KEY, given)

    found, has_intent, _ = rotated(tmp_path, OldSpectrum(error), was_interrupted=False)

    assert isinstance(found, Ambiguous)
    assert "there may be a new secret" in str(found)
    assert has_intent


UNLISTED = [
    (),
    NotOffered("no such page", status=404),
    NotFound("x", status=404),
    ServerFailed("x"),
]


@pytest.mark.parametrize("was_interrupted", [True, False])
@pytest.mark.parametrize("listing", UNLISTED, ids=lambda found: type(found).__name__)
@pytest.mark.parametrize("error", [NotFound("x", status=404), NotOffered("no route", status=405)])
def test_a_rotation_stays_open_where_the_list_doesnt_show_its_webhook(
    tmp_path, error, listing, was_interrupted
):
    spectrum = OldSpectrum(error, live=listing)

    _, has_intent, _ = rotated(tmp_path, spectrum, was_interrupted=was_interrupted)

    assert has_intent


def test_a_server_that_fails_leaves_an_interrupted_rotation_open(tmp_path):
    _, has_intent, _ = rotated(tmp_path, OldSpectrum(ServerFailed("503")), was_interrupted=True)

    assert has_intent


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (Rejected("no", status=422), True),
        (Rejected("no", status=400), True),
        (Rejected("no", status=200), True),
        (Rejected("elsewhere", status=307), False),
        (RateLimited("later"), False),
        (Unauthorized("who?"), False),
    ],
)
def test_only_a_refusal_says_that_nothing_was_rotated(tmp_path, error, is_refusal):
    _, has_intent, _ = rotated(tmp_path, OldSpectrum(error), was_interrupted=False)

    assert has_intent is not is_refusal
