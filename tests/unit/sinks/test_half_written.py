"""A place that fails, or a process that dies, between two of the values of one secret.

Forges and keyrings take each value in a request of its own.
"""

import asyncio
import json
import shutil
from contextlib import suppress
from itertools import count

import pytest
from keyring.errors import KeyringError

from photonctl.errors import Ambiguous, Conflict, ServerFailed, SinkError
from photonctl.model.plan import Verb
from photonctl.model.reason import Why
from photonctl.model.ref import ResourceRef
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks.store import StoreSink
from photonctl.sinks.web import WebStore
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, no_gate

HEAD = "version: 1\nproject: {name: bot}\nlimits: false\nwebhooks:\n"
ONE, TWO = (f"https://bot.example.com/{name}" for name in ("one", "two"))
FORGES = ("gitlabVariable", "githubActions")


def hook(url, secret, more=""):
    return f"{HEAD}  - {{url: '{url}', secret: {secret}{more}}}\n"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Engine(tmp_path, FakeAccount())


@pytest.fixture(params=FORGES)
def forge(request, tmp_path, monkeypatch):
    with entered(request.param, tmp_path, monkeypatch) as found:
        yield found


def refuse_the_second(forge, times=9):
    forge.stand_in.fault("PUT", "BOT_STANDARD", status=422, times=times)


def held(forge):
    return [forge.secret(name) for name in ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID")]


def live(engine):
    (project,) = engine.account.live.values()
    return {row.webhook_url for row in project.hook_rows.values()}


def test_a_forge_that_fails_once_gets_back_what_it_held(engine, tmp_path, monkeypatch):
    with entered("gitlabVariable", tmp_path, monkeypatch) as gitlab:
        assert engine.apply(hook(ONE, gitlab.sink())).converged
        before = held(gitlab)
        refuse_the_second(gitlab, times=1)

        report = engine.apply(hook(TWO, gitlab.sink()))

        assert "was deleted again" in " ".join(errors(report))
        assert "put back" not in " ".join(errors(report))
        assert held(gitlab) == before
        assert live(engine) == {ONE}
        assert engine.plan(hook(ONE, gitlab.sink())).has_changes is False
        assert engine.apply(hook(TWO, gitlab.sink())).converged


def test_a_forge_that_cant_be_put_back_is_named_and_its_secret_counts_as_lost(engine, forge):
    assert engine.apply(hook(ONE, forge.sink())).converged
    refuse_the_second(forge)
    forge.stand_in.fault("PUT", r"BOT\b(?!_)", status=422, times=9, skip=1)

    report = engine.apply(hook(TWO, forge.sink()))
    forge.stand_in.clear_faults()

    said = " ".join(errors(report))
    assert "acme/bot held before may be overwritten, and can't be put back" in said
    (project,) = engine.plan(hook(ONE, forge.sink(), ", onMissingSecret: replace")).projects
    assert [(a.verb, a.key) for a in project.actions] == [(Verb.REPLACE, ONE)]
    (project,) = engine.plan(hook(ONE, forge.sink())).projects
    assert any("its secret is missing" in text for text in project.warnings)


def test_a_process_that_dies_between_two_values_leaves_no_secret_that_counts(
    engine, forge, monkeypatch
):
    assert engine.apply(hook(ONE, forge.sink())).converged
    put = WebStore._sent

    def dies(store, method, path, body):
        if method == "PUT" and "BOT_STANDARD" in path:
            raise SystemExit
        return put(store, method, path, body)

    with monkeypatch.context() as patched:
        patched.setattr(WebStore, "_sent", dies)
        with pytest.raises(SystemExit):
            engine.apply(hook(TWO, forge.sink()))

    assert live(engine) == {ONE, TWO}
    (project,) = engine.plan(hook(ONE, forge.sink(), ", onMissingSecret: replace")).projects
    assert {(a.verb, a.key) for a in project.actions} == {
        (Verb.REPLACE, ONE),
        (Verb.DELETE, TWO),
    }
    assert [r.lifted_by for r in project.refusals] == ["--replace-stored BOT"]
    sure = Engine(engine.folder, engine.account, lifted=["--replace-stored BOT"])
    assert sure.apply(hook(ONE, forge.sink(), ", onMissingSecret: replace")).converged
    assert not engine.plan(hook(ONE, forge.sink())).has_changes


def test_one_of_several_places_that_is_written_half_is_put_back(engine, tmp_path, monkeypatch):
    with entered("gitlabVariable", tmp_path, monkeypatch) as gitlab:
        places = f"[{{envFile: .env, key: BOT}}, {gitlab.sink()}]"
        assert engine.apply(hook(ONE, places)).converged
        before, file = held(gitlab), engine.variables()
        refuse_the_second(gitlab, times=1)

        engine.apply(hook(TWO, places))

        assert (held(gitlab), engine.variables()) == (before, file)
        assert not engine.plan(hook(ONE, places)).has_changes


def fail_to_keep(memory, monkeypatch, name, times):
    """Let a keyring fail to take one entry some times."""
    left, keep = [times], type(memory).set_password

    def keeps(self, service, username, password):
        if username == name and left[0]:
            left[0] -= 1
            raise KeyringError("locked")
        keep(self, service, username, password)

    monkeypatch.setattr(type(memory), "set_password", keeps)


@pytest.mark.parametrize("name", ["BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID"])
def test_a_keyring_gets_back_what_it_held(engine, memory, monkeypatch, name):
    sink = "{keyring: bot, key: BOT}"
    assert engine.apply(hook(ONE, sink)).converged
    before = dict(memory.kept)
    fail_to_keep(memory, monkeypatch, name, 1)

    report = engine.apply(hook(TWO, sink))

    assert "was deleted again" in " ".join(errors(report))
    assert memory.kept == before
    assert not engine.plan(hook(ONE, sink)).has_changes


def test_a_keyring_that_cant_be_put_back_is_named(engine, memory, monkeypatch):
    sink = "[{envFile: .env, key: BOT}, {keyring: bot, key: BOT}]"
    assert engine.apply(hook(ONE, sink)).converged
    file = engine.variables()
    fail_to_keep(memory, monkeypatch, "BOT_WEBHOOK_ID", 9)

    report = engine.apply(hook(TWO, sink))

    said = " ".join(errors(report))
    assert "keyring bot held before may be overwritten" in said
    assert engine.variables() == file


def add_command(folder):
    """Make ./keep, which keeps what it is given in last.json, unless there is a file "fail"."""
    keep = folder / "keep"
    keep.write_text("#!/bin/sh\ntest -e fail && exit 1\ncat > last.json\n")
    keep.chmod(0o755)


def rotate(engine, text, url=ONE):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", url)
    return asyncio.run(rotate_signing_secret(engine.account, project, ref, None))


def given(engine):
    """Return the legacy and the newest standard secret of the one webhook."""
    (project,) = engine.account.live.values()
    (secrets,) = project.secrets.values()
    return [secrets.signing.reveal(), secrets.standard.reveal()]


WAYS = {
    "the next apply": lambda engine, text: engine.apply(text).converged,
    "another rotation": rotate,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["BOT_STANDARD", "BOT_WEBHOOK_ID", "BOT_WEBHOOK_STATE"])
def test_a_rotation_that_a_forge_takes_by_half_costs_no_other_secret(engine, forge, name, way):
    text = hook(ONE, forge.sink())
    assert engine.apply(text).converged
    for method in ("PUT", "PATCH"):
        skip = 1 if name == "BOT_WEBHOOK_STATE" else 0  # the intent comes first
        forge.stand_in.fault(method, rf"{name}\b", status=422, times=9, skip=skip)
    with pytest.raises(SinkError, match="the new secret is lost"):
        rotate(engine, text)
    forge.stand_in.clear_faults()

    (project,) = engine.plan(text).projects
    assert [(a.verb, a.reason.why) for a in project.actions] == [
        (Verb.UPDATE, Why.ROTATION_INTERRUPTED)
    ]
    (warning,) = project.warnings
    assert "its rotation was interrupted and is made again" in warning
    assert project.refusals == ()
    WAYS[way](engine, text)

    assert held(forge)[:2] == given(engine)
    assert not engine.plan(text).has_changes


def test_a_rotation_that_dies_between_two_values_costs_no_other_secret(engine, forge, monkeypatch):
    text = hook(ONE, forge.sink())
    assert engine.apply(text).converged
    send = WebStore._sent

    def dies(store, method, path, body):
        if method != "GET" and "BOT_WEBHOOK_ID" in path:
            raise SystemExit
        return send(store, method, path, body)

    with monkeypatch.context() as patched:
        patched.setattr(WebStore, "_sent", dies)
        with pytest.raises(SystemExit):
            rotate(engine, text)

    assert engine.apply(text).converged
    assert held(forge)[:2] == given(engine)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["BOT_STANDARD", "BOT_ROTATED_AT"])
def test_a_rotation_that_a_keyring_takes_by_half_costs_no_other_secret(
    engine, memory, monkeypatch, name, way
):
    text = hook(ONE, "{keyring: bot, key: BOT}")
    assert engine.apply(text).converged
    with monkeypatch.context() as patched:
        fail_to_keep(memory, patched, name, 9)
        with pytest.raises(SinkError, match="the new secret is lost"):
            rotate(engine, text)

    (project,) = engine.plan(text).projects
    assert project.refusals == ()
    WAYS[way](engine, text)

    assert [memory.kept["bot", name] for name in ("BOT", "BOT_STANDARD")] == given(engine)
    assert not engine.plan(text).has_changes


@pytest.mark.parametrize("word", ["gitlabVariable", "githubActions", "vault", "kubernetes"])
def test_a_rotation_that_a_command_doesnt_take_is_made_again_on_any_machine(
    engine, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        add_command(tmp_path)
        text = hook(ONE, f"[{{exec: [./keep]}}, {store.sink()}]")
        assert engine.apply(text).converged
        (tmp_path / "fail").touch()
        with pytest.raises(SinkError, match=r"the new secret is in .* only") as caught:
            rotate(engine, text)
        assert "rotates it again" in caught.value.hint
        assert store.secret("BOT_STANDARD") == given(engine)[1]

        (tmp_path / "fail").unlink()
        shutil.rmtree(tmp_path / ".photonctl")

        (project,) = engine.plan(text).projects
        assert [action.reason.why for action in project.actions] == [Why.ROTATION_INTERRUPTED]
        assert engine.apply(text).converged
        assert given(engine)[1] in json.loads((tmp_path / "last.json").read_text()).values()
        assert store.secret("BOT_STANDARD") == given(engine)[1]
        assert not engine.plan(text).has_changes


def test_a_rotation_that_a_keyring_doesnt_take_is_copied_from_the_store(
    engine, memory, tmp_path, monkeypatch
):
    with entered("vault", tmp_path, monkeypatch) as vault:
        text = hook(ONE, f"[{{keyring: bot, key: BOT}}, {vault.sink()}]")
        assert engine.apply(text).converged
        with monkeypatch.context() as patched:
            fail_to_keep(memory, patched, "BOT_STANDARD", 9)
            with pytest.raises(SinkError, match="secret/bot only") as caught:
                rotate(engine, text)
        assert "copies it" in caught.value.hint
        newest = given(engine)

        memory.kept.clear()
        shutil.rmtree(tmp_path / ".photonctl")

        assert engine.apply(text).converged
        assert given(engine) == newest
        assert memory.kept["bot", "BOT_STANDARD"] == newest[1]
        assert not engine.plan(text).has_changes


def test_a_place_is_put_back_and_the_webhook_stays_is_known_on_any_machine(
    engine, tmp_path, monkeypatch
):
    with entered("gitlabVariable", tmp_path, monkeypatch) as gitlab:
        assert engine.apply(hook(ONE, gitlab.sink())).converged
        refuse_the_second(gitlab, times=1)
        (project,) = engine.account.live.values()

        def refuses(name, *, is_done=False):
            if name == "delete_webhook" and not is_done:
                raise ServerFailed("down")

        with monkeypatch.context() as patched:
            patched.setattr(project, "gate", refuses)
            report = engine.apply(hook(TWO, gitlab.sink()))
        assert "could not be deleted again" in " ".join(errors(report))

        shutil.rmtree(tmp_path / ".photonctl")

        (planned,) = engine.plan(hook(TWO, gitlab.sink())).projects
        found = {(action.verb, action.key) for action in planned.actions}
        assert (Verb.REPLACE, TWO) in found
        assert engine.plan(hook(ONE, gitlab.sink())).projects[0].refusals == ()


def test_a_command_that_was_given_what_is_deleted_again_is_named(engine, tmp_path):
    for name in ("keep", "other"):
        (tmp_path / name).write_text(f"#!/bin/sh\ncat > /dev/null; test ! -e fail-{name}\n")
        (tmp_path / name).chmod(0o755)
    places = "[{exec: [./keep]}, {exec: [./other]}]"
    assert engine.apply(hook(ONE, places)).converged
    (tmp_path / "fail-other").touch()

    report = engine.apply(hook(TWO, places))

    said = " ".join(errors(report))
    assert "what the command ./keep held before may be overwritten" in said
    assert "./other held" not in said
    assert live(engine) == {ONE}


def test_what_somebody_wrote_by_hand_is_put_back_too(engine, tmp_path, monkeypatch):
    with entered("gitlabVariable", tmp_path, monkeypatch) as gitlab:
        assert engine.apply(hook(ONE, gitlab.sink())).converged
        gitlab.stand_in.set_variable("acme/bot", "BOT_STANDARD", "whsec_Ynlfb25lc19oYW5k")
        before = held(gitlab)[:2]
        refuse_the_second(gitlab, times=1)
        sure = Engine(engine.folder, engine.account, lifted=["--replace-stored BOT"])

        report = sure.apply(hook(TWO, gitlab.sink()))

        assert "was deleted again" in " ".join(errors(report))
        assert held(gitlab)[:2] == before


def test_what_somebody_wrote_by_hand_and_cant_be_put_back_is_named(engine, tmp_path, monkeypatch):
    with entered("githubActions", tmp_path, monkeypatch) as github:
        assert engine.apply(hook(ONE, github.sink())).converged
        github.stand_in.set_secret("acme/bot", "BOT_STANDARD", "whsec_Ynlfb25lc19oYW5k")
        refuse_the_second(github)
        sure = Engine(engine.folder, engine.account, lifted=["--replace-stored BOT"])

        report = sure.apply(hook(TWO, github.sink()))

        assert "held before may be overwritten" in " ".join(errors(report))


def test_a_store_that_gives_nobody_what_it_holds_is_named_where_another_place_fails(
    engine, tmp_path, monkeypatch
):
    with entered("githubActions", tmp_path, monkeypatch) as github:
        other = "{githubActions: acme/bot, key: NEXT}"
        assert engine.apply(hook(ONE, f"[{github.sink()}, {other}]")).converged
        github.stand_in.fault("PUT", r"NEXT\b(?!_)", status=422, times=9)

        report = engine.apply(hook(TWO, f"[{github.sink()}, {other}]"))

        assert "acme/bot held before may be overwritten" in " ".join(errors(report))
        assert live(engine) == {ONE}


def test_a_rotation_that_neither_a_command_nor_a_store_takes_is_made_again(
    engine, memory, tmp_path, monkeypatch
):
    with entered("gitlabVariable", tmp_path, monkeypatch) as gitlab:
        add_command(tmp_path)
        text = hook(ONE, f"[{{exec: [./keep]}}, {{keyring: bot, key: BOT}}, {gitlab.sink()}]")
        assert engine.apply(text).converged
        (tmp_path / "fail").touch()
        gitlab.stand_in.fault("PUT", "BOT_STANDARD", status=422, times=9)
        with pytest.raises(SinkError, match="BOT in bot only"):
            rotate(engine, text)
        gitlab.stand_in.clear_faults()
        (tmp_path / "fail").unlink()
        shutil.rmtree(tmp_path / ".photonctl")

        assert engine.apply(text).converged
        assert given(engine)[1] in json.loads((tmp_path / "last.json").read_text()).values()


@pytest.fixture(params=["vault", "awsSecretsManager", "kubernetes", *FORGES])
def store(request, tmp_path, monkeypatch):
    with entered(request.param, tmp_path, monkeypatch) as found:
        yield found


def lose_a_rotation(engine, text):
    (project,) = engine.account.live.values()

    def loses(name, *, is_done=False):
        if name == "rotate_secret" and is_done:
            raise Ambiguous("lost")

    project.gate = loses
    (desired,) = engine.load(text)
    with pytest.raises(Ambiguous):
        asyncio.run(rotate_signing_secret(engine.account, desired, ResourceRef("webhook", ONE), 0))
    project.gate = no_gate


def test_a_replacement_that_stops_forgets_no_lost_rotation(engine, store, tmp_path):
    """Its note takes the place of the rotation's; another machine knows nothing else."""
    text = hook(ONE, store.sink(), ", schemaVersion: raw-inbound.v1")
    assert engine.apply(text).converged
    (project,) = engine.account.live.values()
    lose_a_rotation(engine, text)

    def fails(name, *, is_done=False):
        if name == "delete_webhook" and not is_done:
            raise ServerFailed("502")

    project.gate = fails
    for name in ("two", "three"):
        (tmp_path / name).mkdir()
        elsewhere = Engine(tmp_path / name, engine.account)
        assert errors(elsewhere.apply(text, replace=(f"webhook:{ONE}",)))
    project.gate = no_gate

    (tmp_path / "four").mkdir()
    last = Engine(tmp_path / "four", engine.account)
    (action,) = last.plan(text).projects[0].actions
    assert action.reason.why is Why.ROTATION_INTERRUPTED
    assert last.apply(text).converged
    (secrets,) = project.secrets.values()
    assert store.secret("BOT_STANDARD") == secrets.standard.reveal()
    assert not last.plan(text).has_changes


def elsewhere():
    """Return an account at another host, whose project is called alike."""
    account = FakeAccount()
    account.host, account.numbers = "https://another.example", count(100)
    account.add("bot")
    return account


@pytest.mark.parametrize("stops", [Conflict("no", status=409), SystemExit()])
@pytest.mark.parametrize("whose", ["the same project's", "another project's"])
def test_a_step_of_another_webhook_forgets_no_lost_rotation(engine, store, tmp_path, stops, whose):
    text = hook(ONE, store.sink(), ", schemaVersion: raw-inbound.v1")
    assert engine.apply(text).converged
    lose_a_rotation(engine, text)
    account = engine.account
    if whose == "another project's":
        account = elsewhere()

    def refuses(name, *, is_done=False):
        if name == "register_webhook" and not is_done:
            raise stops

    (project,) = account.live.values()
    project.gate = refuses
    for name in ("two", "three"):
        (tmp_path / name).mkdir()
        with suppress(SystemExit):
            Engine(tmp_path / name, account, lifted=["--replace-stored BOT"]).apply(
                hook(TWO, store.sink())
            )
    project.gate = no_gate

    (tmp_path / "four").mkdir()
    last = Engine(tmp_path / "four", engine.account)
    (planned,) = last.plan(text).projects
    assert planned.refusals or planned.actions[0].reason.why is Why.ROTATION_INTERRUPTED
    if isinstance(stops, Conflict):
        assert last.apply(text).converged
        (project,) = engine.account.live.values()
        (secrets,) = project.secrets.values()
        assert store.secret("BOT_STANDARD") == secrets.standard.reveal()
        assert not last.plan(text).has_changes


def test_what_was_left_by_halves_is_nobodys_after_a_refusal_too(engine, tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as vault:
        text = hook(ONE, f"[{{exec: [./keep]}}, {vault.sink()}]")

        def machine(name, code=0):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "keep").write_text(f"#!/bin/sh\nexit {code}\n")
            (folder / "keep").chmod(0o755)
            return Engine(folder, engine.account)

        engine.account.add("bot")
        vault.stand_in.fault("PATCH", "/metadata/", status=503, skip=2, times=99)
        assert errors(machine("one").apply(text))
        vault.stand_in.clear_faults()
        assert vault.secret("BOT")
        assert errors(machine("two", code=1).apply(text))  # the command fails once

        last = machine("three")
        assert last.apply(text).converged
        assert not last.plan(text).has_changes
        (project,) = engine.account.live.values()
        (webhook_id,) = project.hook_rows
        assert vault.secret("BOT") == project.secrets[webhook_id].signing.reveal()


def test_what_is_put_back_stays_another_projects(engine, store, tmp_path, monkeypatch):
    assert engine.apply(hook(ONE, store.sink())).converged
    before = [store.secret(name) for name in ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID")]
    (tmp_path / "two").mkdir()
    theirs = Engine(tmp_path / "two", elsewhere(), lifted=["--replace-stored BOT"])

    stores = StoreSink.store

    def fails(sink, secrets):
        if sink._key == "OTHER":
            raise SinkError("it is sealed")
        stores(sink, secrets)

    monkeypatch.setattr(StoreSink, "store", fails)
    assert errors(theirs.apply(hook(TWO, f"[{store.sink()}, {store.sink('OTHER')}]")))

    after = [store.secret(name) for name in ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID")]
    assert after == before or store.word == "githubActions"  # which can't be read
    (planned,) = theirs.plan(hook(TWO, store.sink())).projects
    assert planned.refusals or store.word == "githubActions"
