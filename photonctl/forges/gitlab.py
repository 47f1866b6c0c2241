"""GitLab.

See https://docs.gitlab.com/api/notes/ and https://docs.gitlab.com/api/commits/
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from photonctl.errors import RefusedError, UnknownShape, UsageError
from photonctl.forges.base import Comment, Request
from photonctl.forges.client import MOST_REQUESTS, ForgeClient, number_of

_NEEDED = ("GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID")


class GitLab:
    """One project; see ``Forge``."""

    def __init__(self, env: Mapping[str, str], number: int | None = None) -> None:
        """Find the project and the token in the environment, as GitLab CI sets them.

        Raises:
            UsageError: a variable is missing.
        """
        missing = next((name for name in _NEEDED if not env.get(name)), None)
        if missing is not None:
            raise UsageError(
                f"{missing} isn't set, so no note can be written on GitLab",
                hint="GITLAB_TOKEN is a project access token with the scope api: a job's own token "
                "can't write notes. GitLab CI sets the others.",
            )
        headers = {"PRIVATE-TOKEN": env["GITLAB_TOKEN"], "User-Agent": "photonctl"}
        self._client = ForgeClient("GitLab", env["CI_API_V4_URL"], headers)
        self._base = f"/projects/{quote(env['CI_PROJECT_ID'], safe='')}"
        self._sha = env.get("CI_COMMIT_SHA", "")
        iid = env.get("CI_MERGE_REQUEST_IID") or "0"
        found = int(iid) if iid.isascii() and iid.isdigit() else 0
        head = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or self._sha
        own = number or found
        self._own = Request(number=own, head=head if own == found else "") if own else None

    def me(self) -> str:
        """Return the token's account."""
        found = self._client.get("/user")
        name = found.get("username") if isinstance(found, dict) else None
        if not isinstance(name, str) or not name:
            raise UnknownShape("GitLab doesn't say whose token this is")
        return name

    def request(self) -> Request:
        """Return the run's own merge request, or the one that its commit belongs to."""
        if self._own is None:
            return self._of_commit(must_be_merged=False)
        if not self._own.head:
            row = self._client.get(f"{self._base}/merge_requests/{self._own.number}")
            sha = row.get("sha") if isinstance(row, dict) else None
            return Request(number=self._own.number, head=str(sha or ""))
        return self._own

    def merged_request(self) -> Request:
        """Return the merged merge request of this commit."""
        return self._of_commit(must_be_merged=True)

    def _of_commit(self, *, must_be_merged: bool) -> Request:
        path = f"{self._base}/repository/commits/{self._sha}/merge_requests"
        rows = list(islice(self._client.pages(path), MOST_REQUESTS))
        merged = [row for row in rows if row.get("state") == "merged"]
        found = merged if must_be_merged else merged or rows
        names = ("merge_commit_sha", "squash_commit_sha", "sha")
        exact = [r for r in found if self._sha in [r.get(name) for name in names]] or found
        if len(exact) != 1:
            raise RefusedError(
                f"the commit {self._sha[:12]} belongs to {len(exact)} "
                f"{'merged ' * must_be_merged}merge requests on GitLab, not to one",
                hint="Approve it by its digest:\n  photonctl apply --expect DIGEST",
            )
        return Request(number=number_of(exact[0], "iid"), head=str(exact[0].get("sha") or ""))

    def comments(self, number: int) -> Iterator[Comment]:
        """Yield every note that a person or a bot wrote."""
        path = f"{self._base}/merge_requests/{number}/notes"
        for row in self._client.pages(path, sort="asc", order_by="created_at"):
            if not row.get("system"):
                yield _comment(row, "id")

    def add_comment(self, number: int, body: str) -> None:
        """Write a note."""
        self._client.send("POST", f"{self._base}/merge_requests/{number}/notes", {"body": body})

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Replace a note's text."""
        path = f"{self._base}/merge_requests/{number}/notes/{comment.id}"
        self._client.send("PUT", path, {"body": body})

    def open_issues(self, label: str) -> Iterator[Comment]:
        """Yield the open issues with a label."""
        for row in self._client.pages(f"{self._base}/issues", labels=label, state="opened"):
            yield _comment(row, "iid", "description")

    def add_issue(self, title: str, body: str, label: str) -> None:
        """Open an issue."""
        self._client.send(
            "POST", f"{self._base}/issues", {"title": title, "description": body, "labels": label}
        )

    def edit_issue(self, issue: Comment, body: str) -> None:
        """Replace an issue's text."""
        self._client.send("PUT", f"{self._base}/issues/{issue.id}", {"description": body})

    def close_issue(self, issue: Comment, comment: str) -> None:
        """Close an issue, then say why: if it can't be closed, each run would say it again."""
        self._client.send("PUT", f"{self._base}/issues/{issue.id}", {"state_event": "close"})
        self._client.send("POST", f"{self._base}/issues/{issue.id}/notes", {"body": comment})


def _comment(row: Mapping[str, Any], name: str, body: str = "body") -> Comment:
    author = row.get("author")
    found = author.get("username") if isinstance(author, dict) else None
    text = row.get(body)
    return Comment(
        id=str(number_of(row, name)),
        author=found if isinstance(found, str) else "",
        body=text if isinstance(text, str) else "",
    )
