"""The pytest plugin, as somebody else's suite meets it."""

import subprocess
import sys

import pytest

from photonctl.testing import local_photon
from tests.conftest import bare_environment

SUITE = '''
import subprocess
from pathlib import Path

import httpx
import pytest

MANIFEST = """
version: 1
project: {name: support-bot, platforms: [imessage]}
users: [{phoneNumber: +15551234567, firstName: Ada}]
webhooks: [https://bot.example.com/hook]
"""


def test_our_manifest_converges(photon_emulator, monkeypatch, tmp_path):
    for name, value in photon_emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    Path("photon.yaml").write_text(MANIFEST)
    subprocess.run(["photonctl", "apply", "-y"], check=True)
    assert photon_emulator.webhooks("support-bot") == ["https://bot.example.com/hook"]
    phones = {user["phoneNumber"] for user in photon_emulator.users("support-bot")}
    assert phones == {"+15550000001", "+15551234567"}


def test_each_test_has_a_photon_of_its_own(photon_emulator):
    assert photon_emulator.projects() == []


@pytest.mark.photon_emulator(generation="2026-06", faults=["GET /api/health : 503"])
def test_a_marker_sets_it_up(photon_emulator):
    codes = [httpx.get(f"{photon_emulator.url}/api/health").status_code for _ in range(2)]
    assert codes == [503, 200]
'''


def test_a_suite_elsewhere_gets_the_fixture_by_installing_photonctl(tmp_path):
    (tmp_path / "test_ours.py").write_text(SUITE)
    path = f"{sys.prefix}/bin:{bare_environment(tmp_path)['PATH']}"

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-p",
            "no:randomly",
            "-p",
            "no:kmock",
        ],
        cwd=tmp_path,
        env={**bare_environment(tmp_path), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_what_a_suite_can_see_and_do():
    with local_photon(calm=True) as photon:
        photon.add_faults("GET /api/projects/ : 503 : 1 : skip 1")
        with pytest.raises(ValueError, match="METHOD PATH-GLOB"):
            photon.add_faults("nonsense")
        assert photon.projects() == []
        assert [entry["path"] for entry in photon.requests()] == ["/api/projects/"]
        assert photon.deliver() == []
        with pytest.raises(ValueError, match="no project"):
            photon.deliver(project="nobody")


def test_an_unknown_project_is_an_error():
    with local_photon() as photon, pytest.raises(LookupError, match="nobody"):
        photon.users("nobody")
