"""A command can't be asked what it keeps: it is believed to hold only what it was given."""

import pytest

from photonctl.model.plan import SecretStep
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

URL = "https://bot.example.com/hook"
COMMAND = "{exec: ['true', a]}"
FILE = "{envFile: .env, key: A}"


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount()
    account.add("bot")
    return Engine(tmp_path, account)


def hook(secret, more=""):
    entry = f"{{url: '{URL}', secret: {secret}{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FILE, COMMAND),
        (COMMAND, "{exec: ['true', b]}"),
        (COMMAND, "{exec: ['true']}"),
        (COMMAND, "{exec: ['echo', a]}"),
        (f"[{FILE}, {COMMAND}]", "{exec: ['true', 'a b']}"),
        ("{exec: ['true', a, b]}", "{exec: ['true', 'a b']}"),
    ],
)
def test_a_secret_that_a_command_was_never_given_is_missing(engine, before, after):
    engine.apply(hook(before))

    (warning,) = engine.plan(hook(after)).projects[0].warnings
    assert "photonctl hasn't given it to this command" in warning

    (action,) = engine.plan(hook(after, ", onMissingSecret: rotate")).projects[0].actions
    assert action.secret_steps == (SecretStep.ROTATE,)


@pytest.mark.parametrize("before", [COMMAND, f"[{FILE}, {COMMAND}]"])
def test_a_command_that_was_given_a_secret_is_believed_to_hold_it(engine, before):
    engine.apply(hook(before))

    plan = engine.plan(hook(COMMAND)).projects[0]

    assert (plan.actions, plan.warnings) == ((), ())


@pytest.mark.parametrize("added", [COMMAND, "{exec: ['true', b]}"])
def test_a_command_beside_a_file_is_given_what_the_file_holds(engine, added):
    engine.apply(hook(FILE))
    both = hook(f"[{FILE}, {added}]")

    (action,) = engine.plan(both).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)

    assert engine.apply(both).converged
    assert engine.plan(both).projects[0].actions == ()
    assert engine.plan(hook(added)).projects[0].warnings == ()


def test_a_command_that_failed_was_given_nothing(engine):
    engine.apply(hook(FILE))
    both = hook(f"[{FILE}, {{exec: ['false']}}]")

    assert not engine.apply(both).converged

    (action,) = engine.plan(both).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)


def test_a_rotation_gives_a_command_the_standard_secret_only(engine):
    engine.apply(hook(FILE))
    moved = hook(COMMAND, ", onMissingSecret: rotate")
    assert engine.apply(moved).converged

    plan = engine.plan(moved).projects[0]
    assert plan.actions == ()
    assert ["signed with the legacy one" in warning for warning in plan.warnings] == [True]
    (warning,) = engine.plan(hook(COMMAND)).projects[0].warnings
    assert "holds the standard secret only" in warning
