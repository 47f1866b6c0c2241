"""A small JSON client for forges: bounded, without redirects, and silent about its token."""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from photonctl.errors import (
    Ambiguous,
    ApiError,
    AuthError,
    NotFound,
    Rejected,
    ServerFailed,
    UnknownShape,
    Unreachable,
    UsageError,
)
from photonctl.network.client import proxy_for, trusted_by
from photonctl.network.exchange import Answer, Limits, exchange
from photonctl.network.transport import BEFORE

_LIMITS = Limits(largest=16 * 2**20, wait_s=30.0, longest_s=60.0)
_LARGEST_LIST = 32 * 2**20
_MOST_PAGES = 200
_PER_PAGE = 100
_TRIES = 3
_LONGEST_LIST_S = 300.0
_MOST_VALUES = 1_000_000
_STRING = re.compile(r'"(?:[^"\\]++|\\.|\\\Z)*+(?:"|\Z)', re.DOTALL)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OVERLOADED = 429
_LONGEST_REASON = 10_000
_PERMISSIONS = "Check the token and the permissions of the job (docs/gitops.md)."
MOST_REQUESTS = 100
"""Pull requests that one commit may belong to."""
_FAILED = 500
_OK = 200
_DONE = range(200, 300)


class Forbidden(AuthError):
    """403: the token is valid, and may not do this.

    ``said``: what the forge gives as the reason, to be compared and never shown; "" = none, as in
    the page of something in between.
    """

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message, hint=_PERMISSIONS)
        self.said = said


class NotThere(NotFound):
    """404; ``said`` as that of ``Forbidden``."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message, status=404)
        self.said = said


def number_of(row: Mapping[str, Any], name: str) -> int:
    """Return a number of a row.

    Raises:
        UnknownShape: it isn't there, or is something else.
    """
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UnknownShape(f"the forge's answer holds no {name}")
    return value


def _unusable(name: str) -> UsageError:
    return UsageError(
        f"{name}'s API can't be asked: its URL, the token or a proxy's URL has a form that no "
        "request can use",
        hint="Check the variables that name them (docs/gitops.md), and HTTPS_PROXY and ALL_PROXY.",
    )


class ForgeClient:
    """Requests to one API with one token."""

    def __init__(
        self,
        name: str,
        url: str,
        headers: Mapping[str, str],
        before: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
    ) -> None:
        """Prepare a client; no request is sent.

        Args:
            name: the forge's.
            url: of its API.
            headers: with the token.
            before: called before each request: what it raises is raised.
            limits: what an answer may cost; None = as much as a page of comments.

        Raises:
            UsageError: the URL would send the token unencrypted, or a setting can't be used.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _unusable(name) from None
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise UsageError(
                f"{name}'s API isn't reached by https, so no token is sent to it",
                hint="Check the variable that names its URL.",
            )
        self._name = name
        self._url = url.rstrip("/")
        self._headers = headers
        self._before = before
        self._limits = limits
        try:
            self._tls = trusted_by(url)
            httpx.Request("GET", self._url, headers=headers)
            proxy_for(self._url)
        except (ValueError, httpx.InvalidURL):  # which quote what may be a secret
            raise _unusable(name) from None

    def get(self, path: str, **query: str | int) -> Any:
        """Read JSON; a failure that may pass is tried again."""
        return self._page(path, query).json

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """Yield the rows of every page.

        Forges say that there is a next page in headers; where none does, the first page without a
        new row is the last.
        """
        seen: set[str] = set()
        size, end = 0, time.monotonic() + _LONGEST_LIST_S
        for page in range(1, _MOST_PAGES + 1):
            if time.monotonic() > end:
                raise Unreachable(f"{self._name}: the list of GET {path} takes too long")
            answer = self._page(path, {**query, "per_page": _PER_PAGE, "page": page})
            size += answer.size
            if size > _LARGEST_LIST:
                raise UnknownShape(f"{self._name}: the list of GET {path} is too large")
            rows = answer.json
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise UnknownShape(f"{self._name}'s answer to GET {path} is no list")
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            seen |= {str(row.get("id")) for row in fresh}
            yield from fresh
            if not fresh or answer.is_last:
                return
        raise UnknownShape(f"{self._name} lists more than {_MOST_PAGES} pages for GET {path}")

    def send(
        self, method: str, path: str, body: Mapping[str, Any], statuses: Collection[int] = _DONE
    ) -> Any:
        """Change something. Not tried again: what was sent may have been done.

        Raises:
            UnknownShape: the status isn't one of ``statuses``, or a 200 says nothing.
        """
        answer = self._send(method, path, body=body)
        if answer.status not in statuses or (answer.status == _OK and not answer.json):
            raise UnknownShape(f"{self._name}'s answer to {method} {path} isn't its own")
        return answer.json

    def _page(self, path: str, query: Mapping[str, str | int]) -> "_Json":
        for _ in range(_TRIES - 1):
            try:
                return self._send("GET", path, query=query)
            except (ServerFailed, Unreachable):
                continue
        return self._send("GET", path, query=query)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> "_Json":
        what = f"{self._name}: {method} {path}"
        lost = Unreachable if method == "GET" else Ambiguous
        try:
            answer = exchange(
                method,
                # httpx would put a query in the place of the path's own.
                str(httpx.URL(self._at(path)).copy_merge_params(query or {})),
                self._limits or _LIMITS,
                tls=self._tls,
                extensions={BEFORE: self._before},
                headers=self._headers,
                json=body,
            )
        except httpx.ConnectError as error:
            raise Unreachable(f"{what}: no connection ({type(error).__name__})") from None
        except TimeoutError:
            raise lost(f"{what}: the answer takes too long") from None
        except httpx.DecodingError as error:  # compressed, or a failure that says too much
            raise UnknownShape(f"{what}: {error}") from None
        except (httpx.HTTPError, UnicodeError) as error:
            raise lost(f"{what}: no answer ({type(error).__name__})") from None
        _check(what, answer.status, answer.data)
        return _Json(what, answer)

    def _at(self, path: str) -> str:
        """Return where a path is; that of another API of the same forge is a whole URL."""
        return path if path.startswith("http") else f"{self._url}{path}"


def _values(text: str) -> int:
    """Return how many values an answer may have; commas in a comment count, too."""
    return sum(map(text.count, (",", "[", "{")))


class _Json:
    def __init__(self, what: str, answer: Answer) -> None:
        import json

        data = answer.data
        self.size, self.status = len(data), answer.status
        links = answer.headers.get("link")
        following = answer.headers.get("x-next-page")
        self.is_last = (links is not None and 'rel="next"' not in links) or following == ""
        try:
            text = data.decode()
            if _values(text) > _MOST_VALUES and _values(_STRING.sub("", text)) > _MOST_VALUES:
                raise UnknownShape(f"{what}: the answer holds more values than any")
            self.json = json.loads(text or "null")
        except (ValueError, RecursionError):
            raise UnknownShape(f"{what}: the answer isn't JSON") from None


def _check(what: str, status: int, data: bytes) -> None:
    """Turn a status into an error; the forge's own words may repeat what was sent."""
    if status < 300:  # noqa: PLR2004  # success
        return
    if status == 401:  # noqa: PLR2004
        raise AuthError(f"{what}: 401, the token may not do that", hint=_PERMISSIONS)
    if status == 403:  # noqa: PLR2004
        raise Forbidden(f"{what}: 403, the token may not do that", _reason(data))
    if status == 404:  # noqa: PLR2004
        raise NotThere(f"{what}: 404, not found, or not for this token", _reason(data))
    if status == _OVERLOADED or status >= _FAILED:
        raise ServerFailed(f"{what}: {status}")
    if status < 400:  # noqa: PLR2004
        raise ApiError(f"{what}: {status}, a redirect, which isn't followed with a token")
    raise Rejected(f"{what}: {status}", status=status)


def _reason(data: bytes) -> str:
    """Return the reason that an answer gives; "" = none, as in a page of something in between."""
    import json

    try:
        found = json.loads(data[:_LONGEST_REASON])
    except (ValueError, RecursionError):
        return ""
    said = found.get("message") if isinstance(found, dict) else None
    return said if isinstance(said, str) else ""
