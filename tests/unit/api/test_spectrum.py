"""Listing users from servers that page, don't page, and refuse to."""

import asyncio
import json

import httpx
import pytest

from photonctl.api import spectrum as spectrum_routes
from photonctl.api.auth import PairAuth, ProjectPair
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Retrying
from photonctl.api.spectrum import Spectrum
from photonctl.api.transport import Transport
from photonctl.errors import Rejected, Unauthorized, UnknownShape
from photonctl.model.secret import Secret

EVERYBODY = [{"id": f"u{i}", "phoneNumber": f"+1555{i:07d}"} for i in range(1203)]


def spectrum(http, base):
    pair = ProjectPair(project_id="p", secret=Secret("s"))
    transport = Transport(
        http,
        base,
        PairAuth(pair),
        limiter=Limiter(0),
        retrying=Retrying(attempts=1),
        slots=asyncio.Semaphore(8),
    )
    return Spectrum(transport, "p")


def ids_listed(answer):
    """List users from a server that answers by the function; return ids and request count."""
    seen = []

    def handler(request):
        query = {key: int(value) for key, value in request.url.params.items()}
        seen.append(query)
        return answer(**query)

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            return await spectrum(http, "https://photon.test").users()

    return [row.id for row in asyncio.run(run())], len(seen)


def ok(rows, **more):
    return httpx.Response(200, json={"succeed": True, "data": {"users": rows, **more}})


def test_a_list_whose_total_proves_it_whole_is_one_request():
    assert ids_listed(lambda: ok(EVERYBODY, total=len(EVERYBODY))) == (
        [row["id"] for row in EVERYBODY],
        1,
    )


def test_pages_are_read_until_the_total():
    def answer(limit=500, offset=0):
        return ok(EVERYBODY[offset : offset + limit], total=len(EVERYBODY))

    assert ids_listed(answer) == ([row["id"] for row in EVERYBODY], 3)


def test_without_a_total_a_short_page_is_the_last():
    def answer(limit=500, offset=0):
        return ok(EVERYBODY[offset : offset + limit])

    assert ids_listed(answer) == ([row["id"] for row in EVERYBODY], 3)


def test_a_server_with_smaller_pages_of_its_own_is_read_to_the_end():
    def answer(limit=100, offset=0):
        return ok(EVERYBODY[offset : offset + 100], total=len(EVERYBODY))

    assert ids_listed(answer) == ([row["id"] for row in EVERYBODY], 13)


def test_a_server_that_ignores_paging_is_noticed_by_repeated_ids():
    found, count = ids_listed(lambda **_: ok(EVERYBODY))

    assert (len(found), count) == (len(EVERYBODY), 2)


@pytest.mark.parametrize("later", [{}, {"total": 2}])
@pytest.mark.parametrize("rows", [[], EVERYBODY[:1]])
def test_fewer_users_than_the_server_counts_are_no_list(rows, later):
    def answer(limit=None, offset=0):
        return ok(rows[offset:], **({"total": 2} if limit is None else later))

    with pytest.raises(UnknownShape, match="server counts more"):
        ids_listed(answer)


@pytest.mark.parametrize("total", [-1, True, "2", None])
def test_what_counts_nothing_is_no_total(total):
    assert ids_listed(lambda **_: ok(EVERYBODY[:3], total=total))[1] == 2


@pytest.mark.parametrize("rows", [EVERYBODY[:3], []])
def test_a_server_that_refuses_paging_has_given_all_at_once(rows):
    def answer(limit=None, offset=None):
        return ok(rows) if limit is None else httpx.Response(422, json={})

    assert ids_listed(answer) == ([row["id"] for row in rows], 2)


@pytest.mark.parametrize("status", [422, 500, 413])
def test_where_all_at_once_fails_pages_follow(status):
    def answer(limit=None, offset=0):
        if limit is None:
            return httpx.Response(status, json={"message": "too much"})
        return ok(EVERYBODY[offset : offset + limit], total=len(EVERYBODY))

    assert ids_listed(answer) == ([row["id"] for row in EVERYBODY], 4)


def test_an_answer_that_is_too_large_is_read_in_pages(monkeypatch):
    monkeypatch.setattr("photonctl.api.spectrum.LARGEST_LIST", 40_000)

    def answer(limit=None, offset=0):
        rows = EVERYBODY if limit is None else EVERYBODY[offset : offset + limit]
        return ok(rows, total=len(EVERYBODY))

    assert ids_listed(answer) == ([row["id"] for row in EVERYBODY], 4)


def test_a_refused_credential_is_no_reason_to_ask_again():
    with pytest.raises(Unauthorized):
        ids_listed(lambda **_: httpx.Response(401, json={}))


def test_a_refusal_in_the_middle_is_an_error_not_an_end():
    def answer(limit=None, offset=None):
        if offset:
            return httpx.Response(422, json={"message": "no further"})
        return ok(EVERYBODY[:500], total=len(EVERYBODY))

    with pytest.raises(Rejected, match="no further"):
        ids_listed(answer)


def test_an_id_is_quoted_in_a_path():
    paths = []

    def handler(request):
        paths.append(request.url.raw_path.decode())
        return httpx.Response(200, content=json.dumps({"succeed": True, "data": None}))

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            await spectrum(http, "https://photon.test/base/").delete_user("../../evil?x")

    asyncio.run(run())
    assert paths == ["/base/projects/p/users/..%2F..%2Fevil%3Fx/"]


def test_a_list_without_end_is_no_list():
    def answer(limit=1, offset=0):
        return ok([{"id": f"u{offset}", "phoneNumber": f"+1555{offset:07d}"}], total=10**9)

    with pytest.raises(UnknownShape, match="isn't whole"):
        ids_listed(answer)


OWNER = {"id": "u1", "phoneNumber": "+15550000001", "meta": {"project_owner": True}}
FALSE = {"id": "u1", "phoneNumber": "+15559990000", "meta": {"project_owner": False}}


@pytest.mark.parametrize("rows", [[OWNER, FALSE], [FALSE, OWNER], [OWNER, OWNER]])
def test_an_id_twice_is_no_list_however_it_is_read(rows):
    """A delete of the one row would delete the other: the owner, say."""

    def refusing(limit=None, offset=None):
        return ok(rows) if limit is None else httpx.Response(422, json={})

    for answer in (lambda **_: ok(rows), lambda **_: ok(rows, total=2), refusing):
        with pytest.raises(UnknownShape, match="one row for each id"):
            ids_listed(answer)


def test_an_id_that_comes_again_as_another_row_is_no_list():
    def answer(limit=500, offset=0):
        page = [OWNER, *EVERYBODY[2 : limit + 1]] if not offset else [FALSE]
        return ok(page, total=600)

    with pytest.raises(UnknownShape, match="one row for each id"):
        ids_listed(answer)


def test_a_list_that_takes_too_long_is_none(monkeypatch):
    """Each page may be well in time, and there may be a thousand of them."""
    monkeypatch.setattr(spectrum_routes, "_LONGEST_LIST_S", 0)

    async def slow(_):
        await asyncio.Event().wait()

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(slow)) as http:
            return await spectrum(http, "https://photon.test").users()

    with pytest.raises(UnknownShape, match="takes longer"):
        asyncio.run(asyncio.wait_for(run(), 10))
