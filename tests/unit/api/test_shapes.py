"""The tolerant reader, shape by shape: each row of contract §7, and what must be refused."""

import pytest
from msgspec.structs import replace

from photonctl.api import hook_rows, rows
from photonctl.api.envelope import read_dashboard, read_spectrum
from photonctl.api.parsing import parse_json
from photonctl.api.retry import Answer, Repeat
from photonctl.api.transport import Request
from photonctl.errors import (
    Ambiguous,
    Conflict,
    NotFound,
    NotOffered,
    RateLimited,
    Rejected,
    ServerFailed,
    Unauthorized,
    UnknownShape,
)
from photonctl.model.secret import note_session
from photonctl.model.spec import UNSET

PROJECT = {"id": "p1", "name": "bot"}
USER = {"id": "u1", "phoneNumber": "+15551234567"}
HOOK = {"id": "w1", "webhookUrl": "https://bot.example.com/"}
GET = Request(method="GET", path="/x")
DELETE = Request(method="DELETE", path="/x")
REGISTER = Request(method="POST", path="/x", repeat=Repeat.ONCE)


@pytest.mark.parametrize(
    "value",
    [
        [PROJECT],
        {"data": [PROJECT]},
        {"projects": [PROJECT]},
        {"items": [PROJECT]},
        {"results": [PROJECT]},
        {"data": {"projects": [PROJECT]}},
    ],
)
def test_every_shape_of_a_project_list_reads_as_the_same(value):
    assert rows.read_projects(value) == rows.read_projects([PROJECT])


@pytest.mark.parametrize(
    "value",
    [None, "", {}, {"data": None}, {"rows": []}, {"error": "x"}, [1], [None], 7, {"data": {}}],
)
def test_no_list_is_never_an_empty_list(value):
    for read in (rows.read_projects, rows.read_users, hook_rows.read_webhooks):
        with pytest.raises(UnknownShape):
            read(value)


def test_an_empty_list_is_one():
    assert rows.read_projects([]) == ()
    assert hook_rows.read_webhooks([]) == ()
    assert rows.read_users({"users": [], "total": 0}) == ((), 0)


@pytest.mark.parametrize(
    ("value", "total"),
    [
        ({"users": [USER], "total": 7}, 7),
        ({"users": [USER]}, None),
        ([USER], None),
        ({"data": {"users": [USER]}}, None),
        ({"items": [USER], "total": 1}, 1),
        ({"results": [USER]}, None),
    ],
)
def test_every_shape_of_a_user_list(value, total):
    assert rows.read_users(value) == (
        (rows.UserRow(id="u1", type="shared", phone_number="+15551234567"),),
        total,
    )


@pytest.mark.parametrize("wrapper", [None, "data", "project"])
def test_one_project(wrapper):
    assert rows.read_project({wrapper: PROJECT} if wrapper else PROJECT).id == "p1"


def test_null_is_an_unknown_project():
    assert rows.read_project(None) is None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "p1"),
        ({"spectrumProjectId": "s1"}, "s1"),
        ({"spectrum_project_id": "s1"}, "s1"),
        ({"spectrum": {"projectId": "s1"}}, "s1"),
        ({"spectrum": {"project_id": "s1"}}, "s1"),
        ({"credentials": {"projectId": "s1"}}, "s1"),
        ({"spectrumProjectId": None}, None),  # split, and without a Spectrum side
        ({"spectrum": True}, "p1"),
    ],
)
def test_the_spectrum_id(row, expected):
    assert rows.read_project({**PROJECT, **row}).spectrum_id == expected


@pytest.mark.parametrize(
    "row",
    [
        {"projectSecret": "x"},
        {"project_secret": "x"},
        {"spectrumProjectSecret": "x"},
        {"spectrum": {"projectSecret": "x"}},
        {"spectrum": {"secret": "x"}},
        {"credentials": {"projectSecret": "x"}},
    ],
)
def test_the_project_secret(row):
    assert rows.read_project({**PROJECT, **row}).secret.reveal() == "x"


@pytest.mark.parametrize("row", [{}, {"projectSecret": None}, {"projectSecret": ""}])
def test_no_project_secret(row):
    assert rows.read_project({**PROJECT, **row}).secret is None


@pytest.mark.parametrize("key", ["dashboardProjectId", "dashboard_project_id"])
def test_other_names_of_id_and_name(key):
    row = rows.read_project({key: "p1", "displayName": "bot"})

    assert (row.id, row.name) == ("p1", "bot")


@pytest.mark.parametrize(
    "value",
    [
        ["imessage"],
        {"imessage": True, "voice": False},
        {"imessage": {"enabled": True}, "voice": {"enabled": False}, "slack": None},
        [{"id": "imessage", "enabled": True}, {"platform": "voice", "enabled": False}],
        [{"name": "imessage"}],
        "imessage",
        {"platforms": ["imessage"]},
        {"enabledPlatforms": {"imessage": True}},
        {"enabled_platforms": "imessage"},
    ],
)
def test_every_shape_of_platforms(value):
    assert rows.read_platforms(value) == {"imessage"}


@pytest.mark.parametrize("value", [None, 3, [3], [{}], {"imessage": "on"}])
def test_no_platforms_are_never_none_enabled(value):
    with pytest.raises(UnknownShape):
        rows.read_platforms(value)


@pytest.mark.parametrize(
    ("value", "has_row"),
    [
        ({**PROJECT, "projectSecret": "x"}, True),
        ({"success": True, "id": "p1", "ownerStatus": "added"}, False),
        ({"succeed": True, "data": {"id": "p1"}}, False),
        ({"project": PROJECT}, True),
    ],
)
def test_every_shape_of_a_creation(value, has_row):
    created = rows.read_created_project(value)

    assert (created.id, created.row is not None) == ("p1", has_row)


def test_a_warning_of_a_creation_is_told():
    warning = {"code": "owner_phone_missing", "message": "no phone"}

    created = rows.read_created_project({"success": True, "id": "p1", "warning": warning})

    assert created.warning == "owner_phone_missing: no phone"


@pytest.mark.parametrize("value", [USER, {"user": USER}, {"data": USER}, {"body": USER}])
def test_every_shape_of_a_created_user(value):
    assert rows.read_user(value).id == "u1"


@pytest.mark.parametrize(
    ("meta", "is_owner"),
    [
        (None, False),
        ({}, False),
        ({"project_owner": True}, True),
        ({"project_owner": False}, False),
        ({"role": "project_owner"}, True),
        ({"tags": ["x", "project_owner"]}, True),
        ({"opt_in": True}, False),
        ("project_owner", False),
    ],
)
def test_the_owners_mark(meta, is_owner):
    assert rows.read_user({**USER, "meta": meta}).is_owner is is_owner


@pytest.mark.parametrize("value", [{}, {"id": "u1"}, {"phoneNumber": "+1555"}, None])
def test_a_user_needs_id_and_phone(value):
    with pytest.raises(UnknownShape):
        rows.read_user(value)


@pytest.mark.parametrize("wrapper", ["webhook", "data"])
@pytest.mark.parametrize("key", ["signingSecret", "secret"])
def test_every_shape_of_a_registration(wrapper, key):
    row, secrets = hook_rows.read_registered_webhook({wrapper: {**HOOK, key: "x" * 64}})

    assert (row.id, secrets.signing.reveal(), secrets.standard) == ("w1", "x" * 64, None)


def test_fields_that_a_generation_lacks_are_unset():
    row = hook_rows.read_webhook(HOOK)

    assert (row.enabled, row.event_types, row.failure_notification_email) == (UNSET, UNSET, UNSET)


@pytest.mark.parametrize("value", [None, {}, {"user": None}, {"user": {}}, "x", []])
def test_no_session(value):
    assert rows.read_session(value) is None


def answer(status, body=b""):
    return Answer(status=status, body=body)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error": "bad"}', Rejected),
        (401, b"", Unauthorized),
        (403, b"", Unauthorized),
        (404, b'{"message": "x"}', NotFound),
        (404, b"NOT_FOUND", NotOffered),
        (405, b"", NotOffered),
        (409, b"{}", Conflict),
        (422, b"{}", Rejected),
        (429, b"", RateLimited),
        (500, b"<html>", ServerFailed),
        (302, b"", Rejected),
        (299, b"no json", UnknownShape),
        (200, b"[" * 100_000, UnknownShape),
    ],
)
def test_every_status_is_an_error_of_its_own(status, body, error):
    for read in (read_dashboard, read_spectrum):
        with pytest.raises(error):
            read(GET, answer(status, body))


def test_a_wait_that_is_longer_than_ours_is_told():
    with pytest.raises(RateLimited) as caught:
        read_spectrum(GET, Answer(status=429, body=b"", retry_after_s=3600))

    assert "wait 3600 s" in caught.value.hint
    assert "--timeout" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "body"), [(500, b""), (502, b"<html>"), (504, b""), (200, b"<html>")]
)
def test_a_registration_may_have_happened_behind_a_broken_answer(status, body):
    with pytest.raises(Ambiguous):
        read_spectrum(REGISTER, answer(status, body))


def test_a_conflict_with_a_request_that_was_sent_twice_may_be_with_itself():
    once = answer(409, b"{}")

    with pytest.raises(Conflict):
        read_spectrum(REGISTER, once)
    with pytest.raises(Ambiguous, match="twice"):
        read_spectrum(REGISTER, replace(once, sent=2))


def test_a_503_says_nothing_of_what_was_done():
    with pytest.raises(Ambiguous):
        read_spectrum(REGISTER, answer(503, b""))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": "Unsupported platform"}', "Unsupported platform"),
        (b'{"success": false, "message": "no"}', "no"),
        (b'{"succeed": false, "error": {"code": "X", "message": "inner"}}', "inner"),
        (b'{"error": {"code": "ONLY_CODE"}}', "ONLY_CODE"),
    ],
)
def test_a_200_can_mean_failure(body, told):
    for read in (read_dashboard, read_spectrum):
        with pytest.raises(Rejected, match=told) as caught:
            read(GET, answer(200, body))
        assert caught.value.status == 200


def test_a_200_that_says_not_found():
    with pytest.raises(NotFound):
        read_dashboard(DELETE, answer(200, b'{"error": "Project not found"}'))


@pytest.mark.parametrize("body", [b"", b"  ", b"null"])
def test_an_empty_body_is_null(body):
    assert read_dashboard(DELETE, answer(204, body)) is None
    assert read_spectrum(DELETE, answer(204, body)) is None


VALIDATION = (
    b'{"type": "validation", "on": "body", "property": "/webhookUrl", "summary": "must be a URL"}'
)


@pytest.mark.parametrize(
    "body", [VALIDATION, b'"' + VALIDATION.replace(b'"', b'\\"') + b'"'], ids=["object", "string"]
)
def test_a_validation_error_names_its_field(body):
    with pytest.raises(Rejected, match="webhookUrl: must be a URL"):
        read_spectrum(REGISTER, answer(422, body))


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"message": "m", "code": "C"}', "m", "C"),
        (b'{"error": "one_word"}', "one_word", "one_word"),
        (b'{"error_description": "d"}', "d", None),
        (b'{"detail": "d"}', "d", None),
        (b'{"summary": "s"}', "s", None),
        (b"plain text", "no explanation", None),
    ],
)
def test_messages_and_codes_are_found_where_they_stand(body, message, code):
    with pytest.raises(Rejected, match=message) as caught:
        read_spectrum(GET, answer(400, body))
    assert caught.value.code == code


def test_what_a_server_says_cant_reach_a_terminal():
    body = b'{"message": "\\u001b[2J\\u0007' + b"x" * 1000 + b'"}'

    with pytest.raises(Rejected) as caught:
        read_spectrum(GET, answer(400, body))

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("body", [b'{"a": "x\\ud800y"}', b'"{\\"a\\": \\"x\\\\uD800y\\"}"'])
def test_half_a_character_costs_no_more_than_itself(body):
    assert parse_json(body) == {"a": "x?y"}


def test_a_time_of_another_zone_is_told_in_utc():
    row = {
        "id": "w",
        "standardSigningSecret": "s" * 38,
        "previousValidUntil": "2026-11-25T12:00+14:00",
    }

    _, until = hook_rows.read_rotated_secret(row)

    assert f"{until:%Y-%m-%d %H:%M}" == "2026-11-24 22:00"


@pytest.mark.parametrize("secret", ["a", "0123456789abcde"])
@pytest.mark.parametrize("name", ["signingSecret", "standardSigningSecret"])
def test_a_signing_secret_that_could_be_guessed_is_none(secret, name):
    with pytest.raises(UnknownShape):
        hook_rows.read_registered_webhook({"data": {**HOOK, name: secret}})


def test_two_signing_secrets_are_two():
    both = dict.fromkeys(("signingSecret", "standardSigningSecret"), "s" * 64)
    with pytest.raises(UnknownShape):
        hook_rows.read_registered_webhook({"data": {**HOOK, **both}})


@pytest.mark.parametrize("name", ["projectSecret", "project_secret", "spectrumProjectSecret"])
def test_the_sessions_token_is_no_projects_secret(name):
    token = "session-token-that-a-server-repeats"
    note_session(token)
    row = {"id": "p1", "name": "bot", name: token}

    for read in (
        lambda: rows.read_projects([row]),
        lambda: rows.read_project(row),
        lambda: rows.read_created_project(row),
        lambda: rows.read_regenerated_secret(row),
    ):
        with pytest.raises(UnknownShape):
            read()
