"""What every backend must do, whoever implements the port: the real one, and the tests' own."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from photonctl.api.access import Access
from photonctl.api.account import Account
from photonctl.errors import ApiError, Conflict, NotOffered, RefusedError, Rejected
from photonctl.model.secret import Secret
from photonctl.model.spec import UNSET
from photonctl.testing import local_photon
from tests.support.fake_photon import FakeAccount

URL = "https://bot.example.com/hook"
ADA = {"type": "shared", "phoneNumber": "+15551230001", "firstName": "Ada"}
BACKENDS = ("memory", "2026-06", "2026-09")


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    """Return what opens an account of a backend."""
    if request.param == "memory":

        @asynccontextmanager
        async def opened():
            yield FakeAccount()

        yield opened
        return
    with local_photon(generation=request.param, calm=True, rate=0) as photon:
        access = Access(
            dashboard_url=photon.url, spectrum_url=photon.url, token=Secret(photon.token), rate=0
        )
        yield lambda: Account(access)


@pytest.fixture
def name(request):
    return request.node.name[:60]


def in_project(backend, name, work):
    """Do something with a new project and its account."""

    async def run():
        async with backend() as account:
            created = await account.create_project(name, location=None, platforms=["imessage"])
            account.forget_projects()
            return await work(account, await account.open_created(created, name))

    return asyncio.run(run())


def test_a_created_project_is_listed_and_found_by_name_and_id(backend, name):
    async def work(account, project):
        rows = [row for row in await account.projects() if row.name == name]
        found = [await account.find(name, None), await account.find("other", project.row.id)]
        return rows, found, project

    (row,), found, project = in_project(backend, name, work)

    assert row.id == project.row.id
    assert [each.project_id for each in found] == [project.project_id] * 2
    assert project.row.secret is not None


def test_a_name_that_isnt_live_is_none_and_an_id_is_refused(backend, name):
    async def work(account, project):
        gone = "00000000-0000-4000-8000-000000000000"
        absent = [
            await account.find(f"{name}-no", None),
            await account.find(name, gone, may_be_gone=True),
        ]
        with pytest.raises(RefusedError):
            await account.find(name, gone)
        return absent

    assert in_project(backend, name, work) == [None, None]


def test_a_project_is_renamed_and_deleted(backend, name):
    async def work(account, project):
        await account.rename_project(project.row.id, f"{name}-2")
        account.forget_projects()
        renamed = await account.find(f"{name}-2", None)
        await account.delete_project(project.row.id)
        account.forget_projects()
        return renamed.row.id == project.row.id, await account.find(f"{name}-2", None)

    assert in_project(backend, name, work) == (True, None)


def test_a_user_is_created_changed_by_the_same_call_and_deleted_once(backend, name):
    async def work(account, project):
        created = await project.put_user(ADA)
        changed = await project.put_user({**ADA, "firstName": "Augusta"})
        listed = {row.id: row.first_name for row in await project.users()}
        deleted = [await project.delete_user(created.id) for _ in range(2)]
        left = {row.id for row in await project.users()}
        return created, changed, listed, deleted, left

    created, changed, listed, deleted, left = in_project(backend, name, work)

    assert (created.phone_number, created.type) == ("+15551230001", "shared")
    # A server may keep a field; its answer says so.
    assert (changed.id, listed[created.id]) == (created.id, changed.first_name)
    assert deleted == [True, False]
    assert created.id not in left


def test_users_need_imessage(backend, name):
    async def work(account, project):
        await project.set_platform("imessage", enabled=False)
        with pytest.raises(Rejected):
            await project.put_user(ADA)
        await project.set_platform("imessage", enabled=True)
        return (await project.put_user(ADA)).id in {row.id for row in await project.users()}

    assert in_project(backend, name, work)


def test_a_registration_brings_its_secret_once_and_a_second_one_conflicts(backend, name):
    async def work(account, project):
        row, secrets = await project.register_webhook({"webhookUrl": URL})
        with pytest.raises(Conflict):
            await project.register_webhook({"webhookUrl": URL})
        (listed,) = await project.webhooks()
        deleted = [await project.delete_webhook(row.id) for _ in range(2)]
        again, others = await project.register_webhook({"webhookUrl": URL})
        return row, secrets, listed, deleted, again, others

    row, secrets, listed, deleted, again, others = in_project(backend, name, work)

    assert (listed.id, listed.webhook_url) == (row.id, URL)
    assert secrets.webhook_id == row.id
    assert secrets.signing is not None
    assert deleted == [True, False]
    assert again.id != row.id
    assert others.signing != secrets.signing


def test_a_webhook_is_changed_in_place_or_that_isnt_offered(backend, name):
    async def work(account, project):
        row, _ = await project.register_webhook({"webhookUrl": URL})
        change = {"failureNotificationEmail": "ops@example.com"}
        if row.failure_notification_email is UNSET:
            with pytest.raises(NotOffered):
                await project.update_webhook(row.id, change)
            return None
        await project.update_webhook(row.id, change)
        (listed,) = await project.webhooks()
        return listed.failure_notification_email

    assert in_project(backend, name, work) in (None, "ops@example.com")


def test_a_rotation_brings_a_standard_secret_of_that_webhook_or_isnt_offered(backend, name):
    async def work(account, project):
        row, _ = await project.register_webhook({"webhookUrl": URL})
        try:
            secrets, until = await project.rotate_secret(row.id, 3600)
        except ApiError as error:
            return isinstance(error, NotOffered) or error.status == 404
        return (secrets.webhook_id, bool(secrets.standard), until is not None) == (
            row.id,
            True,
            True,
        )

    assert in_project(backend, name, work)


def test_platforms_and_profile_are_read_as_they_were_set(backend, name):
    async def work(account, project):
        await project.set_platform("voice", enabled=True)
        await project.set_profile({"firstName": "Cass"})
        await project.set_profile({"lastName": "Ette"})
        account.forget_projects()
        found = await account.find(name, None)
        profile = await found.profile()
        return await found.platforms(), (profile.first_name, profile.last_name)

    platforms, names = in_project(backend, name, work)

    assert platforms >= {"imessage", "voice"}
    assert names == ("Cass", "Ette")


def test_a_regenerated_secret_opens_the_project(backend, name):
    async def work(account, project):
        secret = await account.regenerate_secret(project.row.id)
        account.forget_projects()
        found = await account.find(name, None)
        await found.users()
        return secret, found.row.secret, project

    secret, known, _ = in_project(backend, name, work)

    assert secret == known


def test_the_session_says_who_is_signed_in(backend, name):
    async def work(account, project):
        return await account.session(), await account.check_token(), await project.session()

    users = in_project(backend, name, work)

    assert len({user.email for user in users}) == 1
    assert users[0].email
    assert users[2].owns_project
