"""A secret store for the installed command."""

import pytest

from tests.stores.running import running


@pytest.fixture
def vault(tmp_path, newer_cli):
    with running("vault", tmp_path) as store:
        newer_cli.env.update(store.env)
        yield store
