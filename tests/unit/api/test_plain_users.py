"""Reading a documented list of users row by row says the same as reading it whole."""

import json

import pytest

from photonctl.api.envelope import read_spectrum
from photonctl.api.retry import Answer
from photonctl.api.rows import read_plain_users, read_users
from photonctl.api.transport import Request
from photonctl.errors import ApiError, UnknownShape

ROW = {
    "id": "u-1", "phoneNumber": "+15551234567", "firstName": "Ada", "type": "shared",
    "meta": {"role": "project_owner"}, "extra": [1, {"x": None}],
}  # fmt: skip


def body(*rows, **more):
    return json.dumps({"succeed": True, "data": {"users": rows, **more}}).encode()


def whole(data):
    request = Request(method="GET", path="/users/")
    return read_users(read_spectrum(request, Answer(status=200, body=data)))


@pytest.mark.parametrize(
    "data",
    [
        body(),
        body(total=0),
        body(ROW, total=1),
        body(ROW, {**ROW, "id": "u-2", "email": "Jos\u00e9@example.com"}, total=2, page=1),
        body(ROW, total=None),
    ],
)
def test_a_documented_list_is_read_row_by_row(data):
    assert read_plain_users(data) == whole(data)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([ROW]).encode(),
        json.dumps({"users": [ROW]}).encode(),
        json.dumps({"succeed": True, "data": [ROW]}).encode(),
        body(ROW).replace(b"Ada", b"\\ud800"),
        body(ROW).replace(b"Ada", b"\xff"),
    ],
)
def test_another_form_is_left_to_who_knows_all(data):
    assert read_plain_users(data) is None
    assert [row.id for row in whole(data)[0]] == ["u-1"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<p>Sign in</p>",
        b'{"succeed": false, "data": {"users": []}}',
        b'{"succeed": "yes", "data": {"users": []}}',
        b'{"data": {"users": []}, "error": "no"}',
        body(ROW)[:-1],
        body(ROW) + b"x",
        body(1),
        body(None),
        body([]),
        body({**ROW, "meta": 1}).replace(
            b'"meta": 1', b'"meta": ' + b"[" * 200_000 + b"]" * 200_000
        ),
    ],
)
def test_what_is_no_list_of_users_is_none_either_way(data):
    assert read_plain_users(data) is None
    with pytest.raises((ApiError, ValueError, TypeError)):
        whole(data)


@pytest.mark.parametrize("wrong", [{"id": "../x"}, {"phoneNumber": "+1***"}, {"id": None}])
def test_a_row_in_another_shape_is_refused_at_once(wrong):
    with pytest.raises(UnknownShape):
        read_plain_users(body(ROW, {**ROW, **wrong}))
