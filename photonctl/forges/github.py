"""GitHub, and servers that speak its REST API.

See https://docs.github.com/rest/issues/comments and https://docs.github.com/rest/commits/commits
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from photonctl.errors import AuthError, RefusedError, UnknownShape, UsageError
from photonctl.forges.base import Comment, Request
from photonctl.forges.client import MOST_REQUESTS, Forbidden, ForgeClient, NotThere, number_of

_API = "https://api.github.com"
_BOT = "github-actions[bot]"
_NO_USER = "not accessible by integration"
"""What GitHub says to an app's token, such as a workflow's, that asks for what only users have."""
_PULL = re.compile(r"refs/pull/(\d+)/")
_LARGEST_EVENT = 64 * 2**20
_PUBLIC = "api.github.com"


class GitHub:
    """One repository; see ``Forge``."""

    def __init__(self, env: Mapping[str, str], number: int | None = None) -> None:
        """Find the repository and the token in the environment, as GitHub Actions sets them.

        Raises:
            UsageError: a variable is missing.
        """
        token = env.get("GITHUB_TOKEN") or env.get("GH_TOKEN")
        repository = env.get("GITHUB_REPOSITORY")
        if not token or not repository:
            missing = "GITHUB_TOKEN" if not token else "GITHUB_REPOSITORY"
            raise UsageError(
                f"{missing} isn't set, so no comment can be written on GitHub",
                hint="In a workflow:  env: {GITHUB_TOKEN: ${{ github.token }}}"
                if not token
                else "GitHub Actions sets it, as OWNER/REPOSITORY.",
            )
        url = env.get("GITHUB_API_URL") or _API
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "User-Agent": "photonctl",
        }
        self._client = ForgeClient("GitHub", url, headers)
        self._base = f"/repos/{repository}"
        self._graphql = _graphql(url, env.get("GITHUB_GRAPHQL_URL") or "")
        self._is_workflow = env.get("GITHUB_ACTIONS") == "true"
        self._sha = env.get("GITHUB_SHA", "")
        self._own = _own_request(env, number)

    def me(self) -> str:
        """Return the token's account; a workflow's token may not ask, and is a bot's.

        Only the forge's "you may not ask" leads there: whose comments are ours must be known.
        """
        try:
            return self._named(self._client.get("/user"))
        except Forbidden as error:
            if _NO_USER not in error.said:  # a limit, or a proxy: it says nothing of the token
                raise
            return self._viewer()

    def _viewer(self) -> str:
        try:
            found = self._client.send("POST", self._graphql, {"query": "query{viewer{login}}"})
        except Forbidden as error:
            if _NO_USER not in error.said:
                raise
            return self._bot()
        except NotThere as error:  # a server without GraphQL
            if not error.said:
                raise
            return self._bot()
        data = found.get("data") if isinstance(found, dict) else None
        return self._named(data.get("viewer") if isinstance(data, dict) else None)

    def _bot(self) -> str:
        """Return a workflow's account; an app's token elsewhere gets the same answers."""
        if self._is_workflow:
            return _BOT
        raise AuthError(
            "GitHub doesn't say whose token this is, so no comment can be known as its own",
            hint="Use a user's token, or run it in a workflow.",
        )

    @staticmethod
    def _named(row: Any) -> str:
        name = _text(row, "login")
        if not name:
            raise UnknownShape("GitHub doesn't say whose token this is")
        return name

    def request(self) -> Request:
        """Return the run's own pull request, or the one that its commit belongs to."""
        if self._own is None:
            return self._of_commit(must_be_merged=False)
        if not self._own.head:
            found = self._client.get(f"{self._base}/pulls/{self._own.number}")
            head = found.get("head") if isinstance(found, dict) else None
            return Request(number=self._own.number, head=_text(head, "sha"))
        return self._own

    def merged_request(self) -> Request:
        """Return the merged pull request of this commit."""
        return self._of_commit(must_be_merged=True)

    def _of_commit(self, *, must_be_merged: bool) -> Request:
        pages = self._client.pages(f"{self._base}/commits/{self._sha}/pulls")
        rows = list(islice(pages, MOST_REQUESTS))
        merged = [row for row in rows if row.get("merged_at")]
        found = merged if must_be_merged else merged or rows
        exact = [row for row in found if row.get("merge_commit_sha") == self._sha] or found
        if len(exact) != 1:
            raise RefusedError(
                f"the commit {self._sha[:12]} belongs to {len(exact)} "
                f"{'merged ' * must_be_merged}pull requests on GitHub, not to one",
                hint="Approve it by its digest:\n  photonctl apply --expect DIGEST",
            )
        return Request(
            number=number_of(exact[0], "number"), head=_text(exact[0].get("head"), "sha")
        )

    def comments(self, number: int) -> Iterator[Comment]:
        """Yield every comment."""
        for row in self._client.pages(f"{self._base}/issues/{number}/comments"):
            yield _comment(row, "id")

    def add_comment(self, number: int, body: str) -> None:
        """Write a comment."""
        self._client.send("POST", f"{self._base}/issues/{number}/comments", {"body": body})

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Replace a comment's text."""
        path = f"{self._base}/issues/comments/{comment.id}"
        self._client.send("PATCH", path, {"body": body})

    def open_issues(self, label: str) -> Iterator[Comment]:
        """Yield the open issues with a label; pull requests are listed among them."""
        for row in self._client.pages(f"{self._base}/issues", labels=label, state="open"):
            if "pull_request" not in row:
                yield _comment(row, "number")

    def add_issue(self, title: str, body: str, label: str) -> None:
        """Open an issue."""
        self._client.send(
            "POST", f"{self._base}/issues", {"title": title, "body": body, "labels": [label]}
        )

    def edit_issue(self, issue: Comment, body: str) -> None:
        """Replace an issue's text."""
        self._client.send("PATCH", f"{self._base}/issues/{issue.id}", {"body": body})

    def close_issue(self, issue: Comment, comment: str) -> None:
        """Close an issue, then say why: if it can't be closed, each run would say it again."""
        self._client.send("PATCH", f"{self._base}/issues/{issue.id}", {"state": "closed"})
        self.add_comment(int(issue.id), comment)


def _graphql(api: str, named: str) -> str:
    """Return where GraphQL is: as the environment says, if that is the same server.

    A server of one's own has it beside its REST API, not below.
    """
    here, there = urlsplit(api), urlsplit(named)
    is_same = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    is_public = (here.netloc, there.scheme, there.netloc) == (_PUBLIC, "https", _PUBLIC)
    if named and (is_same or is_public):
        return named
    is_own = here.path.rstrip("/") == "/api/v3"
    return f"{here.scheme}://{here.netloc}/api/graphql" if is_own else "/graphql"


def _own_request(env: Mapping[str, str], number: int | None) -> Request | None:
    """Find the pull request in what started the run."""
    event: Any = {}
    path = env.get("GITHUB_EVENT_PATH")
    if path and Path(path).is_file() and Path(path).stat().st_size < _LARGEST_EVENT:
        try:
            event = json.loads(Path(path).read_bytes())
        except ValueError:
            event = {}
    pull = event.get("pull_request") if isinstance(event, dict) else None
    issue = event.get("issue") if isinstance(event, dict) else None
    ref = _PULL.match(env.get("GITHUB_REF", ""))
    found = next(
        (row["number"] for row in (pull, issue) if isinstance(row, dict) and row.get("number")),
        int(ref[1]) if ref else None,
    )
    known = number if number is not None else found
    if not isinstance(known, int):
        return None
    head = _text(pull.get("head"), "sha") if isinstance(pull, dict) else ""
    return Request(number=known, head=head if known == found else "")


def _comment(row: Mapping[str, Any], name: str) -> Comment:
    return Comment(
        id=str(number_of(row, name)),
        author=_text(row.get("user"), "login"),
        body=_text(row, "body"),
    )


def _text(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""
