"""A step that ends, or dies, forgets no other one that was begun for the same webhook."""

import asyncio
import shutil
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from itertools import product

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import Ambiguous, PhotonctlError, Rejected
from photonctl.model.held import (
    ADOPTION,
    COPY,
    LEFT,
    REGISTRATION,
    ROTATION,
    Intent,
    about,
    read_record,
)
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Origin
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks import variables
from photonctl.sinks.begun import Begun, begun_step
from photonctl.sinks.service import Notes
from photonctl.sinks.store import StoreSink
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

HEAD, URL = "version: 1\nproject: {name: bot}\n", "https://bot.example.com/hook"
STORES = ["githubActions", "gitlabVariable", "awsSecretsManager", "vault", "kubernetes"]
FILE = "{envFile: .env, key: BOT}"
AT, LATER = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
ORIGIN = Origin(host="https://app.example.com", project_id="p1", url=URL)


class Proxied(FakeProject):
    """Photon behind a proxy that tells each lie once."""

    lies: frozenset[str] = frozenset()

    def tells(self, lie):
        is_told = lie in self.lies
        self.lies -= {lie}
        return is_told

    async def webhooks(self):
        return () if "nothing listed" in self.lies else await super().webhooks()

    async def rotate_secret(self, webhook_id, overlap_s=None):
        if self.tells("rotation refused"):
            raise Rejected("not now", status=422)
        found = await super().rotate_secret(webhook_id, overlap_s)
        if self.tells("rotation lost"):
            raise Ambiguous("the answer is lost")
        return found

    async def register_webhook(self, fields):
        self.tells("nothing listed")
        found = await super().register_webhook(fields)
        if self.tells("killed"):
            raise SystemExit
        return found

    async def delete_webhook(self, webhook_id):
        return True if self.tells("not deleted") else await super().delete_webhook(webhook_id)


@pytest.fixture
def photon():
    account = FakeAccount()
    row = account.add("bot").row
    account.live[row.id] = Proxied(**vars(account.live[row.id]))
    return account


@pytest.fixture
def machine(photon, tmp_path, monkeypatch):
    """Make machines that share nothing except Photon and the stores."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)

    def made(name):
        (tmp_path / name).mkdir(exist_ok=True)
        return Engine(tmp_path / name, photon)

    return made


def lie(photon, *lies):
    (project,) = photon.live.values()
    project.lies = frozenset(lies)
    return project


def hook(*places, more=""):
    secret = places[0] if len(places) == 1 else f"[{', '.join(places)}]"
    return f"{HEAD}webhooks: [{{url: '{URL}', secret: {secret}{more}}}]\n"


def dies(*_):
    raise SystemExit


def planned(engine, text):
    (project,) = engine.plan(text).projects
    return [(action.verb.value, action.reason.why.value) for action in project.actions]


def rotate(engine, text):
    with suppress(PhotonctlError):
        (project,) = engine.load(text)
        asyncio.run(
            rotate_signing_secret(engine.account, project, ResourceRef("webhook", URL), None)
        )


def lose_a_rotation(photon, engine, text):
    lie(photon, "rotation lost")
    rotate(engine, text)


@pytest.mark.parametrize("word", STORES)
def test_a_creation_that_is_refused_forgets_no_lost_rotation(
    machine, photon, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        text = hook(store.sink())
        machine("a").apply(text)
        lose_a_rotation(photon, machine("a"), text)
        project = lie(photon, "nothing listed")

        assert errors(machine("b").apply(text))

        assert planned(machine("c"), text) == [("update", "rotation-interrupted")]
        machine("c").apply(text)
        (webhook_id,) = project.hook_rows
        newest = project.secrets[webhook_id].standard.reveal()
        assert store.secret("BOT_STANDARD") in (newest, None)  # GitHub gives nobody a secret
        assert planned(machine("d"), text) == []


@pytest.mark.parametrize("word", STORES)
def test_a_rotation_that_is_refused_forgets_no_lost_registration(
    machine, photon, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        text = hook(store.sink(), more=", onMissingSecret: ignore")
        lie(photon, "killed")
        with suppress(SystemExit):
            machine("a").apply(text)
        assert planned(machine("b"), text) == [("replace", "interrupted")]

        lie(photon, "rotation refused")
        rotate(machine("b"), text)

        assert planned(machine("c"), text) == [("replace", "interrupted")]


def test_a_rotation_that_went_well_ends_a_registration(machine, photon, tmp_path):
    text = hook(FILE, more=", onMissingSecret: ignore, schemaVersion: raw-inbound.v1")
    lie(photon, "killed")
    with suppress(SystemExit):
        machine("a").apply(text)
    assert planned(machine("a"), text) == [("replace", "interrupted")]
    project = lie(photon)
    for key, row in project.hook_rows.items():
        project.hook_rows[key] = replace(row, schema_version="raw-inbound.v1")

    rotate(machine("a"), text)

    assert planned(machine("a"), text) == []
    (machine("a").folder / ".env").unlink()
    assert planned(machine("a"), text) == []  # as onMissingSecret says


def test_a_delete_that_did_nothing_forgets_no_lost_rotation(machine, photon):
    machine("a").apply(hook(FILE))
    lose_a_rotation(photon, machine("a"), hook(FILE))
    lie(photon, "not deleted")

    assert errors(machine("a").apply(f"{HEAD}webhooks: []\n"))

    assert planned(machine("a"), hook(FILE)) == [("update", "rotation-interrupted")]


def test_what_was_begun_for_a_webhook_that_is_gone_is_forgotten(machine, photon):
    machine("a").apply(hook(FILE))
    lose_a_rotation(photon, machine("a"), hook(FILE))

    machine("a").apply(f"{HEAD}webhooks: []\n")

    assert not list((machine("a").folder / ".photonctl/intents").glob("*"))
    assert not errors(machine("a").apply(hook(FILE)))


@pytest.mark.parametrize("rule", ["warn", "ignore", "fail"])
@pytest.mark.parametrize("before", [[FILE], [FILE, "{githubActions: acme/bot, key: BOT}"]])
def test_a_copy_that_was_begun_is_no_lost_registration(
    machine, photon, rule, before, tmp_path, monkeypatch
):
    with ExitStack() as stores:
        for word in ("githubActions", "vault"):
            stores.enter_context(entered(word, tmp_path, monkeypatch))
        more = f", onMissingSecret: {rule}"
        machine("a").apply(hook(*before, more=more))
        text = hook(*before, "{vault: secret/bot, key: BOT}", more=more)
        assert planned(machine("a"), text) == [("update", "secret-elsewhere")]
        with monkeypatch.context() as dying, suppress(SystemExit):
            dying.setattr(StoreSink, "store", dies)
            machine("a").apply(text)

        assert planned(machine("b"), text) == []
        assert planned(machine("a"), text) == [("update", "secret-elsewhere")]


@pytest.mark.parametrize("way", ["a second place", "another name"])
def test_a_lost_rotation_takes_the_legacy_secret_along(machine, photon, way):
    more = ", onMissingSecret: replace"
    machine("a").apply(hook(FILE, more=more))
    lose_a_rotation(photon, machine("a"), hook(FILE))
    places = [FILE, "{envFile: b.env, key: BOT}"] if way == "a second place" else []
    text = hook(*(places or ["{envFile: .env, key: NEW}"]), more=more)

    assert not errors(machine("a").apply(text))

    (webhook_id,) = lie(photon).hook_rows
    secrets = lie(photon).secrets[webhook_id]
    found = machine("a").variables("b.env" if places else ".env")
    key = "BOT" if places else "NEW"
    assert found[key] == secrets.signing.reveal()
    assert found[f"{key}_STANDARD"] == secrets.standard.reveal()
    assert planned(machine("a"), text) == []


@pytest.mark.parametrize("word", ["vault", "gitlabVariable", "awsSecretsManager"])
def test_a_secret_that_was_written_by_halves_is_no_new_one(
    machine, photon, word, tmp_path, monkeypatch
):
    """A proxy repeats the answer whose secret a dead run has written, and not noted."""
    with entered(word, tmp_path, monkeypatch) as store:
        text = hook(store.sink(), more=", onMissingSecret: rotate")
        machine("a").apply(text)
        project = lie(photon)
        given, rotate_secret = [], project.rotate_secret

        async def repeats(webhook_id, overlap_s=None):
            given.append(await rotate_secret(webhook_id, overlap_s))
            return given[0]

        project.rotate_secret = repeats
        with monkeypatch.context() as dying, suppress(SystemExit):
            for module, name in (("aws", "noted_at"), ("vault", "noted_at"), ("web", "kept_line")):
                dying.setattr(f"photonctl.sinks.{module}.{name}", dies)
            rotate(machine("a"), text)

        with suppress(PhotonctlError):
            assert errors(machine("b").apply(text))

        assert planned(machine("c"), text) == [("update", "rotation-interrupted")]


@pytest.mark.parametrize("word", ["vault", "gitlabVariable", "awsSecretsManager"])
def test_a_rotation_that_died_in_a_store_is_made_again_beside_a_place_that_lacks_it(
    machine, photon, word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        text = hook(store.sink(), FILE)
        machine("a").apply(text)
        with monkeypatch.context() as dying, suppress(SystemExit):
            for module, name in (("aws", "noted_at"), ("vault", "noted_at"), ("web", "kept_line")):
                dying.setattr(f"photonctl.sinks.{module}.{name}", dies)
            rotate(machine("a"), text)

        assert not errors(machine("b").apply(text))

        (webhook_id,) = lie(photon).hook_rows
        secrets = lie(photon).secrets[webhook_id]
        there = machine("b").variables()
        assert store.secret("BOT_STANDARD") == secrets.standard.reveal()
        assert (there["BOT"], there["BOT_STANDARD"]) == (
            secrets.signing.reveal(),
            secrets.standard.reveal(),
        )
        assert planned(machine("c"), text)[:1] in ([], [("update", "secret-elsewhere")])


@pytest.mark.parametrize("rule", ["warn", "ignore"])
def test_a_place_that_fails_in_a_rotation_gets_the_new_secret_without_a_journal(
    machine, photon, rule, monkeypatch
):
    text = hook(FILE, "{envFile: two.env, key: BOT}", more=f", onMissingSecret: {rule}")
    one = machine("a")
    one.apply(text)
    shutil.rmtree(one.folder / ".photonctl")
    write = variables.write_private

    def full(path, data, **how):
        if path.name == "two.env" and b"whsec" in data and lie(photon).rotated:
            raise OSError(28, "No space left on device")
        write(path, data, **how)

    project = lie(photon)
    project.rotated = False
    rotate_secret = project.rotate_secret

    async def noted(*args):
        found = await rotate_secret(*args)
        project.rotated = True
        return found

    project.rotate_secret = noted
    with monkeypatch.context() as failing:
        failing.setattr(variables, "write_private", full)
        rotate(one, text)
    project.rotate_secret = rotate_secret

    assert not errors(one.apply(text))

    (webhook_id,) = project.hook_rows
    newest = project.secrets[webhook_id].standard.reveal()
    assert {one.variables(name)["BOT_STANDARD"] for name in (".env", "two.env")} == {newest}


def adopt(engine, text, secrets):
    (project,) = engine.load(text)
    ref, offered = ResourceRef("webhook", URL), replace(secrets, webhook_id="")
    asyncio.run(adopt_signing_secret(engine.account, project, ref, offered, lambda _: None))


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("word", STORES)
def test_an_adoption_that_died_in_a_store_can_be_made_again_and_forgets_no_other_step(
    machine, photon, word, is_lost, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        text = hook(store.sink(), more=", onMissingSecret: warn")
        machine("a").apply(hook(store.sink()).partition("webhooks")[0])
        lie(photon, *["killed"] * is_lost)
        with suppress(SystemExit):
            machine("a").apply(text)
        if not is_lost:
            store.reset()
        (webhook_id,) = lie(photon).hook_rows
        secrets = lie(photon).secrets[webhook_id]
        with monkeypatch.context() as dying, suppress(SystemExit):
            for module, name in (("aws", "noted_at"), ("vault", "noted_at"), ("web", "kept_line")):
                dying.setattr(f"photonctl.sinks.{module}.{name}", dies)
            dying.setattr("photonctl.sinks.kubernetes.kept_line", dies)
            adopt(machine("b"), text, secrets)

        (project,) = machine("c").plan(text).projects
        assert "unknown origin" not in str(project.warnings)
        assert planned(machine("c"), text) == [("replace", "interrupted")] * is_lost
        adopt(machine("c"), text, secrets)

        assert not errors(machine("d").apply(text))
        assert planned(machine("d"), text) == []
        assert store.secret("BOT_STANDARD") == secrets.standard.reveal()


def begun(step, asked="", webhook_id="", marks=""):
    intent = Intent(
        step=step, origin=ORIGIN, at=LATER, run="ci:2", about=about(URL), webhook_id=webhook_id
    )
    return begun_step(Notes(asked=asked, is_begun=bool(marks)), intent, {})


def still_open(line):
    record = read_record("", line)
    steps = (REGISTRATION, ROTATION)
    return [s for s in steps if record is not None and record.was_asked_by(ORIGIN, s, URL)]


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize(
    ("first", "second"), [*product((REGISTRATION, ROTATION, COPY, ADOPTION), repeat=2)]
)
def test_what_is_open_after_a_step_is_what_it_didnt_end(first, second, is_done):
    before = Begun(
        Intent(
            step=first,
            origin=ORIGIN,
            at=AT,
            run="ci:1",
            about=about(URL),
            webhook_id="" if first == REGISTRATION else "w1",
        ),
        {},
    )
    own = begun(second, before.line, "" if second == REGISTRATION else "w1")
    ended = {
        REGISTRATION: {REGISTRATION, ROTATION} if is_done else {REGISTRATION},
        ROTATION: {REGISTRATION, ROTATION} if is_done else {ROTATION},
        COPY: {REGISTRATION},
        ADOPTION: {REGISTRATION, ROTATION} if is_done else set(),
    }[second]

    assert still_open(own.after(is_done=is_done)) == [
        step for step in (REGISTRATION, ROTATION) if step == first and step not in ended
    ]
    # And while it is open, both are, except what a copy or another registration takes over.
    both = {first, second} - ({REGISTRATION} if second == COPY else set()) - {COPY, ADOPTION}
    assert set(still_open(own.line)) == both


def test_an_open_registration_keeps_its_time(monkeypatch):
    first = Intent(step=REGISTRATION, origin=ORIGIN, at=AT, run="ci:1", about=about(URL))
    during = begun(ROTATION, Begun(first, {}).line, "w1")

    for line in (during.line, during.after()):
        assert read_record("", line).registering_since == AT


@pytest.mark.parametrize("step", [REGISTRATION, ROTATION, COPY, ADOPTION, LEFT])
def test_every_note_of_a_step_has_room_in_a_tag(step):
    origin = Origin(host=f"https://{'h' * 36}", project_id="p" * 36, url=URL)
    intent = Intent(
        step=step,
        origin=origin,
        at=AT,
        run="r" * 99,
        about=about(URL),
        webhook_id="" if step == REGISTRATION else "w" * 36,
    )
    rotated = "" if step == ROTATION else about("w" * 36)
    registering = AT if step == ROTATION else None
    made = Begun(intent, {}, "f" * 36, rotated=rotated, registering=registering)

    assert len(made.line) <= 256
    assert len(made.after("f" * 36)) <= 256
    assert read_record("", made.line).rotation_of
