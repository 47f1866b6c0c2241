"""A place that can't be read for a moment says nothing: not "not stored", and not "never held"."""

import asyncio

import pytest
from msgspec.structs import replace

from photonctl.errors import Ambiguous, PhotonctlError, SinkError, SinkNotWritable
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import SinkSpec
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks import open_sink
from photonctl.sinks.base import KnowsBefore
from photonctl.sinks.put_back import store_or_put_back
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount
from tests.unit.sinks.test_contended_stores import NEWER, WORDS, asked, planted
from tests.unit.sinks.test_stores import GIVEN

HEAD = "version: 1\nproject: {name: bot}\nlimits: false\nwebhooks:\n"
URL = "https://bot.example.com/one"
NOTES = {"githubActions": "BOT_WEBHOOK_STATE", "gitlabVariable": "BOT_WEBHOOK_STATE"}
READS = 16


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.fixture
def machine(tmp_path):
    """Make an engine with a disk of its own."""
    account = FakeAccount()
    account.add("bot")

    def made(name):
        (tmp_path / name).mkdir(exist_ok=True)
        return Engine(tmp_path / name, account)

    return made


def manifest(sink):
    return f"{HEAD}  - {{url: '{URL}', secret: {sink}}}\n"


def lose_the_answer(project, row, before):
    """Photon lists a webhook again that it hid, and the answer to a registration is lost."""
    project.hook_rows.clear()
    tries = iter([True])

    def gate(name, *, is_done=False):
        if name == "register_webhook" and not is_done and next(tries, False):
            project.hook_rows[row.id] = row
            before()
            raise Ambiguous("the answer was lost")

    project.gate = gate


@pytest.mark.parametrize("word", ["githubActions", "vault"])
def test_a_webhook_whose_secret_may_be_stored_stays_after_a_lost_answer(
    machine, tmp_path, monkeypatch, word
):
    with entered(word, tmp_path, monkeypatch) as store:
        first = machine("a")
        assert first.apply(manifest(store.sink())).converged
        (project,) = first.account.live.values()
        (row,) = project.hook_rows.values()
        where = NOTES.get(word, "metadata")
        lose_the_answer(
            project, row, lambda: store.stand_in.fault("GET", where, status=403, times=1)
        )

        report = machine("b").apply(manifest(store.sink()))

        assert not report.converged
        assert "can't be known" in " ".join(errors(report))
        assert list(project.hook_rows) == [row.id]


def test_a_webhook_that_is_older_than_the_run_stays_after_a_lost_answer(machine):
    text = manifest("{exec: [/bin/cat]}")
    first = machine("a")
    assert first.apply(text).converged
    (project,) = first.account.live.values()
    (row,) = project.hook_rows.values()
    lose_the_answer(project, replace(row, created_at="2020-01-01T00:00:00Z"), lambda: None)

    report = machine("b").apply(text)

    assert "live for longer" in " ".join(errors(report))
    assert list(project.hook_rows) == [row.id]


@pytest.mark.parametrize("word", ["githubActions", "vault", "gitlabVariable"])
def test_a_repeated_secret_never_counts_as_new_whichever_read_fails(
    machine, tmp_path, monkeypatch, word
):
    """Photon rotates, and something before it repeats the secret of before."""
    with entered(word, tmp_path, monkeypatch) as store:
        first = machine("a")
        assert first.apply(manifest(store.sink())).converged
        (project,) = first.account.live.values()
        ((webhook_id, given),) = project.secrets.items()
        rotate = project._rotate
        for skip in range(READS):

            def repeats(*asked_for, skip=skip):
                found, until = rotate(*asked_for)
                where = NOTES.get(word, "metadata")
                store.stand_in.fault("GET", where, status=403, times=1, skip=skip)
                return replace(found, standard=given.standard), until

            monkeypatch.setattr(project, "_rotate", repeats)
            (desired,) = machine("b").load(manifest(store.sink()))
            ref = ResourceRef("webhook", URL)
            with pytest.raises(PhotonctlError):
                asyncio.run(rotate_signing_secret(first.account, desired, ref, 3600))
            store.stand_in.clear_faults()

        assert machine("c").plan(manifest(store.sink())).has_changes
        assert project.secrets[webhook_id].standard != given.standard


@pytest.mark.parametrize("word", WORDS)
def test_what_comes_between_a_look_and_a_write_is_not_put_back_over(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        sink = open_sink(spec, tmp_path)
        sink.open_intent(asked())
        write, once = sink._service.write, iter([True])

        def late(*what):
            if next(once, False):
                planted(store, spec, tmp_path)
            write(*what)

        monkeypatch.setattr(sink._service, "write", late)
        with pytest.raises(SinkError, match="somebody else"):
            store_or_put_back(sink, replace(GIVEN, webhook_id="w-2", standard=NEWER))

        assert store.secret("BOT") == "somebody-elses-0123456789"


@pytest.mark.parametrize("word", WORDS)
def test_a_store_knows_whether_anything_was_there(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)

        assert isinstance(sink, KnowsBefore)
        sink.record()
        assert not sink.was_held


@pytest.mark.parametrize("word", ["vault", "awsSecretsManager"])
def test_an_id_says_nothing_of_what_a_step_has_written(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        sink = open_sink(spec, tmp_path)
        sink.open_intent(asked("rotation"))
        monkeypatch.setattr(sink._service, "write", lambda *_: 1 / 0)  # the run dies
        with pytest.raises(SinkError):
            sink.store(replace(GIVEN, signing=None, standard=NEWER))
        fields = {"BOT": store.secret("BOT"), "BOT_STANDARD": "theirs", "BOT_WEBHOOK_ID": "w-1"}
        planted(store, spec, tmp_path, fields=fields)

        assert open_sink(spec, tmp_path).stored_for("w-1").name == "OTHER"


def test_an_intent_that_couldnt_be_noted_removes_no_other_runs(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as store:
        spec = SinkSpec(type="vault", target=store.target, key="BOT")
        sink = open_sink(spec, tmp_path)
        sink.record()
        other = open_sink(spec, tmp_path)
        other.open_intent(asked(run="ci:other"))
        other.store(GIVEN)
        other.open_intent(asked("rotation", run="ci:other"))

        with pytest.raises(SinkNotWritable, match="somebody else"):
            sink.open_intent(asked())
        sink.close_intent()

        assert open_sink(spec, tmp_path).record().asked == "rotation"


def test_a_hidden_variable_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    """GitLab shows nobody its value, so what is written there couldn't be known again."""
    with entered("gitlabVariable", tmp_path, monkeypatch) as store:
        spec = SinkSpec(type="gitlabVariable", target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        store.stand_in.set_variable(store.target, "BOT", "x" * 16, masked=True, hidden=True)

        with pytest.raises(SinkNotWritable, match="hidden"):
            open_sink(spec, tmp_path).check_writable()
