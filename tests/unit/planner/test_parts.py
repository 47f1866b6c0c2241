"""A run that is about a part of the manifest, and replacements that are asked for."""

import pytest

from photonctl.choosing import part_of
from photonctl.errors import UsageError
from photonctl.model.part import WHOLE
from photonctl.model.plan import Verb
from photonctl.planfile import plan_from_json, plan_to_json
from photonctl.views import html, json, markdown, text
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

PROJECT = "version: 1\nproject: {name: bot}\n"
URL = "https://bot.example.com/hook"
BEFORE = PROJECT + "users: [{phoneNumber: +15550000011}, {phoneNumber: +15550000012}]\n"
AFTER = f"""\
{PROJECT}
users:
  - {{phoneNumber: +15550000012, firstName: Bo}}
  - {{phoneNumber: +15550000013, firstName: Ada, email: ada@example.com}}
webhooks: [{URL}]
"""


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount(tier="enterprise")
    account.add("bot")
    found = Engine(tmp_path, account)
    found.apply(BEFORE)
    return found


def done(plan):
    (project,) = plan.projects
    return sorted((action.verb.value, action.kind, action.key) for action in project.actions)


EVERYTHING = [
    ("create", "user", "+15550000013"),
    ("create", "webhook", URL),
    ("delete", "user", "+15550000011"),
    ("update", "user", "+15550000012"),
]


@pytest.mark.parametrize(
    ("only", "exclude", "kept"),
    [
        ([], [], EVERYTHING),
        (["user"], [], [EVERYTHING[0], *EVERYTHING[2:]]),
        (["users"], ["user:+15550000011"], [EVERYTHING[0], EVERYTHING[3]]),
        (["webhook:https://BOT.example.com/*"], [], [EVERYTHING[1]]),
        (["user:ada@example.com"], [], [EVERYTHING[0]]),
        ([], ["user", "webhook"], []),
        (["user:+1555*3", "webhook"], ["webhook:*hook"], [EVERYTHING[0]]),
        (["user:+1999*"], [], []),
    ],
)
def test_a_run_is_about_what_was_chosen(engine, only, exclude, kept):
    plan = engine.plan(AFTER, only=only, exclude=exclude)

    assert done(plan) == kept
    assert len(kept) + plan.projects[0].left_out == len(EVERYTHING)


def test_what_must_be_created_comes_along_and_no_delete_does(tmp_path):
    engine = Engine(tmp_path, FakeAccount())

    plan = engine.plan(AFTER, only=["webhook"])

    assert done(plan) == [("create", "project", "bot"), ("create", "webhook", URL)]


def test_what_needs_an_excluded_creation_is_left_out(tmp_path):
    engine = Engine(tmp_path, FakeAccount())

    assert done(engine.plan(AFTER, exclude=["project"])) == []


def test_deletes_that_would_make_room_are_not_pulled_in(tmp_path):
    engine = Engine(tmp_path, FakeAccount())
    engine.account.add("bot")
    rows = "".join(f"  - {{phoneNumber: +1555000{n:04d}}}\n" for n in range(1, 9))
    engine.apply(f"{PROJECT}users:\n{rows}")
    new = f"{PROJECT}limits: false\nusers: [{{phoneNumber: +15559990001}}]\n"

    assert {verb for verb, *_ in done(engine.plan(new, only=["user:+1555999*"]))} == {"create"}


def test_limits_and_refusals_are_of_the_part(engine):
    more = f"limits: {{maxCreates: 0}}\nproject: {{name: bot}}\n{BEFORE.partition('}')[2]}"
    new = (
        f"version: 1\n{more}  - {{phoneNumber: +15550000009}}\n".replace("users: [", "users:\n  - ")
        .replace("}, {", "}\n  - {")
        .replace("}]", "}")
    )

    assert engine.plan(new).projects[0].refusals
    assert not engine.plan(new, exclude=["user"]).projects[0].refusals


def test_an_apply_of_a_part_converges_and_says_that_it_is_one(engine):
    report = engine.apply(AFTER, only=["webhook"])

    assert report.converged
    assert "(partial: 1 of 4 actions)" in text.render_report(report)
    assert '"partial": {' in json.render_report(report)
    assert done(engine.plan(AFTER)) == [e for e in EVERYTHING if e[1] != "webhook"]


def test_every_view_and_the_plan_file_say_that_a_plan_is_partial(engine):
    plan = engine.plan(AFTER, exclude=["webhook"])

    for view in (text, markdown, html):
        assert "3 of 4 actions" in view.render_plan(plan)
    assert plan_from_json(plan_to_json(plan)).projects[0].left_out == 1
    assert "3 of 4 actions" not in text.render_plan(engine.plan(AFTER))


def test_a_webhook_is_replaced_once_when_asked(engine):
    engine.apply(AFTER)
    before = engine.variables()

    plan = engine.plan(AFTER, replace=[f"webhook:{URL}/"[:-1].replace("bot.", "BOT.")])
    report = engine.apply(AFTER, replace=[f"webhook:{URL}"])

    (action,) = plan.projects[0].actions
    assert (action.verb, action.key) == (Verb.REPLACE, URL)
    assert "asked for with --replace" in text.render_plan(plan)
    assert report.converged
    assert engine.variables() != before
    assert done(engine.plan(AFTER)) == []


def test_what_protect_names_isnt_replaced(engine):
    engine.apply(AFTER)
    kept = f"{AFTER}protect: {{webhooks: ['{URL}']}}\n"

    plan = engine.plan(kept, replace=[f"webhook:{URL}"])

    assert done(plan) == []
    assert "protect:" in plan.projects[0].warnings[0]


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("only", "usr", "is no kind"),
        ("exclude", ":x", "is no kind"),
        ("replace", "user:+15550000011", "can't be replaced"),
        ("only", "user:", "empty pattern"),
        ("replace", "webhook", "can't be replaced"),
        ("replace", "webhook:https://other.example.com/", "isn't declared"),
    ],
)
def test_what_isnt_there_cant_be_chosen(engine, flag, value, said):
    given = {"only": (), "exclude": (), "replace": (), flag: (value,)}

    with pytest.raises(UsageError, match=said):
        part_of(**given, desired=engine.load(AFTER))


def test_without_a_choice_a_run_is_about_everything(engine):
    assert part_of((), (), (), engine.load(AFTER)) == WHOLE


def test_nothing_comes_along_with_what_is_live_already(engine):
    engine.apply(AFTER)
    more = AFTER.replace("{name: bot}", "{name: bot, platforms: [imessage, slack]}")
    changed = more.replace("firstName: Bo", "firstName: Bob")

    plan = engine.plan(changed, only=["user"])

    assert done(plan) == [("update", "user", "+15550000012")]
    assert plan.projects[0].left_out == 1


def test_a_part_without_anything_says_so(engine):
    report = engine.apply(AFTER, only=["user:+1999*"])

    assert "nothing of it was chosen" in text.render_report(report)
    assert "as declared" not in text.render_report(report)
