"""A sample of the crash matrix with real processes: SIGKILL before and after a request or a write.

And a disk that is full from a write on. tests/matrix tries every position in process; this shows
that a killed process leaves what it says. ``FAULT_STEP`` in the environment: every how many
positions one is tried.

After one more apply everything must be as ``scenario.check_the_end`` says.
"""

import os
import re
import signal
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from photonctl.testing import LocalPhoton
from tests.faults.scenario import Run, check_the_end

DISK = Path(__file__).parent / "disk"
STEP = int(os.environ.get("FAULT_STEP", "24"))

APPLY = ("apply", "-y")
ROTATE = ("webhook", "rotate", "https://keep.example.com/", "--overlap", "0")

pytestmark = pytest.mark.timeout(900)


def hangs(photon: LocalPhoton) -> bool:
    return any((entry["fault"] or "").startswith("hang") for entry in photon.requests())


def killed_at_request(run: Run, position: int, when: str, args: Sequence[str] = APPLY) -> bool:
    """Kill a command while the request at this position hangs; False = there is none."""
    run.photon.add_faults(f"* /* : hang-{when} : 1 : skip {position}")
    with run.start(*args) as process:
        while process.poll() is None:
            if hangs(run.photon):
                process.kill()
                process.communicate()
                return True
            time.sleep(0.02)  # polls another process; nothing is assumed of how long it takes
        out, _ = process.communicate()
    assert process.returncode == 0, out
    return False


def ends_at_write(
    run: Run, position: int, does: str, args: Sequence[str] = APPLY
) -> tuple[int, str]:
    """Run a command with something happening at the change of a file at this position."""
    env = {
        "PYTHONPATH": str(DISK),
        "DISK_AT": str(position),
        "DISK_DOES": does,
        "DISK_FOLDER": str(run.folder.parent),
    }
    return run.end(*args, **env)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_a_request(again, record_property, when):
    for position in count(STEP // 2, STEP):
        with again() as run:
            if not killed_at_request(run, position, when):
                break
            check_the_end(run, f"killed {when} request {position}")
    record_property("crash positions", position // STEP)
    assert position > STEP


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_a_write(again, record_property, when):
    for position in count(STEP // 2, STEP):
        with again() as run:
            code, out = ends_at_write(run, position, f"kill-{when}")
            if code == 0:
                break
            assert code == -signal.SIGKILL, out
            check_the_end(run, f"killed {when} write {position}")
    record_property("crash positions", position // STEP)
    assert position > STEP


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rotation_killed_at_a_request(again, record_property, when):
    for position in count(0, STEP):
        with again() as run:
            if not killed_at_request(run, position, when, ROTATE):
                break
            check_the_end(run, f"rotation killed {when} request {position}")
    record_property("crash positions", position // STEP)
    assert position > 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rotation_killed_at_a_write(again, record_property, when):
    for position in count(0, STEP):
        with again() as run:
            code, out = ends_at_write(run, position, f"kill-{when}", ROTATE)
            if code == 0:
                break
            assert code == -signal.SIGKILL, out
            check_the_end(run, f"rotation killed {when} write {position}")
    record_property("crash positions", position // STEP)
    assert position > 0


def test_the_disk_is_full_from_a_write_on(again, record_property):
    for position in count(STEP // 2, STEP):
        with again() as run:
            code, out = ends_at_write(run, position, "full")
            if code == 0:
                break
            assert code in (5, 6), (position, code, out)
            assert re.search(r"\.(env|photonctl)\b.*No space left on device", out), (position, out)
            assert "bug in photonctl" not in out, (position, out)
            check_the_end(run, f"full from write {position} on")
    record_property("full disks", position // STEP)
    assert position > STEP
