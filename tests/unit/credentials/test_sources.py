import json

import pytest

from photonctl.credentials.hosts import Hosts, choose_hosts
from photonctl.credentials.sources import Sources
from photonctl.errors import AmbiguousHosts, AuthError, UsageError, WrongApi

HOSTS = Hosts(dashboard="https://app.photon.codes", spectrum="https://spectrum.photon.codes")
POOL = {
    "credential_pool": {
        "photon": [{"access_token": "from-file", "issued_at": 1}],
        "photon_project": [
            {"project_id": "p1", "project_secret": "s1"},
            {"spectrum_project_id": "p2", "project_secret": "s2", "dashboard_project_id": "d2"},
            {"project_id": "p3"},
        ],
    }
}


@pytest.fixture
def home(tmp_path):
    def write(path, data):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(data if isinstance(data, str) else json.dumps(data))
        return {"HOME": str(tmp_path)}

    return write


def find_token(env, hosts, **kwargs):
    found = Sources(env, hosts, **kwargs).token()
    return None if found is None else found.secret


def find_pair(env):
    return Sources(env, HOSTS).pair()


def stored_pairs(env):
    return Sources(env, HOSTS).stored_pairs()


def revealed(secret):
    return None if secret is None else secret.reveal()


def test_the_environment_comes_before_files(home):
    env = home(".config/photonctl/auth.json", POOL)

    assert revealed(find_token(env, HOSTS)) == "from-file"
    assert revealed(find_token({**env, "PHOTON_DASHBOARD_TOKEN": "d"}, HOSTS)) == "d"
    both = {**env, "PHOTON_TOKEN": " Bearer t\n", "PHOTON_DASHBOARD_TOKEN": "d"}
    assert revealed(find_token(both, HOSTS)) == "t"


def test_there_may_be_no_token_at_all(tmp_path):
    assert find_token({"HOME": str(tmp_path)}, HOSTS) is None


@pytest.mark.parametrize(
    "content",
    [
        {"credential_pool": {"photon": [{"token": "from-file"}]}},
        {"providers": {"photon": {"access_token": "from-file"}}},
    ],
)
def test_older_layouts_of_the_credential_file(home, content):
    env = home(".config/photonctl/auth.json", content)

    assert revealed(find_token(env, HOSTS)) == "from-file"


def test_the_credential_file_can_be_named(home, tmp_path):
    env = home("elsewhere.json", POOL)

    found = find_token({**env, "PHOTONCTL_AUTH_FILE": str(tmp_path / "elsewhere.json")}, HOSTS)

    assert revealed(found) == "from-file"


@pytest.mark.parametrize("content", ["{", "[[[", "\x00"])
def test_a_corrupt_credential_file_is_named_and_left(home, tmp_path, content):
    env = home(".config/photonctl/auth.json", content)

    with pytest.raises(AuthError, match=r"auth\.json can't be read"):
        find_token(env, HOSTS)

    assert (tmp_path / ".config/photonctl/auth.json").read_text() == content


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("https://app.photon.codes", "production"),
        ("https://staging-app.photon.codes", "staging-app_photon_codes"),
        ("http://localhost:3000", "localhost_3000"),
    ],
)
def test_the_official_clis_login_counts_for_its_own_host_only(home, host, key):
    env = home(f".config/photon/credentials/{key}.json", {"accessToken": "cli", "apiUrl": host})
    home(".config/photon/credentials/other_test.json", {"accessToken": "cli", "apiUrl": host})

    assert revealed(find_token(env, Hosts(dashboard=host, spectrum=host))) == "cli"
    assert find_token(env, Hosts(dashboard="https://other.test", spectrum=host)) is None


def test_the_official_clis_folder_can_be_named(home, tmp_path):
    login = {"accessToken": "cli", "apiUrl": HOSTS.dashboard}
    env = home("photon/credentials/production.json", login)

    found = find_token({**env, "PHOTON_CONFIG_DIR": str(tmp_path / "photon")}, HOSTS)

    assert revealed(found) == "cli"


def test_a_v1_key_is_never_sent():
    with pytest.raises(WrongApi, match="PHOTON_TOKEN is a key of Photon's separate v1 API"):
        find_token({"PHOTON_TOKEN": "pho_live_x"}, HOSTS)
    with pytest.raises(WrongApi):
        find_pair({"PHOTON_PROJECT_ID": "p", "PHOTON_PROJECT_SECRET": "pho_x"})


@pytest.mark.parametrize("token", ["two words", "t\r\nX-Evil: 1", "schlüssel"])
def test_what_cant_be_a_header_isnt_a_token(token):
    with pytest.raises(AuthError) as caught:
        find_token({"PHOTON_TOKEN": token}, HOSTS)

    assert token not in str(caught.value)


def test_a_pair_is_taken_whole_or_not_at_all():
    assert find_pair({"PHOTON_PROJECT_ID": "p"}) is None
    assert find_pair({"PHOTON_PROJECT_SECRET": "s"}) is None
    pair = find_pair({"PHOTON_PROJECT_ID": " p ", "PHOTON_PROJECT_SECRET": "s"})
    assert (pair.project_id, pair.secret.reveal()) == ("p", "s")


def test_stored_pairs_are_found_by_spectrum_id(home):
    pairs = stored_pairs(home(".config/photonctl/auth.json", POOL))

    assert {key: pair.secret.reveal() for key, pair in pairs.items()} == {"p1": "s1", "p2": "s2"}


def test_production_is_the_default():
    assert choose_hosts({}) == HOSTS


def test_hosts_lose_their_last_slash():
    env = {
        "PHOTON_API_HOST": "https://ignored.test",
        "PHOTON_DASHBOARD_HOST": "https://a.test/",
        "PHOTON_SPECTRUM_HOST": "http://[::1]:8787/",
    }

    assert choose_hosts(env) == Hosts(dashboard="https://a.test", spectrum="http://[::1]:8787")


@pytest.mark.parametrize("also", [{}, {"PHOTON_DASHBOARD_HOST": "https://a.test"}])
def test_an_ambiguous_host_stops_everything(also):
    with pytest.raises(AmbiguousHosts, match="PHOTON_API_HOST"):
        choose_hosts({"PHOTON_API_HOST": "https://a.test", **also})


@pytest.mark.parametrize(
    "url",
    ["app.photon.codes", "ftp://a.test", "https://", "http://a.test", "http://10.0.0.1",
     "https://u:p@a.test", "https://a.test:port", "https://a.test?x=1", "https://[::1"],
)  # fmt: skip
def test_what_is_no_safe_base_url_is_refused(url):
    with pytest.raises(UsageError):
        choose_hosts({"PHOTON_SPECTRUM_HOST": url})
