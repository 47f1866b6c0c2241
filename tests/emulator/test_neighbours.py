"""What runs beside the emulator: a web page in the same browser, another machine."""

import http.client

import httpx
import pytest

from photonctl.emulator.server import Settings, running

PORT_HOSTS = ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"]
PATHS = ["/", "/device", "/openapi/json", "/api/health", "/api/projects/", "/__emulator__/log",
         "/projects/x/users/", "/nothing"]  # fmt: skip


def ask(photon, path, method="GET", body=None, **headers):
    host, _, port = photon.url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            connection.putheader(name.replace("_", "-"), one)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def port(photon):
    return photon.url.rpartition(":")[2]


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:{port}", "127.0.0.1.evil.test:{port}", "localhost.evil.test",
     "localhost.:{port}", "", "127.0.0.1:{port}@evil.test", "127.0.0.1 evil.test", "0.0.0.0:{port}",
     "x.localhost:{port}", "127.0.0.2:{port}"],
)  # fmt: skip
def test_another_name_for_this_machine_isnt_served(newer, host):
    for path in PATHS:
        status, _, body = ask(newer, path, Host=host.format(port=port(newer)))

        assert status in (400, 421)
        assert b"localhost" in body or status == 400


@pytest.mark.parametrize("host", PORT_HOSTS)
def test_its_own_names_are_served(newer, host):
    assert ask(newer, "/api/health", Host=f"{host}:{port(newer)}")[0] == 200
    assert ask(newer, "/api/health", Host=host)[0] == 200


def test_two_hosts_are_none(newer):
    assert ask(newer, "/api/health", Host=["127.0.0.1", "evil.test"])[0] in (400, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ["http://127.0.0.1:{port}", "http://evil.test"]},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
    ],
    ids=str,
)
def test_a_page_of_another_origin_gets_nothing(newer, headers):
    filled = {
        name: [v.format(port=port(newer)) for v in ([value] if isinstance(value, str) else value)]
        for name, value in headers.items()
    }
    for path in PATHS:
        for method in ("GET", "POST", "DELETE"):
            status, _, body = ask(newer, path, method, Host=f"127.0.0.1:{port(newer)}", **filled)

            assert (status, body) == (403, b"not for pages of another origin")


def test_a_link_on_another_page_may_be_followed(newer):
    fetch = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}

    assert ask(newer, "/", Host=f"localhost:{port(newer)}", **fetch)[0] == 200


def test_every_answer_is_hardened(newer):
    for path in PATHS:
        _, headers, _ = ask(newer, path, Host="127.0.0.1")

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_body_is_bounded_and_an_origin_is_judged_before_it_is_read(newer):
    huge = {"Host": "127.0.0.1", "Content_Length": str(2**40)}
    assert ask(newer, "/api/projects/", "POST", **huge)[0] == 413
    assert ask(newer, "/api/projects/", "POST", Origin="http://evil.test", **huge)[0] == 403
    assert ask(newer, "/x", "POST", b"x" * (17 * 2**20), Host="127.0.0.1")[0] == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/projects/"), ("POST", "/api/auth/device/code"), ("GET", "/device"), ("GET", "/"),
     ("POST", "/__emulator__/tokens"), ("GET", "/__emulator__/log")],
)  # fmt: skip
def test_a_private_emulator_serves_nobody_without_credentials(method, path):
    with running(Settings(is_private=True, calm=True, token="right")) as local:
        done = [
            httpx.request(method, local.url + path, headers=headers, trust_env=False)
            for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer wrong"},
                            {"Authorization": "Basic cDpz"}, {"Authorization": "Basic ?"})
        ]  # fmt: skip

    assert {answer.text for answer in done} == {"this emulator serves one command only"}


def test_a_private_emulator_serves_its_own_run(tmp_path):
    data = tmp_path / "emulator.db"
    for token in ("first", "second"):
        with running(Settings(is_private=True, calm=True, token=token, data=data)) as local:
            codes = [
                httpx.get(
                    f"{local.url}/api/projects/",
                    headers={"Authorization": f"Bearer {used}"},
                    trust_env=False,
                ).status_code
                for used in ("first", "second")
            ]
        assert codes == ([200, 403] if token == "first" else [403, 200])
