"""What ends a registration that was begun, and what doesn't: its secret must be in every place."""

import asyncio
from contextlib import suppress

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import RefusedError
from photonctl.journal import Journal, rotation_of
from photonctl.model.ref import ResourceRef
from photonctl.rotation import rotate_signing_secret
from tests.stores.running import entered
from tests.support.engine import errors

URL = "https://bot.example.com/hook"
FILE, KEEP = "{envFile: .env, key: A}", "{exec: [./keep]}"
FAILS_ONCE = "#!/bin/sh\nif [ -e busy ]; then rm busy; exit 1; fi\ncat >> kept.json\n"


def hook(*places, more=""):
    entry = f"{{url: '{URL}', secret: [{', '.join(places)}]{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


def interrupt(engine, text, monkeypatch):
    """Die once the webhook is registered, before its secret is stored anywhere."""
    engine.apply("version: 1\nproject: {name: bot}\n")
    with monkeypatch.context() as dying, suppress(SystemExit):

        async def dies(*_):
            raise SystemExit

        dying.setattr("photonctl.kinds.webhook.registration._store", dies)
        engine.apply(text)


def busy(engine, script=FAILS_ONCE):
    (engine.folder / "keep").write_text(script)
    (engine.folder / "keep").chmod(0o755)
    (engine.folder / "busy").touch()


def live(engine):
    (project,) = engine.account.live.values()
    ((webhook_id, secrets),) = project.secrets.items()
    return webhook_id, secrets


def planned(engine, text):
    (project,) = engine.plan(text).projects
    return [(action.verb.value, action.reason.why.value) for action in project.actions]


def rotate(engine, text):
    (project,) = engine.load(text)
    return asyncio.run(
        rotate_signing_secret(engine.account, project, ResourceRef("webhook", URL), None)
    )


def adopt(engine, text, **changed):
    (project,) = engine.load(text)
    offered = replace(live(engine)[1], webhook_id="", **changed)
    ref = ResourceRef("webhook", URL)
    return asyncio.run(adopt_signing_secret(engine.account, project, ref, offered, lambda _: None))


@pytest.mark.parametrize("more", ["", ", onMissingSecret: ignore"])
@pytest.mark.parametrize("places", [(KEEP,), (FILE, KEEP)])
def test_a_command_that_was_given_the_secret_ends_the_registration(
    engine, monkeypatch, places, more
):
    text = hook(*places, more=more)
    busy(engine)
    (engine.folder / "busy").unlink()
    with monkeypatch.context() as dying, suppress(SystemExit):

        def dies(*_):
            raise SystemExit

        dying.setattr("photonctl.intents.Intents.close", dies)
        engine.apply(text)
    webhook_id, _ = live(engine)

    assert planned(engine, text) == []
    assert engine.apply(text).converged
    assert live(engine)[0] == webhook_id


def test_a_copy_to_a_command_ends_the_registration_that_it_had_failed_in(engine, monkeypatch):
    text = hook(FILE, KEEP)
    busy(engine)
    (project,) = engine.account.live.values()

    async def refuses(webhook_id):
        raise RefusedError("not now")

    with monkeypatch.context() as refusing, suppress(RefusedError):
        refusing.setattr(project, "delete_webhook", refuses)
        engine.apply(text)
    webhook_id, _ = live(engine)
    assert planned(engine, text) == [("update", "secret-elsewhere")]

    assert engine.apply(text).converged
    assert planned(engine, text) == []
    assert engine.apply(text).converged
    assert live(engine)[0] == webhook_id


@pytest.mark.parametrize("rule", ["warn", "ignore"])
@pytest.mark.parametrize("word", ["envFile", "exec", "vault", "gitlabVariable", "githubActions"])
def test_a_rotation_ends_no_registration_whose_legacy_secret_is_lost(
    engine, monkeypatch, tmp_path, word, rule
):
    with entered("vault" if word in ("envFile", "exec") else word, tmp_path, monkeypatch) as store:
        place = {"envFile": FILE, "exec": "{exec: ['true']}"}.get(word, store.sink())
        text = hook(place, more=f", onMissingSecret: {rule}")
        interrupt(engine, text, monkeypatch)
        before = live(engine)

        with pytest.raises(RefusedError, match="was interrupted before every place"):
            rotate(engine, text)
        with pytest.raises(RefusedError, match="was interrupted before every place"):
            adopt(engine, text, signing=None)

        assert live(engine) == before
        assert planned(engine, text) == [("replace", "interrupted")]


def test_an_adopted_legacy_secret_ends_the_registration(engine, monkeypatch):
    interrupt(engine, hook(FILE), monkeypatch)

    adopt(engine, hook(FILE), standard=None)

    assert planned(engine, hook(FILE)) == []


def test_a_rotation_ends_a_registration_that_is_signed_with_the_standard_secret(
    engine, monkeypatch
):
    text = hook(FILE, more=", schemaVersion: raw-inbound.v1")
    interrupt(engine, text, monkeypatch)
    (project,) = engine.account.live.values()
    ((webhook_id, row),) = project.hook_rows.items()
    project.hook_rows[webhook_id] = replace(row, schema_version="raw-inbound.v1")

    rotate(engine, text)

    assert planned(engine, text) == []


def test_a_copy_that_fails_is_said_although_a_rotation_follows(engine):
    rule = ", onMissingSecret: replace"
    engine.apply(hook(FILE, more=rule))
    webhook_id, _ = live(engine)
    (project,) = engine.account.live.values()
    Journal(engine.folder).open_intent(project.project_id, rotation_of(URL), webhook_id)
    busy(engine)
    text = hook(FILE, KEEP, more=rule)

    assert any("./keep failed" in one for one in errors(engine.apply(text)))

    assert not errors(engine.apply(text))
    assert live(engine)[0] == webhook_id
    _, secrets = live(engine)
    given = (engine.folder / "kept.json").read_text()
    assert secrets.signing.reveal() in given
    assert secrets.standard.reveal() in given
