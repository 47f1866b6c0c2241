"""Plans and applies in this process, against a Photon in memory: milliseconds, not seconds."""

import asyncio
from functools import partial

from photonctl.choosing import part_of
from photonctl.events import ignore
from photonctl.executor.given import Run
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan
from photonctl.planner.destruction import emptied, plan_removal
from photonctl.planner.diff import plan_project
from photonctl.reconciler import apply_manifests, apply_plan, plan_all
from tests.support.clock import FakeClock


class Engine:
    """One folder with a manifest, and the account that it is applied to."""

    def __init__(self, folder, account, *, holds_lock=True, lifted=()):
        self.folder = folder
        self.account = account
        self.clock = FakeClock()
        self.events = []
        self.trust = Trust()
        self._holds_lock = holds_lock
        self._lifted = frozenset(lifted)

    def load(self, text):
        name = str(self.folder / "photon.yaml")
        return load([Source(name=name, data=text.encode())], self.trust).projects

    def run(self):
        return Run(
            account=self.account,
            clock=self.clock,
            on_event=self.events.append if self.events is not None else ignore,
            lifted=self._lifted,
            holds_lock=self._holds_lock,
        )

    def plan(self, text, **part):
        desired = self.load(text)
        planner = self._planner(desired, **part)
        planned, unplanned = asyncio.run(plan_all(self.run(), desired, planner, None))
        return Plan(projects=tuple(item.plan for item in planned), unplanned=tuple(unplanned))

    def apply(self, text, **part):
        desired = self.load(text)
        planner = self._planner(desired, **part)
        return asyncio.run(apply_manifests(self.run(), desired, planner, None))

    def _planner(self, desired, only=(), exclude=(), replace=()):
        return partial(plan_project, part=part_of(only, exclude, replace, desired))

    def apply_plan(self, plan):
        return asyncio.run(apply_plan(self.run(), plan, None))

    def destroy(self, text, *, project_too=False):
        empty = [emptied(project) for project in self.load(text)]
        planner = plan_removal if project_too else plan_project
        return asyncio.run(apply_manifests(self.run(), empty, planner, None))

    def variables(self, name=".env"):
        """Return what the env file holds."""
        path = self.folder / name
        lines = path.read_text().splitlines() if path.exists() else []
        return dict(line.split("=", 1) for line in lines)


def errors(report):
    """Return what went wrong, in words."""
    found = [outcome.error for p in report.projects for outcome in p.outcomes if outcome.error]
    return found + [error for p in report.projects for error in p.errors]
