"""A secret that is stored over that of a webhook which goes with the plan, and then doesn't go."""

import pytest

from photonctl.errors import ServerFailed
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount

HEAD = "version: 1\nproject: {name: bot}\nlimits: false\nwebhooks:\n"
A, B, C = (f"https://{name}.example.com/h" for name in "abc")


def hook(url, secret, more=""):
    return f"  - {{url: '{url}', secret: {secret}{more}}}\n"


K1 = "{envFile: .env, key: K1}"
OLD = HEAD + hook(A, K1)
REFUSES = "{exec: ['false']}"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = Engine(tmp_path, FakeAccount())
    assert engine.apply(OLD).converged
    return engine


def live(engine):
    (project,) = engine.account.live.values()
    return {row.webhook_url: row.id for row in project.hook_rows.values()}


def test_a_plan_says_that_a_secret_goes_before_its_webhook_does(engine):
    (project,) = engine.plan(HEAD + hook(C, K1)).projects

    (warning,) = project.warnings
    assert f"holds the secret of {A}, and will hold the new one" in warning


def test_what_a_place_held_is_put_back_where_another_place_fails(engine):
    before = engine.variables()

    report = engine.apply(HEAD + hook(C, f"[{K1}, {REFUSES}]"))

    assert live(engine).keys() == {A}
    assert engine.variables() == before
    assert "was deleted again" in " ".join(errors(report))


@pytest.mark.parametrize("other", ["another create fails", "the delete fails"])
def test_a_webhook_that_stays_without_its_secret_is_reported(engine, other):
    text = HEAD + hook(C, K1)
    if other == "another create fails":
        text += hook(B, REFUSES)
    else:
        (project,) = engine.account.live.values()

        def gate(name, *, is_done=False):
            if name == "delete_webhook" and not is_done:
                raise ServerFailed("down")

        project.gate = gate

    report = engine.apply(text)

    assert live(engine).keys() == {A, C}
    assert engine.variables()["K1_WEBHOOK_ID"] == live(engine)[C]
    said = [error for error in errors(report) if "its secret is lost" in error]
    assert len(said) == 1
    assert f"K1 in .env holds that of {C}" in said[0]


def test_a_secret_isnt_stored_over_that_of_a_webhook_which_is_only_replaced(engine):
    """Its replacement may fail; then it stays, and has no secret."""
    engine.apply(HEAD + hook(A, K1) + hook(B, "{envFile: .env, key: K2}"))
    swapped = hook(A, "{envFile: .env, key: K2}")
    moved = hook(B, "{envFile: b.env, key: K2}", ", onMissingSecret: replace")

    (project,) = engine.plan(HEAD + swapped + moved).projects

    assert any(f"holds the secret of {B}, which stays live" in r.message for r in project.refusals)
