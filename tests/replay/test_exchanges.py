"""Every exchange that photonctl makes with Photon, recorded from each API generation."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from photonctl.api.account import Account
from photonctl.api.auth import ProjectPair
from photonctl.api.sign_in import LoginHooks, sign_in
from photonctl.errors import (
    Ambiguous,
    ApiError,
    Conflict,
    NotOffered,
    Rejected,
    ServerFailed,
    TokenRejected,
    Unauthorized,
)
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.secret import Secret
from photonctl.session import Session
from tests.replay.conftest import RECORD
from tests.support.clock import FakeClock

NAME = "cassette-bot"
TEAM = f"""\
version: 1
project: {{name: {NAME}, platforms: [imessage], profile: {{firstName: Cass}}}}
users:
  - {{phoneNumber: +15551234567, firstName: Ada}}
  - {{phoneNumber: +15557654321, firstName: Bob}}
webhooks:
  - {{url: https://bot.example.com/hook, secret: {{envFile: .env, key: BOT}}}}
"""


def desired(text, folder):
    manifest = Source(name=str(folder / "photon.yaml"), data=text.encode())
    return load([manifest], Trust()).projects


def in_session(access, work):
    """Do something in a session of its own."""

    async def run():
        async with Session(access, clock=FakeClock()) as session:
            return await work(session)

    return asyncio.run(run())


def planned(manifest, access):
    return in_session(access, lambda session: session.plan(manifest, asks_account=False))


def applied(manifest, access):
    return in_session(access, lambda session: session.apply(manifest))


def destroyed(manifest, access):
    return in_session(access, lambda session: session.destroy(manifest, project_too=True))


@asynccontextmanager
async def project(access, platforms=("imessage",)):
    """A project for one test; deleted afterwards."""
    async with Account(access) as account:
        created = await account._routes().create_project(NAME, location=None, platforms=platforms)
        api = await account.open_created(created, NAME)
        try:
            yield api
        finally:
            await account._routes().delete_project(api.row.id)


def test_plan_apply_no_op_and_deletes(access, tmp_path):
    manifest = desired(TEAM, tmp_path)
    plan = planned(manifest, access)
    assert [action.kind for action in plan.projects[0].actions] == [
        "project",
        "platform",
        "profile",
        "user",
        "user",
        "webhook",
    ]

    assert applied(manifest, access).converged
    assert not planned(manifest, access).has_changes
    no_op = applied(manifest, access)
    assert (no_op.converged, no_op.projects[0].outcomes) == (True, ())

    fewer = TEAM.replace("  - {phoneNumber: +15557654321, firstName: Bob}\n", "").replace(
        "/hook", "/new"
    )
    assert applied(desired(fewer, tmp_path), access).converged
    assert destroyed(manifest, access).converged


def test_export(access, tmp_path):
    assert applied(desired(TEAM, tmp_path), access).converged

    (document,) = in_session(access, lambda session: session.export(NAME, tmp_path))

    destroyed(desired(TEAM, tmp_path), access)
    assert document["project"]["name"] == NAME
    assert sorted(user["phoneNumber"] for user in document["users"]) == [
        "+15551234567",
        "+15557654321",
    ]
    kept = {"envFile": ".env", "key": "BOT"}
    assert document["webhooks"] == [{"url": "https://bot.example.com/hook", "secret": kept}]


def test_project_routes(access):
    async def run():
        async with project(access) as api:
            dashboard, spectrum = api._dashboard, api.without_dashboard()
            await dashboard.rename_project(api.row.id, f"{NAME}-2")
            assert (await dashboard.project(api.row.id)).name == f"{NAME}-2"
            assert await spectrum.name() == f"{NAME}-2"
            await dashboard.set_platform(api.row.id, "voice", enabled=True)
            assert await dashboard.platforms(api.row.id) >= {"imessage", "voice"}
            await spectrum.set_platform("voice", enabled=False)
            assert "voice" not in await spectrum.platforms()
            await dashboard.set_profile(api.row.id, {"firstName": "Cass"})
            assert (await dashboard.profile(api.row.id)).first_name == "Cass"
            await spectrum.set_profile({"lastName": "Ette"})
            assert (await spectrum.profile()).last_name == "Ette"
            assert (await dashboard.session()).email
            new = await dashboard.regenerate_secret(api.row.id)
            assert new.reveal()

    asyncio.run(run())


def test_an_unknown_project_is_null(access):
    async def run():
        async with Account(access) as account:
            unknown = "00000000-0000-4000-8000-000000000000"
            return await account._routes().project(unknown)

    assert asyncio.run(run()) is None


def test_a_project_without_a_name_is_refused(access):
    async def run():
        async with Account(access) as account:
            await account._routes().create_project(" ", location=None, platforms=())

    with pytest.raises(Rejected, match="name is required"):
        asyncio.run(run())


def test_an_unsupported_platform_is_a_200_that_means_failure(access):
    async def run():
        async with project(access) as api:
            await api._dashboard.set_platform(api.row.id, "fax", enabled=True)

    with pytest.raises(Rejected, match="Unsupported platform") as caught:
        asyncio.run(run())
    assert caught.value.status == 200


def test_a_write_to_a_deleted_project_says_not_found(access):
    async def run():
        async with project(access) as api:
            await api._dashboard.delete_project(api.row.id)
            with pytest.raises(Rejected, match="not found"):
                await api._dashboard.rename_project(api.row.id, "x")
            with pytest.raises(Unauthorized):
                await api.users()

    with pytest.raises(Rejected, match="not found"):
        asyncio.run(run())


def test_a_bad_token_is_rejected_by_both_judges(access):
    async def run():
        bad = replace(access, token=Secret("no-such-token"))
        async with Account(bad) as account:
            assert await account._routes().session() is None
            with pytest.raises(Unauthorized):
                await account._routes().projects()
            with pytest.raises(Unauthorized, match="not sent"):
                await account._routes().projects()
        async with Account(bad) as account:
            await account.check_token()

    with pytest.raises(TokenRejected):
        asyncio.run(run())


def test_a_bad_pair_is_unauthorized(access):
    async def run():
        async with project(access) as api:
            pair = ProjectPair(project_id=api.project_id, secret=Secret("wrong"))
            async with Account(replace(access, pair=pair, token=None)) as account:
                await account.find(NAME, None, is_only=True)

    with pytest.raises(Unauthorized):
        asyncio.run(run())


def test_a_secret_that_was_regenerated_elsewhere_is_read_anew_once(access):
    told = []

    async def run():
        async with project(access) as api:
            project_id = api.project_id
            stale = ProjectPair(project_id=project_id, secret=Secret("wrong"))
            hook = {"on_renewed": lambda *renewed: told.append(renewed[:2])}
            async with Account(replace(access, pair=stale, **hook)) as account:
                found = await account.find(NAME, project_id)
                await asyncio.gather(*(found.users() for _ in range(3)))
            return project_id

    project_id = asyncio.run(run())

    assert told == [(NAME, project_id)]


def test_users(access, generation):
    async def run():
        async with project(access) as api:
            spectrum = api.without_dashboard()
            ada = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada"}
            row = await spectrum.put_user(ada)
            again = await spectrum.put_user({**ada, "firstName": "Augusta"})
            line = {"assignedPhoneNumber": "+16285550100", "phoneNumber": "+442071838750"}
            dedicated = await spectrum.put_user({"type": "dedicated", **line})
            listed = {user.id for user in await spectrum.users()}
            gone = [await spectrum.delete_user(row.id) for _ in range(2)]
            return row, again, dedicated, listed, gone

    row, again, dedicated, listed, gone = asyncio.run(run())
    assert again.id == row.id
    assert again.first_name == ("Ada" if generation == "2026-06" else "Augusta")
    assert dedicated.assigned_phone_number == "+16285550100"
    assert {row.id, dedicated.id} <= listed
    assert gone == [True, False]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": "shared", "phoneNumber": "5551234567"}, 422),
        (
            {
                "type": "dedicated",
                "phoneNumber": "+15551234567",
                "assignedPhoneNumber": "+16285559999",
            },
            409,
        ),
    ],
    ids=["422", "409"],
)
def test_a_user_that_is_refused(request, access, fields, status):
    async def run():
        async with project(access) as api:
            await api.put_user(fields)

    with pytest.raises(Rejected) as caught:
        asyncio.run(run())
    assert caught.value.status == status


def test_users_need_imessage(access):
    async def run():
        async with project(access) as api:
            await api.without_dashboard().set_platform("imessage", enabled=False)
            await api.put_user({"type": "shared", "phoneNumber": "+15551234567"})

    with pytest.raises(Rejected) as caught:
        asyncio.run(run())
    assert caught.value.status == 403


class TestFreeTier:
    @pytest.fixture
    def flags(self):
        return ("--plan", "free")

    def test_the_cap_on_shared_users_is_a_conflict(self, access):
        async def run():
            async with project(access) as api:
                for index in range(11):
                    phone = f"+1555123{index:04d}"
                    await api.put_user({"type": "shared", "phoneNumber": phone})

        with pytest.raises(Conflict, match="Maximum number of shared users"):
            asyncio.run(run())


def test_webhooks(access, generation):
    async def run():
        async with project(access) as api:
            spectrum = api.without_dashboard()
            url = {"webhookUrl": "https://bot.example.com/hook"}
            row, secrets = await spectrum.register_webhook(url)
            with pytest.raises(Conflict):
                await spectrum.register_webhook(url)
            with pytest.raises(Rejected) as refused:
                await spectrum.register_webhook({"webhookUrl": "no url"})
            (listed,) = await spectrum.webhooks()
            gone = [await spectrum.delete_webhook(row.id) for _ in range(2)]
            again, _ = await spectrum.register_webhook(url)
            return row, secrets, refused.value.status, listed, gone, again

    row, secrets, refused, listed, gone, again = asyncio.run(run())
    assert (listed.id, refused, gone) == (row.id, 422, [True, False])
    assert again.id != row.id
    assert secrets.signing is not None
    assert (secrets.standard is not None) is (generation == "2026-09")


def test_changing_a_webhook(access, generation):
    async def run():
        async with project(access) as api:
            spectrum = api.without_dashboard()
            row, _ = await spectrum.register_webhook({"webhookUrl": "https://bot.example.com/"})
            email = {"failureNotificationEmail": "ops@example.com"}
            changed = await spectrum.update_webhook(row.id, email)
            rotated, _ = await spectrum.rotate_secret(row.id)
            with pytest.raises(Conflict):
                await spectrum.update_webhook(row.id, {"enabled": False})
            await spectrum.update_webhook(row.id, {"schemaVersion": "raw-inbound.v1"})
            disabled = await spectrum.update_webhook(row.id, {"enabled": False})
            return changed, rotated, disabled

    if generation == "2026-06":
        with pytest.raises(NotOffered):
            asyncio.run(run())
        return
    changed, rotated, disabled = asyncio.run(run())
    assert changed.failure_notification_email == "ops@example.com"
    assert rotated.standard is not None
    assert disabled.enabled is False


def test_a_lost_project_is_never_taken_for_an_empty_one(access):
    async def run():
        async with Account(replace(access, token=Secret("no-such-token"))) as account:
            return await account.find(NAME, None)

    with pytest.raises(ApiError):
        asyncio.run(run())


@pytest.mark.skipif(RECORD == "photon", reason="real Photon can't be told to fail")
class TestFailures:
    @pytest.fixture
    def flags(self):
        faults = (
            "GET /projects/*/users/ : 429-retry-after",
            "POST /projects/*/webhooks/ : 503",
            "GET /projects/*/webhooks/ : 500 : *",
            "POST /projects/*/users/ : html : *",
        )
        return tuple(word for fault in faults for word in ("--fault", fault))

    def test_what_is_tried_again_and_what_is_told(self, access):
        async def run():
            async with project(access) as api:
                users = await api.users()  # 429 the first time
                url = {"webhookUrl": "https://bot.example.com/"}
                with pytest.raises(Ambiguous):
                    await api.register_webhook(url)
                row, _ = await api.register_webhook(url)
                with pytest.raises(ServerFailed):
                    await api.webhooks()
                with pytest.raises(ServerFailed):
                    await api.put_user({"type": "shared", "phoneNumber": "+15551234567"})
                return users, row

        users, row = asyncio.run(run())
        assert [user.is_owner for user in users] == [True]
        assert row.webhook_url == "https://bot.example.com/"


class TestSignIn:
    @pytest.fixture
    def flags(self):
        return ("--approve-logins",)

    def test_a_session_from_device_login_to_sign_out(self, access):
        """Recorded from real Photon, this waits for a person; the address is printed."""
        shown = []

        async def wait(seconds, _):
            await asyncio.sleep(seconds if RECORD else 0)

        def show(code):
            shown.append(code)
            print(code.url)  # noqa: T201  # for whoever records

        async def run():
            hooks = LoginHooks(show=show, wait=wait)
            signed_in = await sign_in(replace(access, token=None), hooks)
            async with Account(replace(access, token=signed_in.token)) as account:
                await account._routes().sign_out()
                return signed_in, await account._routes().session()

        signed_in, after = asyncio.run(run())

        assert "user_code=" in shown[0].url
        assert signed_in.user.email
        assert signed_in.expires_at.tzinfo is not None
        assert after is None
