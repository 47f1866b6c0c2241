"""Reading and changing the profile."""

from photonctl.kinds.operations import ApplyContext, Effect, Operations
from photonctl.kinds.profile.kind import PROFILE_KEY, ProfileSpec
from photonctl.model.plan import Action
from photonctl.model.spec import Live, spec_to_json
from photonctl.port import ProjectPort


class ProfileOperations(Operations[ProfileSpec]):
    """The one profile of a project."""

    async def observe(
        self, project: ProjectPort, declared: frozenset[str]
    ) -> list[Live[ProfileSpec]]:
        """Read the names."""
        row = await project.profile()
        spec = ProfileSpec(first_name=row.first_name, last_name=row.last_name)
        return [Live(key=PROFILE_KEY, spec=spec)]

    async def create(self, ctx: ApplyContext, action: Action, spec: ProfileSpec) -> Effect:
        """Give a new project its names."""
        return await self.update(ctx, action, spec)

    async def update(self, ctx: ApplyContext, action: Action, spec: ProfileSpec) -> Effect:
        """Change the names."""
        await ctx.api.set_profile({k: v for k, v in spec_to_json(spec).items() if v is not None})
        return Effect()
