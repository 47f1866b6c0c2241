"""Sign-in at a real better-auth 1.4 server, on whose plugins Photon's dashboard runs."""

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.conftest import Cli
from tests.e2e.npm import npm_package
from tests.e2e.test_sign_in import Login, auth_file, stored

SERVER = Path(__file__).parent / "better_auth" / "server.mjs"
ADA = {"name": "Ada", "email": "ada@example.com", "password": "no-secret-1"}

pytestmark = pytest.mark.timeout(300)  # the first test waits for the installation


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    modules = npm_package("better-auth@1.4")
    folder = tmp_path_factory.mktemp("better-auth")
    (folder / "node_modules").symlink_to(modules)
    shutil.copy(SERVER, folder)
    with subprocess.Popen(
        [shutil.which("node"), "server.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().strip()
        assert url.startswith("http")
        yield url
        process.stdin.close()


@pytest.fixture(scope="module")
def person(server):
    """Somebody who is signed in, in a browser of theirs."""
    with httpx.Client(base_url=server, headers={"Origin": server}) as browser:
        assert browser.post("/api/auth/sign-up/email", json=ADA).status_code == 200
        yield browser


@pytest.fixture
def there(bare_cli, server):
    hosts = {"PHOTON_DASHBOARD_HOST": server, "PHOTON_SPECTRUM_HOST": server}
    return Cli(bare_cli.folder, {**bare_cli.env, **hosts})


def decide(person, login, decision):
    code = login.url.partition("user_code=")[2]
    assert person.get("/api/auth/device", params={"user_code": code}).status_code == 200
    answer = person.post(f"/api/auth/device/{decision}", json={"userCode": code})
    assert answer.json() == {"success": True}, answer.text


def test_a_session_from_login_to_logout(there, server, person):
    login = Login(there, "--no-browser")
    decide(person, login, "approve")
    code, out, err = login.end()

    assert code == 0, err
    assert "Ada <ada@example.com>" in out
    (entry,) = stored(there)
    assert entry["expires_at"] > entry["issued_at"]
    assert json.loads(there.ok("whoami", "--json"))["email"] == "ada@example.com"
    assert "✓ stored" in there.ok("status")
    bearer = {"Authorization": f"Bearer {entry['access_token']}"}
    assert httpx.get(f"{server}/api/auth/get-session", headers=bearer).json()["user"]

    there.ok("logout")

    assert httpx.get(f"{server}/api/auth/get-session", headers=bearer).json() is None
    assert stored(there) == []


def test_a_denied_login(there, person):
    login = Login(there, "--no-browser")
    decide(person, login, "deny")
    code, _, err = login.end()

    assert (code, "denied" in err) == (4, True)
    assert not auth_file(there).exists()


def test_a_token_that_is_nobodys(there):
    done = there.run("whoami", env={"PHOTON_TOKEN": "nobodys"})

    assert done.returncode == 4
    assert "PHOTON_TOKEN" in done.stderr
