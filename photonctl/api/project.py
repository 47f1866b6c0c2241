"""The API of one project, whichever surface a route is on."""

from collections.abc import Mapping
from contextlib import suppress

from photonctl.api.dashboard import Dashboard
from photonctl.api.rows import ProfileRow, ProjectRow, SessionUser
from photonctl.api.spectrum import Spectrum
from photonctl.errors import Unauthorized
from photonctl.model.spec import JsonValue


class ProjectApi:
    """Every route of one project.

    Platforms and profile go through the dashboard where there is a token, and through Spectrum
    where only the project's own credentials are known; users and webhooks always through Spectrum
    (contract §3.4). ``judge``: the dashboard that knows whose token it is, where there is one.
    """

    def __init__(
        self,
        row: ProjectRow,
        spectrum: Spectrum,
        dashboard: Dashboard | None,
        judge: Dashboard | None,
    ) -> None:
        self.row = row
        self.spectrum = spectrum
        self.dashboard = dashboard
        self._judge = judge

    async def platforms(self) -> frozenset[str]:
        """Read the enabled platforms."""
        if self.row.platforms is not None:
            return self.row.platforms
        if self.dashboard is not None:
            return await self.dashboard.platforms(self.row.id)
        return await self.spectrum.platforms()

    async def set_platform(self, platform: str, *, enabled: bool) -> None:
        """Enable or disable one platform."""
        if self.dashboard is not None:
            await self.dashboard.set_platform(self.row.id, platform, enabled=enabled)
        else:
            await self.spectrum.set_platform(platform, enabled=enabled)

    async def profile(self) -> ProfileRow:
        """Read the profile."""
        if self.dashboard is not None:
            return await self.dashboard.profile(self.row.id)
        return await self.spectrum.profile()

    async def set_profile(self, names: Mapping[str, JsonValue]) -> None:
        """Change the given names."""
        if self.dashboard is not None:
            await self.dashboard.set_profile(self.row.id, names)
        else:
            await self.spectrum.set_profile(names)

    async def session(self) -> SessionUser | None:
        """Ask who is signed in; None = nobody, as far as the dashboard knows."""
        with suppress(Unauthorized):
            return await self._judge.session() if self._judge is not None else None
        return None
