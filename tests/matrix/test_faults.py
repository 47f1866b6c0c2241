"""Each way in which a request can fail, on each kind of request: first, middle and last of it.

In this process, against a Photon in memory. What the faults of a real connection look like is
tests/unit/api's and tests/replay's; tests/faults plays a sample of both together.
"""

import logging
import os
from contextlib import suppress

import pytest

from photonctl.errors import (
    Ambiguous,
    ApiError,
    AuthError,
    Conflict,
    NotFound,
    NotOffered,
    RateLimited,
    RefusedError,
    Rejected,
    ServerFailed,
    Unauthorized,
    UnknownShape,
    Unreachable,
)
from tests.matrix.scenario import MANIFEST, begin, set_gate, wrong_in_the_end

REQUESTS = (
    "projects",
    "create_project",
    "complete",
    "set_platform",
    "set_profile",
    "users",
    "put_user",
    "delete_user",
    "webhooks",
    "register_webhook",
    "delete_webhook",
    "platforms",
    "profile",
)
# Refused or never sent: not carried out. Lost: carried out, or not.
REFUSED = {
    "unreachable": Unreachable("no connection"),
    "unauthorized": Unauthorized("401"),
    "rejected": Rejected("422", status=422),
    "not found": NotFound("404", status=404),
    "not offered": NotOffered("405", status=405),
    "conflict": Conflict("409", status=409),
    "rate limited": RateLimited("429"),
    "failed": ServerFailed("503"),
    "lost before": Ambiguous("lost"),
    "unknown before": UnknownShape("a page"),
}
LOST = {"lost after": Ambiguous("lost"), "unknown after": UnknownShape("a page")}


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    """Nobody cuts the power here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)


class Failing:
    """A gate at which one request fails, carried out or not; counts those of its kind."""

    def __init__(self, request, at=-1, error=None, *, is_done=False):
        self.request, self.at, self.error, self.is_done = request, at, error, is_done
        self.count = 0

    def __call__(self, name, *, is_done=False):
        if name != self.request:
            return
        number = self.count
        self.count += is_done
        if number == self.at and is_done == self.is_done:
            self.count += not is_done
            raise self.error


def run(folder, gate):
    """Apply through a gate, then without it; return what is wrong in the end."""
    engine = begin(folder)
    set_gate(engine.account, gate)
    with suppress(ApiError, AuthError, RefusedError):
        engine.apply(MANIFEST)
    return wrong_in_the_end(engine)


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """How often each kind of request is sent by an apply that meets no fault."""
    found = {}
    for request in REQUESTS:
        gate = Failing(request)
        assert run(tmp_path_factory.mktemp("count"), gate) == []
        found[request] = gate.count
    return found


def test_every_kind_of_request_is_sent(counts):
    assert [request for request, count in counts.items() if count == 0] == []


@pytest.mark.parametrize("request_name", REQUESTS)
def test_whatever_fails_the_next_apply_ends_in_the_declared_state(
    tmp_path_factory, counts, record_property, request_name
):
    last = counts[request_name] - 1
    wrong, cases = {}, 0
    for place in sorted({0, last // 2, last}):
        for names, is_done in ((REFUSED, False), (LOST, True)):
            for name, error in names.items():
                gate = Failing(request_name, place, error, is_done=is_done)
                found = run(tmp_path_factory.mktemp("at"), gate)
                cases += 1
                if found:
                    wrong[name, place] = found
    record_property("fault cases", cases)
    assert wrong == {}
