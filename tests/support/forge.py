"""A small GitHub and GitLab: comments, issues, authors, pages, and failures on demand."""

import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

ME = "photon-bot"
TOKEN = "forge-token-0123456789"


class FakeForge:
    """One repository with one pull request.

    Attributes:
        page_size: what a page holds, whatever is asked for.
        says_next: pages say in headers that there is a next one.
        failures: statuses that the next requests of a method get: method → list; a 502 of a
            creation comes after the comment was made.
        pages: what something in between answers: path → status and bytes.
        requests: what was asked, as ``METHOD path``.
    """

    def __init__(self):
        self.comments = []
        self.issues = []
        self.number = 7
        self.head = "a" * 40
        self.merge = "b" * 40
        self.page_size = 3
        self.says_next = True
        self.may_ask_who = True
        self.is_merged = True
        self.encoding = ""
        self.raw = None
        self.pages = {}
        self.failures = {}
        self.requests = []
        self.url = ""
        self._count = 0

    def add(self, author, body):
        self._count += 1
        row = {"id": self._count, "author": author, "body": body}
        self.comments.append(row)
        return row

    def github(self, **more):
        """Return a workflow's environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "acme/bots",
            "GITHUB_REF": f"refs/pull/{self.number}/merge",
            "GITHUB_SHA": self.merge,
            **more,
        }

    def gitlab(self, **more):
        """Return a job's environment."""
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.url}/api/v4",
            "GITLAB_TOKEN": TOKEN,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": str(self.number),
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": self.head,
            "CI_COMMIT_SHA": self.merge,
            **more,
        }

    def answer(self, method, path, query, body):
        """Return a status, JSON, and headers."""
        planned = self.failures.get(method) or []
        status = planned.pop(0) if planned else None
        if status is not None and not (method == "POST" and status == 502):
            return status, {"message": "no"}, {}
        found = self._routed(method, path.removeprefix("/api/v4"), query, body)
        return (status, {"message": "no"}, {}) if status is not None else found

    def _routed(self, method, path, query, body):  # noqa: PLR0911  # one per route
        is_gitlab = path.startswith("/projects/")
        if path == "/user":
            refused = {"message": "Resource not accessible by integration"}
            is_told = self.may_ask_who
            return (200, {"login": ME, "username": ME}, {}) if is_told else (403, refused, {})
        if path == "/graphql":
            return 200, {"data": {"viewer": {"login": ME}}}, {}
        if re.search(r"/commits/\w+/(pulls|merge_requests)$", path):
            return self._page([self._request()], query, is_gitlab)
        if re.search(rf"/(pulls|merge_requests)/{self.number}$", path):
            return 200, self._request(), {}
        if path.endswith((f"/{self.number}/comments", f"/{self.number}/notes")):
            if method == "GET":
                rows = [self._shown(row) for row in self.comments]
                return self._page(rows, query, is_gitlab)
            return 201, self._shown(self.add(ME, body["body"])), {}
        edited = re.search(r"/(?:issues/comments|notes)/(\d+)$", path)
        if edited and method in ("PATCH", "PUT"):
            row = next(row for row in self.comments if row["id"] == int(edited[1]))
            row["body"] = body["body"]
            return 200, self._shown(row), {}
        return self._issues(method, path, query, body, is_gitlab)

    def _issues(self, method, path, query, body, is_gitlab):
        text = "description" if is_gitlab else "body"
        if path.endswith("/issues") and method == "GET":
            rows = [row for row in self.issues if row["is_open"]]
            return self._page([self._issue(row, text) for row in rows], query, is_gitlab)
        if path.endswith("/issues"):
            self._count += 1
            row = {"id": self._count, "title": body["title"], "body": body[text], "said": []}
            self.issues.append({**row, "author": ME, "is_open": True})
            return 201, self._issue(self.issues[-1], text), {}
        number = int(re.search(r"/issues/(\d+)", path)[1])
        row = next(row for row in self.issues if row["id"] == number)
        if method == "POST":
            row["said"].append(body["body"])
            return 201, self._issue(row, text), {}
        row["body"] = body.get(text, row["body"])
        if body.get("state") == "closed" or body.get("state_event") == "close":
            row["is_open"] = False
        return 200, self._issue(row, text), {}

    def _request(self):
        return {
            "number": self.number,
            "iid": self.number,
            "id": 1,
            "merged_at": "2026-11-25T03:30:00Z" if self.is_merged else None,
            "state": "merged" if self.is_merged else "opened",
            "merge_commit_sha": self.merge,
            "sha": self.head,
            "head": {"sha": self.head},
        }

    def _shown(self, row):
        who = {"login": row["author"], "username": row["author"]}
        return {"id": row["id"], "body": row["body"], "user": who, "author": who}

    def _issue(self, row, text):
        return {**self._shown(row), "number": row["id"], "iid": row["id"], text: row["body"]}

    def _page(self, rows, query, is_gitlab):
        page = int(query.get("page", ["1"])[0])
        start = (page - 1) * self.page_size
        shown, rest = rows[start : start + self.page_size], rows[start + self.page_size :]
        headers = {}
        if self.says_next and is_gitlab:
            headers = {"x-next-page": str(page + 1) if rest else ""}
        elif self.says_next:
            more = f'<{self.url}?page={page + 1}>; rel="next", ' if rest else ""
            headers = {"Link": f'{more}<{self.url}?page=1>; rel="first"'}
        return 200, shown, headers


@contextmanager
def running_forge():
    """Serve a forge on loopback."""
    forge = FakeForge()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self):
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            sent = self.headers.get("authorization") or self.headers.get("private-token") or ""
            forge.requests.append(f"{self.command} {parts.path}")
            if sent.removeprefix("Bearer ") != TOKEN:
                answer = 401, {"message": "Bad credentials"}, {}
            else:
                answer = forge.answer(self.command, parts.path, parse_qs(parts.query), body)
            status, data, headers = answer
            content = forge.raw or json.dumps(data).encode()
            status, content = forge.pages.get(parts.path, (status, content))
            self.send_response(status)
            if forge.encoding:
                self.send_header("content-encoding", forge.encoding)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815  # names of http.server

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
