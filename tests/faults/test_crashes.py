"""The crash matrix: SIGKILL right before and right after every request, and before every write.

After one more apply everything must be as ``scenario.check_the_end`` says.
"""

import signal
import time
from itertools import count
from pathlib import Path

import pytest

from photonctl.testing import LocalPhoton
from tests.faults.scenario import Run, check_the_end

KILLER = Path(__file__).parent / "killer"
SHARE = 4  # each test takes every fourth position, so that they run side by side

pytestmark = pytest.mark.timeout(900)


def hangs(photon: LocalPhoton) -> bool:
    return any((entry["fault"] or "").startswith("hang") for entry in photon.requests())


def killed_at_request(run: Run, position: int, when: str) -> bool:
    """Kill the apply while the request at this position hangs; False = there is none."""
    run.photon.add_faults(f"* /* : hang-{when} : 1 : skip {position}")
    with run.start("apply", "-y") as process:
        while process.poll() is None:
            if hangs(run.photon):
                process.kill()
                process.communicate()
                return True
            time.sleep(0.02)  # polls another process; nothing is assumed of how long it takes
        out, _ = process.communicate()
    assert process.returncode == 0, out
    return False


def killed_at_write(run: Run, position: int) -> bool:
    """Kill the apply right before the change of a file at this position; False = there is none."""
    env = {
        "PYTHONPATH": str(KILLER),
        "KILLER_AT": str(position),
        "KILLER_FOLDER": str(run.folder.parent),
    }
    code, out = run.end("apply", "-y", **env)
    assert code in (0, -signal.SIGKILL), out
    return code != 0


@pytest.mark.parametrize("share", range(SHARE))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_request(again, record_property, when, share):
    for position in count(share, SHARE):
        with again() as run:
            if not killed_at_request(run, position, when):
                break
            check_the_end(run, f"killed {when} request {position}")
    record_property("crash positions", position // SHARE)
    assert position > SHARE


@pytest.mark.parametrize("share", range(SHARE))
def test_killed_before_each_write(again, record_property, share):
    for position in count(share, SHARE):
        with again() as run:
            if not killed_at_write(run, position):
                break
            check_the_end(run, f"killed before write {position}")
    record_property("crash positions", position // SHARE)
    assert position > SHARE
