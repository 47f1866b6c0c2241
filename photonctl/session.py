"""photonctl as a library: one session, whose methods are the commands of the same names."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photonctl.connected import Connected
from photonctl.model.filled import shown_text
from photonctl.model.part import WHOLE, Part
from photonctl.model.plan import Plan
from photonctl.model.ref import ResourceRef
from photonctl.model.report import Report
from photonctl.model.spec import OneTimeSecrets
from photonctl.model.state import DesiredProject
from photonctl.rules import ruled, ruled_plan

if TYPE_CHECKING:
    from photonctl.errors import PhotonctlError
    from photonctl.model.secret import Secret
    from photonctl.model.spec import Origin, SinkSpec
    from photonctl.model.state import LiveProject
    from photonctl.port import ProjectRow
    from photonctl.reconciler import Approve
    from photonctl.showing import ShownProject


class Session(Connected):
    """Plans and applies manifests with one set of credentials. An async context manager.

    ::

        async with Session.from_environment() as session:
            plan = await session.plan(session.load("photon.yaml"))
            if plan.has_changes:
                report = await session.apply(plan)

    Nothing is printed, nobody is asked and no signal is caught. Methods may run at the same time.
    Every method raises ``PhotonctlError``, whose ``exit_code`` is the command's.
    """

    def load(self, *paths: str | Path) -> tuple[DesiredProject, ...]:
        """Read manifests, one project per document: files, folders, or ``-`` for standard input.

        Raises:
            ManifestError: everything that is wrong with any of them.
            RefusedError: a sink runs a program, and ``rules`` don't allow that.
        """
        from photonctl.manifest.files import load_files

        return ruled(self.rules, load_files([str(path) for path in paths], self._trust))

    async def plan(
        self,
        desired: Sequence[DesiredProject],
        *,
        asks_account: bool = True,
        part: Part = WHOLE,
        destroys: bool = False,
    ) -> Plan:
        """Compare manifests with live state; changes nothing.

        Args:
            desired: from ``load``.
            asks_account: spend a request on whose plan it is, so that nobody else applies it.
            part: what the plan is about.
            destroys: plan what ``destroy`` would do.

        Raises:
            ApiError, AuthError, RefusedError: live state can't be known, of no project.
        """
        from photonctl.planner.destruction import emptied
        from photonctl.planner.diff import plan_project
        from photonctl.reconciler import plan_all

        if destroys:
            desired = [emptied(project) for project in desired]
        planner = partial(plan_project, part=part)
        user = await self.account.session() if asks_account else None
        planned, unplanned = await plan_all(self._run(), desired, planner, user)
        plans = tuple(item.plan for item in planned)
        return Plan(projects=plans, unplanned=tuple(unplanned), made_at=self._clock.now())

    async def apply(
        self,
        what: Plan | Sequence[DesiredProject],
        *,
        lifted: Collection[str] = (),
        approve: "Approve | None" = None,
        part: Part = WHOLE,
    ) -> Report:
        """Apply a plan, or plan and apply manifests; then read live state back.

        Args:
            what: a plan, applied only if live state is unchanged; or projects from ``load``.
            lifted: the flags that lift refusals, such as ``--allow-deletes``.
            approve: called with the plan before anything is changed; raises to refuse.
            part: what the run is about, where manifests are planned.

        Raises:
            PlanRefused: a limit, a stale plan, or a plan from elsewhere. Nothing was changed.
            ApiError, AuthError: nothing was changed. Later failures are in the report.
        """
        from photonctl.planner.diff import plan_project
        from photonctl.reconciler import apply_manifests, apply_plan

        if isinstance(what, Plan):
            saved = ruled_plan(self.rules, what)
            async with self._locked(saved.projects, lifted) as run:
                return await apply_plan(run, saved, approve)
        async with self._locked(what, lifted) as run:
            return await apply_manifests(run, what, partial(plan_project, part=part), approve)

    async def check(self, saved: Plan) -> None:
        """Find out whether a saved plan could still be applied; changes nothing.

        Raises:
            PlanRefused: it was made elsewhere, or live state has changed; the message names what.
            ApiError, AuthError: that can't be known.
        """
        from photonctl.reconciler import check_plan

        await check_plan(self._run(), ruled_plan(self.rules, saved))

    async def destroy(
        self,
        desired: Sequence[DesiredProject],
        *,
        project_too: bool = False,
        approve: "Approve | None" = None,
    ) -> Report:
        """Delete what is live in the declared projects, and perhaps the projects.

        Args:
            desired: from ``load``. The owner, ``protect`` and ``ignore`` still hold.
            project_too: delete the projects, too, permanently.
            approve: as for ``apply``.

        Raises:
            As ``apply``.
        """
        from photonctl.planner.destruction import emptied, plan_removal
        from photonctl.planner.diff import plan_project
        from photonctl.reconciler import apply_manifests

        planner = plan_removal if project_too else plan_project
        async with self._locked(desired, ()) as run:
            return await apply_manifests(run, [emptied(p) for p in desired], planner, approve)

    async def export(
        self, project: str | None = None, folder: str | Path = "."
    ) -> list[dict[str, Any]]:
        """Read live projects as manifest documents; a plan of them is empty.

        Args:
            project: a name or id, or else a RefusedError; None = every project.
            folder: where the manifest will be: an env file there may hold secrets.
        """
        from photonctl.exporter import export

        return await export(self.account, project, Path(folder))

    async def show(
        self, desired: Sequence[DesiredProject] = (), project: str | None = None
    ) -> "list[ShownProject]":
        """Read live projects: those of manifests, or one by name or id, or else every one.

        Raises:
            RefusedError: there is no such project.
        """
        from photonctl.showing import show

        return await show(self.account, desired, project)

    async def observe(
        self, desired: Sequence[DesiredProject]
    ) -> "list[LiveProject | PhotonctlError]":
        """Read what is live of each declared project; of one that can't be read, why."""
        from photonctl.showing import observe

        return await observe(self.account, desired)

    async def rotate_secret(
        self, project: DesiredProject, kind: str, key: str, overlap_s: int | None = None
    ) -> datetime | None:
        """Rotate the standard signing secret of a declared resource, and store the new one.

        Args:
            project: from ``load``.
            kind: ``webhook``.
            key: as the project declares it.
            overlap_s: how many seconds the old secret stays valid; None = the server's default.

        Returns:
            Until when the old secret is valid; None = it isn't any more.
        """
        from photonctl.rotation import rotate_signing_secret

        ref = ResourceRef(kind, key)
        async with self._locked([project], ()):
            return await rotate_signing_secret(
                self.account, project, ref, overlap_s, begin=self.begin_change
            )

    async def rotate_project_secret(
        self,
        wanted: str | DesiredProject,
        *,
        prove: "Callable[[str, str, Origin], None]",
        confirm: Callable[[str, str], None],
        keep: "Callable[[str, Origin, Secret], None]",
    ) -> None:
        """Rotate a project's own secret, and keep the new one. The old one stops working at once.

        Args:
            wanted: its name or id; or as declared, which says which of the two is meant.
            prove: called in a thread with its name, id, and host and Spectrum id; raises to refuse.
            confirm: called with its name and id, right before it is rotated; raises to refuse.
            keep: called in a thread with its name, host and Spectrum id, and new secret.
        """
        from photonctl.rotation import rotate_project_secret

        def confirmed(name: str, project_id: str) -> None:
            confirm(name, project_id)
            self.begin_change()

        await self.account.check_token()
        row = await self._one(wanted)
        async with self._locked([row], ()):
            await rotate_project_secret(
                self.account, row, prove=prove, confirm=confirmed, keep=keep
            )

    async def _one(self, wanted: str | DesiredProject) -> "ProjectRow":
        from photonctl.api.choice import only_one
        from photonctl.errors import RefusedError

        if isinstance(wanted, str):
            (named,) = await self.account.matching(wanted)
            return named
        rows = await self.account.projects()
        found = [row for row in rows if wanted.means(row.name, row.id, row.spectrum_id)]
        row = only_one(found, wanted.name)
        if row is None:
            raise RefusedError(
                f'there is no live project "{shown_text(wanted.name)}"',
                hint="To create it:\n  photonctl apply",
            )
        return row

    async def adopt_secret(
        self,
        project: DesiredProject,
        kind: str,
        key: str,
        offered: OneTimeSecrets,
        check: Callable[[OneTimeSecrets], None],
    ) -> "list[SinkSpec]":
        """Store a known secret of a declared resource that is live, in its sink.

        Args:
            project: from ``load``.
            kind: ``webhook``.
            key: as the project declares it.
            offered: what is known of its secrets.
            check: called with them and the live id; raises to refuse.

        Returns:
            Where they are stored now.
        """
        from photonctl.adoption import adopt_signing_secret

        def approved(secrets: OneTimeSecrets) -> None:
            check(secrets)
            self.begin_change()

        ref = ResourceRef(kind, key)
        async with self._locked([project], ()):
            return await adopt_signing_secret(self.account, project, ref, offered, approved)
