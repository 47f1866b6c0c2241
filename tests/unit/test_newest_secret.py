"""Of the secrets that were stored for a webhook, only the last one counts, wherever it went."""

import asyncio
import json

import pytest

from photonctl.journal import Journal
from photonctl.model.plan import SecretStep
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.model.state import Stored
from photonctl.registered import _KEPT_LINES
from photonctl.rotation import adopt_signing_secret, rotate_signing_secret
from tests.stores.running import running
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

URL = "https://bot.example.com/hook"
RAW = ", schemaVersion: raw-inbound.v1"
FILE, OTHER_FILE = "{envFile: .env, key: A}", "{envFile: b.env, key: A}"


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount()
    account.add("bot")
    for name in ("keep", "hold"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\ncat > {name}.json\n")
        path.chmod(0o755)
    return Engine(tmp_path, account)


@pytest.fixture(autouse=True)
def vault(tmp_path, monkeypatch):
    with running("vault", tmp_path) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield store


def hook(secret, more=RAW):
    entry = f"{{url: '{URL}', secret: {secret}{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


def rotate(engine, text):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", URL)
    asyncio.run(rotate_signing_secret(engine.account, project, ref, 0))


def live(engine):
    (project,) = engine.account.live.values()
    (secrets,) = project.secrets.values()
    return secrets.standard.reveal()


def held(engine, vault, place):
    if "exec" in place:
        return json.loads((engine.folder / "keep.json").read_text())["standardSigningSecret"]
    if "vault" in place:
        return vault.secret("BOT_STANDARD")
    return engine.variables("b.env" if "b.env" in place else ".env").get("A_STANDARD")


PLACES = ["{exec: [./keep]}", OTHER_FILE, "{vault: secret/bot, key: BOT}"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_put_back_after_a_rotation_gets_the_new_secret(engine, vault, place):
    both = hook(f"[{FILE}, {place}]")
    assert engine.apply(both).converged
    rotate(engine, hook(FILE))

    (action,) = engine.plan(both).projects[0].actions
    assert action.secret_steps == (SecretStep.COPY,)
    assert engine.apply(both).converged

    assert held(engine, vault, place) == live(engine)
    assert engine.plan(both).projects[0].actions == ()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("other", [FILE, "{exec: [./hold]}", "{vault: secret/bot, key: BOT2}"])
def test_a_single_place_that_is_put_back_has_lost_the_secret(engine, vault, place, other):
    assert engine.apply(hook(place)).converged
    assert engine.apply(hook(other, f"{RAW}, onMissingSecret: rotate")).converged

    back = engine.plan(hook(place, f"{RAW}, onMissingSecret: fail")).projects[0]
    assert any("doesn't hold the secret that photonctl stored last" in r.message
               for r in back.refusals)  # fmt: skip

    assert engine.apply(hook(place, f"{RAW}, onMissingSecret: rotate")).converged
    assert held(engine, vault, place) == live(engine)


def test_a_secret_that_nobody_vouches_for_isnt_written_over_by_a_copy(engine):
    """It may be a newer one, of another machine."""
    both = hook(f"[{FILE}, {OTHER_FILE}]")
    assert engine.apply(both).converged
    lines = (engine.folder / "b.env").read_text().replace("whsec_", "whsec_bmV3ZXI")
    (engine.folder / "b.env").write_text(lines)

    plan = engine.plan(both).projects[0]

    assert plan.actions == ()
    assert any("stored last" in text for text in plan.warnings)


def test_a_secret_that_was_changed_by_hand_counts_once_it_is_adopted(engine):
    assert engine.apply(hook(FILE)).converged
    newer = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")
    path = engine.folder / ".env"
    path.write_text(path.read_text().replace(live(engine), newer.reveal()))
    assert any("webhook adopt" in text for text in engine.plan(hook(FILE)).projects[0].warnings)

    (project,) = engine.load(hook(FILE))
    offered = OneTimeSecrets(webhook_id="", standard=newer)
    ref, check = ResourceRef("webhook", URL), lambda _: None
    asyncio.run(adopt_signing_secret(engine.account, project, ref, offered, check))

    assert engine.plan(hook(FILE)).projects[0].warnings == ()


def test_a_rotated_secret_under_another_key_is_copied(engine):
    assert engine.apply(hook("{exec: ['true']}")).converged
    assert engine.apply(hook(FILE, f"{RAW}, onMissingSecret: rotate")).converged
    renamed = hook("{envFile: .env, key: NEW}", f"{RAW}, onMissingSecret: replace")

    (action,) = engine.plan(renamed).projects[0].actions

    assert action.secret_steps == (SecretStep.COPY,)


# The notes


PLACE = SinkSpec(type="exec", target="./keep", key="K")


def given(webhook_id, standard, signing="s" * 64):
    return OneTimeSecrets(
        webhook_id=webhook_id,
        signing=Secret(signing) if signing else None,
        standard=Secret(standard),
    )


def test_a_long_note_is_shortened_and_goes_on_saying_what_counts(tmp_path):
    journal = Journal(tmp_path)
    journal.note_asked("p1", URL)
    journal.note_stored("p1", URL, given("w1", "whsec_first"), [PLACE])
    rotations = [f"whsec_{n}" for n in range(3 * _KEPT_LINES)]
    for standard in rotations:
        journal.note_stored("p1", URL, given("w1", standard, signing=None), [PLACE])

    (path,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    assert path.stat().st_size < 2**19
    assert journal.stored("p1", URL, "w1", PLACE) is Stored.ALL
    assert journal.stored("p1", URL, "w2", PLACE) is Stored.NOTHING
    assert journal.newest("p1", URL, "w1").digest == Secret(rotations[-1]).digest()


def test_folders_that_share_a_journal_have_commands_of_their_own(tmp_path):
    one, two = (Journal(tmp_path / name, tmp_path / "state") for name in ("one", "two"))
    one.note_stored("p1", URL, given("w1", "whsec_first"), [PLACE])

    assert one.stored("p1", URL, "w1", PLACE) is Stored.ALL
    assert two.stored("p1", URL, "w1", PLACE) is Stored.NOTHING


@pytest.mark.parametrize("line", ["w1 stored", "w1 stored x signing", "w1 stored x standard d"])
def test_a_line_that_a_crash_has_cut_says_nothing(tmp_path, line):
    journal = Journal(tmp_path)
    journal.note_asked("p1", URL)
    (path,) = (tmp_path / ".photonctl" / "registered").glob("??/*")
    with path.open("a") as note:
        note.write(f"\n{line}")
    journal.note_registered("p1", URL, "w2")

    assert journal.stored("p1", URL, "w1", PLACE) is Stored.NOTHING
    assert journal.newest("p1", URL, "w1") is None
