"""Every secret store, with its stand-in."""

import pytest

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
