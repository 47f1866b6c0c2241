"""The environment's own pair, where Photon doesn't say which project it opens."""

import asyncio

import pytest

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.auth import ProjectPair
from photonctl.errors import RefusedError
from photonctl.model.secret import Secret
from tests.support.listening import listening

PAIR = ProjectPair(project_id="p1", secret=Secret("the-pair-0123456789"))


def found(status, body, project_id):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)

    async def find():
        async with listening(answer) as port:
            url = f"http://127.0.0.1:{port}"
            async with Account(Access(dashboard_url=url, spectrum_url=url, pair=PAIR)) as account:
                return await account.find("bot", project_id, is_only=True)

    return asyncio.run(find())


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("body", [b"default backend - 404", b"", b"<html>not found</html>"])
def test_only_an_id_in_the_manifest_says_that_it_is_meant(status, body):
    """An older server has no such page; nor has a gateway that restarts."""
    with pytest.raises(RefusedError, match='so it isn\'t known whether it is "bot"'):
        found(status, body, None)

    assert found(status, body, "p1").project_id == "p1"
