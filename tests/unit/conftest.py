"""What tests of several rooms share."""

import pkgutil
import shutil
import subprocess
from importlib import import_module

import pytest

import photonctl
from photonctl.model import secret
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

# pytest compiles a module when it is first imported, and Python 3.11 fails where two threads do
# that at once (https://github.com/python/cpython/issues/106905). Threads import these.
for found in pkgutil.walk_packages(photonctl.__path__, "photonctl."):
    if not found.name.endswith("__main__"):
        import_module(found.name)


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory, monkeypatch):
    """Locks of this machine are in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A project in an empty folder; what failed is tried again without a pause."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    account = FakeAccount()
    account.add("bot")
    return Engine(tmp_path, account)


@pytest.fixture
def certificate(tmp_path):
    """A certificate of nobody's making for localhost, and its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path / "own.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    subprocess.run(
        [*command.split(), "subjectAltName=DNS:localhost", "-keyout", path, "-out", tmp_path / "c"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (tmp_path / "c").read_bytes())
    return path


@pytest.fixture
def forgetful(monkeypatch):
    """Begin with no secret known."""
    for name in ("_by_start", "_by_block", "_in_messages"):
        monkeypatch.setattr(secret, name, {})
    for name in ("_used", "_given"):
        monkeypatch.setattr(secret, name, set())
    monkeypatch.setattr(secret, "_size", [0])
