"""What can't be read is unknown: never taken for a secret that is missing."""

import os
import sys

import keyring.core
import pytest
from keyring.errors import InitError, KeyringLocked

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.state import Stored
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.keyring import KeyringSink


class Failing:
    """No subclass of the library's: those are in its list of backends from then on."""

    priority = 5
    error: Exception = RuntimeError("hunter2")
    fails_at = ""

    def get_password(self, service, username):
        if username.endswith(self.fails_at):
            raise self.error
        return "kept"

    def set_password(self, service, username, password):
        raise self.error

    def delete_password(self, service, username):
        raise self.error


class OddPriority(Failing):
    @property
    def priority(self):
        raise OSError("hunter2")


@pytest.fixture
def unset(monkeypatch, tmp_path):
    """No backend is chosen yet, and the library looks for its settings in a folder of the test."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    return tmp_path / "python_keyring" / "keyringrc.cfg"


def told_by(sink=None):
    """Return what every use of a keyring sink says, the hint along."""
    sink = sink or KeyringSink("bots", "HOOK")
    assert sink.stored_for("w_1") is Stored.UNREADABLE
    with pytest.raises(SinkError) as unread:
        sink.kept()
    with pytest.raises(SinkNotWritable) as unwritable:
        sink.check_writable()
    told = f"{unread.value}\n{unwritable.value}\n{unwritable.value.hint}"
    assert "hunter2" not in told
    return told


@pytest.mark.parametrize(
    "name", ["nosuch.Backend", "keyring.backends.nosuch.Keyring", "os.nosuch", "", "os", ".x",
             "keyring.errors.PasswordSetError", "os.getpid"],
)  # fmt: skip
def test_a_backend_that_cant_be_loaded_is_told_with_its_variable(unset, monkeypatch, name):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)

    assert "PYTHON_KEYRING_BACKEND" in told_by()


def test_a_backend_that_raises_when_imported_is_told(unset, monkeypatch, tmp_path):
    (tmp_path / "raising_backend.py").write_text("raise OSError('hunter2')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "raising_backend.Keyring")

    assert "that PYTHON_KEYRING_BACKEND names can't be loaded (OSError)" in told_by()


@pytest.mark.parametrize(
    "text", ["no section", "[backend]\ndefault-keyring=nosuch.Backend", "[backend]\n\xff\n[backend"]
)
def test_broken_settings_of_the_library_are_told_with_their_file(unset, text):
    unset.parent.mkdir(parents=True)
    unset.write_text(text, encoding="latin-1")

    assert str(unset) in told_by()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyringLocked("hunter2"), "Unlock it"),
        (InitError("hunter2"), "Unlock it"),
        (OSError("hunter2"), "OSError"),
    ],
)
def test_a_keyring_that_refuses_is_unknown(monkeypatch, error, expected):
    backend = Failing()
    backend.error = error
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)

    assert expected in told_by()


def test_a_keyring_of_an_odd_priority_is_told(monkeypatch):
    monkeypatch.setattr(keyring.core, "_keyring_backend", OddPriority())

    assert "OSError" in told_by()


def test_a_keyring_that_fails_at_the_last_entry_is_unknown(monkeypatch):
    backend = Failing()
    backend.fails_at = "_WEBHOOK_ID"
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)

    assert KeyringSink("bots", "HOOK").stored_for("w_1") is Stored.UNREADABLE


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert "pip install 'keyring" in told_by()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.symlink_to(path.name),
        lambda path: path.write_bytes(b"A=1\n" * 2**21),
    ],
    ids=["folder", "pipe", "no text", "loop", "huge"],
)
def test_an_env_file_that_cant_be_read_is_unknown(tmp_path, make):
    make(tmp_path / ".env")

    assert EnvFileSink(tmp_path / ".env", "BOT").stored_for("w_1") is Stored.UNREADABLE


def test_an_env_file_that_isnt_there_holds_nothing(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing")

    for name in (".env", "link", "missing/.env"):
        assert EnvFileSink(tmp_path / name, "BOT").stored_for("w_1") is Stored.NOTHING
