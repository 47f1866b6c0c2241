import asyncio
import os

import pytest

from photonctl.errors import RefusedError
from photonctl.journal import Journal
from photonctl.model.ref import ResourceRef
from photonctl.rotation import rotate_signing_secret
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount


def test_a_registration_is_known_by_project_and_url(tmp_path):
    journal = Journal(tmp_path)

    journal.note_registered("p1", "https://a.example/?token=S3CRET", "w1")

    assert journal.note("p1", "https://a.example/?token=S3CRET").last_registered == "w1"
    assert journal.note("p2", "https://a.example/?token=S3CRET").last_registered is None
    assert journal.all_registered("p1") == {"w1"}
    assert journal.all_deleted() == frozenset()


def test_a_deleted_registration_is_still_the_last_one(tmp_path):
    journal = Journal(tmp_path)
    journal.note_registered("p1", "https://a.example/", "w1")

    journal.note_deleted("p1", "https://a.example/", "w1")

    assert journal.note("p1", "https://a.example/").last_registered == "w1"
    assert journal.all_deleted() == {"w1"}


def test_no_file_of_the_journal_holds_a_url(tmp_path):
    journal = Journal(tmp_path)
    journal.open_intent("p1", "https://a.example/?token=S3CRET")
    journal.note_registered("p1", "https://a.example/?token=S3CRET", "w1")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert len(files) > 2
    assert not any("S3CRET" in path.read_text() or "S3CRET" in path.name for path in files)


def test_a_damaged_note_is_refused(tmp_path):
    journal = Journal(tmp_path)
    journal.note_registered("p1", "k", "w1")
    (note,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    note.write_bytes(b"\xff\xfe")

    for ask in (
        lambda: journal.note("p1", "k").last_registered,
        lambda: journal.all_registered("p1"),
    ):
        with pytest.raises(RefusedError, match="can't be read"):
            ask()


def test_the_journal_is_where_the_caller_says(tmp_path):
    journal = Journal(tmp_path / "work", tmp_path / "state")

    journal.open_intent("p1", "k")

    assert journal.has_intent("p1", "k")
    assert not (tmp_path / "work").exists()


def test_earlier_registrations_of_a_url_stay_known(tmp_path):
    """A run may die between the answer and the sink, which then holds the one before."""
    journal = Journal(tmp_path)
    for webhook_id in ("w1", "w2"):
        journal.note_registered("p1", "k", webhook_id)
    journal.note_registered("p1", "k", "w3")

    assert journal.note("p1", "k").last_registered == "w3"
    assert journal.all_registered("p1") == {"w1", "w2", "w3"}


def test_a_note_that_a_crash_has_cut_costs_no_other_one(tmp_path):
    journal = Journal(tmp_path)
    journal.note_registered("p1", "k", "w1")
    (note,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    with note.open("a") as file:
        file.write("\nw2 del")

    journal.note_registered("p1", "k", "w3")

    assert journal.note("p1", "k").last_registered == "w3"
    assert {"w1", "w3"} <= journal.all_registered("p1")
    assert journal.all_deleted() == frozenset()


def test_a_plan_that_needs_no_other_projects_notes_reads_none(tmp_path, monkeypatch):
    """Of a fleet they are all in one folder: reading them for each project costs its square."""
    account = FakeAccount()
    account.add("bot")
    engine = Engine(tmp_path, account)
    text = "version: 1\nproject: {name: bot}\nwebhooks: [https://bot.example.com/h]\n"
    assert engine.apply(text).converged

    def read(*_):
        raise AssertionError

    monkeypatch.setattr(Journal, "all_deleted", read)
    monkeypatch.setattr(Journal, "all_registered", read)

    assert not engine.plan(text).has_changes


ONE = "version: 1\nproject: {name: bot}\nwebhooks: [{url: 'https://bot.example.com/h'}]\n"


def test_a_backup_of_hard_links_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = Engine(tmp_path, FakeAccount())
    assert engine.apply(ONE).converged
    (note,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    backup = tmp_path / "backup"
    os.link(note, backup)
    before = backup.read_bytes()
    (project,) = engine.account.live.values()
    project.hook_rows.clear()

    assert engine.apply(ONE).converged

    assert backup.read_bytes() == before
    assert before < note.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("deleted", [True, False])
def test_a_note_of_somebody_else_is_refused_before_anything_is_sent(tmp_path, monkeypatch, deleted):
    monkeypatch.chdir(tmp_path)
    engine = Engine(tmp_path, FakeAccount())
    assert engine.apply(ONE).converged
    (note,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    os.chown(note, 1234, -1)
    (project,) = engine.account.live.values()
    if deleted:
        project.hook_rows.clear()
    before = dict(project.hook_rows), (tmp_path / ".env").read_text()
    sent = []

    def gate(name, *, is_done=False):
        sent.append((name, is_done))

    project.gate = gate

    if deleted:
        report = engine.apply(ONE)
        assert "belongs to somebody else" in errors(report)[0]
    else:
        (desired,) = engine.load(ONE)
        ref = ResourceRef("webhook", "https://bot.example.com/h")
        with pytest.raises(RefusedError, match="belongs to somebody else"):
            asyncio.run(rotate_signing_secret(engine.account, desired, ref, 0))

    assert (dict(project.hook_rows), (tmp_path / ".env").read_text()) == before
    assert {"register_webhook", "rotate_secret"}.isdisjoint(name for name, _ in sent)
