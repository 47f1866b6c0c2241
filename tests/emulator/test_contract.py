"""The emulator against the contract, by raw HTTP. Each test names the section it checks."""

import re
from http.client import HTTPConnection

import pytest

from tests.emulator.conftest import NEWER, OLDER

ADA = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada", "email": "a@x.y"}
LINE = "+16285550100"


def users(spectrum):
    return spectrum("GET", "/users/").json()["data"]["users"]


def people(spectrum):
    """Every user but the owner."""
    return [user for user in users(spectrum) if not (user.get("meta") or {}).get("project_owner")]


def test_2_5_a_bad_token_has_a_null_session_and_no_projects(photon):
    bad = {"Authorization": "Bearer nope"}

    assert photon.dashboard("GET", "/auth/get-session", headers=bad).json() is None
    assert photon.dashboard("GET", "/auth/get-session", headers=bad).status_code == 200
    assert photon.dashboard("GET", "/projects/", headers=bad).status_code == 401
    assert photon.dashboard("GET", "/auth/get-session").json()["user"]["email"]


def test_2_6_sign_out_revokes_and_always_succeeds(photon):
    for _ in range(2):
        assert photon.dashboard("POST", "/auth/sign-out", json={}).json() == {"success": True}

    assert photon.dashboard("GET", "/projects/").status_code == 401


def test_2_6_reachability_needs_no_credential(photon):
    assert photon.dashboard("GET", "/health", headers={}).json() == {"status": "ok"}
    assert photon.dashboard("GET", "/auth/ok", headers={}).json() == {"ok": True}
    assert "environment" in photon.dashboard("GET", "/info", headers={}).json()


def test_3_0_both_slash_forms_work(photon):
    for path in ("/projects", "/projects/"):
        assert photon.dashboard("GET", path).json() == []
    _, spectrum = photon.project()
    for path in ("/users", "/users/", "/webhooks", "/platforms/", "", "/"):
        assert spectrum("GET", path).status_code == 200


def test_3_1_an_unknown_project_is_null_on_reads_and_an_error_on_writes(photon):
    unknown = "/projects/00000000-0000-4000-8000-000000000000"

    assert photon.dashboard("GET", unknown).json() is None
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/regenerate-secret")):
        answer = photon.dashboard(method, unknown + path, json={"name": "x"})
        assert (answer.status_code, answer.json()) == (200, {"error": "Project not found"})


def test_3_1_names_arent_unique(photon):
    assert photon.create()["id"] != photon.create()["id"]


def test_3_1_a_new_secret_kills_the_old_one_at_once(photon):
    row, spectrum = photon.project()
    new = photon.dashboard("POST", f"/projects/{row['id']}/regenerate-secret").json()

    assert spectrum("GET", "/users/").status_code == 401
    user = row.get("spectrumProjectId", row["id"])
    assert spectrum("GET", "/users/", auth=(user, new["projectSecret"])).status_code == 200


def test_3_1_a_deleted_project_is_gone_on_both_sides(photon):
    row, spectrum = photon.project()

    answer = photon.dashboard("DELETE", f"/projects/{row['id']}").json()

    assert answer == {"success": True}
    assert photon.dashboard("GET", f"/projects/{row['id']}").json() is None
    assert spectrum("GET", "/users/").status_code == 401


def test_3_3_the_older_creation_answers_with_everything(older):
    created = older.create()

    assert created["projectSecret"]
    assert created["spectrumProjectId"] not in (None, created["id"])


def test_3_3_an_older_creation_without_spectrum_has_no_spectrum_side(older):
    created = older.create(spectrum=False)

    assert (created["spectrum"], created["spectrumProjectId"], created["projectSecret"]) == (
        False,
        None,
        None,
    )


def test_3_3_the_newer_creation_holds_neither_name_nor_secret(newer):
    created = newer.create()

    assert set(created) == {"success", "id", "ownerStatus"}
    assert newer.dashboard("GET", f"/projects/{created['id']}").json()["projectSecret"]
    assert not any(row["projectSecret"] for row in newer.dashboard("GET", "/projects/").json())


@pytest.mark.parametrize(("generation", "status"), [(OLDER, 400), (NEWER, 200)])
def test_3_3_a_creation_without_a_name_creates_nothing(photon, status):
    answer = photon.dashboard("POST", "/projects/", json={"name": ""})

    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert photon.dashboard("GET", "/projects/").json() == []


def test_3_3_slack_isnt_offered_at_creation(photon):
    answer = photon.dashboard("POST", "/projects/", json={"name": "x", "platforms": ["slack"]})

    assert (answer.status_code, answer.json()["property"]) == (422, "/platforms")


def test_3_3_the_owner_is_enrolled(newer):
    _, spectrum = newer.project()

    (owner,) = users(spectrum)
    assert owner["meta"] == {"project_owner": True}


def test_3_3_an_account_without_a_phone_gets_a_warning(start):
    created = start(owner_phone=None).create()

    assert created["ownerStatus"] == "skipped_no_phone"
    assert created["warning"]["code"] == "owner_phone_missing"


def test_3_4_and_4_2_platforms_are_one_fact_in_two_shapes(photon):
    row, spectrum = photon.project()
    toggle = {"platformId": "voice", "enabled": True}
    photon.dashboard("POST", f"/projects/{row['id']}/platforms/toggle", json=toggle)

    assert spectrum("GET", "/platforms/").json()["data"] == {
        "imessage": {"enabled": True},
        "voice": {"enabled": True},
    }
    spectrum("PATCH", "/platforms/", json={"platform": "voice", "enabled": False})
    platforms = photon.dashboard("GET", f"/projects/{row['id']}/platforms").json()
    assert (platforms["imessage"], platforms["voice"]) == (True, False)


def test_3_4_and_4_1_the_profile_is_one_on_both_sides(photon):
    row, spectrum = photon.project()
    path = f"/projects/{row['id']}/spectrum/profile"
    photon.dashboard("PATCH", path, json={"firstName": "Support"})
    spectrum("PATCH", "/profile", json={"lastName": "Bot"})

    found = photon.dashboard("GET", path).json()

    assert (found["firstName"], found["lastName"]) == ("Support", "Bot")
    assert spectrum("GET", "/profile").json()["data"]["firstName"] == "Support"


def test_4_0_the_envelope(photon):
    _, spectrum = photon.project()

    assert spectrum("GET", "/users/").json()["succeed"] is True
    failed = spectrum("DELETE", "/users/00000000-0000-4000-8000-000000000000/")
    assert (failed.status_code, failed.json()["succeed"]) == (404, False)


def test_4_0_a_pair_opens_its_own_project_only(photon):
    _, spectrum = photon.project("one")
    two, _ = photon.project("two")
    foreign = (two.get("spectrumProjectId", two["id"]), two["projectSecret"])

    assert spectrum("GET", "/users/", auth=foreign).status_code == 401
    assert spectrum("GET", "/users/", auth=("x", "y")).status_code == 401
    assert spectrum("GET", "/users/", auth=None).status_code == 401
    answer = photon.http.get(f"{photon.url}/projects/no-uuid/users/", auth=foreign)
    assert answer.status_code == 422


def test_4_3_a_repeated_create_finds_the_same_user(photon, generation):
    _, spectrum = photon.project()
    first = spectrum("POST", "/users/", json=ADA).json()["data"]

    again = spectrum("POST", "/users/", json={**ADA, "firstName": "Augusta"}).json()["data"]

    assert again["id"] == first["id"]
    assert again["firstName"] == ("Ada" if generation == OLDER else "Augusta")


def test_4_3_the_older_text_matches_by_email_too(photon, generation):
    _, spectrum = photon.project()
    spectrum("POST", "/users/", json=ADA)

    other = {**ADA, "phoneNumber": "+15557654321"}
    found = spectrum("POST", "/users/", json=other).json()["data"]["phoneNumber"]

    assert found == ("+15551234567" if generation == OLDER else "+15557654321")


def test_4_3_null_leaves_a_field_alone(newer):
    _, spectrum = newer.project()
    spectrum("POST", "/users/", json=ADA)

    again = spectrum("POST", "/users/", json={**ADA, "firstName": None}).json()["data"]

    assert again["firstName"] == "Ada"


def test_4_3_a_deleted_user_is_gone_and_comes_back_with_another_number(photon):
    _, spectrum = photon.project()
    first = spectrum("POST", "/users/", json=ADA).json()["data"]

    statuses = [spectrum("DELETE", f"/users/{first['id']}/").status_code for _ in range(2)]
    second = spectrum("POST", "/users/", json=ADA).json()["data"]

    assert statuses == [200, 404]
    assert second["id"] != first["id"]
    assert second["assignedPhoneNumber"] != first["assignedPhoneNumber"]


@pytest.mark.parametrize(
    "change",
    [
        {"phoneNumber": "5551234567"},
        {"phoneNumber": None},
        {"type": "private"},
        {"email": "nobody"},
        {"assignedPhoneNumber": LINE},
        {"type": "dedicated"},
    ],
)
def test_4_3_what_fails_the_schema_is_422(photon, change):
    _, spectrum = photon.project()

    assert spectrum("POST", "/users/", json={**ADA, **change}).status_code == 422


def test_4_3_a_dedicated_user_needs_a_line_of_the_project(photon):
    _, spectrum = photon.project()
    ada = {**ADA, "type": "dedicated", "assignedPhoneNumber": LINE}

    first = spectrum("POST", "/users/", json=ada).json()["data"]

    assert spectrum("POST", "/users/", json=ada).json()["data"]["id"] == first["id"]
    foreign = {**ada, "assignedPhoneNumber": "+16285559999"}
    assert spectrum("POST", "/users/", json=foreign).status_code == 409


@pytest.mark.parametrize(("tier", "cap"), [("free", 10), ("business", None)])
def test_4_3_the_cap_counts_the_owner(start, tier, cap):
    _, spectrum = start(plan=tier).project()
    statuses = [
        spectrum(
            "POST", "/users/", json={"type": "shared", "phoneNumber": f"+1555000{i:04d}"}
        ).status_code
        for i in range(100, 112)
    ]

    created = statuses.count(200)
    assert created == (12 if cap is None else cap - 1)
    assert set(statuses) <= {200, 409}


def test_4_3_users_need_imessage(photon):
    _, spectrum = photon.project()
    spectrum("PATCH", "/platforms/", json={"platform": "imessage", "enabled": False})

    assert spectrum("POST", "/users/", json=ADA).status_code == 403


def test_4_3_filters_and_paging(newer):
    _, spectrum = newer.project()
    for index in range(5):
        body = {"type": "shared", "phoneNumber": f"+1555000010{index}", "firstName": f"N{index}"}
        spectrum("POST", "/users/", json=body)

    def found(**params):
        return spectrum("GET", "/users/", params=params).json()["data"]

    pages = [found(limit=4, offset=offset) for offset in (0, 4)]
    assert [(len(page["users"]), page["total"]) for page in pages] == [(4, 6), (2, 6)]
    assert len({user["id"] for page in pages for user in page["users"]}) == 6
    assert [user["firstName"] for user in found(search="n3")["users"]] == ["N3"]
    assert found(type="dedicated")["users"] == []
    assert len(found(id=pages[0]["users"][0]["id"])["users"]) == 1
    for limit in ("501", "0", "x"):
        assert spectrum("GET", "/users/", params={"limit": limit}).status_code == 422


def test_4_3_the_older_list_tells_no_total(photon, generation):
    _, spectrum = photon.project()

    assert ("total" in spectrum("GET", "/users/").json()["data"]) is (generation == NEWER)


def test_4_4_secrets_are_in_the_registration_only(photon, generation):
    _, spectrum = photon.project()
    row = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/"}).json()["data"]

    assert re.fullmatch(r"[0-9a-f]{64}", row["signingSecret"])
    assert ("standardSigningSecret" in row) is (generation == NEWER)
    assert "ecret" not in spectrum("GET", "/webhooks/").text


def test_4_4_an_active_url_is_a_conflict_and_a_deleted_one_is_new(photon):
    _, spectrum = photon.project()
    body = {"webhookUrl": "https://a.test/"}
    first = spectrum("POST", "/webhooks/", json=body).json()["data"]
    assert spectrum("POST", "/webhooks/", json=body).status_code == 409

    gone = [spectrum("DELETE", f"/webhooks/{first['id']}").status_code for _ in range(2)]
    second = spectrum("POST", "/webhooks/", json=body).json()["data"]

    assert gone == [200, 404]
    assert second["id"] != first["id"]
    assert second["signingSecret"] != first["signingSecret"]


def test_4_4_the_list_is_bare_and_oldest_first(photon):
    _, spectrum = photon.project()
    urls = [f"https://{letter}.test/" for letter in "cab"]
    for url in urls:
        spectrum("POST", "/webhooks/", json={"webhookUrl": url})

    assert [row["webhookUrl"] for row in spectrum("GET", "/webhooks/").json()["data"]] == urls


@pytest.mark.parametrize("url", ["no url", "", None, "ftp://a.test"])
def test_4_4_what_is_no_url_is_422(photon, url):
    _, spectrum = photon.project()

    assert spectrum("POST", "/webhooks/", json={"webhookUrl": url}).status_code == 422


def test_4_4_the_rules_of_a_change(newer):
    _, spectrum = newer.project()
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/"}).json()["data"]

    def patch(**body):
        return spectrum("PATCH", f"/webhooks/{hook['id']}", json=body)

    assert patch(enabled=False).status_code == 409
    assert patch(schemaVersion="raw-inbound.v1", enabled=False).status_code == 409
    assert patch(schemaVersion="normalized-events.v1").status_code == 422
    assert patch().status_code == 422
    assert patch(schemaVersion="raw-inbound.v1").json()["data"]["schemaVersion"] == "raw-inbound.v1"
    disabled = patch(enabled=False, failureNotificationEmail="ops@x.y").json()["data"]
    assert (disabled["status"], disabled["disabledReason"]) == ("disabled", "manual")
    assert disabled["failureNotificationEmail"] == "ops@x.y"
    assert len(spectrum("GET", "/webhooks/").json()["data"]) == 1  # disabled rows are listed


def test_4_4_a_rotation_renews_the_standard_secret_only(newer):
    _, spectrum = newer.project()
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/"}).json()["data"]

    new = spectrum("POST", f"/webhooks/{hook['id']}/secret/rotate", json={}).json()["data"]

    assert new["standardSigningSecret"] != hook["standardSigningSecret"]
    assert "signingSecret" not in new


def test_4_4_the_newer_routes_arent_there_in_the_older_generation(older):
    _, spectrum = older.project()
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/"}).json()["data"]

    for method, path in (
        ("PATCH", f"/webhooks/{hook['id']}"),
        ("POST", f"/webhooks/{hook['id']}/secret/rotate"),
        ("GET", "/webhooks/egress-ips"),
    ):
        answer = spectrum(method, path, json={})
        assert answer.status_code in (404, 405)
        assert "message" not in answer.text


def test_4_6_lines_are_the_projects_own(photon):
    row, spectrum = photon.project()

    def found():
        data = spectrum("GET", "/lines/").json()["data"]
        lines = data if isinstance(data, list) else data["lines"]
        shown = photon.dashboard("GET", f"/projects/{row['id']}/lines").json()
        on_dashboard = shown if isinstance(shown, list) else shown["lines"]
        if isinstance(shown, dict):
            assert shown["lines"] or shown["pendingRegistrations"] is None
            assert not shown["lines"] or shown["pendingRegistrations"] == []
        kind = spectrum("GET", "/imessage/").json()["data"]["type"]
        assert [line["id"] for line in on_dashboard] == [line["id"] for line in lines]
        return kind, {line["phoneNumber"] for line in lines}

    assert found() == ("shared", set())
    user = {"type": "dedicated", "phoneNumber": "+15551234567", "assignedPhoneNumber": LINE}
    spectrum("POST", "/users/", json=user)
    kind, numbers = found()
    assert (kind, LINE in numbers) == ("dedicated", True)


def test_5_5_the_sixth_request_of_a_second_is_429(start):
    _, spectrum = start(rate=5).project()

    statuses = [spectrum("GET", "/users/").status_code for _ in range(8)]

    assert statuses[:5] == [200] * 5
    assert 429 in statuses


def test_unknown_routes_are_404_and_unknown_methods_405(photon):
    assert photon.dashboard("GET", "/nothing").status_code == 404
    assert photon.dashboard("PUT", "/projects/").status_code == 405


@pytest.mark.parametrize("surface", ["dashboard", "spectrum"])
def test_3_4_a_picture_counts_once_its_bytes_came(photon, surface):
    row, spectrum = photon.project()

    def ask(step, body):
        if surface == "spectrum":
            return spectrum("POST", f"/profile/avatar/{step}", json=body).json()
        return photon.dashboard(
            "POST", f"/projects/{row['id']}/spectrum/avatar/{step}", json=body
        ).json()

    begun = ask("upload", {"contentType": "image/png"})
    begun = begun.get("data", begun)
    early = ask("commit", {"key": begun["key"]})
    assert photon.http.put(begun["uploadUrl"], content=b"png").status_code == 200
    done = ask("commit", {"key": begun["key"]})

    assert early.get("error") or early["succeed"] is False
    profile = photon.dashboard("GET", f"/projects/{row['id']}/spectrum/profile").json()
    assert profile["avatarUrl"] == done.get("data", done)["avatarUrl"]


def test_3_4_a_line_shows_names_and_picture_of_its_own(newer):
    row, _ = newer.project()
    bought = {"platform": "imessage"}
    line = newer.dashboard("POST", f"/projects/{row['id']}/lines", json=bought).json()["line"]
    path = f"/projects/{row['id']}/lines/{line['id']}/profile"

    named = newer.dashboard("PATCH", path, json={"firstName": "Ada"}).json()
    key = newer.dashboard("POST", f"{path}/avatar/upload", json={"contentType": "x"}).json()["data"]
    early = newer.dashboard("POST", f"{path}/avatar/commit", json={"key": key["key"]})
    newer.http.put(key["uploadUrl"], content=b"png")
    shown = newer.dashboard("POST", f"{path}/avatar/commit", json={"key": key["key"]}).json()
    unknown = newer.dashboard("PATCH", path.replace(line["id"], "x"), json={})

    assert (named["data"]["lineId"], named["data"]["firstName"]) == (line["id"], "Ada")
    assert (named["data"]["phoneNumber"], named["data"]["lastName"]) == (line["phoneNumber"], "")
    assert (early.status_code, early.json()["code"]) == (404, "UPLOAD_NOT_FOUND")
    assert shown["data"]["avatarUrl"]
    assert (unknown.status_code, unknown.json()["succeed"]) == (404, False)


def test_3_4_the_profile_is_pushed_to_the_lines(photon):
    row, spectrum = photon.project()

    pushed = photon.dashboard("POST", f"/projects/{row['id']}/spectrum/profile/sync").json()

    assert pushed == {"succeed": True, "data": {"projectId": row["id"], "targetedLineCount": 2}}
    assert spectrum("GET", "/profile/sync").json()["data"]["targetedLineCount"] == 2
    unknown = photon.dashboard("POST", "/projects/x/spectrum/profile/sync")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PROJECT_NOT_FOUND")


def test_3_4_the_subscription(photon):
    row, spectrum = photon.project()
    path = f"/projects/{row['id']}/subscription"

    assert photon.dashboard("GET", path).json()["tier"] == "business"
    assert photon.dashboard("GET", f"{path}/poll").json()["active"] is True
    assert photon.dashboard("POST", f"{path}/manage").json()["url"].startswith(photon.url)
    assert spectrum("GET", "/billing/subscription").json()["data"]["tier"] == "business"
    assert spectrum("GET", "/billing/status").json()["data"]["syncStatus"] == "synced"


def test_4_1_a_slug_is_taken_once(photon):
    _, spectrum = photon.project()
    _, other = photon.project("second")

    assert spectrum("PATCH", "/slug/", json={"slug": "us"}).json()["data"]["slug"] == "us"
    assert other("PATCH", "/slug/", json={"slug": "us"}).status_code == 409


def test_4_2_a_platform_has_settings_of_its_own(photon):
    _, spectrum = photon.project(platforms=["imessage", "voice"])

    changed = spectrum("PATCH", "/platforms/voice", json={"imessage_enabled": True}).json()["data"]

    assert changed["voice"] == {"enabled": True, "imessage_enabled": True}
    off = spectrum("PATCH", "/platforms/slack", json={"imessage_enabled": True})
    assert off.status_code == 404


def test_2_6_the_sign_in_server_describes_itself(newer):
    for name in ("openid-configuration", "oauth-authorization-server"):
        found = newer.http.get(f"{newer.url}/.well-known/{name}/api/auth").json()
        assert found["device_authorization_endpoint"] == f"{newer.url}/api/auth/device/code"


def test_4_4_a_rotation_lets_the_old_secret_sign_on_for_the_overlap(newer):
    _, spectrum = newer.project()
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/"}).json()["data"]
    path = f"/webhooks/{hook['id']}/secret/rotate"

    rotated = spectrum("POST", path, json={"overlapSeconds": 60}).json()["data"]
    at_once = spectrum("POST", path, json={"overlapSeconds": 0}).json()["data"]

    assert rotated["standardSigningSecret"] != hook["standardSigningSecret"]
    assert rotated["previousValidUntil"].endswith("Z")
    assert at_once["previousValidUntil"] is None
    assert spectrum("POST", path, json={"overlapSeconds": 604_801}).status_code == 422


@pytest.mark.parametrize(
    "content", [b"[]", b"nonsense", b'{"name": "\\ud800"}', b'{"name": NaN}', b"[" * 100_000]
)
def test_5_3_a_body_that_is_no_object_is_invalid(photon, content):
    answer = photon.dashboard("POST", "/projects/", content=content)

    assert (answer.status_code, answer.json()["type"]) == (422, "validation")


def test_2_4_the_sign_in_library_has_a_retry_header_of_its_own(start):
    photon = start(faults=("* /api/auth/* : 429-retry-after", "* /api/projects : 429-retry-after"))

    assert photon.dashboard("GET", "/auth/get-session").headers["X-Retry-After"] == "1"
    assert photon.dashboard("GET", "/projects").headers["Retry-After"] == "1"


def test_4_0_a_line_break_in_a_path_is_part_of_it(photon):
    _, spectrum = photon.project()

    assert spectrum("DELETE", "/webhooks/%0A").status_code == 422


@pytest.mark.parametrize(
    ("platforms", "enabled"),
    [({}, {"imessage"}), ({"platforms": []}, set()), ({"platforms": ["voice"]}, {"voice"})],
)
def test_3_3_a_project_without_platforms_has_imessage(newer, platforms, enabled):
    created = newer.dashboard("POST", "/projects/", json={"name": "x", **platforms}).json()

    row = newer.dashboard("GET", f"/projects/{created['id']}").json()

    assert set(row["platforms"]) == enabled


def test_2_5_a_session_shows_every_field_of_the_library(photon):
    found = photon.dashboard("GET", "/auth/get-session").json()

    assert set(found["session"]) == {
        "id", "userId", "token", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent",
    }  # fmt: skip
    assert {"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"} <= set(
        found["user"]
    )


def test_2_6_the_profile_has_the_shape_of_the_types(photon):
    assert set(photon.dashboard("GET", "/profile").json()) == {
        "id", "userId", "type", "referralSource", "platforms", "background", "companyName",
    }  # fmt: skip


def test_3_4_names_are_never_null(photon):
    row, spectrum = photon.project()

    shown = photon.dashboard("GET", f"/projects/{row['id']}/spectrum/profile").json()

    assert (shown["firstName"], shown["lastName"]) == ("", "")
    assert spectrum("GET", "/profile").json()["data"]["firstName"] == ""


@pytest.mark.parametrize("path", ["/platforms/", "/billing/subscription", "/imessage/"])
def test_4_2_some_reads_are_answered_without_credentials(photon, path):
    _, spectrum = photon.project()
    url = spectrum("GET", "/users/").request.url
    base = str(url).removesuffix("/users/")

    assert photon.http.get(f"{base}{path}").status_code == 200
    assert photon.http.get(f"{base}{path}", auth=("x", "y")).status_code == 401
    assert photon.http.get(f"{base}/users/").status_code == 401


def test_4_3_a_message_is_opened_without_the_project_too(photon):
    _, spectrum = photon.project()
    user = {"type": "shared", "phoneNumber": "+15551234567"}
    user_id = spectrum("POST", "/users/", json=user).json()["data"]["id"]

    # httpx can't even look at such a Location.
    connection = HTTPConnection(photon.url.removeprefix("http://"))
    connection.request("GET", f"/users/{user_id}/redirect?msg=Hi")
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 302
    assert answer.headers["location"].startswith("sms:+1415")
    assert photon.http.get(f"{photon.url}/users/{user_id[:-1]}x/redirect").status_code == 404


def test_6_2_the_owners_row_has_an_email(photon):
    _, spectrum = photon.project()

    (owner,) = spectrum("GET", "/users/").json()["data"]["users"]

    assert owner["email"] == "owner@emulator.example"
