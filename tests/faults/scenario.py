"""What the crash matrix and the fault matrix apply, and what must be true in the end.

One apply creates a project with 5 users and 3 webhooks, and in another project deletes a user and
a webhook and replaces a webhook whose secret is lost. Every run begins with copies of the same
files, so that each starts from the same state.
"""

import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest
from dotenv import dotenv_values

from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.signatures import verify
from photonctl.testing import LocalPhoton, local_photon
from tests.conftest import PHOTONCTL, bare_environment
from tests.emulator.test_deliveries import receiving

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
PLATFORMS = [("new", "imessage"), ("new", "voice"), ("old", "imessage")]
SINKS = {
    "https://keep.example.com/": (".env", "KEEP"),
    "https://lost.example.com/": (".env", "LOST"),
    "https://one.example.com/": (".env", "ONE"),
    "https://two.example.com/": (".env", "TWO"),
    "https://three.example.com/": ("more.env", "THREE"),
}
OWNER = "+15550000001"


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
    with local_photon(emulator_sinks=True, data=root / "photon.db") as photon:
        run = Run(root / "work", photon)
        (run.folder / "photon.yaml").write_text(OLD)
        assert run.end("apply", "-y")[0] == 0
    env = (run.folder / ".env").read_text().splitlines()
    kept = [line for line in env if not line.startswith(("LOST", "GONE"))]
    (run.folder / ".env").write_text("\n".join(["MINE=untouched", *kept, ""]))
    (run.folder / "photon.yaml").write_text(MANIFEST)
    return root


@pytest.fixture(scope="module")
def again(beginning, tmp_path_factory):
    """Return a function: a context with the beginning, anew each time."""
    numbers, folder = count(), tmp_path_factory.mktemp("again")

    @contextmanager
    def start():
        root = folder / str(next(numbers))
        shutil.copytree(beginning, root)
        with local_photon(emulator_sinks=True, data=root / "photon.db") as photon:
            yield Run(root / "work", photon)
        shutil.rmtree(root)

    return start


def check_the_end(run: Run, where: str) -> None:
    """One more apply converges; nothing twice, no secret lost, and others' lines untouched."""
    clear_faults(run.photon)
    code, out = run.end("apply", "-y")
    assert code == 0, (where, out)
    for project, phones in PHONES.items():
        live = {user["phoneNumber"] for user in run.photon.users(project)}
        assert live == {*phones, OWNER}, where
    check_created_once(run, where)
    try:
        check_deliveries(run, SINKS)
    except AssertionError as error:
        raise AssertionError(where) from error
    assert dotenv_values(run.folder / ".env")["MINE"] == "untouched", where
    left = [path.name for path in run.folder.rglob("*.tmp")]
    assert left == [], where


def clear_faults(photon: LocalPhoton) -> None:
    httpx.delete(f"{photon.url}/__emulator__/faults")


def check_created_once(run: Run, where: str) -> None:
    with closing(sqlite3.connect(run.folder.parent / "photon.db")) as db:
        projects = db.execute("SELECT name, count(*) FROM projects GROUP BY name").fetchall()
        users = db.execute(
            "SELECT phone, count(*) FROM users WHERE is_owner = 0 GROUP BY project, phone"
        ).fetchall()
        platforms = db.execute(
            "SELECT name, word FROM platforms JOIN projects ON project = projects.id"
        ).fetchall()
        active = db.execute(
            "SELECT url, count(*) FROM webhooks WHERE deleted_at IS NULL GROUP BY url"
        ).fetchall()
    assert sorted(projects) == [("new", 1), ("old", 1)], where
    assert sorted(platforms) == PLATFORMS, where
    assert {times for _, times in users} == {1}, where
    assert dict(active) == dict.fromkeys(SINKS, 1), where


def check_deliveries(run: Run, sinks: dict[str, tuple[str, str]]) -> None:
    """Each live webhook is one of these, and its stored secret verifies a delivery.

    ``sinks``: URL → file and key.
    """
    with receiving() as receiver:
        delivered = run.photon.deliver(to=receiver.url)
        got = list(receiver.got)
    urls = {delivery["webhookId"]: delivery["webhookUrl"] for delivery in delivered}
    assert sorted(urls.values()) == sorted(sinks)
    assert len(got) == len(delivered) == len(sinks)
    for headers, body in got:
        name, key = sinks[urls[headers["x-spectrum-webhook-id"]]]
        env = dotenv_values(run.folder / name)
        secrets = OneTimeSecrets(
            webhook_id=env[f"{key}_WEBHOOK_ID"],
            signing=Secret(env[key]),
            standard=Secret(env[f"{key}_STANDARD"]),
        )
        verified = verify(headers, body, secrets, now_s=time.time())
        assert verified.is_valid
        assert not verified.is_of_other
