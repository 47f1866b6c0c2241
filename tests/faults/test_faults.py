"""A sample of the fault matrix end to end: the emulator's faults on the requests of one apply.

tests/matrix tries every kind of failure in process. ``FAULT_STEP`` in the environment: every how
many cases one is tried.
"""

import os
import re
from itertools import product

import pytest

from photonctl.emulator.faults import AFTER, BEFORE, HANG, SLOW, SLOW_AFTER
from tests.faults.scenario import check_the_end, clear_faults

TIMEOUT = "4"  # silence ends an attempt after half of it
# Slower than we wait: carried out after we have given up, or before; and a little slow.
LATE = (*HANG, f"{SLOW}=3", f"{SLOW_AFTER}=3", f"{SLOW}=0.2", f"{SLOW_AFTER}=0.2")
FAULTS = (*BEFORE, *AFTER, *LATE)
REQUESTS = (
    "GET /api/auth/get-session",
    "GET /api/projects/",
    "GET /api/projects/*",
    "POST /api/projects/",
    "POST /api/projects/*/platforms/toggle",
    "GET /projects/*/users/",
    "POST /projects/*/users/",
    "DELETE /projects/*/users/*/",
    "GET /projects/*/webhooks/",
    "POST /projects/*/webhooks/",
    "DELETE /projects/*/webhooks/*",
)
PLACES = ("first", "middle", "last")
SHARE = 2  # so that they run side by side
STEP = int(os.environ.get("FAULT_STEP", "24"))
# Done after all, refused for want of a good token, or of a good answer; some actions failed.
ENDS = {0, 1, 4, 6}

pytestmark = pytest.mark.timeout(1800)


def cases():
    pairs = list(product(FAULTS, REQUESTS))
    placed = [(pair, PLACES[index % len(PLACES)]) for index, pair in enumerate(pairs)]
    return placed[STEP // 2 :: STEP]


def matches(request, entry):
    method, _, glob = request.partition(" ")
    pattern = re.escape(glob.rstrip("/")).replace(r"\*", "[^/]+") + "/?"
    return entry["method"] == method and re.fullmatch(pattern, entry["path"]) is not None


@pytest.fixture(scope="module")
def counts(again):
    """How often each kind of request is sent by an apply without faults."""
    with again() as run:
        before = len(run.photon.requests())
        assert run.end("apply", "-y")[0] == 0
        log = run.photon.requests()[before:]
    return {request: sum(matches(request, entry) for entry in log) for request in REQUESTS}


@pytest.mark.parametrize("share", range(SHARE))
def test_whatever_fails_the_next_apply_ends_in_the_declared_state(
    again, counts, record_property, share
):
    tried = cases()[share::SHARE]
    for (fault, request), place in tried:
        skip = {"first": 0, "middle": counts[request] // 2, "last": counts[request] - 1}[place]
        rule = f"{request} : {fault} : 1 : skip {max(0, skip)}"
        with again() as run:
            run.photon.add_faults(rule)
            patience = ("--timeout", TIMEOUT) if fault in LATE else ()
            code, out = run.end("apply", "-y", *patience)
            assert code in ENDS, (rule, code, out)
            assert "bug in photonctl" not in out, (rule, out)
            clear_faults(run.photon)
            check_the_end(run, rule)
    record_property("fault cases", len(tried))


def test_every_kind_of_request_is_sent(counts):
    assert [request for request, times in counts.items() if times == 0] == []
