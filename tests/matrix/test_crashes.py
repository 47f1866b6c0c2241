"""Killed right before and after every request and every change of a file, and on a full disk.

All in this process, against a Photon in memory: ``World`` raises what nothing catches, and nothing
of the run works after that. tests/faults kills real processes at a sample of these positions.
"""

import asyncio
import logging
import os
from itertools import count

import pytest

from photonctl.errors import PhotonctlError
from photonctl.journal import Journal
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.rotating import rotate_secret
from photonctl.model.spec import SinkSpec
from photonctl.sinks.env_file import EnvFileSink
from tests.matrix.scenario import MANIFEST, begin, set_gate, wrong_in_the_end
from tests.support.disk import Killed, World

PLACE = SinkSpec(type="envFile", target=".env", key="KEEP")
KEEP = "https://keep.example.com/"


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    """Nobody cuts the power here; and asyncio needn't log what a killed process left."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)


def apply(engine):
    return engine.apply(MANIFEST)


def rotate(engine):
    """Do what ``webhook rotate`` does, with no overlap: the old secret dies at once."""
    project = next(p for p in engine.account.live.values() if p.row.name == "old")
    hook = next(row for row in project.hook_rows.values() if row.webhook_url == KEEP)
    kept = Kept(project, Journal(engine.folder), EnvFileSink(engine.folder / ".env", "KEEP"), PLACE)
    asyncio.run(rotate_secret(kept, webhook_id=hook.id, key=KEEP, overlap_s=0))


def died(tmp_path_factory, command, world):
    """Run a command in a world; return the engine, and whether the world ended it."""
    engine = begin(tmp_path_factory.mktemp("at"))
    set_gate(engine.account, world.gate)
    with pytest.MonkeyPatch.context() as patch:
        world.watch(patch, engine.folder)
        try:
            command(engine)
        except (Killed, ExceptionGroup):
            assert world.is_dead
        except PhotonctlError:
            assert world.kind == "full"
    return engine, world.is_dead or world.kind == "full"


@pytest.mark.parametrize("command", [apply, rotate])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["request", "write"])
def test_killed_at_each_position_the_next_apply_converges(
    tmp_path_factory, record_property, kind, when, command
):
    wrong = {}
    for position in count():
        world = World(kind=kind, at=position, when=when)
        engine, has_died = died(tmp_path_factory, command, world)
        if not has_died:
            break
        found = wrong_in_the_end(engine)
        if found:
            wrong[position] = found
    record_property("crash positions", position)
    assert wrong == {}
    assert position > (10 if command is apply else 0)


def test_a_disk_that_is_full_from_each_change_on_loses_nothing(tmp_path_factory, record_property):
    free = World()
    died(tmp_path_factory, apply, free)
    wrong = {}
    for position in range(free.counts["write"]):
        world = World(kind="full", at=position)
        engine, _ = died(tmp_path_factory, apply, world)
        found = wrong_in_the_end(engine)
        if found:
            wrong[position] = found
    record_property("full disks", free.counts["write"])
    assert wrong == {}
    assert free.counts["write"] > 10
