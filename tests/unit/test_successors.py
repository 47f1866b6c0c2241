"""What is asked before deletes: a few lists for all that was created in their place."""

import asyncio
from types import SimpleNamespace

import pytest

from photonctl.executor.shown import with_successors_seen
from photonctl.kinds.operations import READ_BACK_DELAYS_S
from photonctl.model.plan import Verb
from photonctl.model.report import Outcome, Status
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

HEAD = "version: 1\nproject: {name: bot}\nlimits: false\n"
OLD = f"{HEAD}users: [{{phoneNumber: '+15559999999'}}]\n"
NEW = f"{HEAD}users:\n" + "".join(f"- phoneNumber: '+1555{n:07d}'\n" for n in range(40))


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path, FakeAccount())
    engine.apply(OLD)
    return engine


def counted(engine):
    """Return a list that grows by each list of users that is asked for: who was there."""
    (project,) = engine.account.live.values()
    asked = []

    def gate(name, *, is_done=False):
        if name == "users" and not is_done:
            asked.append(len(project.user_rows))

    project.gate = gate
    return asked


def test_what_was_created_is_looked_for_once_for_all(engine):
    asked = counted(engine)

    assert engine.apply(NEW).converged
    assert asked.count(41) == 1  # 40 are new, and the old one is there


@pytest.mark.parametrize("is_stopped", [False, True])
def test_what_is_listed_late_is_looked_for_a_few_times_and_not_once_stop_is_set(engine, is_stopped):
    (project,) = engine.account.live.values()
    creates = [a for a in engine.plan(NEW).projects[0].actions if a.verb is Verb.CREATE]
    outcomes = [Outcome(action=a, status=Status.OK, id=f"new-{n}") for n, a in enumerate(creates)]
    asked, stop = counted(engine), asyncio.Event()
    if is_stopped:
        stop.set()

    ctx = SimpleNamespace(api=project, clock=engine.clock)
    found = asyncio.run(with_successors_seen(ctx, outcomes, {"user"}, stop))

    assert len(asked) == (0 if is_stopped else len(READ_BACK_DELAYS_S))
    assert all(outcome.awaits_confirmation for outcome in found)
    assert [outcome.action for outcome in found] == creates
