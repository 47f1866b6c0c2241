"""The dashboard's own routes for users, webhooks and lines (contract 3.4)."""

from http.client import HTTPConnection

import pytest

from tests.emulator.conftest import OLDER

ADA = {
    "email": "ada@example.com",
    "phoneNumber": "+15551234567",
    "firstName": "Ada",
    "lastName": "Lovelace",
}


@pytest.fixture
def routes(photon):
    """A project's dashboard routes and its Spectrum ones."""
    row, spectrum = photon.project()

    def dashboard(method, path, **kwargs):
        return photon.dashboard(method, f"/projects/{row['id']}{path}", **kwargs)

    return dashboard, spectrum


def listed(answer):
    data = answer.json()
    return data if isinstance(data, list) else data["users"]


@pytest.mark.parametrize("missing", sorted(ADA))
def test_a_user_needs_every_field_here(routes, missing):
    dashboard, _ = routes
    body = {k: v for k, v in ADA.items() if k != missing}

    answer = dashboard("POST", "/spectrum/users", json=body)

    assert (answer.status_code, answer.json()["property"]) == (422, f"/{missing}")


def test_a_user_is_seen_on_both_sides(routes):
    dashboard, spectrum = routes
    user = dashboard("POST", "/spectrum/users", json=ADA).json()["user"]

    assert spectrum("GET", f"/users/{user['id']}/").json()["data"]["firstName"] == "Ada"
    found = listed(dashboard("GET", "/spectrum/users", params={"search": "LOVE"}))
    assert [row["id"] for row in found] == [user["id"]]
    assert dashboard("DELETE", f"/spectrum/users/{user['id']}").json() == {"success": True}
    gone = dashboard("DELETE", f"/spectrum/users/{user['id']}")
    assert (gone.status_code, gone.json()) == (200, {"error": "User not found"})


def test_the_list_was_a_bare_array(routes, generation):
    dashboard, _ = routes

    is_bare = isinstance(dashboard("GET", "/spectrum/users").json(), list)

    assert is_bare is (generation == OLDER)


def test_one_invitation_a_day(routes):
    dashboard, _ = routes
    user = dashboard("POST", "/spectrum/users", json=ADA).json()["user"]
    invite = {"userId": user["id"]}

    first = dashboard("POST", "/spectrum/users/invite", json=invite).json()
    second = dashboard("POST", "/spectrum/users/invite", json=invite)

    assert (first["success"], first["sentTo"]) == (True, "ada@example.com")
    assert (second.status_code, set(second.json())) == (200, {"error"})  # contract 3.5


def test_users_need_imessage_here_too(routes, generation):
    dashboard, spectrum = routes
    spectrum("PATCH", "/platforms/", json={"platform": "imessage", "enabled": False})

    answer = dashboard("POST", "/spectrum/users", json=ADA)

    if generation == OLDER:
        assert (answer.status_code, "error" in answer.json()) == (200, True)
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "imessage_not_enabled")


def test_webhooks_are_one_list_on_both_sides(routes):
    dashboard, spectrum = routes
    added = dashboard("POST", "/webhooks", json={"webhookUrl": "https://a.test/"}).json()["webhook"]

    assert len(added["signingSecret"]) == 64
    (row,) = dashboard("GET", "/webhooks").json()
    assert set(row) == {"id", "webhookUrl", "createdAt", "updatedAt"}
    assert spectrum("GET", "/webhooks/").json()["data"][0]["id"] == added["id"]
    assert dashboard("DELETE", f"/webhooks/{added['id']}").json() == {"success": True}
    assert dashboard("DELETE", f"/webhooks/{added['id']}").json() == {"error": "Webhook not found"}
    assert dashboard("POST", "/webhooks", json={"webhookUrl": "x"}).status_code == 422


def test_lines_can_be_bought_and_given_up(routes):
    dashboard, spectrum = routes
    line = dashboard("POST", "/lines", json={"platform": "imessage"}).json()["line"]

    assert line["phoneNumber"].startswith("+1628")
    assert spectrum("GET", "/lines/route").status_code == 200
    assert dashboard("DELETE", f"/lines/{line['id']}").json() == {"success": True}
    again = spectrum("POST", "/lines/", json={}).json()["data"]["line"]
    assert spectrum("DELETE", f"/lines/{again['id']}").status_code == 200
    assert spectrum("DELETE", f"/lines/{again['id']}").status_code == 404


def test_lines_need_the_business_plan(start):
    photon = start(plan="free")
    row, spectrum = photon.project()

    answer = photon.dashboard("POST", f"/projects/{row['id']}/lines", json={"platform": "imessage"})

    assert (answer.status_code, set(answer.json())) == (200, {"error"})
    assert spectrum("POST", "/lines/", json={}).status_code == 403


def test_a_number_is_available_until_it_is_placed(photon):
    _, spectrum = photon.project()
    params = {"phoneNumber": ADA["phoneNumber"]}

    def found():
        mine = spectrum("GET", "/imessage/shared/availability", params=params).json()["data"]
        all_ = photon.dashboard("GET", "/projects/check-availability", params=params).json()
        return mine["available"], all_["available"]

    assert found() == (True, True)
    spectrum("POST", "/users/", json={"type": "shared", **params})
    assert found() == (False, False)


def test_what_a_project_costs_and_uses(photon):
    row, spectrum = photon.project()

    assert spectrum("GET", "/imessage/").json()["data"] == {"type": "shared"}
    assert spectrum("GET", "/billing/subscription").json()["data"]["tier"] == "business"
    assert spectrum("GET", "/billing/status").json()["data"]["syncStatus"] == "synced"
    path = f"/projects/{row['id']}"
    assert photon.dashboard("GET", f"{path}/subscription").json()["status"] == "active"
    synced = photon.dashboard("POST", f"{path}/spectrum/profile/sync").json()
    assert (synced["succeed"], synced["data"]["targetedLineCount"]) == (True, 2)
    unknown = "/projects/00000000-0000-4000-8000-000000000000/spectrum/profile/sync"
    missing = photon.dashboard("POST", unknown)
    assert (missing.status_code, missing.json()["code"]) == (404, "PROJECT_NOT_FOUND")


def test_a_users_link_opens_messages(photon):
    _, spectrum = photon.project()
    body = {"type": "shared", "phoneNumber": "+15551234567"}
    user = spectrum("POST", "/users/", json=body).json()["data"]

    # httpx can't even look at such a Location.
    connection = HTTPConnection(photon.url.removeprefix("http://"))
    path = f"/projects/{user['projectId']}/users/{user['id']}/redirect?msg=a%20b"
    connection.request("GET", path)
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 302
    assert answer.headers["location"] == f"sms:{user['assignedPhoneNumber']}&body=a%20b"


@pytest.mark.parametrize("body", [{}, {"platform": "pigeon"}])
def test_a_body_is_checked_also_where_nothing_is_read_from_it(newer, body):
    row, _ = newer.project()

    answer = newer.dashboard("POST", f"/projects/{row['id']}/lines", json=body)

    assert (answer.status_code, answer.json()["property"]) == (422, "/platform")
