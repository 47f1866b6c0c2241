"""Answers that are about something else, or only half there: no secret and no webhook is lost."""

import asyncio

import pytest
from msgspec.structs import replace

from photonctl.errors import UnknownShape
from photonctl.journal import Journal, rotation_of
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.rotating import rotate_secret
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, SinkSpec
from photonctl.port import CreatedProject, UserRow, WebhookRow
from photonctl.sinks.env_file import EnvFileSink
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

BOT = SinkSpec(type="envFile", target=".env", key="BOT")

OLD, NEW = "https://bot.example.com/old", "https://bot.example.com/new"
HEAD = "version: 1\nproject: {name: bot}\n"


def hook(url, more=""):
    return f"  - {{url: {url}, secret: {{envFile: .env, key: {url[-3:].upper()}}}{more}}}\n"


class Repeating(FakeProject):
    """Behind a cache that repeats the first registration's answer, and carries out nothing."""

    async def register_webhook(self, fields):
        if not self.hook_rows:
            self.first = await super().register_webhook(fields)
        return self.first


@pytest.fixture
def cached(tmp_path):
    account = FakeAccount()
    project = account.add("bot")
    account.live[project.row.id] = found = Repeating(**vars(project))
    return Engine(tmp_path, account), found


def test_a_repeated_answer_deletes_no_other_webhook(cached):
    engine, project = cached
    text = f"{HEAD}protect: {{webhooks: ['{OLD}']}}\nwebhooks:\n{hook(OLD)}"
    assert engine.apply(text).converged

    report = engine.apply(text + hook(NEW))

    assert not report.converged
    assert [row.webhook_url for row in project.hook_rows.values()] == [OLD]
    assert "another webhook" in " ".join(errors(report))
    assert "NEW" not in engine.variables()


def test_a_repeated_answer_doesnt_delete_what_has_no_successor(cached):
    engine, project = cached
    assert engine.apply(f"{HEAD}webhooks:\n{hook(OLD)}").converged

    report = engine.apply(f"{HEAD}webhooks:\n{hook(NEW)}")

    assert not report.converged
    assert [row.webhook_url for row in project.hook_rows.values()] == [OLD]
    assert engine.variables()["OLD"]


class Halved(FakeProject):
    """Its registrations come without one of the two secrets; ``lacks`` names it."""

    async def register_webhook(self, fields):
        row, secrets = await super().register_webhook(fields)
        return row, replace(secrets, **{self.lacks: None})


@pytest.mark.parametrize(
    ("lacks", "version", "is_enough"),
    [
        ("standard", "raw-inbound.v1", False),
        ("signing", "normalized-events.v1", False),
        ("standard", "normalized-events.v1", True),
        ("signing", "raw-inbound.v1", True),
    ],
)
def test_the_secret_that_signs_must_be_among_those_that_came(tmp_path, lacks, version, is_enough):
    account = FakeAccount()
    project = account.add("bot")
    account.live[project.row.id] = found = Halved(**vars(project))
    found.lacks = lacks
    engine = Engine(tmp_path, account)

    report = engine.apply(f"{HEAD}webhooks:\n{hook(NEW, f', schemaVersion: {version}')}")

    assert report.converged is is_enough
    assert bool(found.hook_rows) is is_enough
    assert bool(engine.variables()) is is_enough


def test_a_failed_replacement_says_that_the_webhook_is_gone(tmp_path):
    account = FakeAccount()
    project = account.add("bot")
    engine = Engine(tmp_path, account)
    text = f"{HEAD}webhooks:\n{hook(NEW, ', onMissingSecret: replace')}"
    engine.apply(text)
    (tmp_path / ".env").unlink()

    def refuse(name, *, is_done=False):
        if name == "register_webhook":
            raise UnknownShape("no")

    project.gate = refuse
    (error,) = errors(engine.apply(text))

    assert error.startswith("it was deleted, and could not be registered again")


@pytest.mark.parametrize(
    "answer",
    [
        OneTimeSecrets(webhook_id="another", standard=Secret("whsec_another")),
    ],
)
def test_a_rotation_of_another_webhook_is_not_stored(tmp_path, answer):
    path = tmp_path / ".env"
    path.write_text("BOT=a\nBOT_STANDARD=whsec_old\nBOT_WEBHOOK_ID=w1\n")

    class Stale(FakeProject):
        async def rotate_secret(self, webhook_id, overlap_s=None):
            return answer, None

    project = Stale(row=FakeAccount().add("bot").row)
    journal = Journal(tmp_path)
    kept = Kept(project, journal, EnvFileSink(path, "BOT"), BOT)

    with pytest.raises(UnknownShape, match="another webhook"):
        asyncio.run(rotate_secret(kept, webhook_id="w1", key=NEW))

    assert "whsec_old" in path.read_text()
    assert journal.has_intent(project.project_id, rotation_of(NEW))


class Confused(FakeAccount):
    """Its creations are answered with the id of a project that was live before."""

    async def create_project(self, name, *, location, platforms):
        return CreatedProject(id=next(iter(self.live)))


@pytest.mark.parametrize("is_secretive", [True, False])
def test_a_creation_answered_with_another_project_leaves_that_one_alone(tmp_path, is_secretive):
    account = Confused()
    other = account.add("prod", is_secretive=is_secretive, platforms=())
    before = dict(other.user_rows), other.row.secret

    report = Engine(tmp_path, account).apply(
        "version: 1\nproject: {name: staging, platforms: [imessage]}\n"
        f"users: [{{phoneNumber: +15551230001}}]\nwebhooks:\n{hook(NEW)}"
    )

    assert not report.converged
    assert (dict(other.user_rows), other.row.secret) == before
    assert (other.hook_rows, other.enabled) == ({}, set())
    assert ("prod" in {p.row.name for p in account.live.values()}) is True
    assert (other.row.id in account.secretive) is is_secretive


class Forgetful(FakeProject):
    """Answers creations with success, and carries out nothing."""

    async def put_user(self, fields):
        phone = fields["phoneNumber"]
        return UserRow(id=f"u{phone}", type="shared", phone_number=phone)

    async def register_webhook(self, fields):
        row = WebhookRow(id="w-new", webhook_url=fields["webhookUrl"])
        return row, OneTimeSecrets(webhook_id="w-new", signing=Secret("f" * 64))


def test_nothing_is_deleted_on_a_success_that_live_state_doesnt_show(tmp_path):
    account = FakeAccount()
    project = account.add("bot")
    engine = Engine(tmp_path, account)
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001}}]\nwebhooks:\n{hook(OLD)}")
    account.live[project.row.id] = found = Forgetful(**vars(project))

    report = engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230002}}]\nwebhooks:\n{hook(NEW)}")

    assert not report.converged
    assert "+15551230001" in {row.phone_number for row in found.user_rows.values()}
    assert [row.webhook_url for row in found.hook_rows.values()] == [OLD]


def test_the_repeated_answer_to_a_registration_that_is_gone_is_refused(tmp_path):
    account = FakeAccount()
    project = account.add("bot")
    engine = Engine(tmp_path, account)
    engine.apply(f"{HEAD}webhooks:\n{hook(NEW)}")
    (gone,) = project.hook_rows.values()
    stale = gone, project.secrets[gone.id]
    engine.apply(f"{HEAD}webhooks: []\n")

    class Stale(FakeProject):
        async def register_webhook(self, fields):
            await super().register_webhook(fields)
            return stale

    account.live[project.row.id] = Stale(**vars(project))
    report = engine.apply(f"{HEAD}webhooks:\n{hook(NEW)}")

    assert not report.converged
    assert engine.variables().get("NEW_WEBHOOK_ID") == gone.id  # the old lines, not stored again
    assert "another webhook" in " ".join(errors(report))


def test_a_rotation_that_repeats_the_stored_secret_is_not_believed(tmp_path):
    path = tmp_path / ".env"
    path.write_text("BOT=a\nBOT_STANDARD=whsec_old\nBOT_WEBHOOK_ID=w1\n")

    class Stale(FakeProject):
        async def rotate_secret(self, webhook_id, overlap_s=None):
            return OneTimeSecrets(webhook_id="w1", standard=Secret("whsec_old")), None

    project, journal = Stale(row=FakeAccount().add("bot").row), Journal(tmp_path)
    kept = Kept(project, journal, EnvFileSink(path, "BOT"), BOT)

    with pytest.raises(UnknownShape, match="given before"):
        asyncio.run(rotate_secret(kept, webhook_id="w1", key=NEW))

    assert journal.has_intent(project.project_id, rotation_of(NEW))


def test_a_raised_schema_version_brings_the_secret_that_signs_from_then_on(tmp_path):
    """The webhook was registered by a server that had the legacy secret only."""
    account = FakeAccount()
    project = account.add("bot")
    engine = Engine(tmp_path, account)
    engine.apply(f"{HEAD}webhooks:\n{hook(NEW)}")
    lines = (tmp_path / ".env").read_text().splitlines()
    older = [line for line in lines if not line.startswith("NEW_STANDARD")]
    (tmp_path / ".env").write_text("\n".join([*older, ""]))

    raised = f"{HEAD}webhooks:\n{hook(NEW, ', schemaVersion: raw-inbound.v1')}"
    assert engine.apply(raised).converged

    (row,) = project.hook_rows.values()
    assert row.schema_version == "raw-inbound.v1"
    assert engine.variables()["NEW_STANDARD"] == project.secrets[row.id].standard.reveal()
    assert not engine.plan(raised).has_changes


def test_a_standard_signed_webhook_without_its_standard_secret_is_reported(tmp_path):
    account = FakeAccount()
    account.add("bot")
    engine = Engine(tmp_path, account)
    raised = f"{HEAD}webhooks:\n{hook(NEW, ', schemaVersion: raw-inbound.v1')}"
    engine.apply(raised)
    lines = (tmp_path / ".env").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("NEW_STANDARD")]
    (tmp_path / ".env").write_text("\n".join([*kept, ""]))

    (project,) = engine.plan(raised).projects

    assert any("holds the legacy secret only" in warning for warning in project.warnings)


def test_a_rotation_that_repeats_an_older_secret_is_not_believed(tmp_path):
    """A cache that answers with the first rotation: what it gave isn't valid any more."""
    path = tmp_path / ".env"
    path.write_text("BOT=a\nBOT_STANDARD=whsec_0\nBOT_WEBHOOK_ID=w1\n")
    answers = iter(["whsec_1", "whsec_2", "whsec_1"])

    class Stale(FakeProject):
        async def rotate_secret(self, webhook_id, overlap_s=None):
            return OneTimeSecrets(webhook_id="w1", standard=Secret(next(answers))), None

    project, journal = Stale(row=FakeAccount().add("bot").row), Journal(tmp_path)
    kept = Kept(project, journal, EnvFileSink(path, "BOT"), BOT)
    for _ in range(2):
        asyncio.run(rotate_secret(kept, webhook_id="w1", key=NEW))

    with pytest.raises(UnknownShape, match="given before"):
        asyncio.run(rotate_secret(kept, webhook_id="w1", key=NEW))
    assert "whsec_2" in path.read_text()
    assert journal.has_intent(project.project_id, rotation_of(NEW))
