"""What somebody else does between a plan and its apply: nothing of it is deleted unseen."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from photonctl.errors import Ambiguous
from photonctl.planner.destruction import emptied, plan_removal
from photonctl.planner.diff import plan_project
from photonctl.reconciler import apply_manifests
from tests.support.engine import errors

URL = "https://bot.example.com/hook"
HEAD = "version: 1\nproject: {name: bot}\nlimits: false\n"
HOOK = f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: BOT}}}}]\n"
USERS = f"{HEAD}users: [{{phoneNumber: '+15551230001'}}, {{phoneNumber: '+15551230002'}}]\n"


def approved_after(engine, desired, meanwhile, planner=plan_project):
    """Apply a plan that somebody looks at for a while."""

    def approve(_):
        meanwhile()
        engine.clock.seconds += 20

    return asyncio.run(apply_manifests(engine.run(), desired, planner, approve))


@pytest.fixture
def project(engine):
    (found,) = engine.account.live.values()
    return found


def register(project):
    row, _ = project._register({"webhookUrl": URL})
    return row


@pytest.mark.parametrize("was_interrupted", [False, True])
@pytest.mark.parametrize("is_lost", [False, True])
def test_what_another_machine_registers_meanwhile_stays(engine, project, was_interrupted, is_lost):
    if was_interrupted:
        project.gate = raising(SystemExit())
        with pytest.raises(SystemExit):
            engine.apply(HOOK)
    project.gate = raising(Ambiguous("the answer is lost")) if is_lost else lambda *_, **__: None

    report = approved_after(engine, engine.load(HOOK), lambda: register(project))

    assert "registered since the plan was made" in " ".join(errors(report))
    assert len(project.hook_rows) == 1
    assert not project.deleted


def raising(error):
    """Raise once, where a webhook is to be registered."""
    left = [error]

    def gate(name, *, is_done=False):
        if name == "register_webhook" and left:
            raise left.pop()

    return gate


@pytest.mark.parametrize(("age_s", "stays"), [(60, True), (1, False)])
def test_after_a_lost_answer_only_what_is_as_new_is_deleted(engine, project, age_s, stays):
    def gate(name, *, is_done=False):
        if name == "register_webhook" and not is_done and not project.hook_rows:
            made = engine.clock.now() - timedelta(seconds=age_s)
            row = register(project)
            project.hook_rows[row.id] = replace(row, created_at=made.isoformat())
            project.gate = lambda *_, **__: None
            raise Ambiguous("the answer is lost")

    project.gate = gate
    report = engine.apply(HOOK)

    assert ("has been live for longer" in " ".join(errors(report))) is stays
    assert (project.deleted == []) is stays


@pytest.mark.parametrize("what", ["a user", "a webhook", "another name", "not listed"])
def test_a_project_isnt_deleted_with_what_no_plan_has_shown(engine, project, what):
    assert engine.apply(USERS).converged

    def meanwhile():
        if what == "a user":
            project._put_user({"phoneNumber": "+15559999999", "type": "shared"})
        elif what == "a webhook":
            register(project)
        elif what == "another name":
            project.row = replace(project.row, name="production")
        else:
            register(project)
            engine.account.projects = nothing

    desired = [emptied(one) for one in engine.load(USERS)]
    report = approved_after(engine, desired, meanwhile, plan_removal)

    said = " ".join(errors(report))
    assert "since the plan was made" in said or "doesn't list the project any more" in said
    assert engine.account.live


async def nothing():
    return ()


def test_a_project_is_deleted_with_what_the_plan_has_shown(engine):
    assert engine.apply(USERS).converged

    assert not errors(engine.destroy(USERS, project_too=True))
    assert not engine.account.live
