"""The project's profile: the names that people see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photonctl.model.plan import Action, Hold
from photonctl.model.policy import Policy
from photonctl.model.spec import UNSET, Declared, JsonObject, Live, Spec, Text, spec_to_json
from photonctl.resources.base import ResourceKind
from photonctl.resources.values import ApplyContext, Effect

if TYPE_CHECKING:
    from photonctl.api.project import ProjectApi

_KEY = "profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSpec(Spec):
    """The names (contract §3.4)."""

    first_name: Text = UNSET
    last_name: Text = UNSET


class ProfileKind(ResourceKind[ProfileSpec]):
    """The one profile of a project; it is always there, perhaps without names."""

    name = "profile"
    section = "profile"
    spec_type = ProfileSpec
    in_place = frozenset({"firstName", "lastName"})

    def declare(
        self, document: JsonObject, *, is_alone: bool
    ) -> Iterator[Declared[ProfileSpec]] | None:
        """Read ``project.profile``."""
        section = document.get("project")
        profile = section.get("profile") if isinstance(section, dict) else None
        if not isinstance(profile, dict):
            return None
        first, last = profile.get("firstName", UNSET), profile.get("lastName", UNSET)
        spec = ProfileSpec(
            first_name=first or None if isinstance(first, str | None) else UNSET,
            last_name=last or None if isinstance(last, str | None) else UNSET,
        )
        return iter([Declared(key=_KEY, spec=spec, at=("project", "profile"))])

    def render(
        self, live: Sequence[Live[ProfileSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``project.profile``, if it has names."""
        section = document.setdefault("project", {})
        names: JsonObject = {k: v for row in live for k, v in spec_to_json(row.spec).items() if v}
        if isinstance(section, dict) and names:
            section["profile"] = names

    def hold(self, live: Live[ProfileSpec], policy: Policy) -> Hold | None:
        """A profile can't be deleted, and an undeclared one isn't looked at."""
        raise AssertionError(live, policy)

    async def observe(self, api: "ProjectApi", declared: frozenset[str]) -> list[Live[ProfileSpec]]:
        """Read the names."""
        row = await api.profile()
        spec = ProfileSpec(first_name=row.first_name, last_name=row.last_name)
        return [Live(key=_KEY, spec=spec)]

    async def create(self, ctx: ApplyContext, action: Action, spec: ProfileSpec) -> Effect:
        """Give a new project its names."""
        return await self.update(ctx, action, spec)

    async def update(self, ctx: ApplyContext, action: Action, spec: ProfileSpec) -> Effect:
        """Change the names."""
        await ctx.api.set_profile({k: v for k, v in spec_to_json(spec).items() if v is not None})
        return Effect()
