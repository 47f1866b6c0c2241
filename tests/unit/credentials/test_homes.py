"""Machines without a home, or with one that can't be read."""

import pwd

import pytest

from photonctl.credentials.hosts import Hosts
from photonctl.credentials.sources import Sources
from photonctl.errors import AuthError, WrongApi

HOSTS = Hosts(dashboard="https://app.photon.codes", spectrum="https://spectrum.photon.codes")
PAIR = {"PHOTON_PROJECT_ID": "p", "PHOTON_PROJECT_SECRET": "s"}


@pytest.fixture
def no_user(monkeypatch):
    def unknown(_):
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.fixture
def unreadable(tmp_path):
    """A home whose credential file is a folder: reading it fails for root, too."""
    (tmp_path / ".config" / "photonctl" / "auth.json").mkdir(parents=True)
    return {"HOME": str(tmp_path)}


@pytest.mark.parametrize("env", [{}, {"HOME": ""}])
def test_without_a_home_a_token_is_enough(no_user, env):
    sources = Sources({**env, "PHOTON_TOKEN": "t"}, HOSTS)

    assert sources.token().source == "PHOTON_TOKEN"
    assert dict(sources.pairs_if_needed()) == {}


def test_without_a_home_a_token_file_or_a_pair_is_enough(no_user, tmp_path):
    (tmp_path / "token").write_text("t\n")

    assert Sources({}, HOSTS, token_file=str(tmp_path / "token")).token() is not None
    assert Sources(PAIR, HOSTS).token() is None
    assert Sources(PAIR, HOSTS).pair() is not None


def test_without_a_home_and_a_token_the_variables_are_named(no_user):
    sources = Sources({}, HOSTS)

    for look in (sources.token, lambda: sources.file):
        with pytest.raises(AuthError) as found:
            look()
        assert "PHOTONCTL_AUTH_FILE" in found.value.hint


def test_without_a_home_the_named_places_are_read(no_user, tmp_path):
    (tmp_path / "auth.json").write_text('{"credential_pool": {"photon": [{"token": "a"}]}}')
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "production.json").write_text(
        '{"apiUrl": "https://app.photon.codes", "accessToken": "b"}'
    )

    ours = Sources({"PHOTONCTL_AUTH_FILE": str(tmp_path / "auth.json")}, HOSTS)
    theirs = Sources({"PHOTON_CONFIG_DIR": str(tmp_path)}, HOSTS)

    assert ours.token().secret.reveal() == "a"
    assert theirs.token().secret.reveal() == "b"


def test_with_a_token_no_file_is_read(unreadable):
    warned = []
    sources = Sources({**unreadable, "PHOTON_TOKEN": "t"}, HOSTS, warn=warned.append)

    assert sources.token() is not None
    pairs = sources.pairs_if_needed()
    assert warned == []
    assert pairs.get("p") is None
    assert len(pairs) == 0
    assert len(warned) == 1
    assert "auth.json can't be read" in warned[0]


def test_with_a_pair_a_file_that_cant_be_read_is_a_warning(unreadable):
    warned = []

    assert Sources({**unreadable, **PAIR}, HOSTS, warn=warned.append).token() is None
    assert len(warned) == 1
    with pytest.raises(AuthError, match="can't be read"):
        Sources(unreadable, HOSTS).token()


def test_a_key_of_another_api_is_refused_beside_a_pair(tmp_path):
    (tmp_path / "auth.json").write_text('{"credential_pool": {"photon": [{"token": "pho_1"}]}}')
    env = {"PHOTONCTL_AUTH_FILE": str(tmp_path / "auth.json"), **PAIR}

    with pytest.raises(WrongApi):
        Sources(env, HOSTS).token()
