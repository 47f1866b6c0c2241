"""Is anybody there? Sends no credential."""

from datetime import datetime
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from photonctl.api.access import Access
from photonctl.api.connection import Connection
from photonctl.api.transport import Request
from photonctl.errors import ApiError, ServerFailed


class Probe(Struct, frozen=True, kw_only=True):
    """What came back.

    Attributes:
        date: the server's clock, if it gave one.
        problem: None = it answers.
    """

    date: datetime | None = None
    problem: ApiError | None = None


async def probe(access: Access, url: str, path: str) -> Probe:
    """Ask a host for a public page; any answer but a 5xx shows that it is there."""
    async with Connection(access, url) as connection:
        transport = connection.unlimited(url, retrying=replace(access.retrying, attempts=2))
        try:
            answer = await transport.send(Request(method="GET", path=path))
        except ApiError as error:
            return Probe(problem=error)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = f"{url} answers with an error (status {answer.status})"
        return Probe(date=answer.date, problem=ServerFailed(detail, hint="Try again later."))
    return Probe(date=answer.date)
