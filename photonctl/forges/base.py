"""Where pull requests live, as photonctl needs it: comments and issues, with their authors."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct


class Comment(Struct, frozen=True, kw_only=True):
    """A comment of a pull request, or an issue with a body; ``author``: who wrote it."""

    id: str
    author: str
    body: str


class Request(Struct, frozen=True, kw_only=True):
    """A pull request (GitLab: a merge request); ``head``: its newest commit."""

    number: int
    head: str


class Forge(Protocol):
    """One repository of a forge.

    Every method raises ``ApiError`` where the forge can't be asked, and ``AuthError`` where it
    refuses the token. None follows a redirect.
    """

    def me(self) -> str:
        """Return the account that the token belongs to."""
        ...

    def request(self) -> Request:
        """Return the pull request that this run is about: the run's own, or the commit's.

        Raises:
            RefusedError: there is none.
        """
        ...

    def merged_request(self) -> Request:
        """Return the pull request that brought this run's commit to its branch.

        Raises:
            RefusedError: there is none, or there are several.
        """
        ...

    def comments(self, number: int) -> Iterator[Comment]:
        """Yield every comment of a pull request, the oldest first."""
        ...

    def add_comment(self, number: int, body: str) -> None:
        """Write a comment."""
        ...

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Replace a comment's text."""
        ...

    def open_issues(self, label: str) -> Iterator[Comment]:
        """Yield the open issues with a label."""
        ...

    def add_issue(self, title: str, body: str, label: str) -> None:
        """Open an issue."""
        ...

    def edit_issue(self, issue: Comment, body: str) -> None:
        """Replace an issue's text."""
        ...

    def close_issue(self, issue: Comment, comment: str) -> None:
        """Close an issue, and say why."""
        ...
