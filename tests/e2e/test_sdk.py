"""Photon's own SDK, unchanged, against the local Photon: its cloud client, and a bot's webhook."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from photonctl.testing import local_photon
from tests.e2e.npm import npm_package

PACKAGE, VERSION = "@spectrum-ts/core", "12.8.0"
SCRIPTS = Path(__file__).parent / "sdk"

pytestmark = pytest.mark.timeout(300)  # the first test waits for the installation


@pytest.fixture(scope="module")
def node():
    """Return a function: a script's name, its arguments and environment → how to run it."""
    modules = npm_package(f"{PACKAGE}@{VERSION}")
    program = shutil.which("node")

    def command(script, *args, **env):
        copy = modules.parent / script  # node looks for packages beside the script
        shutil.copy(SCRIPTS / script, copy)
        return {
            "args": [program, copy, *args],
            "env": {"PATH": os.environ["PATH"], **env},
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
        }

    return command


def opened(photon, **body):
    with photon._client() as client:
        created = client.post("/api/projects/", json={"name": "bot", **body}).json()
        return client.get(f"/api/projects/{created['id']}").json()


def test_the_sdks_cloud_client(node):
    with local_photon() as photon:
        row = opened(photon)
        env = {"SPECTRUM_CLOUD_URL": photon.url}

        done = subprocess.run(
            **node("cloud.mjs", row["id"], row["projectSecret"], **env), timeout=60, check=False
        )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["project"]["name"] == "bot"
    assert found["platforms"] == {"imessage": {"enabled": True}}
    assert found["subscription"]["status"] == "active"
    assert found["imessage"] == {"type": "shared"}
    assert found["toggled"]["voice"]["enabled"] is True
    assert found["refused"] == {"status": 401, "name": "SpectrumCloudError"}


@contextmanager
def bot(node, secret):
    """Run a bot that takes deliveries with this secret; yield it and its address."""
    process = subprocess.Popen(**node("receiver.mjs", SECRET=secret))
    try:
        port = process.stdout.readline().strip()
        assert port.isdecimal(), process.stderr.read()
        yield process, f"http://127.0.0.1:{port}/hook"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("is_right", "status"), [(True, 200), (False, 401)])
def test_a_bot_on_the_sdk_takes_a_delivery(node, is_right, status):
    with local_photon() as photon:
        row = opened(photon)
        with photon._client() as client:
            hook = {"webhookUrl": "https://bot.example.com/hook"}
            sent = client.post(f"/api/projects/{row['id']}/webhooks", json=hook).json()
        secret = sent["webhook"]["signingSecret"]

        with bot(node, secret if is_right else "0" * 64) as (process, url):
            photon.deliver(to=url, text="Hi there")
            answer = json.loads(process.stdout.readline())

    assert answer["status"] == status, answer
