"""What was begun long ago says nothing of a webhook that somebody registered since."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from msgspec.structs import replace

from photonctl.journal import Journal, rotation_of
from photonctl.model.held import REGISTRATION, ROTATION, Intent, about
from photonctl.model.plan import Verb
from photonctl.model.spec import Origin, SinkSpec
from photonctl.sinks import open_sink
from tests.stores.running import running
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount, FakeProject

URL = "https://bot.example.com/hook"
OURS, MUCH_LATER, MUCH_EARLIER = timedelta(minutes=5), timedelta(days=3), timedelta(days=-3)
BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)


@pytest.fixture
def vault(tmp_path, monkeypatch):
    with running("vault", tmp_path) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield store


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount()
    account.add("bot")
    return Engine(tmp_path, account)


class Overtaken(FakeProject):
    """Somebody registers the URL right before we do."""

    is_overtaken = False

    async def register_webhook(self, fields):
        if not self.is_overtaken:
            self.is_overtaken = True
            await super().register_webhook(fields)
        return await super().register_webhook(fields)


def hook(secret, more=""):
    entry = f"{{url: '{URL}', secret: {secret}, onMissingSecret: ignore{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


def registered(engine, after):
    """Register the webhook by hand, some time after the step was begun."""
    (project,) = engine.account.live.values()
    row, _ = asyncio.run(project.register_webhook({"webhookUrl": URL}))
    at = (BEGUN + after).isoformat()
    project.hook_rows[row.id] = replace(row, created_at=at)
    return project


def begin_in_journal(engine, project_id, step):
    key = URL if step == REGISTRATION else rotation_of(URL)
    Journal(engine.folder).open_intent(project_id, key)
    (path,) = (engine.folder / ".photonctl" / "intents").iterdir()
    os.utime(path, (BEGUN.timestamp(), BEGUN.timestamp()))


def begin_in_vault(engine, project_id, step):
    origin = Origin(host=engine.account.host, project_id=project_id)
    intent = Intent(step=step, origin=origin, at=BEGUN, run="ci:1", about=about(URL))
    spec = SinkSpec(type="vault", target="secret/bot", key="BOT")
    open_sink(spec, engine.folder).open_intent(intent)


PLACES = {
    "{envFile: .env, key: BOT}": begin_in_journal,
    "{exec: ['true']}": begin_in_journal,
    "{vault: secret/bot, key: BOT}": begin_in_vault,
}


@pytest.mark.parametrize("secret", PLACES)
@pytest.mark.parametrize("step", [REGISTRATION, ROTATION])
@pytest.mark.parametrize(("after", "is_ours"), [(OURS, True), (MUCH_LATER, False)])
def test_a_step_is_of_the_webhook_that_was_registered_by_it(
    engine, vault, secret, step, after, is_ours
):
    project = registered(engine, after)
    PLACES[secret](engine, project.project_id, step)

    actions = engine.plan(hook(secret)).projects[0].actions

    verb = Verb.REPLACE if step == REGISTRATION else Verb.UPDATE
    assert [action.verb for action in actions] == ([verb] if is_ours else [])


@pytest.mark.parametrize("secret", PLACES)
@pytest.mark.parametrize(("step", "is_ours"), [(REGISTRATION, False), (ROTATION, True)])
def test_a_webhook_is_never_older_than_its_registration(engine, vault, secret, step, is_ours):
    project = registered(engine, MUCH_EARLIER)
    PLACES[secret](engine, project.project_id, step)

    actions = engine.plan(hook(secret)).projects[0].actions

    assert [action.verb for action in actions] == ([Verb.UPDATE] if is_ours else [])


@pytest.mark.parametrize("secret", PLACES)
def test_a_conflict_long_after_a_registration_was_begun_is_with_somebody_elses(
    engine, vault, secret
):
    (before,) = engine.account.live.values()
    project = engine.account.live[before.row.id] = Overtaken(**vars(before))
    PLACES[secret](engine, project.project_id, REGISTRATION)

    report = engine.apply(hook(secret))

    assert not report.converged
    assert [row.webhook_url for row in project.hook_rows.values()] == [URL]


@pytest.mark.parametrize("at", [1e12, -1e12])
def test_an_intent_with_a_time_that_no_clock_has_is_open(tmp_path, at):
    memory = Path("/dev/shm")  # a file system that takes any time, if there is one
    where = memory if os.access(memory, os.W_OK) else tmp_path
    with TemporaryDirectory(dir=where) as folder:
        journal = Journal(Path(folder))
        journal.open_intent("p1", URL)
        (path,) = Path(folder).glob(".photonctl/intents/*")
        os.utime(path, (at, at))

        assert journal.has_intent("p1", URL)


@pytest.mark.parametrize("secret", ["{envFile: .env, key: BOT}", "{vault: secret/bot, key: BOT}"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_a_rotation_is_of_the_webhook_whose_id_it_notes_whatever_the_clocks_say(
    engine, vault, secret, is_ours
):
    project = registered(engine, MUCH_LATER)
    (row,) = project.hook_rows.values()
    webhook_id = row.id if is_ours else "another"
    if "vault" in secret:
        origin = Origin(host=engine.account.host, project_id=project.project_id)
        intent = Intent(step=ROTATION, origin=origin, at=BEGUN, run="ci:1", about=about(URL),
                        webhook_id=webhook_id)  # fmt: skip
        spec = SinkSpec(type="vault", target="secret/bot", key="BOT")
        open_sink(spec, engine.folder).open_intent(intent)
    else:
        key = rotation_of(URL)
        Journal(engine.folder).open_intent(project.project_id, key, webhook_id)

    actions = engine.plan(hook(secret)).projects[0].actions

    assert [action.verb for action in actions] == ([Verb.UPDATE] if is_ours else [])
