"""Rotating a project's secret at a server, or behind a proxy, that repeats what was before."""

import asyncio
import json
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.api.auth import BearerAuth, ProjectPair
from photonctl.api.dashboard import Dashboard
from photonctl.api.limiter import Limiter
from photonctl.api.retry import Retrying
from photonctl.api.transport import Transport
from photonctl.errors import ApiError, UnknownShape
from photonctl.model.secret import Secret

OLD, OLDER, NEW = (f"{word}-secret-0123456789" for word in ("the-old", "an-older", "the-new"))


@contextmanager
def photon(answer, shown):
    """Serve one project; ``answer``: the secret that a rotation gives; ``shown``: what opens it."""
    project = {"id": "p1", "name": "bot", "platforms": [], "spectrumProjectId": "p1"}
    state = {"secret": OLD}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self):
            size = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(size)
            row = {**project, "projectSecret": state["secret"]}
            found = {
                "/api/projects/": [row],
                "/api/projects/p1": row,
                "/api/projects/p1/regenerate-secret": {"success": True, "projectSecret": answer},
                "/projects/p1/webhooks/": {"succeed": True, "data": []},
            }[self.path]
            if "regenerate" in self.path:
                state["secret"] = shown
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def rotated(url, stored=None):
    pairs = {"p1": ProjectPair(project_id="p1", secret=Secret(stored))} if stored else {}

    async def work():
        access = Access(
            dashboard_url=url, spectrum_url=url, token=Secret("t" * 20), rate=0, stored=pairs
        )
        async with Account(access) as account:
            return await account.regenerate_secret("p1")

    return asyncio.run(work())


def test_a_new_secret_is_returned():
    with photon(NEW, NEW) as url:
        assert rotated(url, stored=OLD) == Secret(NEW)


@pytest.mark.parametrize(("answer", "stored"), [(OLD, None), (OLD, OLDER), (OLDER, OLDER)])
def test_one_that_the_project_had_before_is_no_new_one(answer, stored):
    with (
        photon(answer, OLD) as url,
        pytest.raises(UnknownShape, match=r"had before|no new project secret"),
    ):
        rotated(url, stored=stored)


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [({"success": True}, True), (None, False), ([], False), ({"status": "failed"}, False),
     ({"success": "false"}, False), ({"success": False}, False), ("x", False)],
)  # fmt: skip
def test_only_an_answer_that_says_so_signs_out(answer, is_one):
    async def run():
        def handler(_):
            return httpx.Response(200, json=answer)

        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            transport = Transport(
                http,
                "https://photon.test",
                BearerAuth(Secret("t" * 20)),
                limiter=Limiter(0),
                retrying=Retrying(attempts=1),
                slots=asyncio.Semaphore(8),
            )
            await Dashboard(transport).sign_out()

    with nullcontext() if is_one else pytest.raises(ApiError):
        asyncio.run(run())
