import json
import os
import stat
import threading
from datetime import UTC, datetime

import pytest

from photonctl.credentials.hosts import PRODUCTION_SPECTRUM
from photonctl.credentials.store import CredentialFile
from photonctl.errors import AuthError, RefusedError
from photonctl.files import temporary_prefix
from photonctl.model.secret import Secret

PRODUCTION = "https://app.photon.codes"
LOCAL = "http://127.0.0.1:8787"
HERMES = {"access_token": "hermes", "issued_at": 1, "note": "theirs"}


@pytest.fixture
def told():
    return []


@pytest.fixture
def file(tmp_path, told):
    return CredentialFile(tmp_path / "photonctl" / "auth.json", told.append)


def write(file, data):
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_text(data if isinstance(data, str) else json.dumps(data))
    file.path.chmod(0o600)


def pool(file, name="photon"):
    return json.loads(file.path.read_text())["credential_pool"][name]


def token(file, host=PRODUCTION):
    login = file.login(host)
    return login and login.token and login.token.reveal()


def test_a_login_where_earlier_tools_have_it_is_forgotten(tmp_path):
    path = tmp_path / "auth.json"
    path.write_text('{"providers": {"photon": {"access_token": "an-older-token", "x": 1}}}')
    file = CredentialFile(path)
    assert file.login(PRODUCTION).token == Secret("an-older-token")

    file.forget_login(PRODUCTION)

    assert file.login(PRODUCTION) is None
    assert "an-older-token" not in path.read_text()
    assert json.loads(path.read_text())["providers"]["photon"]["x"] == 1


def test_a_login_is_kept_in_hermes_layout_in_a_private_place(file):
    until = datetime(2027, 1, 1, tzinfo=UTC)
    file.keep_login(PRODUCTION, Secret("t"), until)

    (entry,) = pool(file)
    assert entry["access_token"] == "t"
    assert isinstance(entry["issued_at"], int)
    assert file.login(PRODUCTION).expires_at == until.timestamp()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_each_host_has_a_login_of_its_own(file):
    file.keep_login(LOCAL, Secret("local"), None)
    file.keep_login(PRODUCTION, Secret("production"), None)
    file.keep_login(LOCAL, Secret("local-2"), None)

    assert (token(file), token(file, LOCAL)) == ("production", "local-2")
    assert token(file, "https://other.test") is None
    assert pool(file)[0]["access_token"] == "production"  # where Hermes looks for it


def test_an_entry_without_a_host_counts_for_any_that_has_none(file):
    write(file, {"credential_pool": {"photon": [HERMES]}})
    file.keep_login(LOCAL, Secret("local"), None)

    assert (token(file), token(file, LOCAL)) == ("hermes", "local")
    assert pool(file)[0] == HERMES


def test_a_production_login_takes_hermes_place(file):
    write(file, {"credential_pool": {"photon": [HERMES]}})
    file.keep_login(PRODUCTION, Secret("new"), None)

    assert [entry["access_token"] for entry in pool(file)] == ["new"]


def test_forgetting_is_for_one_host(file):
    file.keep_login(LOCAL, Secret("local"), None)
    file.keep_login(PRODUCTION, Secret("production"), None)

    file.forget_login(LOCAL)

    assert (token(file), token(file, LOCAL)) == ("production", None)
    file.forget_login(PRODUCTION)
    assert pool(file) == []
    file.forget_login(PRODUCTION)


def test_forgetting_where_nothing_is_makes_no_file(file):
    file.forget_login(LOCAL)

    assert not file.path.exists()


def test_what_others_wrote_stays_as_they_wrote_it(file):
    theirs = '{"zeta" : 1.50,\t"big": 1E400, "a":{"p":[ ]},\n "credential_pool": {"x":[1 ,2]} }'
    write(file, theirs)

    file.keep_login(PRODUCTION, Secret("t"), None)

    text = file.path.read_text()
    assert text.startswith('{"zeta" : 1.50,\t"big": 1E400, "a":{"p":[ ]},\n')
    assert '"x":[1 ,2]' in text
    assert token(file) == "t"


@pytest.mark.parametrize("content", ["{", "[1]", "\x00", '"text"'])
def test_a_corrupt_file_is_named_when_read_and_kept_aside_when_written(file, told, content):
    write(file, content)

    with pytest.raises(AuthError, match=r"auth\.json can't be read"):
        file.login(PRODUCTION)
    assert file.path.read_text() == content
    with pytest.raises(AuthError):
        file.check_writable()
    file.keep_login(PRODUCTION, Secret("t"), None)

    (aside,) = file.path.parent.glob("auth.json.corrupt-*")
    assert aside.read_text() == content
    assert str(aside) in told[0]
    assert token(file) == "t"


def test_a_mode_that_lets_others_read_is_told_and_mended(file, told):
    write(file, {"credential_pool": {"photon": [HERMES]}})
    file.path.chmod(0o644)

    assert token(file) == "hermes"

    assert "0644" in told[0]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_link_out_of_its_folder_is_refused(file, tmp_path):
    file.path.parent.mkdir(parents=True)
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    file.path.symlink_to(outside)

    with pytest.raises(RefusedError, match="symbolic link"):
        file.keep_login(PRODUCTION, Secret("t"), None)

    assert outside.read_text() == "{}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(file):
    file.path.parent.mkdir(parents=True)
    file.path.parent.chmod(0o500)

    with pytest.raises(RefusedError, match="can't be written"):
        file.keep_login(PRODUCTION, Secret("t"), None)


def test_a_path_below_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(RefusedError, match="can't be written"):
        CredentialFile(tmp_path / "file" / "auth.json").keep_login(LOCAL, Secret("t"), None)


def test_logins_at_the_same_time_lose_nothing(file):
    hosts = [f"http://127.0.0.1:{port}" for port in range(1, 17)]
    threads = [
        threading.Thread(target=file.keep_login, args=(host, Secret(host), None)) for host in hosts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [token(file, host) for host in hosts] == hosts


def test_a_projects_pair_is_kept_and_renewed_beside_what_was_there(file):
    write(file, {"credential_pool": {"photon_project": [
        {"project_id": "p1", "project_secret": "old", "dashboard_project_id": "d1"},
        {"project_id": "p2", "project_secret": "other"},
    ]}})  # fmt: skip

    file.keep_pair(PRODUCTION_SPECTRUM, "p1", Secret("new"), name="one")
    file.keep_pair(PRODUCTION_SPECTRUM, "p3", Secret("third"), name="three")
    file.keep_pair(LOCAL, "p1", Secret("local"), name="one")

    def found(host):
        return {id_: secret.reveal() for id_, (_, secret) in file.pairs(host).items()}

    assert found(PRODUCTION_SPECTRUM) == {"p1": "new", "p2": "other", "p3": "third"}
    assert found(LOCAL) == {"p1": "local"}
    assert found("https://elsewhere.test") == {}
    assert pool(file, "photon_project")[0]["dashboard_project_id"] == "d1"


def test_a_token_in_the_keyring_leaves_a_note_and_no_token(file):
    file.keep_login(LOCAL, None, None)

    assert file.login(LOCAL).token is None
    assert "access_token" not in file.path.read_text()


def test_what_a_crash_left_goes_with_the_next_write(file):
    file.keep_login(LOCAL, Secret("t"), None)
    left = file.path.with_name(f"{temporary_prefix(file.path)}abc.tmp")
    left.write_text("half of a token")

    file.keep_login(LOCAL, Secret("u"), None)

    assert not left.exists()


def test_half_a_character_in_somebodys_entry_is_kept_as_it_was_written(file):
    write(file, '{"credential_pool": {"photon": [{"access_token": "a", "note": "\\ud800"}]}}')

    file.keep_login(LOCAL, Secret("t"), None)

    assert pool(file)[0]["note"] == "\ud800"
    assert token(file, LOCAL) == "t"


def test_a_byte_order_mark_spoils_nothing(file, told):
    """Some editors put one before what they save."""
    write(file, "\ufeff" + json.dumps({"credential_pool": {"photon": [HERMES]}}))

    assert token(file) == "hermes"
    file.keep_login(LOCAL, Secret("local"), None)

    assert (token(file), token(file, LOCAL), told) == ("hermes", "local", [])
