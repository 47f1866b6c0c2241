"""How a program uses the library; checked by mypy and pyright in their strict modes, never run."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_type

import photonctl
from photonctl import (
    Access,
    DesiredProject,
    Event,
    LockRules,
    PhotonctlError,
    Plan,
    Report,
    Rules,
    Secret,
    Session,
    ShownProject,
    Trust,
)
from photonctl.sinks import OneTimeSecrets, Sink, SinkError, SinkSpec, Stored


def on_event(event: Event) -> None:
    print(event)  # noqa: T201  # a program of somebody else


async def from_environment() -> int:
    async with Session.from_environment(on_event=on_event) as session:
        desired = session.load("photon.yaml")
        assert_type(desired, tuple[DesiredProject, ...])
        plan = await session.plan(desired)
        assert_type(plan, Plan)
        if plan.has_changes:
            report = await session.apply(plan, lifted=["--allow-deletes"])
            assert_type(report, Report)
            return len(report.projects)
        assert_type(await session.export("bot"), list[dict[str, Any]])
        assert_type(await session.show(desired), list[ShownProject])
        await session.destroy(desired, project_too=True)
    return 0


async def explicit(stop: asyncio.Event) -> None:
    access = Access(
        dashboard_url="https://app.photon.codes",
        spectrum_url="https://spectrum.photon.codes",
        token=Secret("token"),
    )
    rules = Rules(allow_exec=True, ci="my CI", lock=LockRules(folder=Path("locks")))
    session = Session(access, rules=rules, trust=Trust(env={"A": "b"}), stop=stop)
    async with session:
        try:
            await session.apply(session.load(Path("photon.yaml")), approve=lambda plan: None)
        except PhotonctlError as error:
            assert_type(error.exit_code, int)
            assert_type(error.hint, str | None)


def without_async(desired: Sequence[DesiredProject]) -> bool:
    assert_type(photonctl.load("a.yaml", Path("b.yaml")), tuple[DesiredProject, ...])
    plan = photonctl.plan(desired)
    assert_type(photonctl.apply(plan), Report)
    assert_type(photonctl.destroy(desired), Report)
    assert_type(photonctl.export(), list[dict[str, Any]])
    assert_type(photonctl.show(), list[ShownProject])
    return plan.has_changes


class Plugin:
    """A sink of somebody else."""

    def __init__(self, spec: SinkSpec, folder: Path) -> None:
        self.path = folder / spec.target

    def check_writable(self) -> None:
        self.path.touch()

    def store(self, secrets: OneTimeSecrets) -> None:
        if secrets.signing is None:
            raise SinkError("there is no signing secret")
        self.path.write_text(secrets.signing.reveal())

    def stored_for(self, webhook_id: str) -> Stored:
        return Stored.ALL if self.path.exists() else Stored.NOTHING

    def kept(self, webhook_id: str | None = None) -> OneTimeSecrets | None:
        return None


def make(spec: SinkSpec, folder: Path) -> Sink:
    return Plugin(spec, folder)
