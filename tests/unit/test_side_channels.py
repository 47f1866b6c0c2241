"""What was filled in decides nothing that is shown: no order, no warning, no second meaning."""

import pytest

from photonctl.errors import SinkNotWritable
from photonctl.journal import Journal
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
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
    account = FakeAccount()
    account.add("bot")
    return Filling(tmp_path, account)


def hook(path, key):
    return f"  - {{url: '{URL}{path}', secret: {{envFile: .env, key: {key}}}}}\n"


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
