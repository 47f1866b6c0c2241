"""The account of a run: the port's ``AccountPort``, on the API of today."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from photonctl.api.access import LOGIN_HINT, Access
from photonctl.api.auth import BearerAuth
from photonctl.api.connection import Connection
from photonctl.api.dashboard import Dashboard
from photonctl.api.directory import Directory
from photonctl.api.opening import Opening
from photonctl.api.project import Project
from photonctl.errors import (
    Ambiguous,
    ApiError,
    NotLoggedIn,
    TokenRejected,
    Unauthorized,
    UnknownShape,
)
from photonctl.model.filled import Filled
from photonctl.model.plan import Place
from photonctl.model.secret import Secret
from photonctl.port import Capabilities, CreatedProject, ProjectRow, SessionUser

_CAPABILITIES = Capabilities(shared_user_caps={"free": 10, "pro": 100})  # contract §4.3


class Account:
    """The projects that the run's credentials open. An async context manager."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._connection = Connection(access)
        self._dashboard: Dashboard | None = None
        self._directory = Directory(self._routes)
        self._opening = Opening(access, self._connection, self._routes)
        self._read: dict[str | None, ProjectRow | None] = {}  # by ``lock_id``, for the next find

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connection.__aexit__(kind, error, traceback)

    @property
    def capabilities(self) -> Capabilities:
        """What this API offers."""
        return _CAPABILITIES

    @property
    def host(self) -> str:
        """The host that the projects are on; one name for the embedded emulator's every port."""
        return self._access.place(None).spectrum

    def place(self, user: SessionUser | None) -> Place:
        """Return where a plan of this run belongs; ``user``: who is signed in, if that is known."""
        return self._access.place((user.email or user.id) if user else None)

    @property
    def parallelism(self) -> int:
        """How many actions of one project may be begun at the same time."""
        return self._access.parallelism

    @property
    def rate(self) -> int:
        """How many requests per second and project; 0 = no limit."""
        return self._access.rate

    # Who is signed in.

    async def check_token(self) -> SessionUser:
        """Make sure that both endpoints that check a token accept it (contract §2.5).

        Returns:
            Whose session it is.

        Raises:
            NotLoggedIn: there is no token.
            TokenRejected: which of the two rejected it.
            ApiError: no answer to that; the token may be good.
        """
        session, projects = await asyncio.gather(
            self._routes().session(), self.projects(), return_exceptions=True
        )
        source = self._access.token_source
        for endpoint, answer in (("get-session", session), ("the project list", projects)):
            if isinstance(answer, Unauthorized):
                raise TokenRejected(f"{endpoint} rejects {source}: {answer}", hint=LOGIN_HINT)
        for answer in (session, projects):
            if isinstance(answer, BaseException):
                raise answer
        if not isinstance(session, SessionUser):
            raise TokenRejected(
                f"get-session knows no session for {source}: it is wrong, expired or revoked",
                hint=LOGIN_HINT,
            )
        return session

    async def session(self) -> SessionUser | None:
        """Ask who is signed in; None = nobody, or it can't be known."""
        if self._access.token is None:
            return None
        try:
            return await self._routes().session()
        except ApiError:
            return None

    async def sign_out(self) -> None:
        """Revoke the session (contract §2.6).

        Raises:
            NotLoggedIn: there is no token.
            ApiError: it may still be valid.
        """
        await self._routes().sign_out()

    # Which project.

    def opens_by_pair(self, project_id: str | None, *, is_only: bool) -> bool:
        """Is this the project of the environment's pair, so that no token is needed?

        By its pinned id; or, where none is pinned, as the only project of the run.
        """
        pair = self._access.pair
        if pair is None:
            return False
        return project_id == pair.project_id or (project_id is None and is_only)

    async def matching(self, wanted: str | None) -> list[ProjectRow]:
        """List the projects of this name or id; None = every project.

        Raises:
            RefusedError: there is none.
        """
        pair = self._access.pair
        if pair is None or (wanted not in (None, pair.project_id) and self._access.token):
            return await self._directory.matching(wanted)
        is_pinned = wanted in (None, pair.project_id)
        return [(await self._opening.open_by_pair(pair, wanted or "", pinned=is_pinned)).row]

    async def find(
        self, name: str, project_id: str | None, *, is_only: bool = False, may_be_gone: bool = False
    ) -> Project | None:
        """Find and open a live project; see ``AccountPort.find``."""
        pair = self._access.pair
        if pair is not None and self.opens_by_pair(project_id, is_only=is_only):
            is_pinned = project_id is not None
            return await self._opening.open_by_pair(pair, name, pinned=is_pinned)
        try:
            row = await self._pinned(project_id)
            if row is None:
                row = await self._directory.find(name, project_id, may_be_gone=may_be_gone)
        except Unauthorized:  # the token isn't valid any more; Spectrum takes none
            known = self._opening.opened(name, project_id)
            if known is None:
                raise
            return known.without_dashboard()
        return None if row is None else await self._opening.open(row)

    async def lock_id(self, name: str, project_id: str | None, *, is_only: bool) -> str | None:
        """Return the one id by which whatever opens a live project knows it: Spectrum's."""
        pair = self._access.pair
        if pair is not None and self.opens_by_pair(project_id, is_only=is_only):
            return pair.project_id
        row = self._read[project_id] = await self._pinned(project_id)
        if row is None:
            row = await self._directory.find(name, project_id, may_be_gone=True)
        return (row.spectrum_id or row.id) if row is not None else None

    async def _pinned(self, project_id: str | None) -> ProjectRow | None:
        """Read a pinned project at once, without the list of all; None = ask the list.

        The list knows a project by its Spectrum id, too, and says which ones there are. An id that
        was filled in is looked for there: a request's path is shown, and may have been any value.
        """
        if project_id is None or isinstance(project_id, Filled) or self._directory.is_read:
            return None
        known = self._read.pop(project_id, None)
        if known is not None:
            return known
        row = await self._routes().project(project_id)
        return row if row is not None and row.id == project_id and row.spectrum_id else None

    async def projects(self) -> tuple[ProjectRow, ...]:
        """List the account's projects; one request, however many ask."""
        return await self._directory.projects()

    def forget_projects(self) -> None:
        """Let ``projects`` and ``find`` ask the server again, also with a token that it refused."""
        self._directory.forget()
        self._read.clear()
        if self._dashboard is not None and self._dashboard.is_dead:
            self._dashboard = None

    async def look_alikes(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return name and id of the live projects that one might take for this new one."""
        return await self._directory.look_alikes(name)

    # What changes a project.

    async def create_project(
        self, name: str, *, location: str | None, platforms: Sequence[str] | None
    ) -> CreatedProject:
        """Create a project. Not idempotent: a repeat makes another of the same name."""
        return await self._routes().create_project(name, location=location, platforms=platforms)

    async def open_created(self, created: CreatedProject, name: str) -> Project:
        """Get the credentials of a project that this run has just created."""
        return await self._opening.open_created(created, name)

    async def complete(self, project_id: str) -> Project:
        """Generate a secret for a project that has none yet, and open it."""
        secret = await self._routes().regenerate_secret(project_id)
        row = await self._directory.find("", project_id, may_be_gone=False)
        assert row is not None
        return await self._opening.open(replace(row, secret=secret))

    async def rename_project(self, project_id: str, name: str) -> None:
        """Change a project's name."""
        await self._routes().rename_project(project_id, name)

    async def delete_project(self, project_id: str) -> None:
        """Delete a project permanently."""
        await self._routes().delete_project(project_id)

    async def regenerate_secret(self, project_id: str) -> Secret:
        """Rotate a project's secret, and prove the new one. The old one stops working at once.

        Raises:
            Unauthorized: Spectrum refuses the secret that the dashboard gave.
            UnknownShape: there is nothing to prove it by, or it is none that the project has got
                now: a proxy may repeat an answer.
            Ambiguous: it can't be proven now.
        """
        before = await self._routes().project(project_id)
        secret = await self._routes().regenerate_secret(project_id)
        try:
            return await self._proven(project_id, secret, before.secret if before else None)
        except (Unauthorized, UnknownShape):
            raise
        except ApiError as error:
            raise Ambiguous(f"the new secret can't be proven: {error}", hint=error.hint) from None

    async def _proven(self, project_id: str, secret: Secret, before: Secret | None) -> Secret:
        row = await self._directory.find("", project_id, may_be_gone=True)
        if row is None or row.spectrum_id is None:
            raise UnknownShape(f"the project {project_id} isn't listed with an id that it opens by")
        proven = await self._opening.proven(replace(row, secret=secret))
        stored = self._access.stored.get(row.spectrum_id)
        if proven in (before, stored.secret if stored else None):
            raise UnknownShape("Photon's answer repeats a secret that the project had before")
        return proven

    def _routes(self) -> Dashboard:
        """Return the dashboard's routes.

        Raises:
            NotLoggedIn: there is no token.
        """
        if self._access.token is None:
            raise NotLoggedIn("not signed in: there is no dashboard token", hint=LOGIN_HINT)
        if self._dashboard is None:
            auth = BearerAuth(self._access.token)
            self._dashboard = Dashboard(
                self._connection.unlimited(self._access.dashboard_url, auth)
            )
        return self._dashboard
