"""Enabling and disabling platforms."""

from photonctl.kinds.operations import ApplyContext, Effect, Operations
from photonctl.kinds.platform.kind import PlatformSpec
from photonctl.model.plan import Action
from photonctl.model.spec import Live
from photonctl.port import ProjectPort


class PlatformOperations(Operations[PlatformSpec]):
    """The platforms of a project."""

    async def observe(
        self, project: ProjectPort, declared: frozenset[str]
    ) -> list[Live[PlatformSpec]]:
        """List the enabled ones."""
        return [Live(key=word, spec=PlatformSpec()) for word in await project.platforms()]

    async def create(self, ctx: ApplyContext, action: Action, spec: PlatformSpec) -> Effect:
        """Enable it. Idempotent: a project created in this run may have it already."""
        await ctx.api.set_platform(action.key, enabled=True)
        return Effect()

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Disable it."""
        await ctx.api.set_platform(action.key, enabled=False)
        return Effect()
