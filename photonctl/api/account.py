"""From credentials to the API of one project: find it, and the secret that opens it."""

import asyncio
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from photonctl.api.access import LOGIN_HINT, Access
from photonctl.api.auth import BearerAuth, PairAuth, ProjectPair
from photonctl.api.choice import no_secret, only_one
from photonctl.api.dashboard import Dashboard
from photonctl.api.http import open_http
from photonctl.api.limiter import Limiter
from photonctl.api.project import ProjectApi
from photonctl.api.rows import CreatedProject, ProjectRow, SessionUser
from photonctl.api.spectrum import Spectrum
from photonctl.api.transport import Transport
from photonctl.errors import (
    ApiError,
    NotLoggedIn,
    NotOffered,
    RefusedError,
    TokenRejected,
    Unauthorized,
)
from photonctl.model.filled import shown_text
from photonctl.model.secret import Secret
from photonctl.texts import look_alike, nfc

# A project may not be readable right after its creation (contract §3.3).
_CREATED_PAUSES_S = (0.25, 0.5, 1.0, 0.0)


class Account:
    """The projects that the run's credentials open. An async context manager."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._http = open_http(
            access.dashboard_url, access.spectrum_url, on_headers=access.on_headers
        )
        self._slots = asyncio.Semaphore(access.parallelism)
        self._limiters: dict[str, Limiter] = {}
        self._secrets: dict[str, Secret] = {}
        self._listing: asyncio.Task[tuple[ProjectRow, ...]] | None = None
        self._dashboard: Dashboard | None = None
        self._opened: dict[str, ProjectApi] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    @property
    def spectrum_url(self) -> str:
        """The host that the projects are on; one name for the embedded emulator's every port."""
        return self.access.place(None).spectrum

    @property
    def parallelism(self) -> int:
        """How many actions of one project may be begun at the same time."""
        return self.access.parallelism

    def dashboard(self) -> Dashboard:
        """Return the dashboard's routes.

        Raises:
            NotLoggedIn: there is no token.
        """
        if self.access.token is None:
            raise NotLoggedIn("not signed in: there is no dashboard token", hint=LOGIN_HINT)
        if self._dashboard is None:
            transport = Transport(
                self._http,
                self.access.dashboard_url,
                BearerAuth(self.access.token),
                limiter=Limiter(0),
                retrying=self.access.retrying,
                # Its own: a Spectrum request that was refused asks the dashboard on its way.
                slots=asyncio.Semaphore(self.access.parallelism),
            )
            self._dashboard = Dashboard(transport)
        return self._dashboard

    async def check_token(self) -> SessionUser:
        """Make sure that both judges of a token accept it (contract §2.5).

        Returns:
            Whose session it is.

        Raises:
            NotLoggedIn: there is no token.
            TokenRejected: which of the two rejected it.
            ApiError: no verdict; the token may be good.
        """
        dashboard = self.dashboard()
        session, projects = await asyncio.gather(
            dashboard.session(), self.projects(), return_exceptions=True
        )
        for judge, verdict in (("get-session", session), ("the project list", projects)):
            if isinstance(verdict, Unauthorized):
                raise self._rejected(f"{judge} rejects {self.access.token_source}: {verdict}")
        for verdict in (session, projects):
            if isinstance(verdict, BaseException):
                raise verdict
        if not isinstance(session, SessionUser):
            raise self._rejected(
                f"get-session knows no session for {self.access.token_source}: it is wrong, "
                "expired or revoked"
            )
        return session

    def _rejected(self, message: str) -> TokenRejected:
        return TokenRejected(message, hint=LOGIN_HINT)

    def opens_by_pair(self, project_id: str | None, *, is_only: bool) -> bool:
        """Is this the project of the environment's pair, so that no token is needed?

        By its pinned id; or, where none is pinned, as the only project of the run.
        """
        pair = self.access.pair
        if pair is None:
            return False
        return project_id == pair.project_id or (project_id is None and is_only)

    async def named(self, wanted: str | None) -> list[ProjectRow]:
        """List the projects of this name or id; None = every project.

        Raises:
            RefusedError: there is none.
        """
        pair = self.access.pair
        if pair is not None and (wanted in (None, pair.project_id) or not self.access.token):
            api = await self._by_pair(pair, wanted or "", pinned=wanted in (None, pair.project_id))
            return [api.row]
        rows = await self.projects()
        found = [r for r in rows if wanted in (None, r.id, r.spectrum_id, r.name)]
        if not found:
            names = ", ".join(sorted(f'"{row.name}"' for row in rows)) or "none"
            raise RefusedError(
                "there is no live project" + (f' with the name or id "{wanted}"' if wanted else ""),
                hint=f"Live projects: {names}",
            )
        if wanted is not None and wanted not in (found[0].id, found[0].spectrum_id):
            only_one(found, wanted)
        return sorted(found, key=lambda row: (row.name, row.id))

    async def find(
        self,
        name: str,
        project_id: str | None,
        *,
        is_only: bool = False,
        may_be_gone: bool = False,
        is_young: bool = False,
    ) -> ProjectApi | None:
        """Find the live project by its id, else by its name; None = there is none yet.

        ``is_young``: one without a secret is of our making and nobody uses it, so that it gets one.

        Raises:
            AmbiguousProject: several live projects have this name.
            RefusedError: the pinned id is unknown, or the environment's pair opens another one.
            AuthError: it is live, but its credentials can't be had.
        """
        pair = self.access.pair
        if pair is not None and self.opens_by_pair(project_id, is_only=is_only):
            return await self._by_pair(pair, name, pinned=project_id is not None)
        known = self._opened.get(project_id or "")
        if known is not None and self.dashboard().is_dead:
            # Its own credentials open it still, and Spectrum tells all of it.
            return ProjectApi(replace(known.row, platforms=None), known.spectrum, None, None)
        rows = await self.projects()
        if project_id is None:
            row = only_one([row for row in rows if nfc(row.name) == nfc(name)], name)
        else:
            ids = [row for row in rows if project_id in (row.id, row.spectrum_id)]
            row = next(iter(sorted(ids, key=lambda r: r.id != project_id)), None)
            if row is None and not may_be_gone:
                raise RefusedError(
                    f"no live project has the id {shown_text(project_id)}",
                    hint="Correct project.id, or leave it out to create a new project.",
                )
        return None if row is None else await self._open(row, is_young=is_young)

    async def projects(self) -> tuple[ProjectRow, ...]:
        """List the account's projects; one request per run, however many documents ask."""
        if self._listing is None:
            self._listing = asyncio.create_task(self.dashboard().projects())
        # Shared by all who ask: one that gives up must not end it for the others.
        return await asyncio.shield(self._listing)

    async def look_alikes(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return name and id of the live projects that one might take for this new one."""
        wanted = look_alike(name)
        rows = await self.projects()
        return tuple((row.name, row.id) for row in rows if look_alike(row.name) == wanted)

    async def account_name(self) -> str | None:
        """Return who is signed in: the e-mail, or else the id; None = it can't be known."""
        if self.access.token is None:
            return None
        try:
            user = await self.dashboard().session()
        except ApiError:
            return None
        return (user.email or user.id) if user else None

    def forget_projects(self) -> None:
        """Let the next ``find`` ask the server again."""
        self._listing = None

    async def open_created(self, created: CreatedProject) -> ProjectApi:
        """Get the credentials of a project that this run has just created (contract §3.3).

        They stand in shape A's answer; after shape B they are read. If none exists, one is
        generated: nobody can be using a secret of a project this young.
        """
        row = created.row if created.row is not None and created.row.secret else None
        for pause_s in _CREATED_PAUSES_S:
            if row is not None:
                break
            row = await self.dashboard().project(created.id)
            if row is None:
                await self.access.retrying.sleep(pause_s)
        if row is None:
            msg = f"the project {created.id} was created, but can't be read yet"
            raise ApiError(msg, hint="Run apply again: it continues from what is live.")
        if row.secret is None:
            row = replace(row, secret=await self.dashboard().regenerate_secret(created.id))
        return self._api(row, row.secret, self.dashboard())

    async def _open(self, row: ProjectRow, *, is_young: bool) -> ProjectApi:
        secret = row.secret or self._secrets.get(row.spectrum_id or "")
        if secret is None:
            stored = self.access.stored.get(row.spectrum_id or "")
            secret = stored.secret if stored else None
        if secret is None and row.spectrum_id is not None:
            whole = await self.dashboard().project(row.id)
            secret = whole.secret if whole else None
        if secret is None and row.spectrum_id is not None:
            if not is_young:
                raise no_secret(row)
            secret = await self.dashboard().regenerate_secret(row.id)
        return self._api(row, secret, self.dashboard())

    async def _by_pair(self, pair: ProjectPair, name: str, *, pinned: bool) -> ProjectApi:
        row = ProjectRow(id=pair.project_id, name=name, spectrum_id=pair.project_id)
        api = self._api(row, pair.secret, None)
        try:
            live_name = await api.spectrum.name()
        except NotOffered:
            return api
        if nfc(live_name) != nfc(name) and not pinned:
            raise RefusedError(
                f'PHOTON_PROJECT_ID is the project "{live_name}", '
                f'but the manifest declares "{shown_text(name)}"',
                hint=f"Unset PHOTON_PROJECT_ID, or pin the project: id: {pair.project_id}",
            )
        api.row = replace(api.row, name=live_name)
        return api

    def _api(
        self, row: ProjectRow, secret: Secret | None, dashboard: Dashboard | None
    ) -> ProjectApi:
        if row.spectrum_id is None or secret is None:
            raise ApiError(
                f'the project "{row.name}" ({row.id}) has no Spectrum side: '
                "it was created without one",
                hint="Declare another name to create a new project, or enable Spectrum for it "
                "in the dashboard.",
            )
        pair = ProjectPair(project_id=row.spectrum_id, secret=secret)
        self._secrets[row.spectrum_id] = secret
        limiter = self._limiters.setdefault(row.spectrum_id, Limiter(self.access.rate))
        transport = Transport(
            self._http,
            self.access.spectrum_url,
            PairAuth(pair, renew=partial(self._renew, row.id, row.spectrum_id)),
            limiter=limiter,
            retrying=self.access.retrying,
            slots=self._slots,
        )
        kept = replace(row, secret=secret)
        judge = self.dashboard() if self.access.token is not None else None
        api = ProjectApi(kept, Spectrum(transport, row.spectrum_id), dashboard, judge)
        self._opened[row.id] = self._opened[row.spectrum_id] = api
        return api

    async def _whole(self, project_id: str, spectrum_id: str) -> ProjectRow | None:
        """Read a project with its secret, by either of its ids (contract §6.8)."""
        row = await self.dashboard().project(project_id)
        if row is not None:
            return row
        rows = await self.dashboard().projects()
        found = next((row for row in rows if row.spectrum_id == spectrum_id), None)
        return None if found is None else await self.dashboard().project(found.id)

    async def _renew(self, project_id: str, spectrum_id: str) -> Secret | None:
        """Read the secret anew after Spectrum refused it (contract §5.2); None = it is the same."""
        if self.access.token is None:
            return None
        try:
            row = await self._whole(project_id, spectrum_id)
        except ApiError:
            return None  # the 401 that led here is the better explanation
        if row is None or row.secret is None or row.secret == self._secrets.get(spectrum_id):
            return None
        self._secrets[spectrum_id] = row.secret
        if spectrum_id in self._opened:
            api = self._opened[spectrum_id]
            api.row = replace(api.row, secret=row.secret)
        self.access.on_renewed(row.name, spectrum_id, row.secret)
        return row.secret
