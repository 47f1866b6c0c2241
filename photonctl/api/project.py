"""One project, whichever of the two surfaces a route is on: the port's ``ProjectPort``."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from photonctl.api.dashboard import Dashboard
from photonctl.api.spectrum import Spectrum
from photonctl.api.transport import Transport
from photonctl.errors import Unauthorized
from photonctl.model.spec import JsonValue
from photonctl.port import ProfileRow, ProjectRow, SessionUser


class Project(Spectrum):
    """Every route of one project.

    Users and webhooks go through Spectrum; platforms and profile through the dashboard where there
    is a token, because older servers have them there only (contract §3.4).

    Attributes:
        row: as the account's list has it.
    """

    def __init__(
        self,
        row: ProjectRow,
        transport: Transport,
        *,
        dashboard: Dashboard | None,
        identity: Dashboard | None,
        is_accepted: Callable[[], bool],
    ) -> None:
        """Open a project.

        Args:
            row: with its Spectrum id.
            transport: to Spectrum, with the project's credentials.
            dashboard: where platforms and profile are; None = Spectrum has them.
            identity: who can say whose token it is; None = there is no token.
            is_accepted: has Spectrum accepted the credentials already?
        """
        super().__init__(transport, row.spectrum_id or row.id)
        self.row = row
        self._dashboard = dashboard
        self._identity = identity
        self._is_accepted = is_accepted

    def without_dashboard(self) -> "Project":
        """Return the same project for a token that isn't valid any more: Spectrum has all of it."""
        row = replace(self.row, platforms=None)
        return Project(
            row, self._transport, dashboard=None, identity=None, is_accepted=self._is_accepted
        )

    async def prove(self) -> None:
        """Make sure that Spectrum accepts the project's credentials; asked only once."""
        if not self._is_accepted():
            await self.webhooks()

    async def platforms(self) -> frozenset[str]:
        """Read the enabled platforms."""
        if self.row.platforms is not None:
            return self.row.platforms
        if self._dashboard is not None:
            return await self._dashboard.platforms(self.row.id)
        return await super().platforms()

    async def set_platform(self, platform: str, *, enabled: bool) -> None:
        """Enable or disable one platform."""
        if self._dashboard is not None:
            await self._dashboard.set_platform(self.row.id, platform, enabled=enabled)
        else:
            await super().set_platform(platform, enabled=enabled)

    async def profile(self) -> ProfileRow:
        """Read the profile."""
        if self._dashboard is not None:
            return await self._dashboard.profile(self.row.id)
        return await super().profile()

    async def set_profile(self, names: Mapping[str, JsonValue]) -> None:
        """Change the given names."""
        if self._dashboard is not None:
            await self._dashboard.set_profile(self.row.id, names)
        else:
            await super().set_profile(names)

    async def session(self) -> SessionUser | None:
        """Ask who is signed in, and whether they own this project (contract §3.2).

        None = nobody, as far as the dashboard knows.
        """
        if self._identity is None:
            return None
        with suppress(Unauthorized):
            me = await self._identity.session()
            return None if me is None else replace(me, owns_project=await self._is_owned_by(me))
        return None

    async def _is_owned_by(self, me: SessionUser) -> bool | None:
        row: ProjectRow | None = self.row
        if self.row.is_mine is None and self.row.owner_id is None and self._identity is not None:
            row = await self._identity.project(self.row.id)  # the list doesn't say
        if row is None:  # as of one that the pair opened, whose id the dashboard may not know
            return False
        if row.is_mine is not None:
            return row.is_mine
        return None if row.owner_id is None or me.id is None else row.owner_id == me.id
