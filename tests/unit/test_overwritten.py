"""A secret that is stored over that of a webhook which goes with the plan, and then doesn't go."""

import asyncio
from contextlib import ExitStack, suppress

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import PhotonctlError, PlanRefused, ServerFailed, SinkError
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.store import StoreSink
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

HEAD = "version: 1\nproject: {name: bot}\nlimits: false\nwebhooks:\n"
A, B, C = (f"https://{name}.example.com/h" for name in "abc")


def hook(url, secret, more=""):
    return f"  - {{url: '{url}', secret: {secret}{more}}}\n"


K1 = "{envFile: .env, key: K1}"
OLD = HEAD + hook(A, K1)
REFUSES = "{exec: ['false']}"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = Engine(tmp_path, FakeAccount())
    assert engine.apply(OLD).converged
    return engine


def live(engine):
    (project,) = engine.account.live.values()
    return {row.webhook_url: row.id for row in project.hook_rows.values()}


def test_a_plan_says_that_a_secret_goes_before_its_webhook_does(engine):
    (project,) = engine.plan(HEAD + hook(C, K1)).projects

    (warning,) = project.warnings
    assert f"holds the secret of {A}, and will hold the new one" in warning


def test_what_a_place_held_is_put_back_where_another_place_fails(engine):
    before = engine.variables()

    report = engine.apply(HEAD + hook(C, f"[{K1}, {REFUSES}]"))

    assert live(engine).keys() == {A}
    assert engine.variables() == before
    assert "was deleted again" in " ".join(errors(report))


@pytest.mark.parametrize("other", ["another create fails", "the delete fails"])
def test_a_webhook_that_stays_without_its_secret_is_reported(engine, other):
    text = HEAD + hook(C, K1)
    if other == "another create fails":
        text += hook(B, REFUSES)
    else:
        (project,) = engine.account.live.values()

        def gate(name, *, is_done=False):
            if name == "delete_webhook" and not is_done:
                raise ServerFailed("down")

        project.gate = gate

    report = engine.apply(text)

    assert live(engine).keys() == {A, C}
    assert engine.variables()["K1_WEBHOOK_ID"] == live(engine)[C]
    said = [error for error in errors(report) if "its secret is lost" in error]
    assert len(said) == 1
    assert f"K1 in .env holds that of {C}" in said[0]


def test_a_secret_isnt_stored_over_that_of_a_webhook_which_is_only_replaced(engine):
    """Its replacement may fail; then it stays, and has no secret."""
    engine.apply(HEAD + hook(A, K1) + hook(B, "{envFile: .env, key: K2}"))
    swapped = hook(A, "{envFile: .env, key: K2}")
    moved = hook(B, "{envFile: b.env, key: K2}", ", onMissingSecret: replace")

    (project,) = engine.plan(HEAD + swapped + moved).projects

    assert any(f"holds the secret of {B}, which stays live" in r.message for r in project.refusals)


class Deaf(FakeProject):
    """Says that a webhook is deleted, and deletes nothing."""

    async def delete_webhook(self, webhook_id):
        return True


def deaf(engine):
    (row_id,) = engine.account.live
    engine.account.live[row_id] = Deaf(**vars(engine.account.live[row_id]))
    return engine.account.live[row_id]


def test_nothing_is_registered_in_the_place_of_what_is_still_listed(engine, tmp_path):
    (tmp_path / "keep").write_text("#!/bin/sh\ncat > last.json\n")
    (tmp_path / "keep").chmod(0o755)
    text = OLD + hook(B, "{exec: [./keep]}")
    assert engine.apply(text).converged
    before = (tmp_path / "last.json").read_text()
    deaf(engine)

    report = engine.apply(text, replace=(f"webhook:{B}",))

    assert any("says that it is deleted, and still lists it" in said for said in errors(report))
    assert live(engine).keys() == {A, B}
    assert (tmp_path / "last.json").read_text() == before
    assert engine.plan(text).projects[0].warnings == ()


def test_a_delete_without_effect_that_costs_a_secret_is_reported_so(engine):
    deaf(engine)

    report = engine.apply(HEAD + hook(C, K1))

    said = " ".join(errors(report))
    assert live(engine).keys() == {A, C}
    assert f"its secret is lost: K1 in .env holds that of {C} now" in said


def test_a_command_that_got_another_registrations_secret_since_is_not_believed(engine, tmp_path):
    command = "{exec: [./keep]}"
    (tmp_path / "keep").write_text("#!/bin/sh\ncat > last.json\n")
    (tmp_path / "keep").chmod(0o755)
    text = HEAD + hook(B, command)
    assert engine.apply(text).converged
    (project,) = engine.account.live.values()
    (b_id,) = [row.id for row in project.hook_rows.values() if row.webhook_url == B]
    old = project.hook_rows.pop(b_id)
    assert engine.apply(text).converged  # it was registered again
    (again,) = [row.id for row in project.hook_rows.values() if row.webhook_url == B]
    del project.hook_rows[again]
    project.hook_rows[b_id] = old  # a server that had hidden it

    (planned,) = engine.plan(text).projects

    assert any(B in warning and "belongs to another" in warning for warning in planned.warnings)


def test_no_file_that_claims_a_secret_has_it_copied_over_one_that_was_given(engine, tmp_path):
    env = tmp_path / ".env"
    (project,) = engine.account.live.values()
    (row,) = project.hook_rows.values()
    env.write_text(env.read_text() + "KX=" + "d" * 64 + "\nKX_WEBHOOK_ID=made-up\n")
    before = env.read_text()
    del project.hook_rows[row.id]
    project.hook_rows["made-up"] = replace(row, id="made-up")

    with pytest.raises(PlanRefused, match=r"K1 in \.env holds the secret of"):
        engine.apply(OLD)

    assert env.read_text() == before


def test_credentials_that_another_machine_rotates_meanwhile_are_stored_newest(engine, tmp_path):
    (row_id,) = engine.account.live
    newer = Secret("rotated-elsewhere-0123456789")

    class Rotated(FakeProject):
        async def webhooks(self):
            if (tmp_path / "pair.env").exists():  # since the first of them was stored
                self.row = replace(self.row, secret=newer)
            return await super().webhooks()

    engine.account.live[row_id] = Rotated(**vars(engine.account.live[row_id]))
    text = OLD.replace("{name: bot}", "{name: bot, credentials: {envFile: pair.env}}")

    assert engine.apply(text).converged

    assert engine.variables("pair.env")["PHOTON_PROJECT_SECRET"] == newer.reveal()


class Late(FakeProject):
    """Lists what is deleted for a while, or fails to list it."""

    looks = 0
    fails = False

    async def delete_webhook(self, webhook_id):
        self.gone = webhook_id, self.hook_rows.get(webhook_id)
        self.left = self.looks
        return await super().delete_webhook(webhook_id)

    async def webhooks(self):
        rows = await super().webhooks()
        if getattr(self, "left", 0):
            self.left -= 1
            if self.fails:
                raise ServerFailed("503")
            return (*rows, self.gone[1])
        return rows


@pytest.mark.parametrize(("looks", "fails"), [(4, False), (1, True), (4, True)])
def test_a_list_that_is_late_or_fails_ends_no_replacement(engine, looks, fails):
    (row_id,) = engine.account.live
    project = engine.account.live[row_id] = Late(**vars(engine.account.live[row_id]))
    project.looks, project.fails = looks, fails
    before = live(engine)[A]

    report = engine.apply(OLD, replace=(f"webhook:{A}",))

    assert report.converged, errors(report)
    assert live(engine)[A] != before
    assert engine.variables()["K1_WEBHOOK_ID"] == live(engine)[A]


def test_credentials_that_were_proven_are_stored_whatever_a_later_look_says(engine, tmp_path):
    (row_id,) = engine.account.live

    class Failing(FakeProject):
        async def webhooks(self):
            path = tmp_path / "pair.env"
            if path.exists() and path.read_text():
                raise ServerFailed("503")
            return await super().webhooks()

    engine.account.live[row_id] = Failing(**vars(engine.account.live[row_id]))
    text = "version: 1\nproject: {name: bot, credentials: {envFile: pair.env}}\n"

    assert engine.apply(text).converged


def of_b(url, key="K9"):
    return HEAD.replace("bot", "b") + hook(url, f"{{envFile: .env, key: {key}}}")


def refused(engine, text):
    (project,) = engine.plan(text).projects
    assert not [w for w in project.warnings if "isn't live any more" in w]
    return [r.message for r in project.refusals]


def test_a_delete_without_effect_gives_the_secret_to_no_other_project(engine):
    deaf(engine)
    engine.account.add("b")
    assert errors(engine.apply(HEAD.replace("webhooks:\n", "webhooks: []\n")))
    (message,) = refused(engine, of_b(C, "K1"))

    assert 'holds the secret of a webhook of the project "bot", which stays live' in message
    with pytest.raises(PlanRefused):
        engine.apply(of_b(C, "K1"))
    assert engine.apply(OLD).converged
    assert engine.variables()["K1_WEBHOOK_ID"] == live_of(engine, "bot")[A]
    assert refused(engine, of_b(C, "K1")) == [message]


def live_of(engine, name):
    (project,) = (p for p in engine.account.live.values() if p.row.name == name)
    return {row.webhook_url: row.id for row in project.hook_rows.values()}


def register_with_a_stolen_id(engine):
    """Register in another project, whose answer has the id of this one's webhook."""
    other = engine.account.add("b")
    stolen = live_of(engine, "bot")[A]

    class Lying(FakeProject):
        async def register_webhook(self, fields):
            row, secrets = await super().register_webhook(fields)
            return replace(row, id=stolen), replace(secrets, webhook_id=stolen)

    other.__class__ = Lying
    assert not engine.apply(of_b(B)).converged
    other.__class__ = FakeProject


def test_a_registration_with_an_id_of_another_project_makes_its_secret_nobodys(engine):
    register_with_a_stolen_id(engine)

    (message,) = refused(engine, of_b(C, "K1"))
    assert 'the project "bot", which stays live' in message


@pytest.fixture
def unasked(monkeypatch):
    """An account whose other projects can't be asked whose a webhook is."""
    monkeypatch.setattr("photonctl.observer.owners._MOST_ASKED", 0)


def test_a_delete_without_effect_is_no_evidence_where_nobody_can_be_asked(engine, unasked):
    deaf(engine)
    engine.account.add("b")
    assert errors(engine.apply(HEAD.replace("webhooks:\n", "webhooks: []\n")))
    assert engine.apply(OLD).converged

    (message,) = refused(engine, of_b(C, "K1"))
    assert "isn't known in this project" in message


def test_a_delete_that_the_list_shows_is_evidence(engine, unasked):
    engine.account.add("b")
    assert engine.apply(HEAD.replace("webhooks:\n", "webhooks: []\n")).converged

    (project,) = engine.plan(of_b(C, "K1")).projects
    assert project.refusals == ()
    assert "isn't live any more" in project.warnings[0]


def test_a_registration_with_another_projects_id_is_no_evidence_either(engine, unasked):
    register_with_a_stolen_id(engine)

    (message,) = refused(engine, of_b(C, "K1"))
    assert "isn't known in this project" in message


def rotate_in(engine, text):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", B)
    asyncio.run(rotate_signing_secret(engine.account, project, ref, None))


def adopt_in(engine, text):
    (project,) = engine.load(text)
    offered = OneTimeSecrets(webhook_id="", signing=Secret("a1" * 32))
    ref = ResourceRef("webhook", B)
    asyncio.run(adopt_signing_secret(engine.account, project, ref, offered, lambda _: None))


@pytest.mark.parametrize("step", [rotate_in, adopt_in, Engine.apply])
@pytest.mark.parametrize("word", ["vault", "gitlabVariable", "envFile"])
def test_a_place_that_couldnt_be_read_once_gets_no_secret(
    engine, step, word, tmp_path, monkeypatch
):
    """The next read goes well, and what is there then was there when nobody could look."""
    with ExitStack() as stack:
        store = None
        if word != "envFile":
            store = stack.enter_context(entered(word, tmp_path, monkeypatch))
        sink = store.sink() if store else "{envFile: shared.env, key: BOT}"
        engine.account.add("b")
        assert engine.apply(HEAD + hook(A, sink)).converged
        assert engine.apply(of_b(B)).converged
        text = HEAD.replace("bot", "b") + hook(B, sink, ", onMissingSecret: rotate")
        before = held(engine, store)
        unread_once(monkeypatch)

        if step is Engine.apply:  # changes nothing, and says so
            with suppress(PhotonctlError):
                step(engine, text)
        else:
            with pytest.raises(PhotonctlError):
                step(engine, text)

        assert held(engine, store) == before


def held(engine, store):
    if store is None:
        return engine.variables("shared.env")
    return [store.secret(name) for name in ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID")]


def unread_once(monkeypatch):
    for place, name in ((StoreSink, "record"), (EnvFileSink, "stored_for")):
        monkeypatch.setattr(place, name, failing_once(getattr(place, name)))


def failing_once(read):
    calls = []

    def fails(self, *args):
        calls.append(self)
        if len(calls) == 1:
            raise SinkError("the answer isn't one of this store")
        return read(self, *args)

    return fails
