"""The Dashboard API, one method per route (contract §3): projects and their account."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from photonctl.api.envelope import read_dashboard
from photonctl.api.retry import Repeat
from photonctl.api.rows import (
    read_created_project,
    read_platforms,
    read_profile,
    read_project,
    read_projects,
    read_regenerated_secret,
    read_session,
)
from photonctl.api.shapes import unknown
from photonctl.api.transport import LARGE_LIST, Request, Transport
from photonctl.errors import Rejected, Unauthorized, UnknownShape
from photonctl.model.secret import Secret
from photonctl.model.spec import JsonValue
from photonctl.port import CreatedProject, ProfileRow, ProjectRow, SessionUser

_DEFAULT_PLATFORMS = ("imessage",)  # the newer server's own default (contract §3.3)
_NOT_AT_CREATION = frozenset({"slack"})  # contract §3.3
_UNPROCESSABLE = 422


class Dashboard:
    """The routes that a session token opens. Every method raises ApiError."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._death: Unauthorized | None = None

    @property
    def is_dead(self) -> bool:
        """Was the token refused? Nothing more is sent with it then."""
        return self._death is not None

    async def session(self) -> SessionUser | None:
        """Ask who the token belongs to; None = it is no valid session (contract §2.5)."""
        return read_session(await self._send(Request(method="GET", path="/api/auth/get-session")))

    async def sign_out(self) -> None:
        """Revoke the session; success also without one (contract §2.6).

        Raises:
            UnknownShape: the answer doesn't say so.
        """
        request = Request(method="POST", path="/api/auth/sign-out", body={})
        answer = await self._send(request)
        if not (isinstance(answer, dict) and answer.get("success") is True):
            raise unknown("success of the sign-out")

    async def projects(self) -> tuple[ProjectRow, ...]:
        """List every project of the account (contract §3.1)."""
        request = Request(method="GET", path="/api/projects/", largest=LARGE_LIST)
        return read_projects(await self._send(request))

    async def project(self, project_id: str) -> ProjectRow | None:
        """Read one project with its secret; None = unknown or foreign (contract §3.1).

        Raises:
            UnknownShape: the answer is about another one.
        """
        row = read_project(await self._send(Request(method="GET", path=_path(project_id))))
        if row is not None and project_id not in (row.id, row.spectrum_id):
            raise UnknownShape(
                f"Photon's answer is about another project ({row.id}) than {project_id}",
                hint="Is a proxy in between that repeats answers? Nothing was concluded from it.",
            )
        return row

    async def create_project(
        self, name: str, *, location: str | None, platforms: Sequence[str] | None
    ) -> CreatedProject:
        """Create a project. Not idempotent: a repeat makes another of the same name.

        ``platforms``: None = the default; an empty list = none (contract §3.3).
        ``spectrum: true`` is what older servers need; one that refuses the field created nothing
        and is asked again without (contract §3.3).
        """
        declared = _DEFAULT_PLATFORMS if platforms is None else platforms
        wanted: list[JsonValue] = [p for p in declared if p not in _NOT_AT_CREATION]
        body: dict[str, JsonValue] = {
            "name": name,
            "location": location or "United States",
            "spectrum": True,
            "platforms": wanted,
        }
        try:
            return await self._create(body)
        except Rejected as error:
            if error.status != _UNPROCESSABLE or "spectrum" not in str(error):
                raise
        return await self._create({k: v for k, v in body.items() if k != "spectrum"})

    async def rename_project(self, project_id: str, name: str) -> None:
        """Change a project's name."""
        await self._send(Request(method="PATCH", path=_path(project_id), body={"name": name}))

    async def delete_project(self, project_id: str) -> None:
        """Delete a project permanently. There is no undo."""
        await self._send(Request(method="DELETE", path=_path(project_id)))

    async def regenerate_secret(self, project_id: str) -> Secret:
        """Rotate the project secret. The old one stops working at once (contract §6.5)."""
        path = _path(project_id, "/regenerate-secret")
        request = Request(method="POST", path=path, body={}, repeat=Repeat.ONCE)
        return read_regenerated_secret(await self._send(request))

    async def platforms(self, project_id: str) -> frozenset[str]:
        """Read the enabled platforms (contract §3.4)."""
        path = _path(project_id, "/platforms")
        return read_platforms(await self._send(Request(method="GET", path=path)))

    async def set_platform(self, project_id: str, platform: str, *, enabled: bool) -> None:
        """Enable or disable one platform. Idempotent."""
        body: dict[str, JsonValue] = {"platformId": platform, "enabled": enabled}
        path = _path(project_id, "/platforms/toggle")
        await self._send(Request(method="POST", path=path, body=body))

    async def profile(self, project_id: str) -> ProfileRow:
        """Read the profile (contract §3.4)."""
        path = _path(project_id, "/spectrum/profile")
        return read_profile(await self._send(Request(method="GET", path=path)))

    async def set_profile(self, project_id: str, names: Mapping[str, JsonValue]) -> None:
        """Change the given names; others stay."""
        path = _path(project_id, "/spectrum/profile")
        await self._send(Request(method="PATCH", path=path, body=names))

    async def _create(self, body: Mapping[str, JsonValue]) -> CreatedProject:
        request = Request(method="POST", path="/api/projects/", body=body, repeat=Repeat.ONCE)
        return read_created_project(await self._send(request))

    async def _send(self, request: Request) -> JsonValue:
        if self._death is not None:
            raise Unauthorized(
                f"{request.method} {request.path}: not sent, as the token was refused before",
                hint=self._death.hint,
            )
        answer = await self._transport.send(request)
        try:
            return read_dashboard(request, answer)
        except Unauthorized as error:
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._death = error
            raise


def _path(project_id: str, tail: str = "") -> str:
    return f"/api/projects/{quote(project_id, safe='')}{tail}"
