"""Drift: what was changed outside since the last apply, and what isn't applied yet."""

import json as jsonlib

import pytest
from msgspec.structs import replace

from photonctl.drift_issues import issue_key, sync_issues
from photonctl.drifting import Origin, baseline_of, split
from photonctl.forges import forge_named
from photonctl.manifest.saved import is_report_data
from photonctl.metrics import _drift
from photonctl.model.plan import Unplanned
from photonctl.model.ref import ResourceRef, hashed_ref
from photonctl.views import drift, html, markdown, text
from photonctl.views.json import report_to_json
from photonctl.views.redact import Redaction
from photonctl.views.table import Viewing
from photonctl.watching import _is_well
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount
from tests.support.forge import running_forge

PROJECT = "version: 1\nproject: {name: bot}\nlimits: false\nusers:\n"
HOOK = "webhooks: ['https://bot.example.com/hook']\n"


def users(*numbers, more=""):
    return "".join(f"  - {{phoneNumber: +1555123{n:04d}{more}}}\n" for n in numbers)


BEFORE = PROJECT + users(1, 2, 3, more=", firstName: Ada")


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount(tier="enterprise")
    account.add("bot")
    return Engine(tmp_path, account)


@pytest.fixture
def then(engine):
    """Return what the report of an apply says was live."""
    report = engine.apply(BEFORE)
    return baseline_of(report_to_json(report))


def origins(engine, text, then):
    return {
        which: sorted((a.verb.value, a.key[-1]) for p in plan.projects for a in p.actions)
        for which, plan in split(engine.plan(text), then).items()
    }


def test_as_declared_is_no_drift(engine, then):
    assert split(engine.plan(BEFORE), then) == {}
    assert "No drift" in drift.render_text(engine.plan(BEFORE), then, Viewing())


def test_a_changed_manifest_isnt_applied_yet(engine, then):
    new = PROJECT + users(1, more=", firstName: Eve") + users(2, 4, more=", firstName: Ada")

    assert origins(engine, new, then) == {
        Origin.PENDING: [("create", "4"), ("delete", "3"), ("update", "1")]
    }


def test_what_somebody_else_changed_is_changed_outside(engine, then, tmp_path):
    other = Engine(tmp_path / "other", engine.account)
    other.folder.mkdir()
    other.apply(
        PROJECT + users(1, more=", firstName: Mallory") + users(2, 9, more=", firstName: Ada")
    )

    assert origins(engine, BEFORE, then) == {
        Origin.OUTSIDE: [("create", "3"), ("delete", "9"), ("update", "1")]
    }


def test_both_are_told_apart_in_every_form(engine, then, tmp_path):
    other = Engine(tmp_path / "other", engine.account)
    other.folder.mkdir()
    other.apply(PROJECT + users(1, 2, 3, 9, more=", firstName: Ada"))
    plan = engine.plan(BEFORE + users(5))

    shown = drift.render_text(plan, then, Viewing())
    listed = jsonlib.loads(drift.render_json(plan, then, Viewing()))

    outside, pending = shown.split("Not applied yet:")
    assert "- user +15551230009" in outside
    assert "+ user +15551230005" in pending
    assert {a["key"][-1]: a["drift"] for a in listed["projects"][0]["actions"]} == {
        "9": "outside",
        "5": "pending",
    }
    assert "## Not applied yet" in drift.render_markdown(plan, then, Viewing())


def test_without_a_report_nothing_is_claimed(engine, then):
    assert list(split(engine.plan(PROJECT + users(1)), None)) == [Origin.UNKNOWN]


def test_of_another_project_a_report_says_nothing(engine, then):
    engine.account.add("other")
    text = PROJECT.replace("bot", "other") + users(1)

    assert list(split(engine.plan(text), then)) == [Origin.UNKNOWN]


def test_a_lost_secret_is_changed_outside(engine):
    text = BEFORE + HOOK.replace("['", "[{url: '").replace("']", "', onMissingSecret: replace}]")
    then = baseline_of(report_to_json(engine.apply(text)))
    (engine.folder / ".env").unlink()

    assert list(split(engine.plan(text), then)) == [Origin.OUTSIDE]


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_an_issue_is_opened_edited_and_closed(name):
    with running_forge() as server:
        forge = forge_named(name, getattr(server, name)())
        one, two = issue_key("m.yaml", "bot -->"), issue_key("m.yaml", "other")
        imitation = f"<!-- photonctl:drift {one} -->\nnot ours"
        server.issues.append(
            {
                "id": 99,
                "title": "",
                "body": imitation,
                "said": [],
                "author": "mallory",
                "is_open": True,
            }
        )

        written = [
            sync_issues(forge, [(one, "title", text)], [two]) for text in ("one", "one", "two")
        ]
        closed = sync_issues(forge, [], [one, two])

        _, issue = server.issues
        assert (written, closed) == ([1, 0, 1], 1)
        assert issue["body"].endswith("two")
        assert not issue["is_open"]
        assert issue["said"] == ["Live state is as declared again."]
        assert server.issues[0]["is_open"]


def test_an_issue_is_of_one_project_and_says_nothing_of_what_was_filled_in():
    keys = [issue_key("m.yaml", "twin"), *(issue_key("m.yaml", "twin", id_) for id_ in ("a", "b"))]

    assert len(set(keys)) == 3


def test_an_issue_names_nobody(engine, then):
    plan = engine.plan(PROJECT + users(1, more=", firstName: Eve"))
    hidden = Viewing(redaction=Redaction(is_on=True))

    shown = drift.render_markdown(plan, then, hidden)

    assert "+1555123" not in shown
    assert "Ada" not in shown
    assert "Eve" not in shown


def test_what_cant_be_read_is_no_absence_of_drift(engine, then):
    plan = replace(
        engine.plan(BEFORE), unplanned=(Unplanned(name="x", manifest="m.yaml", error="500"),)
    )

    for shown in (
        drift.render_text(plan, then, Viewing()),
        drift.render_markdown(plan, then, Viewing()),
    ):
        assert "No drift" not in shown
        assert "can't be read: 500" in shown


@pytest.mark.parametrize(("then", "now"), [("k", ""), ("", "k"), ("k", "another"), ("k", "k")])
def test_a_report_with_another_key_says_nothing_of_who_changed_what(engine, then, now):
    report = report_to_json(engine.apply(BEFORE), then)
    baseline = baseline_of(report, now)
    new = engine.plan(PROJECT + users(1, 2, 4, more=", firstName: Ada"))

    expected = Origin.PENDING if then == now else Origin.UNKNOWN
    assert set(split(new, baseline)) == {expected}
    assert baseline.is_foreign is (then != now)


def test_of_a_part_only_the_part_is_said(engine, then):
    plan = engine.plan(PROJECT + users(1, 2, 3, 4, more=", firstName: Ada"), only=["webhook"])

    assert drift.render_markdown(plan, then, Viewing()) == "No drift in this part."


@pytest.mark.parametrize("key", ["", "a-plan-key"])
def test_a_report_without_people_names_nobody_by_hashes(engine, key):
    report = engine.apply(BEFORE)
    hidden = report_to_json(report, key, Redaction(is_on=True))
    (project,) = hidden["projects"]
    guesses = {hashed_ref(ResourceRef("user", f"+1555123{n:04d}")) for n in range(5)}

    guesses |= set(project["fingerprint"].split())
    guesses |= {found for plan in report.projects for found in plan.after.values()}

    known = project.get("liveAfter", {})
    assert project["fingerprint"] == ""
    assert not guesses & {*known, *known.values()}
    assert ("liveAfter" in project) is bool(key)
    if key:
        new = engine.plan(PROJECT + users(1, 2, 4, more=", firstName: Ada"))
        assert set(split(new, baseline_of(hidden, key))) == {Origin.PENDING}


def test_where_there_are_warnings_not_all_is_well(engine):
    text = BEFORE + HOOK
    then = baseline_of(report_to_json(engine.apply(text)))
    (engine.folder / ".env").unlink()
    plan = engine.plan(text)

    assert plan.projects[0].warnings
    for render in (drift.render_text, drift.render_markdown):
        assert "as declared" not in render(plan, then, Viewing())


def test_what_is_only_refused_is_not_as_declared(engine, then):
    manifest = (
        f"{BEFORE}webhooks:\n  - {{url: 'https://bot.example.com/h', onMissingSecret: fail, "
        "secret: {envFile: .env, key: K}}\n"
    )
    engine.apply(manifest)
    (engine.folder / ".env").unlink()
    plan = engine.plan(manifest)

    assert not plan.has_changes
    assert plan.projects[0].refusals
    assert not plan.is_as_declared
    for shown in (
        drift.render_text(plan, then, Viewing()),
        drift.render_markdown(plan, then, Viewing()),
        *(view.render_plan(plan) for view in (text, markdown, html)),
    ):
        assert "as declared" not in shown
        assert "efused" in shown
    assert jsonlib.loads(drift.render_json(plan, then, Viewing()))["hasDrift"] is True
    assert not _is_well(plan)
    assert _drift(plan)["bot"] == 1


ODD = "2026-11-30).\nNo drift.\n\x1b[0Ksection_start:1:x\r\x1b[8m https://u:pw@h.ch/?t=SECRETSECRET"


def test_when_a_baseline_was_applied_is_shown_as_text(engine, then):
    plan = engine.plan(PROJECT + users(1))

    shown = drift.render_text(plan, replace(then, applied_at=ODD), Viewing())

    assert "\nNo drift" not in shown
    assert "\r" not in shown
    assert "\x1b" not in shown
    assert "SECRETSECRET" not in shown


def test_a_report_that_says_no_time_is_none(engine):
    report = report_to_json(engine.apply(BEFORE))
    assert is_report_data(report)

    for odd in (ODD, "2026-11-30", "yesterday"):
        assert not is_report_data({**report, "appliedAt": odd})
