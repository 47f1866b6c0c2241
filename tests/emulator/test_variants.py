"""What nobody knows of Photon (contract 8): each other way, and that it is another one."""

from pathlib import Path

import pytest

from photonctl.emulator.server import Settings, UnknownVariant, running
from photonctl.emulator.variants import VARIANTS

ADA = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada"}
DEDICATED = {**ADA, "type": "dedicated", "assignedPhoneNumber": "+16285550100"}


def seen_dedicated(photon):
    _, spectrum = photon.project()
    spectrum("POST", "/users/", json=DEDICATED)
    return spectrum("POST", "/users/", json={**DEDICATED, "firstName": "A."}).json()["data"][
        "firstName"
    ]


def seen_422(photon):
    _, spectrum = photon.project()
    return spectrum("POST", "/users/", json={"type": "shared"}).json().get("property")


def seen_page(photon):
    _, spectrum = photon.project()
    spectrum("POST", "/users/", json=ADA)
    answer = spectrum("GET", "/users/", params={"limit": 1})
    if answer.status_code != 200:
        return answer.status_code
    data = answer.json()["data"]
    return len(data["users"]), data.get("total")


def seen_late(photon):
    return photon.dashboard("GET", f"/projects/{photon.create()['id']}").json() is None


def seen_routes(photon):
    _, spectrum = photon.project()
    return spectrum("GET", "/webhooks/egress-ips").status_code == 200


def seen_secret(photon):
    project_id = photon.create()["id"]
    before = photon.dashboard("GET", f"/projects/{project_id}").json()["projectSecret"]
    new = photon.dashboard("POST", f"/projects/{project_id}/regenerate-secret").json()
    after = photon.dashboard("GET", f"/projects/{project_id}").json()["projectSecret"]
    assert after == new["projectSecret"]
    return before is None


def seen_mark(photon):
    _, spectrum = photon.project()
    (owner,) = spectrum("GET", "/users/").json()["data"]["users"]
    return owner.get("meta")


def seen_owner(photon):
    created = photon.create()
    return created["ownerStatus"], created.get("warning", {}).get("code")


def seen_field(photon):
    answer = photon.dashboard("POST", "/projects/", json={"name": "x", "spectrum": True})
    return answer.status_code, answer.json().get("property")


def seen_429(photon):
    _, spectrum = photon.project()
    answers = [spectrum("GET", "") for _ in range(20)]
    (limited, *_) = [answer for answer in answers if answer.status_code == 429]
    return limited.headers.get("Retry-After")


def seen_slash(photon):
    return photon.dashboard("GET", "/projects/").headers.get("Location")


def seen_url(photon):
    _, spectrum = photon.project()
    urls = ("http://a.test/", "https://localhost/", "https://127.0.0.1/", "https://a.test/")
    return [spectrum("POST", "/webhooks/", json={"webhookUrl": u}).status_code for u in urls]


def seen_conflict(photon):
    _, spectrum = photon.project()
    for number in range(9):
        spectrum("POST", "/users/", json={**ADA, "phoneNumber": f"+1555123000{number}"})
    answer = spectrum("POST", "/users/", json=ADA)
    return answer.status_code, answer.json().get("code")


def seen_headers(photon):
    return {"Deprecation", "Sunset", "Link"} <= {
        name.title() for name in photon.dashboard("GET", "/projects/").headers
    }


def seen_404(photon):
    return photon.dashboard("GET", "/nothing").headers["Content-Type"]


def seen_number(photon):
    _, spectrum = photon.project()
    return bool(spectrum("POST", "/users/", json=ADA).json()["data"].get("assignedPhoneNumber"))


def seen_phones(photon):
    _, spectrum = photon.project()
    (owner,) = spectrum("GET", "/users/").json()["data"]["users"]
    return owner["phoneNumber"]


def seen_spelling(photon):
    _, spectrum = photon.project()
    urls = ("https://B\u00fccher.example:443/a%2Db", "https://xn--bcher-kva.example/a-b/")
    answers = [spectrum("POST", "/webhooks/", json={"webhookUrl": url}) for url in urls]
    (first, *_) = spectrum("GET", "/webhooks/").json()["data"]
    return first["webhookUrl"], [answer.status_code for answer in answers]


def seen_schema(photon):
    _, spectrum = photon.project()
    sent = {"webhookUrl": "https://a.example/"}
    return spectrum("POST", "/webhooks/", json=sent).json()["data"]["schemaVersion"]


CASES = {
    "bare-conflicts": (seen_conflict, (409, "shared_user_limit_reached"), (409, None)),
    "deprecation-headers": (seen_headers, False, True),
    "json-404": (seen_404, "text/plain; charset=utf-8", "application/json"),
    "late-numbers": (seen_number, True, False),
    "masked-numbers": (seen_phones, "+15550000001", "+155****0001"),
    "normalised-urls": (
        seen_spelling,
        ("https://B\u00fccher.example:443/a%2Db", [200, 200]),
        ("https://xn--bcher-kva.example/a-b/", [200, 409]),
    ),
    "raw-inbound-default": (seen_schema, "normalized-events.v1", "raw-inbound.v1"),
    "dedicated-upsert": (seen_dedicated, "Ada", "A."),
    "framework-422": (seen_422, None, "/phoneNumber"),
    "ignore-paging": (seen_page, (1, 2), (2, None)),
    "late-reads": (seen_late, False, True),
    "no-new-routes": (seen_routes, True, False),
    "null-secret": (seen_secret, False, True),
    "owner-fails": (seen_owner, ("added", None), ("failed", "owner_enrollment_failed")),
    "owner-no-line": (
        seen_owner,
        ("added", None),
        ("skipped_pool_exhausted", "shared_line_unavailable"),
    ),
    "owner-unmarked": (seen_mark, {"project_owner": True}, None),
    "reject-paging": (seen_page, (1, 2), 422),
    "reject-spectrum": (seen_field, (200, None), (422, "/spectrum")),
    "retry-after": (seen_429, None, "1"),
    "slash-redirect": (seen_slash, None, "/api/projects"),
    "strict-urls": (seen_url, [200, 200, 200, 200], [422, 422, 422, 200]),
}


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_variant_is_another_photon(start, variant):
    look, usual, other = CASES[variant]
    rate = 5 if look is seen_429 else 0
    plan = "free" if look is seen_conflict else "business"

    assert look(start(rate=rate, plan=plan)) == usual
    assert look(start(rate=rate, plan=plan, variants=(variant,))) == other


def test_an_unknown_variant_is_refused_with_the_known_ones():
    settings = Settings(variants=("nonsense",))
    with pytest.raises(UnknownVariant, match="late-reads"), running(settings):
        pytest.fail("it ran")


def test_each_variant_is_documented():
    text = (Path(__file__).parents[2] / "docs/emulator.md").read_text(encoding="utf-8")

    assert [name for name in VARIANTS if f"`{name}`" not in text] == []
