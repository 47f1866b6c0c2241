"""What comes to a store between two steps of one run: nothing goes over it."""

import asyncio
import os
import threading
from contextlib import contextmanager

import pytest

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import Ambiguous, PhotonctlError, SinkNotWritable
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import OneTimeSecrets
from photonctl.rotation import rotate_signing_secret
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.unit.sinks.test_each_value import put

URL = "https://bot.example.com/hook"
HOOK = ResourceRef("webhook", URL)
COMMAND = "{exec: [./keep]}"
THEIRS = {
    "BOT": "somebody-elses-secret-0123",
    "BOT_STANDARD": "somebody-elses-standard-01",
    "BOT_WEBHOOK_ID": "11111111-2222-4333-8444-555555555555",
}
# The first run of the command lets somebody else in, and waits; a second one doesn't.
KEEP = """#!/bin/sh
cat > kept.json
if [ -p began ]; then echo > began; read -r _ < goes_on; rm began; fi
"""


def webhook(*places):
    secret = ", ".join(places)
    return (
        "version: 1\nproject: {name: bot}\nwebhooks:\n"
        f"- {{url: '{URL}', schemaVersion: raw-inbound.v1, secret: [{secret}]}}\n"
    )


@contextmanager
def during_the_command(folder, work):
    """Do some work on another machine while the command runs for the first time."""
    (folder / "keep").write_text(KEEP)
    (folder / "keep").chmod(0o755)
    for name in ("began", "goes_on"):
        os.mkfifo(folder / name)

    def wait():
        (folder / "began").read_text()
        try:
            work()
        finally:
            (folder / "goes_on").write_text("\n")

    other = threading.Thread(target=wait, daemon=True)
    other.start()
    yield
    other.join(timeout=60)
    assert not other.is_alive()


def secret_of(engine):
    (project,) = engine.account.live.values()
    (row,) = project.hook_rows.values()
    return project.secrets[row.id]


READABLE = ["vault", "kubernetes", "awsSecretsManager", "gitlabVariable"]


@pytest.mark.parametrize("word", READABLE)
def test_an_adoption_ends_with_no_older_secret_than_another_machine_stored(
    engine, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        place = f"{{{word}: {store.target}, key: BOT}}"
        assert not errors(engine.apply(webhook(place)))
        old, text = secret_of(engine), webhook(place, COMMAND)
        (elsewhere := tmp_path / "elsewhere").mkdir()
        other = Engine(elsewhere, engine.account)
        (elsewhere / "keep").write_text("#!/bin/sh\ncat > kept.json\n")
        (elsewhere / "keep").chmod(0o755)

        def rotate():
            (project,) = other.load(text)
            asyncio.run(rotate_signing_secret(other.account, project, HOOK, 0))

        (project,) = engine.load(text)
        given = OneTimeSecrets(webhook_id="", signing=old.signing, standard=old.standard)
        with during_the_command(engine.folder, rotate), pytest.raises(PhotonctlError):
            asyncio.run(adopt_signing_secret(engine.account, project, HOOK, given, lambda _: None))

        assert secret_of(engine).standard != old.standard
        assert store.secret("BOT_STANDARD") == secret_of(engine).standard.reveal()


def copied_from_a_file(engine, word, store):
    """Return a manifest with two more places for a secret that is in a file."""
    assert not errors(engine.apply(webhook("{envFile: .env, key: A}")))
    more = f"{{{word}: {store.target}, key: BOT}}"
    return webhook("{envFile: .env, key: A}", more, COMMAND)


@pytest.mark.parametrize("word", READABLE)
def test_a_rotation_after_a_copy_goes_over_nothing_that_came_since(
    engine, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        text = copied_from_a_file(engine, word, store)
        before = secret_of(engine)
        (project,) = engine.load(text)

        with (
            during_the_command(engine.folder, lambda: put(store, THEIRS)),
            pytest.raises(SinkNotWritable),
        ):
            asyncio.run(rotate_signing_secret(engine.account, project, HOOK, 3600))

        assert {name: store.secret(name) for name in THEIRS} == THEIRS
        assert secret_of(engine) == before


def test_a_rotation_after_a_copy_goes_over_no_file_that_changed_since(engine, tmp_path):
    text = webhook("{envFile: .env, key: A}", "{envFile: b.env, key: B}", COMMAND)
    assert not errors(engine.apply(webhook("{envFile: .env, key: A}")))
    (project,) = engine.load(text)
    there = "B=somebody-elses-secret-0123\nB_WEBHOOK_ID=1\n"

    with (
        during_the_command(engine.folder, lambda: (tmp_path / "b.env").write_text(there)),
        pytest.raises(SinkNotWritable, match="another secret than when"),
    ):
        asyncio.run(rotate_signing_secret(engine.account, project, HOOK, 3600))

    assert (tmp_path / "b.env").read_text() == there


def test_an_apply_that_copies_and_rotates_goes_over_nothing_that_came_since(
    engine, tmp_path, monkeypatch
):
    with entered("vault", tmp_path, monkeypatch) as store:
        text = copied_from_a_file(engine, "vault", store)
        (live,) = engine.account.live.values()
        (project,) = engine.load(webhook("{envFile: .env, key: A}"))
        gate, live.gate = live.gate, losing
        with pytest.raises(Ambiguous):
            asyncio.run(rotate_signing_secret(engine.account, project, HOOK, 3600))
        live.gate = gate
        (action,) = engine.plan(text).projects[0].actions
        assert [step.value for step in action.secret_steps] == ["copy", "rotate"]

        with during_the_command(engine.folder, lambda: put(store, THEIRS)):
            report = engine.apply(text)

        assert "somebody else" in " ".join(errors(report))
        assert {name: store.secret(name) for name in THEIRS} == THEIRS


def losing(name, *, is_done=False):
    """Lose the answer to a rotation that was made."""
    if name == "rotate_secret" and is_done:
        raise Ambiguous("the answer is lost")
