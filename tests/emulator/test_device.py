"""Device login (contract 2.1 to 2.3): the API, and the page."""

import re

import httpx
import pytest

from photonctl.emulator.variants import TOKEN_SHAPES

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT = {"client_id": "photon-cli", "scope": "openid profile email"}


@pytest.fixture
def photon(start):
    """An emulator that lets a test poll as fast as it can."""
    return start(device_interval_s=0)


def begin(photon):
    answer = photon.dashboard("POST", "/auth/device/code", json=CLIENT, headers={})
    assert answer.status_code == 200
    return answer.json()


def poll(photon, device_code, more=()):
    body = {"grant_type": GRANT, "device_code": device_code, "client_id": "photon-cli"} | dict(more)
    return photon.dashboard("POST", "/auth/device/token", json=body, headers={})


def error(answer):
    assert answer.status_code == 400
    return answer.json()["error"]


def submit(photon, code, decision, **kwargs):
    data = {"user_code": code, "decision": decision}
    return photon.http.post(f"{photon.url}/device", data=data, **kwargs)


def test_a_code_is_what_the_contract_says(photon):
    answer = photon.dashboard("POST", "/auth/device/code", json=CLIENT, headers={})
    code = answer.json()

    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{8}", code["user_code"])
    assert len(code["device_code"]) == 40
    assert code["verification_uri"] == f"{photon.url}/device"
    assert code["verification_uri_complete"].endswith(f"?user_code={code['user_code']}")
    assert (code["expires_in"], code["interval"]) == (1800, 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [({}, "invalid_request"), ({"client_id": "hermes-agent"}, "invalid_client")],
)
def test_only_known_clients_get_one(photon, body, expected):
    assert error(photon.dashboard("POST", "/auth/device/code", json=body)) == expected


def test_a_form_body_isnt_read(photon):
    assert error(photon.dashboard("POST", "/auth/device/code", data=CLIENT)) == "invalid_request"


def test_a_login_from_code_to_projects(photon):
    code = begin(photon)
    assert error(poll(photon, code["device_code"])) == "authorization_pending"

    page = photon.http.get(code["verification_uri_complete"])
    assert "photon-cli" in page.text
    assert submit(photon, code["user_code"], "approve").status_code == 200

    token = poll(photon, code["device_code"]).json()
    assert (token["token_type"], len(token["access_token"])) == ("Bearer", 32)
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert photon.dashboard("GET", "/projects/", headers=bearer).status_code == 200
    session = photon.dashboard("GET", "/auth/get-session", headers=bearer).json()["session"]
    assert session["expiresAt"].endswith("Z")
    assert error(poll(photon, code["device_code"])) == "invalid_grant"  # consumed


def test_a_denied_login(photon):
    code = begin(photon)
    assert "Denied" in submit(photon, code["user_code"], "deny").text

    assert error(poll(photon, code["device_code"])) == "access_denied"
    assert error(poll(photon, code["device_code"])) == "invalid_grant"


def test_the_api_can_decide_too(photon):
    one, other = begin(photon), begin(photon)
    for code, decision in ((one, "approve"), (other, "deny")):
        answer = photon.dashboard(
            "POST", f"/auth/device/{decision}", json={"userCode": code["user_code"]}
        )
        assert answer.json() == {"success": True}

    assert poll(photon, one["device_code"]).status_code == 200
    assert error(poll(photon, other["device_code"])) == "access_denied"
    body = {"userCode": one["user_code"]}
    assert photon.dashboard("POST", "/auth/device/deny", json=body, headers={}).status_code == 401


def test_polling_too_fast_is_told(start):
    photon = start(device_interval_s=60)
    code = begin(photon)

    # The clock starts with the first poll (contract 2.2).
    assert error(poll(photon, code["device_code"])) == "authorization_pending"
    assert error(poll(photon, code["device_code"])) == "slow_down"
    assert error(poll(photon, code["device_code"])) == "slow_down"


def test_an_expired_code(start):
    photon = start(device_interval_s=0, code_lifetime_s=0)
    code = begin(photon)

    assert photon.http.get(code["verification_uri_complete"]).status_code == 410
    assert submit(photon, code["user_code"], "approve").status_code == 404
    assert error(poll(photon, code["device_code"])) == "expired_token"
    assert error(poll(photon, code["device_code"])) == "invalid_grant"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "somebody-else"}, "invalid_grant"),
        ({"device_code": "x"}, "invalid_grant"),
    ],
)
def test_wrong_polls(photon, more, expected):
    assert error(poll(photon, begin(photon)["device_code"], more)) == expected


@pytest.mark.parametrize("shape", [s for s in TOKEN_SHAPES if "only" not in s])
def test_every_shape_of_the_answer(start, shape):
    photon = start(device_interval_s=0, approve_logins=True, token_shape=shape)

    answer = poll(photon, begin(photon)["device_code"])

    found = re.findall(r"\b[0-9a-f]{32}\b", answer.text + str(answer.headers))
    assert len(set(found)) == 1
    bearer = {"Authorization": f"Bearer {found[0]}"}
    assert photon.dashboard("GET", "/projects/", headers=bearer).status_code == 200
    assert ("set-auth-token" in answer.headers) is (shape == "header")


def test_a_login_whose_token_the_project_api_rejects(start):
    statuses = {}
    for shape in ("session-only", "session-only-then-header"):
        photon = start(device_interval_s=0, approve_logins=True, token_shape=shape)
        answer = poll(photon, begin(photon)["device_code"])
        for token in (answer.json()["access_token"], answer.headers.get("set-auth-token")):
            bearer = {"Authorization": f"Bearer {token}"}
            found = photon.dashboard("GET", "/projects/", headers=bearer).status_code
            statuses.setdefault(shape, []).append(found)

    assert statuses == {"session-only": [401, 401], "session-only-then-header": [401, 200]}


def test_a_token_that_signs_in_and_opens_no_project(photon):
    token = photon.http.post(f"{photon.url}/__emulator__/tokens").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert photon.dashboard("GET", "/auth/get-session", headers=bearer).json()["user"]
    refused = photon.dashboard("GET", "/projects/", headers=bearer)
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_token"})


def test_tokens_expire(start):
    photon = start(device_interval_s=0, approve_logins=True, token_lifetime_s=0)
    token = poll(photon, begin(photon)["device_code"]).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert photon.dashboard("GET", "/auth/get-session", headers=bearer).json() is None


def test_the_state_of_a_code(photon):
    code = begin(photon)
    params = {"user_code": f"{code['user_code'][:4]}-{code['user_code'][4:].lower()}"}

    assert photon.dashboard("GET", "/auth/device", params=params).json()["status"] == "pending"
    assert error(photon.dashboard("GET", "/auth/device", params={"user_code": "x"}))


@pytest.mark.parametrize("code", ["", "WRONGCOD", "<script>alert(1)</script>"])
def test_the_page_asks_again_for_a_wrong_code(photon, code):
    page = photon.http.get(f"{photon.url}/device", params={"user_code": code})

    assert page.status_code == (404 if code else 200)
    assert "<form" in page.text
    assert "<script" not in page.text


def test_a_form_from_elsewhere_isnt_taken(photon):
    code = begin(photon)

    answer = submit(photon, code["user_code"], "approve", headers={"Origin": "http://evil.test"})

    assert answer.status_code == 403
    assert error(poll(photon, code["device_code"])) == "authorization_pending"


def test_the_log_holds_no_device_code(photon):
    code = begin(photon)
    poll(photon, code["device_code"])

    log = httpx.get(f"{photon.url}/__emulator__/log").text

    assert code["device_code"] not in log
