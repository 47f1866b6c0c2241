"""A proxy or a server whose answers don't say what was done: nothing is lost or deleted for it."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from photonctl.errors import Ambiguous, Conflict, NotFound, Rejected, Unauthorized
from photonctl.journal import Journal
from photonctl.model.plan import Verb
from photonctl.model.reason import Why
from photonctl.model.ref import ResourceRef
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets
from photonctl.port import SessionUser, UserRow
from photonctl.rotation import rotate_signing_secret
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

HEAD = "version: 1\nproject: {name: bot}\n"
URL = "https://bot.example.com/hook"
OTHER = "https://bot.example.com/other"


def hooks(*urls, more=""):
    entries = (
        f"{{url: '{u}', secret: {{envFile: .env, key: {u[-4:].upper()}}}{more}}}" for u in urls
    )
    return f"{HEAD}webhooks: [{', '.join(entries)}]\n"


@pytest.fixture
def lying(tmp_path):
    """Return what makes an engine whose project is of another class."""

    def make(kind):
        account = FakeAccount()
        row = account.add("bot").row
        project = account.live[row.id]
        account.live[row.id] = found = kind(**vars(project))
        return Engine(tmp_path, account), found

    return make


def has_intent(engine, project, url=URL):
    return Journal(engine.folder).has_intent(project.project_id, url)


@pytest.mark.parametrize(
    "refusal",
    [
        Rejected("no", status=422),
        Unauthorized("no"),
        Ambiguous("POST: Busy (status 503)"),
    ],
)
def test_a_registration_that_was_done_and_refused_is_known_to_be_lost(lying, refusal):
    class Denying(FakeProject):
        async def register_webhook(self, fields):
            await super().register_webhook(fields)
            raise refusal

        async def delete_webhook(self, webhook_id):
            return False

    engine, project = lying(Denying)

    report = engine.apply(hooks(URL))

    assert not report.converged
    assert has_intent(engine, project)
    (action,) = engine.plan(hooks(URL)).projects[0].actions
    assert action.verb is Verb.REPLACE


def test_a_refused_registration_leaves_nothing_behind(lying):
    class Refusing(FakeProject):
        async def register_webhook(self, fields):
            raise Rejected("no", status=422)

    engine, project = lying(Refusing)
    engine.apply(hooks(URL))

    assert not has_intent(engine, project)


@pytest.mark.parametrize("answer", [False, True])
def test_a_webhook_that_is_still_listed_wasnt_taken_back(lying, answer):
    class Keeping(FakeProject):
        async def delete_webhook(self, webhook_id):
            return answer

    engine, project = lying(Keeping)
    text = f"{HEAD}webhooks: [{{url: '{URL}', secret: {{exec: ['false']}}}}]\n"

    report = engine.apply(text)

    assert "still listed" in " ".join(errors(report))
    assert has_intent(engine, project)


def test_a_replacement_whose_delete_did_nothing_stays_to_be_done(lying):
    class Keeping(FakeProject):
        async def delete_webhook(self, webhook_id):
            return False

    engine, project = lying(Keeping)
    engine.apply(hooks(URL))
    (engine.folder / ".env").unlink()
    Journal(engine.folder).open_intent(project.project_id, URL)

    assert not engine.apply(hooks(URL)).converged
    assert has_intent(engine, project)


def test_a_webhook_that_somebody_else_registered_isnt_reported_as_created(lying):
    class Racing(FakeProject):
        async def register_webhook(self, fields):
            await FakeProject.register_webhook(self, fields)
            return await FakeProject.register_webhook(self, fields)

    engine, project = lying(Racing)
    report = engine.apply(hooks(URL))

    assert report.has_failures
    assert "is registered already" in " ".join(errors(report))
    assert not has_intent(engine, project)


def test_a_user_who_was_live_before_is_nobodys_successor(lying):
    class Renaming(FakeProject):
        async def put_user(self, fields):
            old = next(row for row in self.user_rows.values() if not row.is_owner)
            return replace(old, phone_number=fields["phoneNumber"])

    engine, project = lying(FakeProject)
    engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230001}}]\n")
    project.__class__ = Renaming

    assert not engine.apply(f"{HEAD}users: [{{phoneNumber: +15551230002}}]\n").converged
    assert "+15551230001" in {row.phone_number for row in project.user_rows.values()}


def test_a_change_that_is_answered_with_another_webhook_makes_no_successor(lying):
    class Swapping(FakeProject):
        async def register_webhook(self, fields):
            row = replace(next(iter(self.hook_rows.values())), id="w-new")
            secrets = OneTimeSecrets(webhook_id="w-new", signing=Secret("a" * 64))
            return replace(row, webhook_url=fields["webhookUrl"]), secrets

        async def update_webhook(self, webhook_id, fields):
            return next(iter(self.hook_rows.values()))

    engine, project = lying(FakeProject)
    engine.apply(hooks(URL))
    project.__class__ = Swapping

    assert not engine.apply(hooks(OTHER, more=", enabled: false")).converged
    assert [row.webhook_url for row in project.hook_rows.values()] == [URL]


def test_a_session_that_is_nobodys_here_makes_the_owner_unknown(lying):
    class Unmarked(FakeProject):
        async def users(self):
            rows = await super().users()
            return tuple(replace(row, is_owner=False) for row in rows)

        async def session(self):
            return SessionUser(id="x", email="teammate@example.com")

    engine, _ = lying(Unmarked)
    plan = engine.plan(f"{HEAD}users: []\n").projects[0]

    assert any("owner" in text for text in plan.warnings)


@pytest.mark.parametrize("owns", [True, False, None])
def test_the_session_of_a_mere_member_makes_the_owner_unknown(lying, owns):
    member = UserRow(id="m", type="shared", phone_number="+15550000077")
    owner = UserRow(id="o", type="shared", phone_number="+15550000078")

    class Unmarked(FakeProject):
        async def users(self):
            return (member, owner)

        async def session(self):
            return SessionUser(id="x", phone_number=member.phone_number, owns_project=owns)

    engine, _ = lying(Unmarked)
    plan = engine.plan(f"{HEAD}users: []\n").projects[0]

    assert [action.key for action in plan.actions] == ["+15550000078"]
    assert any("owner" in text for text in plan.warnings) == (owns is False)


def test_a_registration_with_an_id_whose_secret_is_stored_is_refused(lying):
    class Mixing(FakeProject):
        async def register_webhook(self, fields):
            row, secrets = await super().register_webhook(fields)
            del self.hook_rows[row.id]
            return replace(row, id="w-beta"), replace(secrets, webhook_id="w-beta")

    engine, _ = lying(Mixing)
    (engine.folder / ".env").write_text("BETA=s\nBETA_WEBHOOK_ID=w-beta\n")

    assert not engine.apply(hooks(URL)).converged
    assert engine.variables() == {"BETA": "s", "BETA_WEBHOOK_ID": "w-beta"}


def test_a_protected_webhook_isnt_deleted_after_a_lost_answer(lying):
    class Losing(FakeProject):
        async def register_webhook(self, fields):
            if not self.hook_rows:
                await super().register_webhook(fields)
            raise Ambiguous("lost")

    engine, project = lying(Losing)
    text = hooks(URL) + f"protect: {{webhooks: ['{URL}']}}\n"

    assert not engine.apply(text).converged
    assert [row.webhook_url for row in project.hook_rows.values()] == [URL]
    assert has_intent(engine, project)


def exec_hook(more=""):
    return f"{HEAD}webhooks: [{{url: '{URL}', secret: {{exec: ['true']}}{more}}}]\n"


def note_stored(engine, project, text, webhook_id):
    """Note what adopting the secret notes."""
    (desired,) = engine.load(text)
    places = desired.resources["webhook"][URL].secret.sink.places
    secrets = OneTimeSecrets(webhook_id=webhook_id, signing=Secret("s" * 64))
    Journal(engine.folder).note_stored(project.project_id, URL, secrets, places)


class Conflicting(FakeProject):
    """Carries a registration out, and a proxy answers 409 as long as ``lies``."""

    lies = True

    async def register_webhook(self, fields):
        answer = await super().register_webhook(fields)
        if self.lies:
            raise Conflict("exists", status=409)
        return answer


def test_a_conflict_that_was_made_up_loses_no_secret_unnoticed(lying):
    engine, project = lying(Conflicting)

    assert not engine.apply(exec_hook()).converged
    plan = engine.plan(exec_hook()).projects[0]
    assert any("its secret is missing" in text for text in plan.warnings)

    project.lies = False
    assert engine.apply(exec_hook(", onMissingSecret: replace")).converged
    plan = engine.plan(exec_hook()).projects[0]
    assert (plan.actions, plan.warnings) == ((), ())


@pytest.mark.parametrize("status", [400, 408, 413, 422, 409])
def test_a_refusal_that_was_made_up_before_a_late_list_loses_no_secret_unnoticed(lying, status):
    class Denying(FakeProject):
        is_late = True

        async def register_webhook(self, fields):
            await super().register_webhook(fields)
            raise Rejected("no", status=status)

        async def webhooks(self):
            return () if self.is_late else await super().webhooks()

    engine, project = lying(Denying)

    assert not engine.apply(exec_hook()).converged
    project.is_late = False
    plan = engine.plan(exec_hook()).projects[0]
    assert any("its secret is missing" in text for text in plan.warnings)


@pytest.mark.parametrize("says_deleted", [False, True])
def test_a_secret_that_couldnt_be_stored_is_known_to_be_lost_when_a_list_is_late(
    lying, says_deleted
):
    class Late(FakeProject):
        is_late = True

        async def webhooks(self):
            return () if self.is_late else await super().webhooks()

        async def delete_webhook(self, webhook_id):
            return says_deleted if self.is_late else await super().delete_webhook(webhook_id)

    engine, project = lying(Late)
    failing = exec_hook().replace("'true'", "'false'")

    assert not engine.apply(failing).converged
    project.is_late = False
    (action,) = engine.plan(failing).projects[0].actions
    assert action.verb is Verb.REPLACE


def test_an_intent_that_was_forgotten_while_the_list_was_late_leaves_a_note(lying):
    class Dying(FakeProject):
        is_late = True

        async def register_webhook(self, fields):
            await super().register_webhook(fields)
            raise KeyboardInterrupt

        async def webhooks(self):
            return () if self.is_late else await super().webhooks()

    engine, project = lying(Dying)
    with pytest.raises(KeyboardInterrupt):
        engine.apply(exec_hook())
    engine.apply(f"{HEAD}webhooks: []\n")  # another manifest of this project

    project.is_late = False
    plan = engine.plan(exec_hook()).projects[0]
    assert any("its secret is missing" in text for text in plan.warnings)


def test_a_lost_rotation_isnt_forgotten_while_the_list_is_late(lying):
    class Lossy(FakeProject):
        is_late = loses = False

        async def webhooks(self):
            return () if self.is_late else await super().webhooks()

        async def rotate_secret(self, webhook_id, overlap_s=None):
            answer = await super().rotate_secret(webhook_id, overlap_s)
            if self.loses:
                raise Ambiguous("lost")
            return answer

    engine, project = lying(Lossy)
    hook = f"{{url: '{URL}', secret: {{envFile: .env, key: A}}}}"
    engine.apply(f"{HEAD}webhooks: [{hook}]\n")
    (desired,) = engine.load(f"{HEAD}webhooks: [{hook}]\n")
    project.loses = True
    with pytest.raises(Ambiguous):
        asyncio.run(
            rotate_signing_secret(engine.account, desired, ResourceRef("webhook", URL), None)
        )

    project.loses, project.is_late = False, True
    engine.apply(f"{HEAD}webhooks: []\n")  # another manifest of this project
    project.is_late = False
    plan = engine.plan(f"{HEAD}webhooks: [{hook}]\n").projects[0]

    assert [action.reason.why for action in plan.actions] == [Why.ROTATION_INTERRUPTED]


def test_nothing_is_taken_back_by_an_id_that_only_one_answer_gave(lying):
    """The answer to a registration gives a healthy webhook's id, and no secret."""

    class Mixing(FakeProject):
        healthy = None
        hides = True

        async def webhooks(self):
            return () if self.hides else await super().webhooks()

        async def register_webhook(self, fields):
            self.hides = False
            row = replace(self.healthy, webhook_url=fields["webhookUrl"])
            return row, OneTimeSecrets(webhook_id=row.id)

    engine, project = lying(Mixing)
    healthy, _ = asyncio.run(FakeProject.register_webhook(project, {"webhookUrl": OTHER}))
    project.healthy = healthy

    report = engine.apply(hooks(URL))

    assert "another webhook" in " ".join(errors(report))
    assert [row.id for row in project.hook_rows.values()] == [healthy.id]
    assert has_intent(engine, project)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [("*Bot.example.com/*", "https://Bot.example.com/hook"), ("*:443/*", f"{URL[:23]}:443/hook")],
)
def test_protect_means_a_url_as_it_is_spelled_too(lying, pattern, url):
    class Overtaken(FakeProject):
        count = 0

        async def register_webhook(self, fields):
            self.count += 1
            answer = await super().register_webhook(fields)
            if self.count == 1:  # somebody else's
                raise Ambiguous("lost")
            return answer

    engine, project = lying(Overtaken)
    hook = f"{{url: '{url}', secret: {{envFile: .env, key: A}}}}"

    report = engine.apply(f"{HEAD}protect: {{webhooks: ['{pattern}']}}\nwebhooks: [{hook}]\n")

    assert "protect keeps it" in " ".join(errors(report))
    assert len(project.hook_rows) == 1


@pytest.mark.parametrize(
    "refusal",
    [Conflict("wait", status=409), Rejected("no", status=400), Rejected("no", status=200)],
)
def test_a_refused_list_doesnt_close_a_rotation_that_answered_404(lying, refusal):
    class Losing(FakeProject):
        is_lost = False

        async def rotate_secret(self, webhook_id, overlap_s=None):
            await super().rotate_secret(webhook_id, overlap_s)
            self.is_lost = True
            raise NotFound("no", status=404)

        async def webhooks(self):
            if self.is_lost:
                raise refusal
            return await super().webhooks()

    engine, project = lying(Losing)
    hook = f"{HEAD}webhooks: [{{url: '{URL}', secret: {{envFile: .env, key: A}}}}]\n"
    engine.apply(hook)
    (desired,) = engine.load(hook)

    with pytest.raises(Ambiguous, match="there may be a new secret"):
        asyncio.run(rotate_signing_secret(engine.account, desired, ResourceRef("webhook", URL), 0))

    project.is_lost = False
    (action,) = engine.plan(hook).projects[0].actions
    assert action.reason.why is Why.ROTATION_INTERRUPTED


@pytest.mark.parametrize("sink", ["{exec: ['true']}", "{envFile: .env, key: A}"])
def test_a_conflict_is_reported_also_where_missing_secrets_are_ignored(lying, sink):
    engine, project = lying(Conflicting)
    text = f"{HEAD}webhooks: [{{url: '{URL}', secret: {sink}, onMissingSecret: ignore}}]\n"

    engine.apply(text)
    (warning,) = engine.plan(text).projects[0].warnings
    assert "never got its secret" in warning

    (webhook_id,) = project.hook_rows
    note_stored(engine, project, text, webhook_id)
    assert engine.plan(text).projects[0].warnings == ()


def test_a_webhook_that_a_conflict_was_with_is_ours_once_it_is_adopted(lying):
    engine, project = lying(Conflicting)
    engine.apply(exec_hook())
    (webhook_id,) = project.hook_rows

    note_stored(engine, project, exec_hook(), webhook_id)

    plan = engine.plan(exec_hook()).projects[0]
    assert (plan.actions, plan.warnings) == ((), ())


def test_a_registration_elsewhere_is_seen_where_the_sink_cant_be_asked(lying):
    engine, project = lying(FakeProject)
    engine.apply(exec_hook())
    (old,) = project.hook_rows.values()
    project.hook_rows = {"w-new": replace(old, id="w-new")}

    plan = engine.plan(exec_hook()).projects[0]

    assert any("somebody else" in text for text in plan.warnings)


def test_a_registration_by_hand_after_ours_was_deleted_is_seen_too(lying):
    """The command holds only the secret of the one that is gone."""
    engine, project = lying(FakeProject)
    engine.apply(exec_hook())
    (old,) = project.hook_rows.values()
    engine.apply(f"{HEAD}limits: false\nwebhooks: []\n")
    project.hook_rows = {"w-new": replace(old, id="w-new")}

    plan = engine.plan(exec_hook()).projects[0]

    assert any("somebody else" in text for text in plan.warnings)


def test_a_raised_schema_version_rotates_where_the_sink_cant_be_asked(lying):
    engine, _ = lying(FakeProject)
    engine.apply(exec_hook())

    (action,) = engine.plan(exec_hook(", schemaVersion: raw-inbound.v1")).projects[0].actions

    assert [step.name for step in action.secret_steps] == ["ROTATE"]


def test_our_registration_under_quite_another_url_isnt_the_declared_one(lying):
    engine, project = lying(FakeProject)
    engine.apply(hooks(URL))
    (row,) = project.hook_rows.values()
    project.hook_rows[row.id] = replace(row, webhook_url="https://evil.example.net/steal")

    actions = engine.plan(hooks(URL)).projects[0].actions

    assert {action.verb for action in actions} == {Verb.CREATE, Verb.DELETE}


def test_a_webhook_that_a_repeated_answer_is_about_stays(lying):
    """A cache repeats the list as it was, and what another tool was answered ten minutes ago."""

    class Cache(FakeProject):
        repeats = None

        async def webhooks(self):
            if self.repeats is not None:
                return ()
            return await super().webhooks()

        async def register_webhook(self, fields):
            answer, self.repeats = self.repeats, None
            return answer

    engine, project = lying(Cache)
    row, secrets = project._register({"webhookUrl": URL})
    row = replace(row, created_at=(engine.clock.now() - timedelta(minutes=10)).isoformat())
    project.hook_rows[row.id] = row
    project.repeats = row, secrets
    fails = "[{envFile: .env, key: K}, {exec: ['false']}]"

    report = engine.apply(
        f"version: 1\nproject: {{name: bot}}\nwebhooks: [{{url: '{URL}', secret: {fails}}}]\n"
    )

    assert errors(report)
    assert list(project.hook_rows) == [row.id]


@pytest.mark.parametrize("error", [NotFound("gone", status=404), Unauthorized("wrong pair")])
def test_credentials_that_photon_doesnt_accept_arent_stored(lying, error):
    class Refusing(FakeProject):
        async def webhooks(self):
            if "slack" in self.enabled:  # not when it is planned
                raise error
            return await super().webhooks()

        async def prove(self):
            await self.webhooks()

    engine, _ = lying(Refusing)
    more = "credentials: {envFile: .env}, platforms: [imessage, slack]"
    text = f"version: 1\nproject: {{name: bot, {more}}}\n"

    report = engine.apply(text)

    assert not report.converged
    assert engine.variables() == {}
    with pytest.raises(type(error)):
        engine.plan(text)


def test_a_secret_that_was_regenerated_is_known_to_be_stored_nowhere(lying):
    engine, project = lying(FakeProject)
    text = "version: 1\nproject: {name: bot, credentials: {envFile: .env}}\n"
    engine.apply(text)
    assert engine.plan(text).projects[0].warnings == ()

    project.row = replace(project.row, secret=Secret("regenerated-elsewhere"))
    (warning,) = engine.plan(text).projects[0].warnings
    assert warning.startswith(".env holds another secret")

    engine.apply(text)
    assert engine.plan(text).projects[0].warnings == ()


def test_an_answer_about_a_webhook_whose_secret_is_stored_deletes_nothing(lying):
    class Hiding(FakeProject):
        async def webhooks(self):
            return tuple(r for r in await super().webhooks() if r.webhook_url != OTHER)

        async def register_webhook(self, fields):
            row, secrets = await super().register_webhook(fields)
            kept = next(r for r in self.hook_rows.values() if r.webhook_url == OTHER)
            return replace(row, id=kept.id), replace(secrets, webhook_id=kept.id)

    engine, project = lying(FakeProject)
    engine.apply(hooks(OTHER))
    (engine.folder / ".photonctl").rename(engine.folder / "lost")
    project.__class__ = Hiding

    assert not engine.apply(hooks(URL)).converged
    assert OTHER in [row.webhook_url for row in project.hook_rows.values()]
    assert has_intent(engine, project)


def test_a_webhook_that_is_said_to_be_gone_and_is_listed_isnt_noted_as_deleted(lying):
    class Keeping(FakeProject):
        async def delete_webhook(self, webhook_id):
            return False

    engine, project = lying(FakeProject)
    engine.apply(hooks(URL))
    (row,) = project.hook_rows.values()
    project.__class__ = Keeping

    report = engine.apply(f"{HEAD}webhooks: []\n")

    assert "still lists it" in " ".join(errors(report))
    assert row.id not in Journal(engine.folder).all_deleted()


@pytest.mark.parametrize("part", ["signing", "standard"])
def test_a_registration_that_repeats_a_secret_isnt_kept(lying, part):
    class Repeating(FakeProject):
        async def register_webhook(self, fields):
            row, secrets = await super().register_webhook(fields)
            return row, replace(secrets, **{part: Secret(f"repeated-{part}-0123456789")})

    engine, project = lying(Repeating)
    engine.apply(hooks(URL))
    (engine.folder / ".env").unlink()

    report = engine.apply(hooks(URL, more=", onMissingSecret: replace"))

    assert "repeats a secret" in " ".join(errors(report))
    assert project.hook_rows == {}
    assert "repeated" not in " ".join(engine.variables().values())
