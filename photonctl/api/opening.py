"""The secret that opens a project: where it is known from, and what to do once it is refused."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from photonctl.api.access import Access
from photonctl.api.auth import PairAuth, ProjectPair
from photonctl.api.choice import no_secret
from photonctl.api.connection import Connection
from photonctl.api.dashboard import Dashboard
from photonctl.api.project import Project
from photonctl.errors import ApiError, NotOffered, RefusedError, UnknownShape
from photonctl.model.filled import shown_text
from photonctl.model.secret import Secret
from photonctl.port import CreatedProject, ProjectRow
from photonctl.texts import nfc

# A project may not be readable right after its creation (contract §3.3).
_CREATED_PAUSES_S = (0.25, 0.5, 1.0, 0.0)


class Opening:
    """Opens projects, each with the best secret that is known."""

    def __init__(
        self, access: Access, connection: Connection, dashboard: Callable[[], Dashboard]
    ) -> None:
        self._access = access
        self._connection = connection
        self._dashboard = dashboard
        self._secrets: dict[str, Secret] = {}
        self._opened: dict[str, Project] = {}

    def opened(self, name: str, project_id: str | None) -> Project | None:
        """Return a project that was opened before, by either of its ids, or else by its name."""
        if project_id is not None:
            return self._opened.get(project_id)
        found = {p.project_id: p for p in self._opened.values() if nfc(p.row.name) == nfc(name)}
        return next(iter(found.values())) if len(found) == 1 else None

    async def open(self, row: ProjectRow) -> Project:
        """Open a listed project: with its row's secret, a known, a stored or a read one.

        Raises:
            NoProjectSecret: there is none that this account sees.
        """
        secret = row.secret or self._secrets.get(row.spectrum_id or "")
        if secret is None:
            stored = self._access.stored.get(row.spectrum_id or "")
            secret = stored.secret if stored else None
        if secret is None and row.spectrum_id is not None:
            secret = await self._read(row)
        if secret is None and row.spectrum_id is not None:
            raise no_secret(row)
        return self._project(row, secret, self._dashboard())

    async def _read(self, row: ProjectRow) -> Secret | None:
        whole = await self._dashboard().project(row.id)
        return whole.secret if whole else None

    async def open_by_pair(self, pair: ProjectPair, name: str, *, pinned: bool) -> Project:
        """Open the project of the environment's pair.

        Raises:
            RefusedError: it has another name, or Photon doesn't say which, and no id in the
                manifest says that it is meant.
        """
        row = ProjectRow(id=pair.project_id, name=name, spectrum_id=pair.project_id)
        project = self._project(row, pair.secret, None)
        live_name = None
        with suppress(NotOffered):  # an older server, or something in between
            live_name = await project.name()
        if live_name is None and pinned:
            return project
        if live_name is None:
            raise RefusedError(
                "Photon doesn't say which project PHOTON_PROJECT_ID is, so it isn't known whether "
                f'it is "{shown_text(name)}"',
                hint=f"Pin it in the manifest: id: {pair.project_id}",
            )
        if nfc(live_name) != nfc(name) and not pinned:
            raise RefusedError(
                f'PHOTON_PROJECT_ID is the project "{live_name}", '
                f'but the manifest declares "{shown_text(name)}"',
                hint=f"Unset PHOTON_PROJECT_ID, or pin the project: id: {pair.project_id}",
            )
        project.row = replace(project.row, name=live_name)
        return project

    async def proven(self, row: ProjectRow) -> Secret:
        """Return the secret that opens a project: the row's, or the one that the dashboard shows.

        Raises:
            Unauthorized: neither does.
        """
        project = self._project(row, row.secret, self._dashboard())
        await project.webhooks()
        assert project.row.secret is not None
        return project.row.secret

    async def open_created(self, created: CreatedProject, name: str) -> Project:
        """Get the credentials of a project that this run has just created (contract §3.3).

        Shape A's answer holds them; after shape B they are read. If none exists, one is generated:
        nobody can be using a secret of a project this young.
        """
        row = created.row if created.row is not None and created.row.secret else None
        for pause_s in _CREATED_PAUSES_S:
            if row is not None:
                break
            row = await self._dashboard().project(created.id)
            if row is None:
                await self._access.retrying.clock.sleep(pause_s)
        if row is None:
            msg = f"the project {created.id} was created, but can't be read yet"
            raise ApiError(msg, hint="Run apply again: it continues from what is live.")
        if row.id != created.id or nfc(row.name) != nfc(name):
            raise UnknownShape(
                f"Photon's answer to the creation is about another project ({row.id})",
                hint="Is a proxy in between that repeats answers? That project was left alone.",
            )
        if row.secret is None:
            row = replace(row, secret=await self._dashboard().regenerate_secret(created.id))
        return self._project(row, row.secret, self._dashboard())

    def _project(
        self, row: ProjectRow, secret: Secret | None, dashboard: Dashboard | None
    ) -> Project:
        if row.spectrum_id is None or secret is None:
            raise ApiError(
                f'the project "{row.name}" ({row.id}) has no Spectrum side: '
                "it was created without one",
                hint="Declare another name to create a new project, or enable Spectrum for it "
                "in the dashboard.",
            )
        self._secrets[row.spectrum_id] = secret
        pair = ProjectPair(project_id=row.spectrum_id, secret=secret)
        auth = PairAuth(
            pair,
            renew=partial(self._renew, row.id, row.spectrum_id),
            on_accepted=partial(self._renewed, row.spectrum_id),
        )
        project = Project(
            replace(row, secret=secret),
            self._connection.to_project(row.spectrum_id, auth),
            dashboard=dashboard,
            identity=self._dashboard() if self._access.token is not None else None,
            is_accepted=lambda: auth.is_accepted,
        )
        self._opened[row.id] = self._opened[row.spectrum_id] = project
        return project

    async def _whole(self, project_id: str, spectrum_id: str) -> ProjectRow | None:
        """Read a project with its secret, by either of its ids (contract §6.8)."""
        row = await self._dashboard().project(project_id)
        if row is not None:
            return row if row.id == project_id else None
        rows = await self._dashboard().projects()
        found = next((row for row in rows if row.spectrum_id == spectrum_id), None)
        return None if found is None else await self._dashboard().project(found.id)

    async def _renew(self, project_id: str, spectrum_id: str) -> Secret | None:
        """Read the secret again after Spectrum refused it (contract §5.2); None = no new one."""
        if self._access.token is None:
            return None
        try:
            row = await self._whole(project_id, spectrum_id)
        except ApiError:
            return None  # the 401 that led here is the better explanation
        if row is None or row.secret is None or row.secret == self._secrets.get(spectrum_id):
            return None
        return row.secret

    def _renewed(self, spectrum_id: str, secret: Secret) -> None:
        """Keep a secret that Spectrum has accepted in the place of one that it refused."""
        self._secrets[spectrum_id] = secret
        project = self._opened[spectrum_id]
        project.row = replace(project.row, secret=secret)
        self._access.on_renewed(project.row.name, spectrum_id, secret)
