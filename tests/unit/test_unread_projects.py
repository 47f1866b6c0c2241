"""A project whose secret Photon doesn't show while its creation is open: nobody has read it."""

import asyncio

import pytest

from photonctl.errors import NoProjectSecret
from photonctl.journal import Journal, creation_of
from photonctl.planner.diff import plan_project
from photonctl.reconciler import apply_manifests
from tests.support.engine import Engine, errors

URL = "https://bot.example.com/hook"
HEAD = "version: 1\nproject: {name: bot}\nlimits: false\n"
HOOK = f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: BOT}}}}]\n"


@pytest.fixture
def unread(engine, tmp_path):
    """Another machine has completed what this one began, and now the secret is hidden again."""
    account = engine.account
    (tmp_path / "other").mkdir()
    assert Engine(tmp_path / "other", account).apply(HOOK).converged
    (project,) = account.live.values()
    Journal(engine.folder).open_intent("", creation_of("bot", account.host))
    account.secretive.add(project.row.id)
    return project


def test_what_another_machine_has_registered_meanwhile_stays(engine, unread):
    before = dict(unread.hook_rows)

    def gate(name, *, is_done=False):
        assert name != "register_webhook"

    unread.gate = gate
    report = engine.apply(HOOK)

    assert "isn't empty" in " ".join(errors(report))
    assert unread.hook_rows == before
    unread.gate = lambda *_, **__: None
    engine.apply(HOOK)
    assert unread.hook_rows == before


@pytest.mark.parametrize("is_project_too", [False, True])
def test_nothing_is_destroyed_that_wasnt_read(engine, unread, is_project_too):
    with pytest.raises(NoProjectSecret):
        engine.destroy(f"{HEAD}protect: {{webhooks: ['{URL}']}}\n", project_too=is_project_too)

    assert unread.row.id in engine.account.live
    assert unread.hook_rows


def test_a_secret_that_is_there_by_now_isnt_ended(engine, unread):
    """Another machine has completed it while somebody approved the plan."""
    before = unread.row.secret

    def approve(_):
        engine.account.secretive.clear()

    desired = engine.load(HOOK)
    report = asyncio.run(apply_manifests(engine.run(), desired, plan_project, approve))

    assert "has a secret by now" in " ".join(errors(report))
    assert unread.row.secret == before
