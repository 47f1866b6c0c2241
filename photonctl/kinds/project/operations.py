"""Projects at Photon: found, created once, renamed, deleted by ``destroy --project-too`` only."""

from contextlib import suppress

from photonctl.ci import this_run
from photonctl.errors import (
    Ambiguous,
    ApiError,
    NoProjectSecret,
    NotFound,
    PlanRefused,
    RateLimited,
    Rejected,
    ServerFailed,
    SinkError,
    SinkNotWritable,
    UnknownShape,
    Unreachable,
)
from photonctl.journal import creation_of
from photonctl.kinds import kinds
from photonctl.kinds.operations import READ_BACK_DELAYS_S, ApplyContext, Effect, Operations
from photonctl.kinds.project.kind import ProjectSpec
from photonctl.model.held import CREATION, Intent
from photonctl.model.plan import Action, ProjectPlan, SecretStep
from photonctl.model.spec import UNSET, Live, Origin
from photonctl.port import ProjectPort, ProjectRow
from photonctl.sinks import KeepsRecords, each
from photonctl.texts import nfc


class ProjectOperations(Operations[ProjectSpec]):
    """The one project of a document."""

    async def observe(
        self, project: ProjectPort, declared: frozenset[str]
    ) -> list[Live[ProjectSpec]]:
        """Return the project under the declared key, whatever it is called live."""
        row = project.row
        spec = ProjectSpec(name=row.name, location=row.location or UNSET)
        return [Live(key=next(iter(declared), row.name), spec=spec, id=row.id)]

    async def create(self, ctx: ApplyContext, action: Action, spec: ProjectSpec) -> Effect:
        """Create it with the declared platforms, and get the credentials that open it."""
        known = await _refuse_twin(ctx, spec.name)
        intent = creation_of(spec.name, ctx.account.host)
        # What was begun before may have been carried out, whatever becomes of this one.
        was_begun = await ctx.in_thread(_was_begun, ctx, spec.name, intent)
        with suppress(SinkNotWritable):  # needed only where Photon shows no secret by itself
            await ctx.in_thread(ctx.journal.open_intent, "", intent)
        await ctx.in_thread(_note_in_store, ctx, spec.name)
        location = spec.location if isinstance(spec.location, str) else None
        try:
            created = await ctx.account.create_project(
                spec.name, location=location, platforms=_created_with_it(ctx.plan)
            )
            _refuse_known(created.id, known)
        except Ambiguous:
            ctx.project = await _found_after_all(ctx, spec.name, known)
            if ctx.project is None:
                raise
            note: str | None = "the answer was lost, but the project is there"
        except (Rejected, RateLimited, Unreachable):  # whatever gets this name later isn't ours
            if not was_begun:
                await _forget(ctx, intent)
                await ctx.in_thread(_forget_in_store, ctx, spec.name)
            raise
        else:
            project = await ctx.account.open_created(created, spec.name)
            _refuse_known(project.project_id, known)
            ctx.project = project
            note = created.warning
        await _forget(ctx, intent)
        return Effect(note=note, id=ctx.project.row.id)

    async def update(self, ctx: ApplyContext, action: Action, spec: ProjectSpec) -> Effect:
        """Rename it; give one whose creation was interrupted its secret first."""
        project_id = action.id or ""
        if SecretStep.GENERATE in action.secret_steps:
            await self._complete(ctx, project_id)
        is_renamed = any(change.field == "name" for change in action.changes)
        if is_renamed and ctx.api.row.name != spec.name:
            await ctx.account.rename_project(project_id, spec.name)
        return Effect()

    async def _complete(self, ctx: ApplyContext, project_id: str) -> None:
        if not ctx.holds_lock:
            raise PlanRefused(
                "another apply may be creating this project, so it gets no new secret now",
                hint="Run apply where its lock can be held: set XDG_STATE_HOME to a folder.",
            )
        await _refuse_completed(ctx, project_id)
        ctx.project = await ctx.account.complete(project_id)
        await _forget(ctx, creation_of(ctx.plan.name, ctx.account.host))
        if await ctx.project.webhooks():  # which nobody could look at when the plan was made
            raise PlanRefused(
                "the project isn't empty: another apply has completed it before. It has a new "
                "secret now, and the old one doesn't work any more",
                hint="Plan again, and restart what signs in by the old one.",
            )

    async def delete(self, ctx: ApplyContext, action: Action) -> Effect:
        """Delete it permanently, with everything in it; one that is gone is as good."""
        project_id = await _refuse_unseen(ctx, action.id or "")
        try:
            await ctx.account.delete_project(project_id)
        except (Ambiguous, ServerFailed, NotFound, UnknownShape) as error:
            if await _is_listed(ctx, action.id or ""):
                raise
            return Effect(note=f"{error}; Photon doesn't list the project any more")
        return Effect()


async def _refuse_completed(ctx: ApplyContext, project_id: str) -> None:
    """Look once more, right before a new secret ends the one that there may be by now.

    Raises:
        PlanRefused: there is one.
    """
    ctx.account.forget_projects()
    with suppress(NoProjectSecret):
        await ctx.account.find(ctx.plan.name, project_id)
        raise PlanRefused(
            "the project has a secret by now: another apply has completed it", hint="Plan again."
        )


async def _refuse_unseen(ctx: ApplyContext, project_id: str) -> str:
    """Look once more, right before the deletion: it takes everything with it.

    Returns:
        The dashboard's id of the project.

    Raises:
        PlanRefused: there is something that no plan has shown, or the project has another name.
    """
    row = await _listed(ctx, project_id)
    if row is None:
        raise PlanRefused("Photon doesn't list the project any more", hint="Plan again.")
    ids = {one.id for one in await ctx.api.users()} | {one.id for one in await ctx.api.webhooks()}
    is_renamed = nfc(row.name) != nfc(ctx.plan.name)
    if is_renamed or not ids <= ctx.known_ids:
        what = "the project was renamed" if is_renamed else "something was added to the project"
        raise PlanRefused(f"{what} since the plan was made", hint="Plan again.")
    return row.id


async def _listed(ctx: ApplyContext, project_id: str) -> ProjectRow | None:
    """Find a project in the list, by either of its ids; None = it isn't there."""
    ctx.account.forget_projects()
    rows = await ctx.account.projects()
    return next((row for row in rows if project_id in (row.id, row.spectrum_id)), None)


async def _is_listed(ctx: ApplyContext, project_id: str) -> bool:
    """Is a project live, as far as that can be known?"""
    try:
        return await _listed(ctx, project_id) is not None
    except ApiError:
        return True


def _was_begun(ctx: ApplyContext, name: str, intent: str) -> bool:
    """Does the journal or a store say that this creation was begun before, and not finished?"""
    store, origin = _store_of(ctx), Origin(host=ctx.account.host, project_id=name)
    try:
        is_noted = store is not None and _is_noted(store, origin)
    except SinkError:
        return True  # that isn't known
    return is_noted or ctx.journal.has_intent("", intent)


def _store_of(ctx: ApplyContext) -> KeepsRecords | None:
    """Return a store that will hold a secret of the project; None = none is declared."""
    opened = (ctx.open_sink(action.sink) for action in ctx.plan.actions if action.sink is not None)
    stores = (place for sink in opened for place in each(sink) if isinstance(place, KeepsRecords))
    return next(stores, None)


def _note_in_store(ctx: ApplyContext, name: str) -> None:
    """Note the creation in a store, for other machines, unless another step is open there.

    The intent to register its webhook takes the note's place.
    """
    store, origin = _store_of(ctx), Origin(host=ctx.account.host, project_id=name)
    if store is None:
        return
    with suppress(SinkError, SinkNotWritable):
        record = store.record()
        is_free = record is None or not record.asked
        if is_free or _is_noted(store, origin):
            at = ctx.clock.now()
            store.open_intent(Intent(step=CREATION, origin=origin, at=at, run=this_run()))


def _forget_in_store(ctx: ApplyContext, name: str) -> None:
    store, origin = _store_of(ctx), Origin(host=ctx.account.host, project_id=name)
    with suppress(SinkError):
        if store is not None and _is_noted(store, origin):
            store.close_intent()


def _is_noted(store: KeepsRecords, origin: Origin) -> bool:
    record = store.record()
    return record is not None and record.was_asked_by(origin, CREATION)


def _created_with_it(plan: ProjectPlan) -> list[str] | None:
    """Return the keys of what a project has from its creation on; None = it is not declared."""
    names = {kind.name for kind in kinds() if kind.is_created_with_project}
    if names.isdisjoint(plan.kinds):
        return None
    return [action.key for action in plan.actions if action.kind in names]


def _refuse_known(project_id: str, known: set[str]) -> None:
    """Refuse an answer about a project that was live before: a cache may repeat one."""
    if project_id in known:
        raise Ambiguous(f"Photon's answer is about another project ({project_id})")


async def _refuse_twin(ctx: ApplyContext, name: str) -> set[str]:
    """Look once more, right before the creation: Photon would make a second one of this name.

    Returns:
        The ids of the projects that are live: the new one's isn't one of them.
    """
    ctx.account.forget_projects()
    rows = await ctx.account.projects()
    if any(nfc(row.name) == nfc(name) for row in rows):
        raise PlanRefused(
            "a project of this name was created since the plan was made, so this run created none. "
            "Plan again"
        )
    return {id_ for row in rows for id_ in (row.id, row.spectrum_id) if id_ is not None}


async def _forget(ctx: ApplyContext, intent: str) -> None:
    with suppress(OSError):
        await ctx.in_thread(ctx.journal.close_intents, "", intent)


async def _found_after_all(ctx: ApplyContext, name: str, known: set[str]) -> ProjectPort | None:
    """Look for a project whose creation wasn't answered; None = it isn't there, or not yet.

    No project had this name when the plan was made, so one that has it now is ours. Photon allows
    two of one name, so this looks for a while before anybody tries again.
    """
    for pause_s in READ_BACK_DELAYS_S:
        await ctx.clock.sleep(pause_s)
        ctx.account.forget_projects()
        try:
            found = await ctx.account.find(name, None)
        except NoProjectSecret as error:
            if error.project_id in known:
                raise
            found = await ctx.account.complete(error.project_id)
        if found is not None:
            return None if known & {found.row.id, found.project_id} else found
    return None
