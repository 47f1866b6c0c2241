"""Projects: what fails in one of a run stays there, and what happens to a project as a whole."""

import asyncio

import pytest

from photonctl.concurrent import all_of
from photonctl.environment import Environment
from photonctl.errors import (
    NotFound,
    RateLimited,
    RefusedError,
    Rejected,
    ServerFailed,
    Unreachable,
)
from photonctl.events import SecretRenewed, Warned
from photonctl.journal import Journal, creation_of
from photonctl.model.secret import Secret
from tests.support.engine import Engine, errors
from tests.support.fake_photon import HOST, FakeAccount

BOT = "version: 1\nproject: {name: bot}\n"
USERS = f"{BOT}users: [{{phoneNumber: +15551230001}}]\n"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Engine(tmp_path, FakeAccount())


def refuse(account, method, error, *, is_done=False):
    """Let a method fail, before or after it was carried out."""

    def gate(name, **when):
        if name == method and when.get("is_done", False) is is_done:
            raise error

    account.gate = gate


def test_the_others_come_to_their_ends_where_one_fails():
    ended = []

    async def fails():
        raise RefusedError("no")

    async def goes_on():
        for _ in range(3):
            await asyncio.sleep(0)
        ended.append(True)

    with pytest.raises(RefusedError):
        asyncio.run(all_of(fails(), goes_on()))
    assert ended == [True]


def test_a_renewed_secret_that_cant_be_kept_is_a_warning(tmp_path, monkeypatch):
    config = tmp_path / "photon"
    config.mkdir()
    (config / "auth.json").write_text('{"hosts": {}, "projects": {}}')
    events = []
    env = {
        "HOME": str(tmp_path),
        "PHOTON_TOKEN": "token-0123456789",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    found = Environment(env, on_event=events.append)
    hosts, sources = found.sources()
    monkeypatch.setattr(Environment, "sources", lambda _: (hosts, sources))
    monkeypatch.setattr(sources, "pairs_if_needed", lambda: {"p1": Secret("s" * 40)})

    def refuses(*_, **__):
        raise RefusedError("the credential file can't be written")

    monkeypatch.setattr(sources.file, "keep_pair", refuses)

    found.access().on_renewed("bot", "p1", Secret("n" * 40))

    assert [type(event) for event in events] == [SecretRenewed, Warned]
    assert "can't be written" in events[-1].text


@pytest.mark.parametrize("error", [RateLimited("429"), Unreachable("no connection")])
def test_a_creation_that_was_surely_not_carried_out_is_forgotten(engine, error):
    refuse(engine.account, "create_project", error)
    assert not engine.apply(BOT).converged
    assert not Journal(engine.folder).has_intent("", creation_of("bot", HOST))


def test_a_creation_that_may_have_been_carried_out_is_remembered(engine):
    refuse(engine.account, "create_project", ServerFailed("500"))
    assert not engine.apply(BOT).converged
    assert Journal(engine.folder).has_intent("", creation_of("bot", HOST))


@pytest.mark.parametrize("is_done", [True, False])
def test_a_delete_whose_answer_is_lost_is_done_if_the_project_is_gone(engine, is_done):
    engine.account.add("bot")
    refuse(engine.account, "delete_project", ServerFailed("500"), is_done=is_done)

    report = engine.destroy(BOT, project_too=True)

    assert report.converged is is_done
    assert bool(errors(report)) is not is_done


@pytest.mark.parametrize("part", [{"only": ["user"]}, {"exclude": ["project"]}, {}])
def test_credentials_that_a_run_doesnt_store_refuse_nothing(engine, part):
    (engine.folder / "c.env").write_text(
        f"PHOTON_PROJECT_ID=another\nPHOTON_PROJECT_SECRET={'s' * 40}\n"
    )
    engine.account.add("bot")
    text = USERS.replace("name: bot", "name: bot, credentials: {envFile: c.env}")

    (plan,) = engine.plan(text, **part).projects

    assert bool(plan.refusals) is (part == {})
    assert plan.actions


@pytest.mark.parametrize(
    "second", [RateLimited("429"), Unreachable("none"), Rejected("no", status=422)]
)
def test_a_refusal_says_nothing_of_an_earlier_creation(engine, second):
    refuse(engine.account, "create_project", ServerFailed("500"))
    assert not engine.apply(BOT).converged
    refuse(engine.account, "create_project", second)
    assert not engine.apply(BOT).converged

    assert Journal(engine.folder).has_intent("", creation_of("bot", HOST))


@pytest.mark.parametrize(
    ("error", "is_gone"),
    [
        (NotFound("Project not found", status=404), True),
        (Rejected("no", status=403), False),
        (Unreachable("none"), False),
    ],
)
def test_a_refused_delete_is_no_lost_answer(engine, error, is_gone):
    engine.account.add("bot")
    refuse(engine.account, "delete_project", error, is_done=True)

    report = engine.destroy(BOT, project_too=True)

    assert bool(errors(report)) is not is_gone


@pytest.mark.parametrize(
    ("project", "is_meant"),
    [("name: bot", True), ("name: other", False), ("name: bot, id: p1", True),
     ("name: x, id: s1", True), ("name: bot, id: p2", False)],
)  # fmt: skip
def test_a_manifest_means_a_project_by_either_id_or_by_its_name(engine, project, is_meant):
    (desired,) = engine.load(f"version: 1\nproject: {{{project}}}\n")

    assert desired.means("bot", "p1", "s1") is is_meant
