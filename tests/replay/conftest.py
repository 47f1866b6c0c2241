"""Recorded exchanges: played back by default, recorded anew by ``scripts/record``.

``PHOTONCTL_RECORD=emulator`` records both API generations from a calm emulator in a process of its
own. ``PHOTONCTL_RECORD=photon`` records from real Photon, with PHOTON_TOKEN; what it creates there
is deleted again at the end of each test, and its cassettes stand in a folder of their own.
"""

import json
import os
import re
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import pytest
import vcr

from photonctl.api.access import Access
from photonctl.api.retry import Retrying
from photonctl.credentials.hosts import choose_hosts
from photonctl.model.secret import Secret
from tests.conftest import GENERATIONS, photon_process
from tests.support.clock import FakeClock

CASSETTES = Path(__file__).parents[1] / "cassettes"
RECORD = os.environ.get("PHOTONCTL_RECORD", "")
SCRUBBED = "scrubbed"
HIDDEN = {
    "token",
    "device_code",
    "access_token",
    "accessToken",
    "projectSecret",
    "signingSecret",
    "standardSigningSecret",
    "secret",
    "ipAddress",
    "userAgent",
}
_LOCAL = re.compile(rb"http://127\.0\.0\.1:\d+")
KEPT_HEADERS = {"content-type", "retry-after", "location"}


def scrub(value):
    """Replace every value that could open anything; a session's token by what the replay sends."""
    if isinstance(value, dict):
        return {k: _instead(k, v) if k in HIDDEN and v else scrub(v) for k, v in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


_secrets: dict[str, list[str]] = {}
"""By name: the values that one cassette has shown, which are numbered there."""


def _instead(key, value):
    """A credential never comes back as a new secret, so each value gets its own text."""
    if not key.endswith("Secret") or str(value).startswith(SCRUBBED):
        return value if str(value).startswith(SCRUBBED) else SCRUBBED
    known = _secrets.setdefault(key, [])
    if value not in known:
        known.append(value)
    number = known.index(value) + 1
    return f"{SCRUBBED}-{key}-{number}"


def scrub_request(request):
    _, _, path = request.uri.partition("://")[2].partition("/")
    request.uri = f"https://photon.test/{path}"
    request.headers = {}
    with suppress(ValueError, TypeError):
        request.body = json.dumps(scrub(json.loads(request.body))).encode()
    return request


def scrub_response(response):
    body = _LOCAL.sub(b"https://photon.test", response["body"]["string"])
    with suppress(ValueError):
        response["body"]["string"] = json.dumps(scrub(json.loads(body))).encode()
    response["headers"] = {
        k: v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS
    }
    return response


def pytest_generate_tests(metafunc):
    if "generation" in metafunc.fixturenames:
        metafunc.parametrize("generation", ["photon"] if RECORD == "photon" else GENERATIONS)


@pytest.fixture(scope="session")
def recorded_from():
    """Return a function: generation and flags → the emulator that is recorded from."""
    with ExitStack() as stack:

        @cache
        def start(generation, flags):
            always = ("--rate", "0", "--calm", "--api-generation", generation)
            return stack.enter_context(photon_process(*always, *flags))

        yield start


@pytest.fixture
def flags():
    """More flags of the emulator that is recorded from; a test may override them."""
    return ()


@pytest.fixture
def access(request, generation, flags, recorded_from):
    """Hosts and credentials whose every exchange is played back, or recorded."""
    case = request.node.name.partition("[")[2].rstrip("]").replace(generation, "").strip("-")
    name = f"{request.node.originalname}{'.' * bool(case)}{case}.{generation}.yaml"
    recorder = vcr.VCR(
        record_mode="all" if RECORD else "none",
        match_on=("method", "path", "query", "body"),
        before_record_request=scrub_request,
        before_record_response=scrub_response,
        decode_compressed_response=True,
    )
    cassette = CASSETTES / name
    _secrets.clear()
    if RECORD:
        cassette.unlink(missing_ok=True)
    with recorder.use_cassette(str(cassette), allow_playback_repeats=False) as tape:
        yield _access(generation, flags, recorded_from)
    if not RECORD:
        assert tape.all_played, "the client asks for less than was recorded: record again"


def _access(generation, flags, recorded_from):
    retrying = Retrying(attempts=2, clock=FakeClock())
    if RECORD == "photon":
        hosts = choose_hosts(os.environ)
        return Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            token=Secret(os.environ["PHOTON_TOKEN"]),
            parallelism=1,
            retrying=retrying,
        )
    url, token = "https://photon.test", SCRUBBED
    if RECORD:
        photon = recorded_from(generation, flags)
        url, token = photon.url, photon.token
    return Access(
        dashboard_url=url,
        spectrum_url=url,
        token=Secret(token),
        rate=0,
        parallelism=1,  # so that a cassette reads in the plan's order
        retrying=retrying,
    )
