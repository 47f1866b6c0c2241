"""The project itself: created when no live one has its name, renamed only when pinned by id."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photonctl.errors import Ambiguous, PlanRefused, Rejected, SinkNotWritable
from photonctl.journal import creation_of
from photonctl.model.filled import shown_text
from photonctl.model.plan import Action, Hold, Verb
from photonctl.model.policy import Policy
from photonctl.model.spec import UNSET, Declared, JsonObject, Live, Spec, Text
from photonctl.resources.base import ResourceKind
from photonctl.resources.values import LOOKS_S, ApplyContext, Effect
from photonctl.texts import nfc

if TYPE_CHECKING:
    from photonctl.api.project import ProjectApi


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec(Spec):
    """A project's declarable fields (contract §3.2)."""

    name: str
    location: Text = UNSET


class ProjectKind(ResourceKind[ProjectSpec]):
    """The one project of a document. Its key is the declared name."""

    name = "project"
    section = "project"
    spec_type = ProjectSpec
    in_place = frozenset({"name"})
    fixed = frozenset({"location"})

    def declare(self, document: JsonObject, *, is_alone: bool) -> Iterator[Declared[ProjectSpec]]:
        """Read ``project``."""
        section = document.get("project")
        name = section.get("name") if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(name, str):
            return
        location = section.get("location")
        spec = ProjectSpec(name=name, location=location if isinstance(location, str) else UNSET)
        yield Declared(key=name, label=shown_text(name), spec=spec, at=("project",))

    def render(
        self, live: Sequence[Live[ProjectSpec]], document: JsonObject, *, is_alone: bool
    ) -> None:
        """Write ``project``, pinned by its id."""
        for row in live:
            section: JsonObject = {"name": row.spec.name, "id": row.id}
            if isinstance(row.spec.location, str):
                section["location"] = row.spec.location
            document["project"] = section

    def hold(self, live: Live[ProjectSpec], policy: Policy) -> Hold | None:
        """No plan deletes a project; only ``destroy --project-too`` does (interface §2)."""
        raise AssertionError(live, policy)

    def blocks(self, failed: Action, other: Action) -> bool:
        """Without a project there is nothing to put anything into."""
        return failed.verb is Verb.CREATE

    async def observe(self, api: "ProjectApi", declared: frozenset[str]) -> list[Live[ProjectSpec]]:
        """Return the project under the declared key, whatever it is called live."""
        row = api.row
        spec = ProjectSpec(name=row.name, location=row.location or UNSET)
        return [Live(key=next(iter(declared), row.name), spec=spec, id=row.id)]

    async def create(self, ctx: ApplyContext, action: Action, spec: ProjectSpec) -> Effect:
        """Create it with the declared platforms, and get the credentials that open it."""
        await _refuse_twin(ctx, spec.name)
        intent = creation_of(spec.name, ctx.account.spectrum_url)
        with suppress(SinkNotWritable):  # needed only where Photon shows no secret by itself
            await ctx.in_thread(ctx.journal.open_intent, "", intent)
        words = [a.key for a in ctx.plan.actions if a.kind == "platform"]
        platforms = words if "platform" in ctx.plan.kinds else None
        location = spec.location if isinstance(spec.location, str) else None
        try:
            created = await ctx.account.dashboard().create_project(
                spec.name, location=location, platforms=platforms
            )
        except Ambiguous:
            ctx.project = await _found_after_all(ctx, spec.name)
            if ctx.project is None:
                raise
            note: str | None = "the answer was lost, but the project is there"
        except Rejected:  # whatever gets this name later isn't ours
            await _forget(ctx, intent)
            raise
        else:
            ctx.project = await ctx.account.open_created(created)
            note = created.warning
        await _forget(ctx, intent)
        return Effect(note=note, id=ctx.project.row.id)

    async def update(self, ctx: ApplyContext, action: Action, spec: ProjectSpec) -> Effect:
        """Rename it."""
        await ctx.account.dashboard().rename_project(ctx.api.row.id, spec.name)
        return Effect()

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete it for good, with everything in it."""
        await ctx.account.dashboard().delete_project(ctx.api.row.id)
        return Effect()


async def _refuse_twin(ctx: ApplyContext, name: str) -> None:
    """Look once more, right before the creation: Photon would make a second one of this name."""
    ctx.account.forget_projects()
    if any(nfc(row.name) == nfc(name) for row in await ctx.account.projects()):
        raise PlanRefused(
            "a project of this name was created since the plan was made, so this run created none. "
            "Plan again"
        )


async def _forget(ctx: ApplyContext, intent: str) -> None:
    with suppress(OSError):
        await ctx.in_thread(ctx.journal.close_intents, "", intent)


async def _found_after_all(ctx: ApplyContext, name: str) -> "ProjectApi | None":
    """Look for a project whose creation wasn't answered; None = it isn't there, or not yet.

    No project had this name when the plan was made: one that has it now is ours. Nothing keeps
    Photon from making two of one name, so it is looked for a while before anybody tries again.
    """
    from asyncio import sleep

    for pause_s in LOOKS_S:
        await sleep(pause_s)
        ctx.account.forget_projects()
        found = await ctx.account.find(name, None, is_young=True)
        if found is not None:
            return found
    return None
