"""The crash matrix: SIGKILL right before and right after every request, and before every write.

One apply creates a project with 5 users and 3 webhooks, and in another project deletes a user and
a webhook and replaces a webhook whose secret is lost. It is killed at one position; then one more
apply has to end in the declared state, with nothing created twice and no secret lost. Both
beginnings are copies of the same files, so that each position starts from the same state.
"""

import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest
from dotenv import dotenv_values

from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.signatures import judge
from photonctl.testing import LocalPhoton, local_photon
from tests.conftest import PHOTONCTL, bare_environment
from tests.emulator.test_deliveries import receiving

KILLER = Path(__file__).parent / "killer"
OLD = """\
version: 1
project: {name: old, platforms: [imessage]}
users: [{phoneNumber: "+15550000101"}, {phoneNumber: "+15550000102"}]
webhooks:
  - {url: "https://keep.example.com/", secret: {envFile: .env, key: KEEP}}
  - {url: "https://lost.example.com/", secret: {envFile: .env, key: LOST}}
  - {url: "https://gone.example.com/", secret: {envFile: .env, key: GONE}}
"""
MANIFEST = """\
version: 1
project: {name: old, platforms: [imessage]}
users: [{phoneNumber: "+15550000101"}]
webhooks:
  - {url: "https://keep.example.com/", secret: {envFile: .env, key: KEEP}}
  - {url: "https://lost.example.com/", secret: {envFile: .env, key: LOST}, onMissingSecret: replace}
---
version: 1
project: {name: new, platforms: [imessage, voice], credentials: {envFile: .env}}
users:
  - {phoneNumber: "+15550000201"}
  - {phoneNumber: "+15550000202"}
  - {phoneNumber: "+15550000203"}
  - {phoneNumber: "+15550000204"}
  - {phoneNumber: "+15550000205", type: dedicated, assignedPhoneNumber: "+16285550100"}
webhooks:
  - {url: "https://one.example.com/", secret: {envFile: .env, key: ONE}}
  - {url: "https://two.example.com/", secret: {envFile: .env, key: TWO}}
  - {url: "https://three.example.com/", secret: {envFile: more.env, key: THREE}}
"""
PHONES = {
    "old": {"+15550000101"},
    "new": {f"+1555000020{number}" for number in range(1, 6)},
}
SINKS = {
    "https://keep.example.com/": (".env", "KEEP"),
    "https://lost.example.com/": (".env", "LOST"),
    "https://one.example.com/": (".env", "ONE"),
    "https://two.example.com/": (".env", "TWO"),
    "https://three.example.com/": ("more.env", "THREE"),
}
OWNER = "+15550000001"
SHARE = 4  # each test takes every fourth position, so that they run side by side

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Run:
    """One beginning: the files, the state of Photon, and the command."""

    folder: Path
    photon: LocalPhoton

    def start(self, *args: str, **env: str) -> subprocess.Popen:
        home = self.folder.parent / "home"
        return subprocess.Popen(
            [PHOTONCTL, *args, "--rate", "0"],
            cwd=self.folder,
            env={**bare_environment(home), **self.photon.environment, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, *args: str, **env: str) -> tuple[int, str]:
        with self.start(*args, **env) as process:
            out, _ = process.communicate(timeout=100)
        return process.returncode, out


@pytest.fixture(scope="module")
def beginning(tmp_path_factory):
    """Make the files and the state that every position starts from."""
    root = tmp_path_factory.mktemp("beginning")
    (root / "work").mkdir()
    (root / "home").mkdir()
    with local_photon(data=root / "photon.db") as photon:
        run = Run(root / "work", photon)
        (run.folder / "photon.yaml").write_text(OLD)
        assert run.end("apply", "-y")[0] == 0
    env = (run.folder / ".env").read_text().splitlines()
    kept = [line for line in env if not line.startswith(("LOST", "GONE"))]
    (run.folder / ".env").write_text("\n".join(["MINE=untouched", *kept, ""]))
    (run.folder / "photon.yaml").write_text(MANIFEST)
    return root


@pytest.fixture
def again(beginning, tmp_path):
    """Return a function: a context with the beginning, anew each time."""
    numbers = count()

    @contextmanager
    def start():
        root = tmp_path / str(next(numbers))
        shutil.copytree(beginning, root)
        with local_photon(data=root / "photon.db") as photon:
            yield Run(root / "work", photon)
        shutil.rmtree(root)

    return start


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


def check_the_end(run: Run, where: str) -> None:
    """One more apply converges; nothing twice, no secret lost, and others' lines untouched."""
    clear_faults(run.photon)
    code, out = run.end("apply", "-y")
    assert code == 0, (where, out)
    code, out = run.end("plan", "--detailed-exitcode")
    assert code == 0, (where, out)
    for project, phones in PHONES.items():
        live = {user["phoneNumber"] for user in run.photon.users(project)}
        assert live == {*phones, OWNER}, where
    check_created_once(run, where)
    check_secrets(run, where)
    assert dotenv_values(run.folder / ".env")["MINE"] == "untouched", where
    left = [path.name for path in run.folder.rglob("*.tmp")]
    assert left == [], where


def clear_faults(photon: LocalPhoton) -> None:
    httpx.delete(f"{photon.url}/__emulator__/faults")


def check_created_once(run: Run, where: str) -> None:
    with sqlite3.connect(run.folder.parent / "photon.db") as db:
        projects = db.execute("SELECT name, count(*) FROM projects GROUP BY name").fetchall()
        users = db.execute(
            "SELECT phone, count(*) FROM users WHERE is_owner = 0 GROUP BY project, phone"
        ).fetchall()
        active = db.execute(
            "SELECT url, count(*) FROM webhooks WHERE deleted_at IS NULL GROUP BY url"
        ).fetchall()
    db.close()
    assert sorted(projects) == [("new", 1), ("old", 1)], where
    assert {times for _, times in users} == {1}, where
    assert dict(active) == dict.fromkeys(SINKS, 1), where


def check_secrets(run: Run, where: str) -> None:
    with receiving() as receiver:
        delivered = run.photon.deliver(to=receiver.url)
        got = list(receiver.got)
    assert len(got) == len(delivered) == len(SINKS), where
    urls = {delivery["webhookId"]: delivery["webhookUrl"] for delivery in delivered}
    for headers, body in got:
        name, key = SINKS[urls[headers["x-spectrum-webhook-id"]]]
        env = dotenv_values(run.folder / name)
        secrets = OneTimeSecrets(
            webhook_id=env[f"{key}_WEBHOOK_ID"],
            signing=Secret(env[key]),
            standard=Secret(env[f"{key}_STANDARD"]),
        )
        judged = judge(headers, body, secrets, now_s=time.time())
        assert judged.is_valid, where
        assert not judged.is_of_other, where


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
