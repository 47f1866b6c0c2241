"""Photon's own command against the local Photon, and beside photonctl on one project."""

import json
import shlex
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Photon, bare_environment, connected, photon_process
from tests.e2e.npm import npm_package

PACKAGE, VERSION = "@photon-ai/cli", "2.2.0"
TEAM = """\
version: 1
project:
  name: {name}
  platforms: [imessage]
  profile: {{firstName: Support, lastName: Bot}}
prune: {{platforms: true}}
users:
  - {{phoneNumber: +15551234567, firstName: Ada, lastName: Byron, email: ada@example.com}}
  - {{phoneNumber: +15557654321, firstName: Bob}}
"""

pytestmark = pytest.mark.timeout(300)  # the first test waits for the installation


@dataclass(frozen=True)
class Official:
    """Photon's own command with a home of its own, and the local Photon that it talks to."""

    program: Path
    photon: Photon
    home: Path
    project_id: str = ""

    def run(self, command: str):
        env = {
            **bare_environment(self.home),
            "PHOTON_API_HOST": self.photon.url,
            "PHOTON_CONFIG_DIR": str(self.home / "photon"),
            "PHOTON_NO_UPDATE_NOTIFIER": "1",
            "NO_COLOR": "1",
        }
        if self.project_id:
            env["PHOTON_PROJECT_ID"] = self.project_id
        return subprocess.run(
            [self.program, *shlex.split(command)],
            cwd=self.home,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def ok(self, command: str) -> str:
        done = self.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, command: str) -> Any:
        return json.loads(self.ok(f"{command} --json"))

    def login(self) -> str:
        """Log in by the device flow; return the token that was kept."""
        self.ok("login --no-browser")
        (kept,) = (self.home / "photon" / "credentials").iterdir()
        return json.loads(kept.read_text(encoding="utf-8"))["accessToken"]

    def seen(self, path: str = "") -> Any:
        """Return what the local Photon tells somebody else about the project."""
        with self.photon.dashboard() as dashboard:
            return dashboard.get(f"/projects/{self.project_id}{path}").json()


@pytest.fixture(scope="session")
def program():
    return npm_package(f"{PACKAGE}@{VERSION}") / ".bin" / "photon"


@pytest.fixture(scope="module")
def approving_photon():
    with photon_process("--rate", "0", "--approve-logins") as photon:
        yield photon


@pytest.fixture(scope="module")
def official(program, approving_photon, tmp_path_factory):
    """Photon's own command, logged in once: polling takes five seconds."""
    command = Official(program, approving_photon, tmp_path_factory.mktemp("official"))
    command.login()
    return command


@pytest.fixture
def ours(official, name):
    """The same, within a new project that it made."""
    made = official.json(f"projects create --name {name} --platforms imessage")
    return replace(official, project_id=made["id"])


def session_of(photon: Photon, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{photon.url}/api/auth/get-session", headers=headers).json()


def phones(rows: list[dict]) -> set[str]:
    return {row["phoneNumber"] for row in rows}


def test_a_device_login_opens_a_session_that_a_logout_ends(program, approving_photon, tmp_path):
    command = Official(program, approving_photon, tmp_path)

    token = command.login()

    assert token != approving_photon.token
    user = session_of(approving_photon, token)["user"]
    assert f"{user['name']} <{user['email']}>" in command.ok("whoami")
    command.ok("logout")
    assert session_of(approving_photon, token) is None
    refused = command.run("whoami")
    assert refused.returncode == 1
    assert "Not authenticated" in refused.stderr


def test_a_project_is_made_renamed_given_a_new_secret_and_deleted(official, name):
    made = official.json(f"projects create --name {name} --platforms imessage,voice")
    ours = replace(official, project_id=made["id"])

    def status(secret):
        url = f"{ours.photon.url}/projects/{ours.project_id}/"
        return httpx.get(url, auth=(ours.project_id, secret)).status_code

    assert name in {row["name"] for row in official.json("projects ls")}
    shown = ours.json("projects show")
    assert (shown["name"], shown["platforms"]) == (name, ["imessage", "voice"])
    assert shown == ours.seen()

    ours.ok(f"projects update --name {name}-2")
    assert ours.seen()["name"] == f"{name}-2"

    old = ours.ok("projects secret").strip()
    assert status(old) == 200
    new = ours.json("projects regenerate-secret -y")["projectSecret"]
    assert (status(old), status(new)) == (401, 200)
    assert ours.json("projects secret")["projectSecret"] == new

    ours.ok("projects delete -y")
    assert ours.seen() is None
    assert made["id"] not in {row["id"] for row in official.json("projects ls")}
    assert "Project not found" in ours.run("projects show").stderr


def test_a_user_is_added_listed_and_removed(ours):
    ours.ok(
        "spectrum users add --first-name Ada --last-name Byron"
        " --email ada@example.com --phone +15551234567"
    )

    listed = {row["phoneNumber"]: row for row in ours.json("spectrum users ls")}
    users = ours.seen("/spectrum/users")["users"]
    (ada,) = [row for row in users if row["phoneNumber"] == "+15551234567"]
    assert set(listed) == {"+15550000001", "+15551234567"}
    assert listed["+15551234567"]["id"] == ada["id"]
    assert (ada["firstName"], ada["lastName"], ada["email"], ada["type"]) == (
        "Ada",
        "Byron",
        "ada@example.com",
        "shared",
    )

    ours.ok(f"spectrum users remove {ada['id']} -y")
    assert phones(ours.seen("/spectrum/users")["users"]) == {"+15550000001"}


def test_platforms_lines_and_the_profile_are_changed(ours):
    assert ours.json("spectrum platforms ls") == ours.seen("/platforms")
    ours.ok("spectrum platforms enable voice")
    assert ours.seen("/platforms")["voice"] is True
    ours.ok("spectrum platforms disable voice")
    assert ours.seen("/platforms")["voice"] is False
    refused = ours.run("spectrum platforms enable pigeon")
    assert (refused.returncode, "Unsupported platform" in refused.stderr) == (1, True)

    before = phones(ours.json("spectrum lines ls"))
    line = ours.json("spectrum lines add")
    assert phones(ours.seen("/lines")["lines"]) == {*before, line["phoneNumber"]}
    ours.ok(f"spectrum lines remove {line['id']} -y")
    assert phones(ours.json("spectrum lines ls")) == phones(ours.seen("/lines")["lines"]) == before

    ours.ok("spectrum profile update --first-name Support --last-name Bot")
    ours.ok("spectrum profile update --first-name Sales")
    shown = ours.json("spectrum profile show")
    assert (shown["firstName"], shown["lastName"]) == ("Sales", "Bot")
    assert shown == ours.seen("/spectrum/profile")


def test_what_the_official_cli_changes_is_exactly_the_drift_that_a_plan_shows(
    official, bare_cli, name
):
    photonctl = connected(bare_cli, official.photon)
    photonctl.write(TEAM.format(name=name))
    (applied,) = json.loads(photonctl.ok("apply", "-y", "--json"))["projects"]
    theirs = replace(official, project_id=applied["id"])
    photonctl.ok("plan", "--detailed-exitcode")

    ids = {row["phoneNumber"]: row["id"] for row in theirs.json("spectrum users ls")}
    theirs.ok(
        "spectrum users add --first-name Eve --last-name Intruder"
        " --email eve@example.com --phone +15550009999"
    )
    theirs.ok(f"spectrum users remove {ids['+15551234567']} -y")
    theirs.ok("spectrum platforms enable voice")
    theirs.ok("spectrum profile update --first-name Sales")

    (planned,) = json.loads(photonctl.ok("plan", "--json"))["projects"]
    found = [(action["action"], action["kind"], action["key"]) for action in planned["actions"]]
    assert sorted(found) == [
        ("create", "user", "+15551234567"),
        ("delete", "platform", "voice"),
        ("delete", "user", "+15550009999"),
        ("update", "profile", "profile"),
    ]

    photonctl.ok("apply", "-y")
    photonctl.ok("plan", "--detailed-exitcode")
    left = phones(theirs.json("spectrum users ls"))
    assert left == {"+15550000001", "+15551234567", "+15557654321"}
    assert theirs.json("spectrum platforms ls")["voice"] is False
    assert theirs.json("spectrum profile show")["firstName"] == "Support"
