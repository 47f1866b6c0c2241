"""A long apply while Photon says 429 again and again."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing

import pytest

from photonctl.testing import local_photon
from tests.conftest import PHOTONCTL, bare_environment

COUNT = 200


@pytest.mark.skipif("FAULT_STEP" not in os.environ, reason="a minute long: .ci/run does it")
@pytest.mark.timeout(400)
def test_200_users_in_429_storms_end_converged_and_are_created_once(tmp_path):
    phones = [f"+1555100{number:04d}" for number in range(COUNT)]
    users = "".join(f'  - {{phoneNumber: "{phone}"}}\n' for phone in phones)
    head = "version: 1\nproject: {name: many, platforms: [imessage]}\nusers:\n"
    (tmp_path / "photon.yaml").write_text(head + users)
    storms = [
        "POST /projects/*/users/ : 429 : 12 : skip 20",
        "POST /projects/*/users/ : 429-retry-after : 12 : skip 90",
        "POST /projects/*/users/ : drop-after : 2 : skip 150",
        "GET /projects/*/users/ : 429 : 2 : skip 1",
    ]
    with local_photon(
        emulator_sinks=True, data=tmp_path / "photon.db", rate=10, faults=storms
    ) as photon:
        done = subprocess.run(
            # Twice as fast as the server allows: it has to learn.
            [PHOTONCTL, "apply", "-y", "--rate", "20", "--json"],
            cwd=tmp_path,
            env={**bare_environment(tmp_path), **photon.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        limited = [entry for entry in photon.requests() if entry["status"] == 429]

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert json.loads(done.stdout)["converged"] is True
    assert len(limited) > 26  # the storms, and those of its own speed
    assert "status 429; retrying in" in done.stderr
    with closing(sqlite3.connect(tmp_path / "photon.db")) as db:
        made = db.execute("SELECT phone, count(*) FROM users WHERE is_owner = 0 GROUP BY phone")
        assert dict(made.fetchall()) == dict.fromkeys(phones, 1)
