"""Whose secret is under a declared name: asked for in every project, where these are few."""

import pytest

from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

HOOK = "webhooks: [{url: 'https://bot.example.com/h', secret: {envFile: .env, key: BOT}}]\n"


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path, FakeAccount())


def refusals(engine):
    plan = engine.plan(f"version: 1\nproject: {{name: two}}\n{HOOK}")
    return " ".join(refusal.message for refusal in plan.projects[0].refusals)


def test_the_project_whose_secret_is_there_is_named(engine):
    engine.apply(f"version: 1\nproject: {{name: one}}\n{HOOK}")

    assert 'a webhook of the project "one"' in refusals(engine)


def test_of_very_many_projects_none_is_asked_for_a_name_in_a_message(engine):
    engine.apply(f"version: 1\nproject: {{name: one}}\n{HOOK}")
    asked = []
    for number in range(1_100):
        other = engine.account.add(f"other-{number}")
        other.gate = lambda name, **_: asked.append(name)

    assert "isn't known in this project" in refusals(engine)
    assert asked == []
