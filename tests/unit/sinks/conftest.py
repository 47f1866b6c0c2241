"""Every secret store, with its stand-in; and a keyring in memory."""

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from photonctl.model.spec import STORES, SinkSpec
from photonctl.sinks import open_sink
from tests.stores.running import entered


@pytest.fixture(params=STORES)
def store(request, tmp_path, monkeypatch):
    with entered(request.param, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def fresh(store, tmp_path):
    """Return what opens the place as a new process on another machine does."""

    def opened(key="BOT"):
        return open_sink(SinkSpec(type=store.word, target=store.target, key=key), tmp_path)

    return opened


class Memory(KeyringBackend):
    priority = 5

    def __init__(self):
        super().__init__()
        self.kept = {}
        self.refuses = False

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.refuses:
            raise KeyringError(password)
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def memory():
    before, backend = keyring.get_keyring(), Memory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)
