"""What was filled in decides nothing that is shown: no order, no warning, no second meaning."""

import asyncio
import re
import shutil

import pytest

from photonctl.errors import SinkNotWritable
from photonctl.journal import Journal
from photonctl.kinds.values import Personal
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.showing import show
from photonctl.views import html, markdown, text
from photonctl.views import show as shown_rows
from photonctl.views.redact import Redaction
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount

HEAD = "version: 1\nproject: {name: bot}\n"
URL = "https://h.example.com/"


class Filling(Engine):
    """Fills in the value of a variable."""

    value = ""

    def load(self, text):
        name = str(self.folder / "photon.yaml")
        trust = Trust(env={"JOB": self.value})
        return load([Source(name=name, data=text.encode())], trust).projects


@pytest.fixture
def engine(tmp_path):
    return fresh(tmp_path)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    account = FakeAccount()
    account.add("bot")
    return Filling(folder, account)


def hook(path, key):
    return f"  - {{url: '{URL}{path}', secret: {{envFile: .env, key: {key}}}}}\n"


@pytest.mark.parametrize("view", [text, markdown, html])
def test_how_a_value_is_spelled_is_not_to_be_seen(engine, view):
    shown = set()
    for value in ("2", "\u00e9", "%7e", "a/../b"):
        engine.value = value
        plan = engine.plan(f"{HEAD}webhooks:\n{hook('${env:JOB}?x=${env:JOB}', 'K')}")
        shown.add(view.render_plan(plan))

    assert len(shown) == 1


def test_the_order_of_actions_says_nothing_of_a_value(engine):
    text = f"{HEAD}webhooks:\n{hook('${env:JOB}', 'K')}" + "".join(
        hook(letter, f"K{n}Q") for n, letter in enumerate("aeiou")
    )
    shown = set()
    for value in ("b", "f", "p", "z"):
        engine.value = value
        (project,) = engine.plan(text).projects
        shown.add(tuple(action.label for action in project.actions))

    assert len(shown) == 1


DIGEST = re.compile("sha256:[0-9a-f]{64}")


def views(plan):
    """Show a plan in each form; its digest, which PHOTONCTL_PLAN_KEY makes safe, is left out."""
    return tuple(DIGEST.sub("", view.render_plan(plan)) for view in (text, markdown, html))


@pytest.mark.parametrize("hidden", ["?k=x${env:JOB}", "?k=${env:JOB}y", "?k=a&l=x${env:JOB}"])
def test_the_numbers_of_what_looks_alike_say_nothing_of_a_value(engine, hidden):
    alike = [hidden.replace("${env:JOB}", letter) for letter in "aeiou"]
    manifest = f"{HEAD}webhooks:\n" + "".join(
        hook(path, f"K{n}Q") for n, path in enumerate([*alike[:2], hidden, *alike[2:]])
    )
    shown = set()
    for value in ("b", "f", "p", "z"):
        engine.value = value
        shown.add(views(engine.plan(manifest)))

    assert len(shown) == 1


RULES = ["", "prune: {webhooks: false}\n", "protect: {webhooks: ['*']}\n"]


@pytest.mark.parametrize("rule", RULES)
def test_the_numbers_of_what_looks_alike_say_nothing_of_a_live_url(tmp_path, rule):
    guesses = "".join(hook(f"?k={letter}", f"K{n}Q") for n, letter in enumerate("aeiou"))
    shown, listed = set(), set()
    for value in ("b", "f", "p", "z"):
        engine = fresh(tmp_path / "one")
        engine.apply(f"{HEAD}webhooks:\n{hook('?k=m', 'OLD')}{hook(f'?k={value}', 'LIVE')}")
        plan = engine.plan(f"{HEAD}{rule}webhooks:\n{guesses}")
        shown.add(views(plan))
        desired = engine.load(f"{HEAD}{rule}webhooks:\n{guesses}")
        (found,) = asyncio.run(show(engine.account, desired, None))
        listed.add(tuple((row.label, row.live.id) for row in found.rows))

    assert len(shown) == 1
    assert len(listed) == 1


def test_the_event_types_that_are_shown_say_nothing_of_a_value(tmp_path):
    types = ", ".join(f"a.{letter}" for letter in "aeiou")
    manifest = (
        f"{HEAD}webhooks:\n  - {{url: '{URL}', eventTypes: [{types}, '${{env:JOB}}'], "
        "secret: {envFile: .env, key: K}}\n"
    )
    created, changed, listed = set(), set(), set()
    for value in ("a.b", "a.f", "a.z"):
        engine = fresh(tmp_path / "one")
        engine.value = value
        created.add(views(engine.plan(manifest)))
        engine.apply(manifest)
        assert not engine.plan(manifest).has_changes
        changed.add(views(engine.plan(manifest.replace("a.a", "a.0"))))
        found = asyncio.run(show(engine.account, engine.load(manifest), None))
        listed.add(shown_rows.render_json(found))

    assert [len(created), len(changed), len(listed)] == [1, 1, 1]
    assert "${env:JOB}" in listed.pop()


def test_no_warning_says_which_patterns_match_a_value(engine):
    engine.apply(f"{HEAD}webhooks:\n{hook('old', 'OLD')}")
    patterns = ", ".join(f"'{URL}{letter}*'" for letter in "abcdefgh")
    text = f"{HEAD}protect: {{webhooks: [{patterns}]}}\nwebhooks:\n{hook('${env:JOB}', 'K')}"
    said = set()
    for value in ("axx", "dxx", "zxx"):
        engine.value = value
        (project,) = engine.plan(text).projects
        said.add(project.warnings)

    assert len(said) == 1
    assert len(said.pop()) == 8


def test_what_a_registration_needs_is_there_before_a_webhook_is_deleted(tmp_path, monkeypatch):
    account = FakeAccount()
    project = account.add("bot")
    engine = Engine(tmp_path, account)
    text = f"{HEAD}webhooks:\n" + hook("new", "K").replace("}}", "}, onMissingSecret: replace}")
    engine.apply(text)
    (tmp_path / ".env").unlink()
    before = dict(project.hook_rows)

    def full(*_):
        raise SinkNotWritable("Too many open files")

    monkeypatch.setattr(Journal, "open_intent", full)
    report = engine.apply(text)

    assert "Too many open files" in " ".join(errors(report))
    assert project.hook_rows == before


def test_an_event_type_that_is_filled_in_is_planned_like_any_other(engine):
    base = f"{HEAD}webhooks: [{{url: '{URL}a', secret: {{envFile: .env, key: K}}, eventTypes: "
    engine.apply(f"{base}[message.received]}}]\n")
    engine.value = "message.sent"

    (project,) = engine.plan(f"{base}['${{env:JOB}}']}}]\n").projects

    assert [change.field for action in project.actions for change in action.changes] == [
        "eventTypes"
    ]


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("ops@evil.example${file:x@corp.example}", "o•••@evil.example${file:•••@corp.example}"),
        ("ops@evil.example${env:A:-@corp.example}", "o•••@evil.example${env:A:-•••@corp.example}"),
        ("ada${env:TAG}@corp.example", "a•••${env:TAG}•••@corp.example"),
        ("ada@${env:HOST}.example", "a•••@${env:HOST}.example"),
        ("${env:MAIL}", "${env:MAIL}"),
        ("ada@corp.example", "a•••@corp.example"),
        ("", ""),
    ],
)
def test_a_hidden_address_shows_no_host_of_an_expression_as_its_own(email, shown):
    assert Redaction(is_on=True).field(email, Personal.EMAIL) == shown
