"""What a reviewer sees is what would be done: in views, and in plan files that somebody edited."""

import json

import pytest

from photonctl.errors import PlanRefused
from photonctl.manifest.saved import check_plan
from photonctl.reach import Reach
from photonctl.sealed import plan_from_text, plan_to_text, sealed
from photonctl.views import html, markdown, text
from photonctl.views import json as json_view
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

HEAD = "version: 1\nproject: {name: bot}\n"
URL = "https://bot.example.com/hook"
VIEWS = (text, markdown, html, json_view)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    account = FakeAccount()
    account.add("bot")
    return Engine(tmp_path, account)


@pytest.mark.parametrize("view", VIEWS)
def test_a_command_is_shown_whole(engine, view):
    words = "cat;:||check https://vault.example.com/store?app=bot;touch$${IFS}pwned"
    sink = f"exec: [sh, -c, '{words}']"
    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{URL}', secret: {{{sink}}}}}]\n")

    shown = view.render_plan(plan).replace("\\", "")

    assert "app=bot;touch${IFS}pwned" in shown


@pytest.mark.parametrize("view", [text, markdown, html])
def test_a_replacement_shows_what_it_sends(engine, view):
    hook = f"url: '{URL}', secret: {{envFile: .env, key: BOT}}, onMissingSecret: replace"
    engine.apply(f"{HEAD}webhooks: [{{{hook}}}]\n")
    (engine.folder / ".env").unlink()
    more = "failureNotificationEmail: other@evil.example, schemaVersion: raw-inbound.v1"

    shown = view.render_plan(engine.plan(f"{HEAD}webhooks: [{{{hook}, {more}}}]\n"))

    assert "evil.example" in shown
    assert "raw-inbound" in shown


def edited(plan, edit):
    """Return a saved plan that somebody has changed, and marked again."""
    data = json.loads(plan_to_text(plan))
    edit(data["projects"][0])
    return plan_from_text(json.dumps(sealed(data)))


def updates(engine):
    """Return a plan that changes a user's first name."""
    user = "phoneNumber: +15551230001, firstName"
    engine.apply(f"{HEAD}users: [{{{user}: Ada}}]\n")
    return engine.plan(f"{HEAD}users: [{{{user}: Adah}}]\n")


@pytest.mark.parametrize(
    "edit",
    [
        lambda action: action["spec"].update(email="evil@evil.example"),
        lambda action: action["spec"].update(firstName="Pwned"),
        lambda action: action["changes"].clear(),
        lambda action: action["changes"].append({"field": "x\n::e::", "before": 1, "after": 2}),
        lambda action: action.update(label="+15551230002"),
        lambda action: action.update(key="+15551230002", label="+15551230002"),
    ],
)
def test_an_update_that_does_something_else_than_it_shows_is_refused(engine, edit):
    plan = updates(engine)

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, lambda project: edit(project["actions"][0])), Reach())


def test_a_plan_that_nobody_edited_passes(engine):
    plan = updates(engine)

    check_plan(edited(plan, lambda _: None), Reach())

    assert engine.apply_plan(plan).converged


def test_a_delete_names_whom_it_deletes(engine):
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: Ada}}]\n")
    plan = engine.plan(f"{HEAD}users: []\n")

    with pytest.raises(PlanRefused, match="isn't Eve"):
        engine.apply_plan(edited(plan, lambda p: p["actions"][0].update(who="Eve")))


def test_what_a_plan_file_calls_a_field_is_harmless_on_a_terminal(engine):
    plan = updates(engine)
    action = plan.projects[0].actions[0]
    object.__setattr__(action.changes[0], "field", "x\n::error::pwn \x1b[2J")

    shown = text.render_plan(plan)

    assert "\x1b[2J" not in shown
    assert "\n::error" not in shown


@pytest.mark.parametrize("target", ["photon.yaml", ".git/config", "public/page.html"])
def test_the_default_file_for_secrets_may_not_be_a_link_to_another_kind_of_file(tmp_path, target):
    from photonctl.errors import ManifestError

    file = tmp_path / target
    file.parent.mkdir(exist_ok=True)
    file.write_text("A=b\n")
    (tmp_path / ".env").symlink_to(target)

    with pytest.raises(ManifestError):
        Engine(tmp_path, FakeAccount()).load(f"{HEAD}webhooks: ['{URL}']\n")
