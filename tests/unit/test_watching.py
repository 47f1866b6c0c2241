"""Watching for days, on a clock that doesn't wait."""

import asyncio
from itertools import pairwise

import pytest

from photonctl.errors import ServerFailed, UnknownShape
from photonctl.model.plan import Plan
from photonctl.planner.diff import plan_project
from photonctl.reconciler import apply_manifests, plan_all
from photonctl.watching import pause_s, watch
from tests.support.clock import FakeClock
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

HOUR, DAY = 3600, 86_400
TEXT = "version: 1\nproject: {name: bot}\nusers: [{phoneNumber: +15551230001}]\n"


class Days:
    """Watches for some days; ``happens``: second → what is done then."""

    def __init__(self, tmp_path, *, days, every_s=300, applies=False):
        self.clock = FakeClock()
        self.account = FakeAccount()
        self.engine = Engine(tmp_path, self.account)
        self.rounds = []
        self.is_down = lambda _: False
        self._end = days * DAY
        self._every_s = every_s
        self._applies = applies
        self._stop = asyncio.Event()
        self.account.gate = self._gate

    def _gate(self, name, *, is_done=False):
        if self.is_down(self.clock.seconds):
            raise ServerFailed("down")

    async def _work(self):
        desired = self.engine.load(TEXT)
        if self._applies:
            return await apply_manifests(self.engine.run(), desired, plan_project, None)
        planned, unplanned = await plan_all(self.engine.run(), desired, plan_project, None)
        return Plan(projects=tuple(p.plan for p in planned), unplanned=tuple(unplanned))

    def _ended(self, ended):
        self.rounds.append((self.clock.seconds, ended))
        if self.clock.seconds > self._end:
            self._stop.set()

    def run(self):
        watching = watch(
            self._work,
            every_s=self._every_s,
            clock=self.clock,
            stop=self._stop,
            on_round=self._ended,
            jitter=lambda: 0.5,
        )
        asyncio.run(watching)
        return [ended for _, ended in self.rounds]


def test_a_week_without_failures_has_a_round_every_five_minutes(tmp_path):
    rounds = Days(tmp_path, days=7).run()

    assert len(rounds) == 7 * DAY / 300 + 2
    assert all(ended.is_well for ended in rounds)


def test_while_photon_is_down_rounds_are_rarer_and_then_all_is_as_before(tmp_path):
    days = Days(tmp_path, days=2)
    days.is_down = lambda now: 6 * HOUR <= now < 12 * HOUR
    days.run()

    during = [at for at, ended in days.rounds if not ended.is_well]
    after = [at for at, ended in days.rounds if at > during[-1]]
    assert 6 * HOUR / (8 * 300) <= len(during) <= 6 * HOUR / (8 * 300) + 4
    assert after[0] - 12 * HOUR <= 8 * 300
    assert all(later - earlier == 300 for earlier, later in pairwise(after))


def test_what_drifts_is_applied_in_the_next_round_day_after_day(tmp_path):
    days = Days(tmp_path, days=3, applies=True)
    removed = []

    def drifts(now):
        if now // DAY > len(removed) and days.account.live:  # each day, somebody deletes the user
            (project,) = days.account.live.values()
            gone = [i for i, row in project.user_rows.items() if not row.is_owner]
            removed.extend(project.user_rows.pop(user_id) for user_id in gone)
        return False

    days.is_down = drifts
    rounds = days.run()

    changed = [ended for ended in rounds if ended.found.plan.has_changes]
    assert len(removed) == 3
    assert len(changed) == 4  # the first creates everything
    assert all(ended.is_well for ended in rounds)


def test_a_stop_ends_the_pause_at_once():
    async def run():
        stop, ended = asyncio.Event(), []

        class Slow(FakeClock):
            async def sleep(self, seconds):
                stop.set()
                await asyncio.Event().wait()

        async def work():
            return Plan(projects=())

        await watch(work, every_s=300, clock=Slow(), stop=stop, on_round=ended.append)
        return ended

    assert len(asyncio.run(asyncio.wait_for(run(), 10))) == 1


@pytest.mark.parametrize("is_changing", [False, True])
def test_a_stop_ends_a_round_that_only_reads_at_once(is_changing):
    async def run():
        stop, goes_on, ended = asyncio.Event(), asyncio.Event(), []

        async def work():
            stop.set()
            if is_changing:
                asyncio.get_running_loop().call_soon(goes_on.set)
            await goes_on.wait()  # for ever, where nothing was begun
            return Plan(projects=())

        await watch(
            work,
            every_s=300,
            clock=FakeClock(),
            stop=stop,
            on_round=ended.append,
            is_changing=lambda: is_changing,
        )
        return ended

    assert len(asyncio.run(asyncio.wait_for(run(), 10))) == is_changing


def test_an_output_that_is_refused_is_a_failed_round(tmp_path):
    days = Days(tmp_path, days=1)
    ended, refused = days._ended, []

    def shows(done):
        if done.error is None and not refused:
            refused.append(done)
            raise UnknownShape("this output would show a secret")
        ended(done)

    days._ended = shows
    first, *others = days.run()

    assert isinstance(first.error, UnknownShape)
    assert first.pause_s == 600
    assert all(one.is_well for one in others)


@pytest.mark.parametrize(
    ("every_s", "failures", "expected"),
    [(300, 0, 300), (300, 1, 600), (300, 9, 2400), (1800, 9, 3600), (7200, 9, 7200), (1, 9, 8)],
)
def test_failures_double_the_pause_up_to_a_bound(every_s, failures, expected):
    assert pause_s(every_s, failures, 0.5) == expected
    assert pause_s(every_s, failures, 0.0) == pytest.approx(0.9 * expected)
    assert pause_s(every_s, failures, 1.0) == pytest.approx(1.1 * expected)
