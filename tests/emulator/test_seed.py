"""What the first automation of Photon relied on holds in the older generation (contract 11)."""

import pytest

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PLACES = {
    "access_token": lambda answer: answer.json()["access_token"],
    "accessToken": lambda answer: answer.json()["accessToken"],
    "session": lambda answer: answer.json()["session"]["access_token"],
    "data": lambda answer: answer.json()["data"]["access_token"],
    "data-camel": lambda answer: answer.json()["data"]["accessToken"],
    "header": lambda answer: answer.headers["set-auth-token"],
}


def log_in(photon, shape):
    begun = {"client_id": "photon-cli", "scope": "openid profile email"}
    code = photon.dashboard("POST", "/auth/device/code", json=begun, headers={}).json()
    body = {
        "grant_type": GRANT,
        "device_code": code["device_code"],
        "client_id": "photon-cli",
    }
    pending = photon.dashboard("POST", "/auth/device/token", json=body, headers={})
    assert (pending.status_code, pending.json()["error"]) == (400, "authorization_pending")
    form = {"user_code": code["user_code"], "decision": "approve"}
    photon.http.post(f"{photon.url}/device", data=form)
    answer = photon.dashboard("POST", "/auth/device/token", json=body, headers={})
    return PLACES[shape](answer)


@pytest.mark.parametrize("shape", PLACES)
def test_the_seed_s_whole_way_from_login_to_deleted_webhook(start, shape):
    photon = start(generation="2026-06", device_interval_s=0, token_shape=shape)
    bearer = {"Authorization": f"Bearer {log_in(photon, shape)}"}

    session = photon.dashboard("GET", "/auth/get-session", headers=bearer)
    assert session.json()["user"]
    assert photon.dashboard("GET", "/projects/", headers=bearer).json() == []

    body = {"name": "bot", "location": "United States", "spectrum": True, "platforms": ["imessage"]}
    project = photon.dashboard("POST", "/projects/", json=body, headers=bearer).json()
    pair = (project["spectrumProjectId"], project["projectSecret"])
    assert all(pair)
    base = f"{photon.url}/projects/{pair[0]}"

    ada = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada"}
    user = photon.http.post(f"{base}/users/", json=ada, auth=pair).json()
    assert (user["succeed"], user["data"]["phoneNumber"]) == (True, "+15551234567")

    url = {"webhookUrl": "https://bot.example.com/hook"}
    hook = photon.http.post(f"{base}/webhooks/", json=url, auth=pair).json()["data"]
    assert len(hook["signingSecret"]) == 64
    (listed,) = photon.http.get(f"{base}/webhooks/", auth=pair).json()["data"]
    assert listed["webhookUrl"] == url["webhookUrl"]
    assert not any("ecret" in name for name in listed)

    ends = [
        photon.http.delete(f"{base}/webhooks/{hook['id']}", auth=pair).status_code for _ in range(2)
    ]
    assert ends == [200, 404]


def test_a_token_that_signs_in_and_is_refused_by_the_projects(start):
    photon = start(generation="2026-06")
    token = photon.http.post(f"{photon.url}/__emulator__/tokens").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert photon.dashboard("GET", "/auth/get-session", headers=bearer).json()["user"]
    assert photon.dashboard("GET", "/projects/", headers=bearer).status_code == 401
