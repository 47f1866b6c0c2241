"""How long an apply takes: as long as its longest project, and as all that isn't done at once."""

import pytest
from msgspec.structs import replace

from photonctl.model.plan import Plan
from photonctl.planner.estimate import estimate
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path, FakeAccount(tier="enterprise"))


def _plan(engine, count):
    users = "".join(f"  - phoneNumber: '+1555000{n:04}'\n" for n in range(count))
    return engine.plan(f"version: 1\nproject: {{name: bot}}\nusers:\n{users}")


def test_one_project_takes_what_its_limit_allows(engine):
    cost = estimate(_plan(engine, 100), rate=5)

    assert cost.requests > 100
    assert cost.seconds > 20
    assert cost.seconds < estimate(_plan(engine, 100), rate=4).seconds


def test_many_small_projects_take_longer_than_each_of_them(engine):
    plan = _plan(engine, 1)
    fleet = Plan(projects=tuple(replace(plan.projects[0], name=f"bot{n}") for n in range(10_000)))

    alone, all_of_them = estimate(plan, rate=5), estimate(fleet, rate=5)

    assert alone.seconds < 5
    assert all_of_them.requests > 10_000
    assert 60 < all_of_them.seconds < all_of_them.requests


def test_without_a_limit_the_number_of_requests_still_counts(engine):
    assert estimate(_plan(engine, 1_000), rate=0).seconds > 0
