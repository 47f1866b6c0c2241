"""What a reviewer sees is what would be done: in views, and in plan files that somebody edited."""

import json
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from photonctl.cli.console import refuse_secrets
from photonctl.errors import PlanRefused, RefusedError, SinkNotWritable
from photonctl.kinds.user.kind import UserSpec
from photonctl.manifest.refilled import check_filled
from photonctl.manifest.saved import check_plan
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan, SecretStep
from photonctl.model.spec import spec_from_json
from photonctl.model.state import LiveProject
from photonctl.planner.diff import plan_project
from photonctl.reach import Reach
from photonctl.rules import Rules, in_emulator, ruled_plan
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

    shown = view.render_plan(plan).replace("\\", "").replace("&#36;", "$")

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
        lambda action: action["spec"].update(type="sharedx"),
        lambda action: action["spec"].update(assignedPhoneNumber="+16285550100"),
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


@pytest.mark.parametrize(
    "edit",
    [
        lambda sink: sink.update(key="nowhere"),
        lambda sink: sink.update(isDefault="no"),
        lambda sink: sink["members"][1].update(key="nowhere"),
        lambda sink: sink["members"][0].update(arguments=["x"]),
        lambda sink: sink["members"][0].update(isDefault=1),
    ],
)
def test_a_place_that_no_manifest_can_write_is_refused(engine, edit):
    places = "[{envFile: .env, key: BOT}, {exec: [./keep]}]"
    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{URL}', secret: {places}}}]\n")
    edited(plan, lambda _: None)

    with pytest.raises(PlanRefused):
        edited(plan, lambda project: edit(project["actions"][0]["sink"]))


@pytest.mark.parametrize("stored", ["", "0123456789ab"])
def test_a_delete_has_no_place(engine, stored):
    hooks = f"webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: BOT}}}}]\n"
    engine.apply(HEAD + hooks)
    plan = engine.plan(f"{HEAD}prune: true\nwebhooks: []\n")
    place = {
        "type": "envFile", "target": "../" + "x/" * 20_000 + ".env", "arguments": [], "key": "K",
        "isDefault": False, "runsCommand": False,
    }  # fmt: skip

    with pytest.raises(PlanRefused):
        edited(plan, lambda project: project["actions"][0].update(sink=place, stored=stored))


@pytest.mark.parametrize(
    "edit",
    [
        lambda project: project["kinds"].append(project["kinds"][0]),
        lambda project: project["actions"][0].update(filled=["firstName"]),
        lambda project: project["actions"][0].update(filled="firstName"),
        lambda project: project["actions"][0]["spec"].update(unknown=1),
        lambda project: project.update(filled=["name"]),
    ],
)
def test_what_no_plan_says_twice_or_in_another_form_is_refused(engine, edit):
    plan = updates(engine)

    with pytest.raises(PlanRefused, match="isn't a plan file"):
        edited(plan, edit)


def test_what_is_live_is_of_kinds_that_were_compared(engine):
    engine.apply(f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: BOT}}}}]\n")
    plan = updates(engine)

    with pytest.raises(PlanRefused):
        edited(plan, lambda project: project["live"].update({f"webhook {URL}": "0123"}))


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
    (project,) = plan.projects
    (action,) = project.actions
    changes = (replace(action.changes[0], field="x\n::error::pwn \x1b[2J"),)
    plan = replace(plan, projects=(replace(project, actions=(replace(action, changes=changes),)),))

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


def hooks(*urls):
    entries = (f"{{url: '{u}', secret: {{envFile: .env, key: {u[-1].upper()}}}}}" for u in urls)
    return f"{HEAD}webhooks: [{', '.join(entries)}]\n"


A, B = "https://bot.example.com/a", "https://bot.example.com/b"


def only(engine):
    (project,) = engine.account.live.values()
    return project


def apply_saved(engine, plan):
    check_plan(plan, Reach())
    return engine.apply_plan(plan)


def test_a_replacement_deletes_no_other_webhook_than_it_shows(engine):
    engine.apply(hooks(A))
    (live,) = only(engine).hook_rows.values()

    def other(project):
        action = next(a for a in project["actions"] if a["action"] == "create")
        action.update(action="replace", id=live.id)
        project["live"][f"webhook {B}"] = project["live"][f"webhook {A}"]

    with pytest.raises(PlanRefused):
        apply_saved(engine, edited(engine.plan(hooks(A, B)), other))
    assert [row.id for row in only(engine).hook_rows.values()] == [live.id]


@pytest.mark.parametrize(
    "edit",
    [
        lambda project: project.update(name="stage"),
        lambda project: project["actions"][0].update(who=None),
        lambda project: project["actions"][0].update(who=None, label="${env:TESTER}"),
    ],
)
def test_a_delete_names_its_project_and_its_person(engine, edit):
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: Ada}}]\n")
    plan = engine.plan(f"{HEAD}users: []\n")

    with pytest.raises(PlanRefused):
        apply_saved(engine, edited(plan, edit))


def test_a_creation_changes_nobody_who_is_live(engine):
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: Ada}}]\n")
    text = f"{HEAD}users: [{{phoneNumber: +15551230001}}, {{phoneNumber: +15551230002}}]\n"

    def other(project):
        (action,) = project["actions"]
        action.update(key="+15551230001", label="+15551230001")
        action["spec"].update(phoneNumber="+15551230001", firstName="Eve")

    with pytest.raises(PlanRefused, match="live already"):
        apply_saved(engine, edited(engine.plan(text), other))


def test_a_plan_file_hides_no_host(engine):
    def other(project):
        (action,) = project["actions"]
        evil, shown = "https://a.example.com:x@evil.example/a", "https://a.example.com${env:R}/a"
        action["spec"].update(webhookUrl=evil)
        action.update(key=evil, label=shown, filled={"webhookUrl": shown})

    with pytest.raises(PlanRefused):
        check_plan(edited(engine.plan(hooks(A)), other), Reach())


def test_two_webhooks_of_a_plan_file_keep_two_secrets(engine):
    def same(project):
        for action in project["actions"]:
            action["sink"].update(key="A")

    with pytest.raises(PlanRefused, match="another secret"):
        check_plan(edited(engine.plan(hooks(A, B)), same), Reach())


def test_another_projects_credentials_are_kept_when_a_saved_plan_is_applied(engine):
    more = "credentials: {envFile: .env}, platforms: [imessage, slack]"
    plan = engine.plan(f"version: 1\nproject: {{name: bot, {more}}}\n")
    (engine.folder / "photon.yaml").touch()
    (engine.folder / ".env").write_text("PHOTON_PROJECT_ID=other\nPHOTON_PROJECT_SECRET=theirs\n")

    with pytest.raises(PlanRefused, match="credentials"):
        apply_saved(engine, plan)


@pytest.mark.parametrize("target", [".photonctl/emulator/x/../../../.env", "a/../.env"])
@pytest.mark.parametrize("place", ["secret", "credentials"])
def test_a_path_that_goes_down_and_up_again_is_no_place_for_a_secret(engine, target, place):
    from photonctl.errors import ManifestError

    text = {
        "secret": f"{HEAD}webhooks: [{{url: '{A}', secret: {{envFile: '{target}', key: A}}}}]\n",
        "credentials": f"version: 1\nproject: {{name: bot, credentials: {{envFile: '{target}'}}}}",
    }[place]

    with pytest.raises(ManifestError):
        engine.load(text)


def test_a_manifest_keeps_nothing_where_a_local_photons_secrets_are(engine):
    from photonctl.errors import ManifestError

    sink = "{envFile: .photonctl/emulator/.env, key: A}"
    with pytest.raises(ManifestError) as caught:
        engine.load(f"{HEAD}webhooks: [{{url: '{A}', secret: {sink}}}]\n")
    assert "own folder" in str(caught.value.diagnostics)


def test_a_file_beside_the_manifest_hides_nothing(engine):
    """Whatever a committed env file holds: every line of the plan is shown, or none."""
    held = "  + webhook https://evil.example.com/collect"
    (engine.folder / ".env").write_text(f"A='{held}'\nB=evil.example.com\nA_WEBHOOK_ID=w\n")
    plan = engine.plan(hooks(A, "https://evil.example.com/b"))

    assert refuse_secrets(text.render_plan(plan)) == text.render_plan(plan)
    assert "evil.example.com" in text.render_plan(plan)


def test_a_variable_that_isnt_ours_is_kept(engine):
    (engine.folder / ".env").write_text("DISCORD_WEBHOOK_ID=987654321\n")
    sink = "{envFile: .env, key: DISCORD}"

    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{A}', secret: {sink}}}]\n")

    (refusal,) = plan.projects[0].refusals
    assert "isn't known in this project" in refusal.message
    assert "987654321" not in refusal.message + refusal.hint  # only the file says it


def test_two_secrets_of_a_plan_file_keep_two_names_whatever_they_are_called(engine):
    def same(project):
        for action in project["actions"]:
            action["sink"].update(key="PHOTON_PROJECT")

    with pytest.raises(PlanRefused, match="another secret"):
        check_plan(edited(engine.plan(hooks(A, B)), same), Reach())


def test_a_rename_in_a_plan_file_names_the_live_project(engine):
    live = only(engine).row
    text = f"version: 1\nproject: {{name: staging, id: {live.id}}}\nusers: []\n"

    def other(project):
        project["actions"][0]["changes"][0].update(before="staging-old")

    with pytest.raises(PlanRefused, match="staging-old"):
        apply_saved(engine, edited(engine.plan(text), other))


@pytest.mark.parametrize(
    "spec",
    [{"webhookUrl": None}, {"webhookUrl": 1}, {"webhookUrl": ["x"]}, {"webhookUrl": {"a": 1}}],
)
def test_a_field_of_another_type_is_no_bug(engine, spec):
    plan = engine.plan(hooks(A))

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, lambda p: p["actions"][0]["spec"].update(spec)), Reach())


def test_a_project_is_created_under_the_name_that_is_shown(engine):
    plan = engine.plan("version: 1\nproject: {name: new}\n")

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, lambda p: p["actions"][0]["spec"].update(name="other")), Reach())


def test_markdown_holds_no_formula(engine):
    """GitHub and GitLab read what is between two dollars as one, and a formula can hide text."""
    sink = "{exec: [sh, -c, 'curl https://evil.example', '$']}"
    more = "failureNotificationEmail: '$x%@good.example'"
    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{A}', secret: {sink}, {more}}}]\n")

    assert "$" not in markdown.render_plan(plan)


def seen(path):
    """Read a plan file as ``show`` does."""
    from photonctl.cli.console import Console
    from photonctl.cli.saved import read_shown_plan
    from photonctl.cli.settings import Settings

    return read_shown_plan(Settings(console=Console()), path)


def hide_the_actions(data):
    data["projects"][0]["actions"] = []
    data["seal"] = f"hmac-sha256:{'0' * 64}"


def have_a_mark_of_no_form(data):
    mark_again(data, "a" * 6_000)


def end_the_line_of_a_mark(data):
    mark_again(data, f"{'0' * 64}\n")


def mark_again(data, digest):
    data.update(seal=f"hmac-sha256:{'0' * 64}", digest=f"hmac-sha256:{digest}")


def claim_a_key(data):
    data["digest"] = f"hmac-sha256:{'0' * 64}"


def name_somebody_else(data):
    data["projects"][0]["actions"][0]["label"] = "+15559999999"
    data.update(sealed(data))


def hide_a_change(data):
    data["projects"][0]["actions"][0]["changes"] = []
    data.update(sealed(data))


@pytest.mark.parametrize(
    "edit",
    [
        hide_the_actions,
        have_a_mark_of_no_form,
        end_the_line_of_a_mark,
        claim_a_key,
        name_somebody_else,
        hide_a_change,
    ],
)
def test_no_plan_is_shown_that_isnt_what_its_digest_approves(engine, edit, monkeypatch, tmp_path):
    monkeypatch.delenv("PHOTONCTL_PLAN_KEY", raising=False)
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: Ada}}]\n")
    plan = engine.plan(f"{HEAD}users: [{{phoneNumber: +15551230001, firstName: Eve}}]\n")
    data = json.loads(plan_to_text(plan))
    edit(data)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))

    with pytest.raises(PlanRefused):
        seen(path)


def test_a_plan_from_another_folder_is_shown(engine, monkeypatch, tmp_path):
    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: A}}}}]\n")
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere/plan.json"
    path.write_text(plan_to_text(plan))
    monkeypatch.chdir(path.parent)

    assert seen(path).digest
    with pytest.raises(PlanRefused):
        check_plan(plan_from_text(path.read_text()), Reach())


@pytest.mark.parametrize(
    "edit",
    [
        lambda project: project["holds"].append(
            {"kind": "odd", "key": "k", "label": "k", "why": "owner"}
        ),
        lambda project: project["actions"][0]["changes"].append(
            {"field": ["x"], "before": None, "after": None}
        ),
    ],
)
def test_parts_of_other_types_are_no_plan(engine, edit):
    plan = engine.plan(f"{HEAD}users: [{{phoneNumber: +15551230001}}]\n")

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, edit), Reach())


def test_a_label_that_shows_another_host_than_the_one_that_gets_the_events_is_refused(engine):
    plan = engine.plan(hooks("https://evil.example/good.example/hook"))

    def relabelled(project):
        project["actions"][0]["label"] = "https://${env:SUB}good.example/hook"

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, relabelled), Reach())


@pytest.mark.parametrize("made_at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_no_clock_shows_is_no_plans(engine, made_at):
    data = json.loads(plan_to_text(engine.plan(hooks(A))))
    data["madeAt"] = made_at

    with pytest.raises(PlanRefused):
        plan_from_text(json.dumps(sealed(data)))


LARGE = {
    "warnings": lambda project: project.update(warnings=["x" * 100_000] * 300),
    "refusals": lambda project: project.update(
        refusals=[{"message": "x" * 2_000, "hint": "", "liftedBy": None}] * 15_000
    ),
    "holds": lambda project: project.update(
        holds=[{"kind": "user", "key": "k", "label": "x", "why": "owner"}] * 150_001
    ),
    "places": lambda project: project.update(
        credentials={**PLACE, "type": "several", "target": "", "members": [PLACE] * 6}
    ),
    "patterns": lambda project: project.update(
        protect={"webhook": [f"*{'?' * 900}[bz]{n}*" for n in range(200)]}
    ),
    "a part": lambda project: project.update(partial={"actions": 1, "of": 0}),
}
PLACE = {"type": "envFile", "target": ".env", "key": "K", "arguments": [], "isDefault": False}


@pytest.mark.parametrize("edit", LARGE.values(), ids=LARGE)
def test_more_than_any_plan_says_is_no_plan(engine, edit):
    with pytest.raises(PlanRefused):
        check_plan(edited(engine.plan(hooks(A)), edit), Reach())


def test_more_projects_than_any_plan_has_are_no_plan(engine):
    data = json.loads(plan_to_text(engine.plan(hooks(A))))
    data["projects"] = [{**data["projects"][0], "actions": []}] * 20_001

    with pytest.raises(PlanRefused):
        plan_from_text(json.dumps(sealed(data)))


def test_warnings_without_a_blank_are_compared_at_once(engine):
    """Each of these would take a second, and a plan file may have a hundred."""
    plan = edited(
        engine.plan(hooks(A)), lambda project: project.update(warnings=["x" * 100_000] * 100)
    )

    assert "95 more like the last" in text.render_plan(plan)


def test_no_plan_keeps_its_journal_in_photonctls_own_folder(engine):
    def moved(project):
        project["manifest"] = ".photonctl/photon.yaml"

    with pytest.raises(PlanRefused, match="own folder"):
        check_plan(edited(engine.plan(hooks(A)), moved), Reach())


# A project's own credentials


def kept(places):
    return f"version: 1\nproject: {{name: bot, credentials: {places}}}\n"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("others", [0, 3])
def test_where_a_projects_credentials_will_be_stored_is_a_change(engine, view, others):
    for number in range(others):
        engine.account.add(f"bot-{number}")
    engine.apply(HEAD)

    plan = engine.plan(kept("{envFile: stolen.env}"))

    assert plan.has_changes
    assert "stolen.env" in view.render_plan(replace(plan, projects=plan.projects * 2))
    (action,) = plan.projects[0].actions
    assert action.secret_steps == (SecretStep.STORE,)


@pytest.mark.parametrize("has_project", [True, False])
def test_a_comment_without_room_for_a_projects_credentials_approves_nothing(engine, has_project):
    hooks = "".join(
        f"  - {{url: 'https://b.ch/{n}/{'x' * 400}', secret: {{envFile: .env, key: K{n}}}}}\n"
        for n in range(60)
    )
    text = kept("{envFile: stolen.env}") + f"webhooks:\n{hooks}"
    plan = engine.plan(text if has_project else text.replace("name: bot,", "name: new,"))
    sizes = range(2_000, len(markdown.render_plan(plan)), 1_500)

    cuts = [markdown.render_within(plan, None, most) for most in sizes]

    assert all(cut.is_short for cut in cuts if "stolen.env" not in cut.text)


@pytest.mark.parametrize("damage", ["removed", "another secret", "added place", "nothing"])
def test_credentials_are_stored_once_and_again_where_they_are_missing(engine, damage):
    (project,) = engine.account.live.values()
    text = kept("[{envFile: a.env}, {envFile: b.env}]")
    assert engine.apply(text).converged
    assert not engine.plan(text).has_changes
    if damage == "removed":
        (engine.folder / "b.env").unlink()
    if damage == "another secret":
        (engine.folder / "b.env").write_text(
            (engine.folder / "b.env").read_text().replace(project.row.secret.reveal(), "x" * 20)
        )
    if damage == "added place":
        text = kept("[{envFile: a.env}, {envFile: b.env}, {envFile: c.env}]")

    plan = engine.plan(text)
    assert plan.has_changes is (damage != "nothing")
    assert engine.apply(text).converged

    assert engine.variables("b.env")["PHOTON_PROJECT_SECRET"] == project.row.secret.reveal()
    assert not engine.plan(text).has_changes


def test_a_plan_that_shows_no_credentials_stores_none(engine):
    assert engine.apply(kept("{envFile: a.env}")).converged
    text = kept("{envFile: a.env}") + "users: [{phoneNumber: +15551230001}]\n"
    (engine.folder / "photon.yaml").write_text(text)
    plan = engine.plan(text)
    (engine.folder / "a.env").unlink()

    assert engine.apply_plan(plan).converged

    assert not (engine.folder / "a.env").exists()


def elsewhere(data):
    data["credentials"]["target"] = "stolen.env"


def unsaid(data):
    data["actions"][0]["changes"] = []


def of_a_user(data):
    data["actions"] = [
        {**data["actions"][0], "kind": "user", "key": "+15551230001", "label": "+15551230001"}
    ]


def not_live(data):
    data["id"] = None


def live_already(data):
    data["actions"][0] |= {"action": "create", "id": None, "changes": [], "why": "declared"}


def for_another_reason(data):
    data["actions"][0]["why"] = "incomplete"


@pytest.mark.parametrize(
    "edit", [elsewhere, unsaid, of_a_user, not_live, live_already, for_another_reason]
)
def test_an_edited_place_of_credentials_is_refused(engine, edit):
    plan = engine.plan(kept("{envFile: a.env}"))

    with pytest.raises((PlanRefused, ValueError)):
        check_plan(edited(plan, edit), Reach())


def test_a_plan_without_actions_stores_nothing_whatever_its_id(engine):
    plan = engine.plan(kept("{envFile: a.env}"))
    (engine.folder / "photon.yaml").write_text(kept("{envFile: a.env}"))

    def emptied(data):
        data |= {"id": None, "actions": []}

    with suppress(PlanRefused):
        engine.apply_plan(edited(plan, emptied))

    assert not (engine.folder / "a.env").exists()


def renamed(data):
    data["name"] = "sandbox"
    for action in data["actions"]:
        if action["kind"] == "project":
            action |= {"key": "sandbox", "label": "sandbox"}
            action["spec"]["name"] = "sandbox"


def test_a_stored_secret_is_no_rename(engine):
    """A plan that shows another project must not change this one."""
    plan = engine.plan(kept("{envFile: a.env}"))
    (engine.folder / "photon.yaml").write_text(kept("{envFile: a.env}"))

    with pytest.raises(PlanRefused, match="edited"):
        engine.apply_plan(edited(plan, renamed))

    assert [project.row.name for project in engine.account.live.values()] == ["bot"]


@pytest.mark.parametrize("after", ["a new one", "as it is"])
def test_a_project_that_has_a_secret_gets_no_new_one(engine, after):
    (project,) = engine.account.live.values()
    before = project.row.secret
    plan = engine.plan(kept("{envFile: a.env}"))
    (engine.folder / "photon.yaml").write_text(kept("{envFile: a.env}"))

    def generating(data):
        change = {"field": "projectSecret", "before": None, "after": after}
        data["actions"][0] |= {
            "secretSteps": ["generate"], "changes": [change], "why": "incomplete",
        }  # fmt: skip

    with pytest.raises(PlanRefused, match="edited"):
        engine.apply_plan(check_and_return(edited(plan, generating)))

    assert project.row.secret == before


def check_and_return(plan):
    check_plan(plan, Reach())
    return plan


def test_what_is_said_of_a_copy_is_what_it_does(engine):
    one, two = (
        f"webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: {k}}}}}]\n" for k in "AB"
    )
    engine.apply(HEAD + one)
    plan = engine.plan(HEAD + two)

    def elsewhere(data):
        data["actions"][0]["changes"][0]["after"] = "stays where it is"

    check_plan(plan, Reach())
    with pytest.raises(PlanRefused, match="edited"):
        check_plan(edited(plan, elsewhere), Reach())


@pytest.mark.parametrize(
    "text", ["PHOTON_PROJECT_ID={id}\n", "PHOTON_PROJECT_ID={id}\nPHOTON_PROJECT_SECRET=\n"]
)
def test_an_id_alone_is_no_credentials(engine, text):
    (project,) = engine.account.live.values()
    (engine.folder / "a.env").write_text(text.replace("{id}", project.project_id))

    assert engine.plan(kept("{envFile: a.env}")).has_changes
    engine.apply(kept("{envFile: a.env}"))

    assert engine.variables("a.env")["PHOTON_PROJECT_SECRET"] == project.row.secret.reveal()


def test_a_place_of_credentials_is_proven_before_anything_is_changed(engine):
    (engine.folder / "page").write_text("<html>\n")

    with pytest.raises(SinkNotWritable):
        engine.apply(kept("{envFile: page}") + "users: [{phoneNumber: +15551230001}]\n")

    (project,) = engine.account.live.values()
    assert all(row.is_owner for row in project.user_rows.values())


def test_credentials_of_an_unknown_project_are_refused_before_anything_is_created(engine):
    (engine.folder / ".env").write_text("PHOTON_PROJECT_SECRET=theirs-0123456789\n")

    plan = engine.plan("version: 1\nproject: {name: fresh, credentials: {envFile: .env}}\n")

    assert any("unknown project" in r.message for r in plan.projects[0].refusals)


def test_nothing_comes_before_the_project_that_it_needs(engine):
    plan = engine.plan(
        "version: 1\nproject: {name: fresh}\nusers: [{phoneNumber: '+15551230001'}]\n"
    )

    with pytest.raises(PlanRefused):
        edited(plan, lambda project: project["actions"].reverse())


@pytest.mark.parametrize("label", ["https://a b.example.com/hook", "https://[::1/hook", "\t"])
def test_a_label_that_is_no_url_is_an_edited_plan(engine, label):
    def relabelled(project):
        project["actions"][0]["label"] = label

    with pytest.raises(PlanRefused):
        check_plan(edited(engine.plan(hooks(A)), relabelled), Reach())


@pytest.mark.parametrize("verb", ["create", "replace"])
def test_a_new_secret_goes_nowhere_in_no_plan(engine, verb):
    text = hooks(A)
    if verb == "replace":
        engine.apply(text)
        plan = engine.plan(text, replace=(f"webhook:{A}",))
    else:
        plan = engine.plan(text)

    with pytest.raises(PlanRefused):
        edited(plan, lambda project: project["actions"][0].update(sink=None))


@pytest.mark.parametrize("name", ["bot [1]", "[1]", "bot [1] [2]", "bot [x]", "bot[1]"])
def test_a_project_may_be_called_as_if_it_had_a_number(engine, name):
    text = f"version: 1\nproject: {{name: '{name}'}}\nusers: [{{phoneNumber: +15551230001}}]\n"
    plan = engine.plan(text)

    check_plan(edited(plan, lambda _: None), Reach())


@pytest.mark.parametrize(
    "path",
    ["ssh", "args", "libs", "environ", "command", "home", "path", "host", "proxy", "rc", "opts",
     "x" * 300, "x/" * 200],
)  # fmt: skip
def test_a_plan_of_webhooks_whose_secrets_have_default_names_can_be_saved(engine, path):
    urls = f"['https://a.example.com/api/{path}', 'https://b.example.com/h']"
    plan = engine.plan(f"{HEAD}webhooks: {urls}\n")

    check_plan(edited(plan, lambda _: None), Reach())


@pytest.mark.parametrize("value", [7, 1.5, {"a": 1}, [1], [["x"]], float("nan")], ids=str)
def test_a_field_that_is_no_text_is_an_edited_plan(value):
    with pytest.raises(TypeError):
        spec_from_json(UserSpec, {"phoneNumber": "+15551234567", "type": value})


LABEL, SPELLED = "${env:BOT_URL}", "HTTPS://Bot.example.com:443/hook"


@pytest.mark.parametrize(
    ("env", "is_refused"),
    [
        ({"BOT_URL": SPELLED, "STAGE": "prod"}, False),
        ({"BOT_URL": "https://other.example.com/hook", "STAGE": "prod"}, True),
        ({"BOT_URL": URL, "STAGE": "test"}, True),
        ({"STAGE": "prod"}, False),  # it can't be known
    ],
)
def test_an_expression_of_a_plan_file_gives_what_the_file_has_for_it(engine, env, is_refused):
    secret = "{envFile: 'bot.${env:STAGE}.env', key: K}"
    text_ = f"{HEAD}webhooks: [{{url: '{LABEL}', secret: {secret}}}]\n"
    engine.trust = Trust(env={"BOT_URL": SPELLED, "STAGE": "prod"})
    saved = edited(engine.plan(text_), lambda _: None)

    with pytest.raises(PlanRefused, match="gives something else") if is_refused else nullcontext():
        check_filled(saved, Trust(env=env))


def test_an_action_comes_when_it_must_whatever_a_plan_file_says(engine):
    engine.apply(f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: OLD}}}}]\n")
    new = f"{{url: '{URL}2', secret: {{exec: ['false']}}}}"
    (engine.folder / "photon.yaml").write_text(f"{HEAD}webhooks: [{new}]\n")
    plan = edited(
        engine.plan(f"{HEAD}webhooks: [{new}]\n"), lambda project: project["actions"].reverse()
    )
    assert [action.verb.value for action in plan.projects[0].actions] == ["delete", "create"]

    report = engine.apply_plan(plan)

    (project,) = engine.account.live.values()
    assert [row.webhook_url for row in project.hook_rows.values()] == [URL]
    assert not report.converged


FREE_WORDS = {
    "whom a creation is for": lambda p: p["actions"][0].update(who="Grace <grace@example.com>"),
    "why it is created": lambda p: p["actions"][0]["why"].update(about=["only a label"]),
    "what stays": lambda p: p["holds"].append(
        {"kind": "webhook", "key": URL, "label": URL, "why": "protected"}
    ),
    "another name of what stays": lambda p: p["holds"].append(
        {"kind": "webhook", "key": f"{URL}2", "label": URL, "why": "protected"}
    ),
}


@pytest.mark.parametrize("edit", FREE_WORDS.values(), ids=FREE_WORDS)
def test_words_of_a_plan_file_are_those_of_a_plan(engine, edit):
    plan = engine.plan(f"{HEAD}webhooks: ['{URL}']\n")

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, edit), Reach())


LOST = {
    "missing": lambda folder: (folder / ".env").unlink(),
    "unknown": lambda folder: (folder / ".env").write_text("K=0123456789abcdef0123\n"),
    "another": lambda folder: (folder / ".env").write_text(
        "K=0123456789abcdef0123\nK_WEBHOOK_ID=other\n"
    ),
}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_how_a_secret_is_lost_is_told_in_a_plans_own_words(engine, lose):
    hook = f"url: '{URL}', secret: {{envFile: .env, key: K}}, onMissingSecret: replace"
    engine.apply(f"{HEAD}webhooks: [{{{hook}}}]\n")
    lose(engine.folder)
    plan = engine.plan(f"{HEAD}webhooks: [{{{hook}}}]\n")

    check_plan(edited(plan, lambda _: None), Reach())
    with pytest.raises(PlanRefused, match="another one"):
        check_plan(
            edited(plan, lambda p: p["actions"][0]["why"].update(about=["a label only"])), Reach()
        )


@pytest.mark.parametrize("view", [text, markdown, html])
def test_a_place_whose_name_reads_like_two_is_in_quotes(engine, view):
    secret = '{keyring: "svc as A; and kept by vault secret", key: B}'
    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{URL}', secret: {secret}}}]\n")

    shown = view.render_plan(plan).replace("&quot;", '"').replace("&#34;", '"')

    assert '"svc as A; and kept by vault secret" as B' in shown


def test_a_projects_name_ends_where_it_seems_to_end(engine):
    name = 'prod" (7f3c9a), at https://app.photon.codes'
    plan = engine.plan(f"version: 1\nproject: {{name: '{name}'}}\n")

    assert f'project "{name}"' not in text.render_plan(plan)


def test_a_plan_of_the_emulator_keeps_its_own_places(engine):
    engine.trust = Trust(env={"PLACE": "secret/bot"})
    (desired,) = engine.load(
        f"{HEAD}webhooks: [{{url: '{URL}', secret: {{vault: '${{env:PLACE}}', key: BOT}}}}]\n"
    )
    plan = Plan(projects=(plan_project(in_emulator(desired), LiveProject()),))

    check_filled(edited(plan, lambda _: None), engine.trust)


def test_long_commands_have_files_of_their_own_in_the_emulator(engine):
    hooks_ = "".join(
        f"- {{url: '{URL}{n}', secret: {{exec: [./keep, \"{'é' * 900}{n}\"]}}}}\n" for n in "12"
    )
    (desired,) = engine.load(f"{HEAD}webhooks:\n{hooks_}")

    names = [
        Path(resource.secret.sink.target).name
        for resource in in_emulator(desired).resources["webhook"].values()
    ]

    assert len(set(names)) == 2
    assert all(name.startswith("exec-.%2Fkeep") and len(name) < 250 for name in names)


def test_a_pattern_that_no_manifest_has_is_refused(engine):
    with pytest.raises(PlanRefused):
        edited(engine.plan(hooks(A)), lambda p: p["protect"].update(user=["[" * 2_000_000]))


def test_no_place_of_a_real_plan_is_one_of_the_emulator(engine):
    secret = "[{envFile: .env, key: A}, {envFile: '${env:PLACE}', key: B}]"
    engine.trust = Trust(env={"PLACE": "b.env"})

    def elsewhere(project):
        project["actions"][0]["sink"]["members"][1]["target"] = ".photonctl/emulator/other"

    plan = engine.plan(f"{HEAD}webhooks: [{{url: '{URL}', secret: {secret}}}]\n")

    with pytest.raises(RefusedError, match="where those of a local Photon are"):
        ruled_plan(Rules(), edited(plan, elsewhere))
    ruled_plan(Rules(), edited(plan, lambda _: None))


def test_what_cant_be_evaluated_here_says_nothing_however_much_it_is(engine):
    names = [f"NAME_{n}" for n in range(6_000)]
    engine.trust = Trust(env=dict.fromkeys(names, "Ada"))
    users = "".join(
        f"  - {{phoneNumber: '+1555{n:07}', firstName: '${{env:{name}}}'}}\n"
        for n, name in enumerate(names)
    )

    check_filled(engine.plan(f"{HEAD}users:\n{users}"), Trust())


ODD = {
    "two secrets of one name": lambda p: p["actions"][0]["sink"].update(key="B"),
    "a host that programs read in two ways": lambda p: p["actions"][0].update(
        key="https://***@bot.example.com/A", label="https://***@bot.example.com/A",
        spec={"webhookUrl": "https://evil.example\\@bot.example.com/a"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("target", [".env.c", ".env.\u0441"])
@pytest.mark.parametrize("edit", ODD.values(), ids=ODD)
def test_a_warning_switches_no_check_of_a_plan_file_off(engine, edit, target):
    hooks_ = "".join(
        f"  - {{url: 'https://bot.example.com/{n}', secret: {{envFile: {file}, key: {n}}}}}\n"
        for n, file in (("A", ".env"), ("B", ".env"), ("C", target))
    )
    plan = engine.plan(f"{HEAD}webhooks:\n{hooks_}")
    check_plan(edited(plan, lambda _: None), Reach())

    with pytest.raises(PlanRefused):
        check_plan(edited(plan, edit), Reach())


EXPRESSIONS = {"WHO": "+15551230001", "HOOK": f"{URL}?key=s3cret", "NAME": "Ada"}


def filled_plan(engine, verb):
    """A plan whose users and webhooks a manifest fills in."""
    text_ = (
        f"{HEAD}users: [{{phoneNumber: '${{env:WHO}}', firstName: '${{env:NAME}}'}}]\n"
        "webhooks: [{url: '${env:HOOK}', secret: {envFile: .env, key: A}}]\n"
    )
    engine.trust = Trust(env=EXPRESSIONS)
    if verb == "create":
        return engine.plan(text_)
    engine.apply(text_)
    engine.trust = Trust(env={**EXPRESSIONS, "NAME": "Eve"})
    return engine.plan(text_, replace=(f"webhook:{EXPRESSIONS['HOOK']}",))


@pytest.mark.parametrize("verb", ["create", "update and replace"])
def test_what_a_manifest_fills_in_is_what_a_plan_file_shows(engine, verb):
    saved = edited(filled_plan(engine, verb), lambda _: None)

    check_plan(saved, Reach())
    assert {action.label for p in saved.projects for action in p.actions} == {
        "${env:WHO}",
        "${env:HOOK}",
    }


def test_an_expression_isnt_its_own_value(engine):
    def literal(project):
        for action in project["actions"]:
            if action["kind"] == "user":
                action["spec"]["firstName"] = action["filled"]["firstName"]

    saved = edited(filled_plan(engine, "create"), literal)

    with pytest.raises(PlanRefused, match="gives something else"):
        check_filled(saved, engine.trust)


@pytest.mark.parametrize("label", ["${env:WHO}", "${env:HOOK}", "${env:X:-other}", "${file:x}"])
@pytest.mark.parametrize("verb", ["create", "update and replace"])
@pytest.mark.parametrize("is_filled", [False, True])
def test_no_expression_of_a_label_stands_for_another_value(engine, label, verb, is_filled):
    plan = filled_plan(engine, verb)

    def relabelled(project):
        for action in project["actions"]:
            is_own = is_filled and action["label"] == label
            action["label"] = "${env:OTHER}" if is_own else label
            if not is_filled:
                del action["filled"]
                for change in action["changes"]:
                    change.pop("filled", None)

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, relabelled), Reach())


@pytest.mark.parametrize("of", ["project", "action"])
def test_a_digest_covers_the_expressions_that_a_plan_shows(of):
    action = {"action": "create", "kind": "webhook", "spec": {"webhookUrl": URL}}
    project = {"name": "bot", "actions": [action]}
    plain = {"formatVersion": 1, "projects": [project]}
    (project if of == "project" else action)["filled"] = {"name": LABEL}
    before = sealed(plain)["digest"]
    del (project if of == "project" else action)["filled"]

    assert sealed(plain)["digest"] != before


@pytest.mark.parametrize("key", ["", "k" * 40])
def test_a_plan_without_a_key_isnt_even_shown_where_there_is_one(
    engine, key, monkeypatch, tmp_path
):
    path = tmp_path / "plan.json"
    path.write_text(plan_to_text(engine.plan(hooks(A))))
    monkeypatch.setenv("PHOTONCTL_PLAN_KEY", key)

    with pytest.raises(PlanRefused, match="made without") if key else nullcontext():
        seen(path)


STAYS = "https://bot.example.com/gone"


@pytest.fixture
def deleting(engine):
    """A plan that deletes a webhook, and one that stays."""
    sinks = ({"url": STAYS, "key": "A"}, {"url": f"{STAYS}/not", "key": "B"})
    hooks_ = ", ".join(
        f"{{url: '{s['url']}', secret: {{envFile: .env, key: {s['key']}}}}}" for s in sinks
    )
    engine.apply(f"{HEAD}webhooks: [{hooks_}]\n")
    return engine.plan(f"{HEAD}protect: {{webhooks: ['{STAYS}/not']}}\nwebhooks: []\n")


@pytest.mark.parametrize(
    "hold",
    [
        {"key": STAYS, "label": STAYS},
        {"key": "https://\uff42ot.example.com/gone", "label": STAYS},
        {"key": STAYS.upper(), "label": STAYS},
        {"key": f"{STAYS} ", "label": f"{STAYS} "},
        {"key": "https://other.example.com/h", "label": "https://other.example.com/h"},
    ],
)
def test_nothing_that_is_deleted_or_isnt_there_stays(engine, deleting, hold):
    def added(project):
        project["holds"].append({"kind": "webhook", "why": "protected", **hold})

    with pytest.raises(PlanRefused, match="doesn't stay as it is"):
        check_plan(edited(deleting, added), Reach())


@pytest.mark.parametrize("why", ["owner", "protected"])
def test_what_stays_stays_for_the_reason_that_is_shown(engine, deleting, why):
    check_plan(edited(deleting, lambda _: None), Reach())

    def said(project):
        project["holds"] = [{**hold, "why": why} for hold in project["holds"]]

    plan = edited(deleting, said)
    ends = nullcontext() if why == "protected" else pytest.raises(PlanRefused, match="doesn't stay")

    with ends:
        engine.apply_plan(plan)


@pytest.mark.parametrize(
    "edit",
    [
        lambda change: [{**change, "after": "Someone"}, change],
        lambda change: [change, change],
    ],
)
def test_a_change_is_shown_once(engine, edit):
    def twice(project):
        action = project["actions"][0]
        action["changes"] = edit(action["changes"][0])

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(updates(engine), twice), Reach())


@pytest.mark.parametrize("step", ["replace", "rotate", "copy"])
def test_what_was_there_before_a_step_is_in_a_plans_own_words(engine, step):
    text_ = hooks(A)
    engine.apply(text_)
    if step == "replace":
        plan = engine.plan(text_, replace=(f"webhook:{A}",))
    elif step == "copy":
        plan = engine.plan(text_.replace("key: ", "key: N_"))
    else:
        (engine.folder / ".env").unlink()
        plan = engine.plan(text_.replace("secret: {", "onMissingSecret: rotate, secret: {"))
    check_plan(edited(plan, lambda _: None), Reach())
    assert plan.projects[0].actions

    def said(project):
        project["actions"][0]["changes"][0]["before"] = "still valid for 7 days"

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, said), Reach())


def test_webhooks_that_differ_in_their_query_can_be_updated_by_a_plan_file(engine):
    urls = [f"{{url: '{URL}?k={n}', secret: {{envFile: .env, key: K{n}}}@}}" for n in (1, 2)]
    text_ = f"{HEAD}webhooks: [{', '.join(urls)}]\n"
    engine.apply(text_.replace("@", ""))

    plan = engine.plan(text_.replace("@", ", enabled: false"))

    assert len(plan.projects[0].actions) == 2
    check_plan(edited(plan, lambda _: None), Reach())


def person(number, name):
    return f"{{phoneNumber: '+1555123000{number}', firstName: {name}}}"


@pytest.mark.parametrize("edit", ["another's", "swapped", "twice", "created again"])
def test_each_action_is_about_whom_it_names(engine, edit):
    engine.apply(f"{HEAD}users: [{person(1, 'Ada')}, {person(2, 'Bob')}, {person(3, 'Eve')}]\n")
    new = f", {person(4, 'New')}" if edit == "created again" else ""
    plan = engine.plan(
        f"{HEAD}users: [{person(1, 'Adda')}, {person(2, 'Bobby')}, {person(3, 'Eve')}{new}]\n"
    )
    check_plan(edited(plan, lambda _: None), Reach())

    def changed(project):
        one, two = project["actions"][-2:]
        match edit:
            case "another's":
                one["spec"]["phoneNumber"] = "+15551230003"
            case "swapped":
                one["spec"], two["spec"] = two["spec"], one["spec"]
            case "twice":
                again = json.loads(json.dumps(one))
                again["spec"]["phoneNumber"] = "+15551230003"
                project["actions"].append(again)
            case _:
                create = next(a for a in project["actions"] if a["action"] == "create")
                again = json.loads(json.dumps(create))
                again["spec"]["phoneNumber"] = "+15551230003"
                project["actions"].append(again)

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, changed), Reach())


def test_two_actions_about_one_webhook_store_nothing_unseen(engine):
    engine.apply(hooks(A))
    plan = engine.plan(hooks(A, B))

    def added(project):
        (create,) = (a for a in project["actions"] if a["action"] == "create")
        again = json.loads(json.dumps(create))
        again["spec"]["webhookUrl"] = f"{B}b"
        again["sink"]["key"] = "A"
        project["actions"].insert(0, again)

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, added), Reach())


def test_labels_that_differ_in_case_are_two(engine):
    urls = (f"{STAYS}/Hook", f"{STAYS}/hook")
    sinks = ", ".join(
        f"{{url: '{url}', secret: {{envFile: .env, key: {key}}}}}"
        for url, key in zip(urls, "AB", strict=True)
    )
    engine.apply(f"{HEAD}webhooks: [{sinks}]\n")
    plan = engine.plan(f"{HEAD}protect: {{webhooks: ['{urls[0]}']}}\nwebhooks: []\n")

    check_plan(edited(plan, lambda _: None), Reach())
    engine.apply_plan(edited(plan, lambda _: None))


def test_what_stays_is_said_once(engine, deleting):
    def twice(project):
        project["holds"] *= 2

    with pytest.raises(PlanRefused, match="doesn't stay as it is"):
        check_plan(edited(deleting, twice), Reach())


@pytest.mark.parametrize(
    "edit",
    [
        lambda action: action["why"].update(code="differs", about=[]),
        lambda action: action["why"].update(code="secret-lost", about=[]),
        lambda action: action["why"].update(about=["its secret is lost"]),
        lambda action: action.update(changes=[]),
    ],
)
def test_a_replacement_says_why_and_what(engine, edit):
    engine.apply(hooks(A))
    plan = engine.plan(hooks(A), replace=(f"webhook:{A}",))

    with pytest.raises(PlanRefused, match="another one"):
        check_plan(edited(plan, lambda project: edit(project["actions"][0])), Reach())


FIELDS = {"location": 1, "firstName": 2, "lastName": 1}


@pytest.mark.parametrize("view", VIEWS)
def test_a_field_is_shown_also_where_it_says_the_same_as_the_key(engine, view):
    engine.account.live.clear()
    engine.trust = Trust(env={"P": "+15557654321"})
    plan = engine.plan(
        "version: 1\nproject: {name: Germany, location: Germany, profile: {firstName: profile}}\n"
        "users: [{phoneNumber: '${env:P}', firstName: '${env:P}', lastName: '+15557654321'}]\n"
    )

    shown = view.render_plan(plan)
    assert all(shown.count(field) >= n for field, n in FIELDS.items()), shown
