"""What a plan decided of a secret holds only as long as what was known of it does."""

import asyncio
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import Ambiguous, PhotonctlError, PlanRefused, Unauthorized
from photonctl.model.ref import ResourceRef
from photonctl.planner.diff import plan_project
from photonctl.reconciler import apply_manifests
from photonctl.rotation import rotate_signing_secret
from photonctl.sealed import plan_from_text, plan_to_text, sealed
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount

URL = "https://bot.example.com/hook"
FILE, RAISED = "{envFile: .env, key: BOT}", ", schemaVersion: raw-inbound.v1"
AGED = "{envFile: .env, key: BOT, rotate: {every: 1d}}"


def hook(more="", sink=FILE):
    entry = f"{{url: '{URL}', secret: {sink}{more}}}"
    return f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n"


@pytest.fixture(autouse=True)
def _manifest(tmp_path):
    (tmp_path / "photon.yaml").touch()  # a plan that keeps secrets beside it wants it there


def saved(plan):
    return plan_from_text(plan_to_text(plan))


def live(engine):
    (project,) = engine.account.live.values()
    ((webhook_id, secrets),) = project.secrets.items()
    return project, webhook_id, secrets


def rotate(engine, text):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", URL)
    return asyncio.run(rotate_signing_secret(engine.account, project, ref, None))


def lose_a_rotation(engine, text):
    project, _, _ = live(engine)
    rotate_secret = project.rotate_secret

    async def lost(*args):
        await rotate_secret(*args)
        raise Ambiguous("the answer is lost")

    project.rotate_secret = lost
    with pytest.raises(PhotonctlError):
        rotate(engine, text)
    project.rotate_secret = rotate_secret


def remove(engine, _):
    (engine.folder / ".env").unlink()


def remove_half(engine, _):
    path = engine.folder / ".env"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("BOT_STANDARD=")))


CHANGES = [lose_a_rotation, remove, remove_half]


def version(engine):
    project, webhook_id, _ = live(engine)
    return project.hook_rows[webhook_id].schema_version


@pytest.mark.parametrize("change", CHANGES)
def test_a_saved_plan_raises_no_version_once_its_secret_may_be_lost(engine, change):
    engine.apply(hook())
    plan = saved(engine.plan(hook(RAISED)))
    change(engine, hook())

    with pytest.raises(PlanRefused, match="has changed since the plan was made: the secret"):
        engine.apply_plan(plan)
    assert version(engine) != "raw-inbound.v1"


@pytest.mark.parametrize("change", CHANGES)
def test_an_apply_raises_no_version_once_its_secret_may_be_lost(engine, change):
    engine.apply(hook())
    raised = engine.load(hook(RAISED))

    def approve(_):
        with ThreadPoolExecutor() as other:
            other.submit(change, engine, hook()).result()

    try:
        found = errors(asyncio.run(apply_manifests(engine.run(), raised, plan_project, approve)))
    except PhotonctlError as error:
        found = [str(error)]

    assert len(found) == 1
    assert "than when the plan was made" in found[0] or "has changed since" in found[0]
    assert version(engine) != "raw-inbound.v1"


def test_another_machines_lost_rotation_refuses_a_saved_plan(engine, tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as store:
        engine.apply(hook(sink=store.sink()))
        plan = saved(engine.plan(hook(RAISED, store.sink())))
        (tmp_path / "b").mkdir()
        lose_a_rotation(Engine(tmp_path / "b", engine.account), hook(sink=store.sink()))

        with pytest.raises(PlanRefused, match="has changed since the plan was made: the secret"):
            engine.apply_plan(plan)


def test_a_saved_plan_replaces_nothing_whose_secret_is_stored_by_now(engine):
    more = ", onMissingSecret: replace"
    engine.apply(hook(more))
    remove(engine, None)
    plan = saved(engine.plan(hook(more)))
    _, webhook_id, secrets = live(engine)
    (project,) = engine.load(hook(more))
    asyncio.run(
        adopt_signing_secret(
            engine.account,
            project,
            ResourceRef("webhook", URL),
            replace(secrets, webhook_id=""),
            lambda _: None,
        )
    )

    with pytest.raises(PlanRefused, match="has changed since the plan was made: the secret"):
        engine.apply_plan(plan)
    assert live(engine)[1] == webhook_id


def aged(engine):
    engine.apply(hook(sink=AGED))
    with (engine.folder / ".env").open("a") as file:
        file.write("BOT_ROTATED_AT=2020-01-01T00:00:00Z\n")


def test_a_saved_plan_rotates_nothing_that_was_rotated_since(engine):
    aged(engine)
    plan = saved(engine.plan(hook(sink=AGED)))
    assert plan.has_changes
    rotate(engine, hook(sink=AGED))
    _, _, secrets = live(engine)

    with pytest.raises(PlanRefused, match="has changed since the plan was made: the secret"):
        engine.apply_plan(plan)
    assert live(engine)[2] == secrets


def missing(engine):
    engine.apply(hook(", onMissingSecret: replace"))
    remove(engine, None)


def moved(engine):
    engine.apply(hook())


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (moved, hook(RAISED)),
        (missing, hook(", onMissingSecret: replace")),
        (missing, hook(", onMissingSecret: rotate")),
        (aged, hook(sink=AGED)),
        (moved, hook(sink="{envFile: .env, key: OTHER}")),
        (moved, hook(sink=f"[{FILE}, {{envFile: two.env, key: BOT}}]")),
        (moved, hook(RAISED, sink=f"[{FILE}, {{exec: ['true']}}]")),
    ],
)
def test_a_saved_plan_is_applied_while_nothing_has_changed(engine, prepare, text):
    prepare(engine)

    report = engine.apply_plan(saved(engine.plan(text)))

    assert not errors(report)
    assert report.converged


def test_a_plan_file_that_leaves_out_where_a_signing_secret_is_isnt_read(engine):
    engine.apply(hook())
    data = json.loads(plan_to_text(engine.plan(hook(RAISED))))
    data["projects"][0]["actions"][0]["sink"] = None

    with pytest.raises(PlanRefused):
        plan_from_text(json.dumps(sealed(data)))


@pytest.mark.parametrize("sink", ["{exec: ['true']}", f"[{FILE}, {{exec: ['true']}}]"])
def test_a_version_is_raised_where_a_command_got_the_standard_secret_only(engine, sink):
    engine.apply(hook(sink="{envFile: other.env, key: BOT}"))  # somebody else's
    shutil.rmtree(engine.folder / ".photonctl")
    (engine.folder / "other.env").unlink()
    rule = ", onMissingSecret: rotate"
    engine.apply(hook(rule, sink))

    report = engine.apply(hook(rule + RAISED, sink))

    assert not errors(report)
    assert version(engine) == "raw-inbound.v1"


@pytest.mark.parametrize("word", ["vault", "githubActions", "kubernetes"])
def test_a_raise_only_asks_a_store_and_writes_nothing(engine, tmp_path, monkeypatch, word):
    with entered(word, tmp_path, monkeypatch) as store:
        engine.apply(hook(sink=store.sink()))
        raised = engine.plan(hook(RAISED, store.sink()))
        (action,) = raised.projects[0].actions
        assert (action.secret_steps, action.stores_in) == ((), None)
        monkeypatch.setattr("photonctl.sinks.store.StoreSink.check_writable", _never)

        assert not errors(engine.apply(hook(RAISED, store.sink())))


def _never(_):
    raise AssertionError


def no_id(engine, _):
    path = engine.folder / ".env"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "WEBHOOK_ID" not in line))


def unreadable(engine, _):
    with (engine.folder / ".env").open("ab") as file:
        file.write(b"\xff")


def forgotten(engine, _):
    shutil.rmtree(engine.folder / ".photonctl")


PLACES = (
    FILE,
    "{exec: ['true']}",
    f"[{FILE}, {{exec: ['true']}}]",
    f"[{FILE}, {{envFile: b.env}}]",
)
HARMS = (remove, remove_half, no_id, unreadable, forgotten)


@pytest.mark.parametrize("raised", ["", RAISED])
@pytest.mark.parametrize("sink", PLACES)
@pytest.mark.parametrize("rule", ["warn", "rotate", "replace", "ignore"])
def test_whatever_is_planned_can_be_saved_and_read(engine, raised, sink, rule):
    for number, harm in enumerate(HARMS):
        text = hook(sink=sink).replace(URL, f"{URL}{number}")
        engine.apply(text)
        if harm is forgotten or ".env" in sink:
            harm(engine, text)

        plan = engine.plan(
            hook(f"{raised}, onMissingSecret: {rule}", sink).replace(URL, f"{URL}{number}")
        )

        assert plan_to_text(saved(plan)) == plan_to_text(plan), harm
        for path in (engine.folder / ".env", engine.folder / "b.env"):
            path.unlink(missing_ok=True)


DEAD, ALSO_DEAD = "a" * 40, "b" * 40
PLACES = "[{envFile: w.env, key: BOT}, {envFile: x.env, key: BOT}]"


def put(engine, name, secret, whose):
    (engine.folder / name).write_text(f"BOT={secret}\nBOT_WEBHOOK_ID={whose}\n")


def put_pair(engine, name, secret, whose):
    lines = f"PHOTON_PROJECT_ID={whose}\nPHOTON_PROJECT_SECRET={secret}\n"
    (engine.folder / name).write_text(lines)


TWO = "credentials: [{envFile: w.env}, {envFile: x.env}]"
CREDENTIALS = f"version: 1\nproject: {{name: bot, {TWO}}}\n"


@pytest.mark.parametrize("shown", [None, "w.env", "x.env"])
@pytest.mark.parametrize("changed", ["w.env", "x.env"])
@pytest.mark.parametrize(
    ("text", "store", "flag"),
    [
        (hook(sink=PLACES), put, "--replace-stored BOT"),
        (CREDENTIALS, put_pair, "--replace-stored PHOTON_PROJECT_SECRET"),
    ],
)
@pytest.mark.parametrize("is_live", [False, True])
def test_a_flag_lifts_only_what_a_saved_plan_has_shown(
    tmp_path, text, store, flag, shown, changed, is_live
):
    engine = Engine(tmp_path, FakeAccount(), lifted=[flag])
    if is_live:
        engine.account.add("bot")
    if shown is not None:
        store(engine, shown, DEAD, "dead-1")
    plan = saved(engine.plan(text))
    store(engine, changed, ALSO_DEAD, "dead-2")

    with pytest.raises(PlanRefused):
        engine.apply_plan(plan)
    assert ALSO_DEAD in (tmp_path / changed).read_text()


@pytest.mark.parametrize(
    ("text", "store", "flag"),
    [
        (hook(sink=PLACES), put, "--replace-stored BOT"),
        (CREDENTIALS, put_pair, "--replace-stored PHOTON_PROJECT_SECRET"),
    ],
)
def test_a_flag_lifts_what_a_saved_plan_has_shown(tmp_path, text, store, flag):
    engine = Engine(tmp_path, FakeAccount(), lifted=[flag])
    store(engine, "w.env", DEAD, "dead-1")

    assert errors(engine.apply_plan(saved(engine.plan(text)))) == []
    assert DEAD not in (tmp_path / "w.env").read_text()


@pytest.mark.parametrize("changed", ["w.env", "x.env"])
def test_credentials_that_came_while_a_plan_is_approved_stay(tmp_path, changed):
    engine = Engine(tmp_path, FakeAccount(), lifted=["--replace-stored PHOTON_PROJECT_SECRET"])
    put_pair(engine, "w.env", DEAD, "dead-1")
    desired = engine.load(CREDENTIALS)

    def approve(_):
        put_pair(engine, changed, ALSO_DEAD, "dead-1" if changed == "x.env" else "dead-2")

    report = asyncio.run(apply_manifests(engine.run(), desired, plan_project, approve))

    assert errors(report) != []
    assert ALSO_DEAD in (tmp_path / changed).read_text()


@pytest.mark.parametrize("answers", [0, 1])
def test_credentials_that_photon_refuses_by_now_are_an_error(tmp_path, answers):
    """Another machine may rotate them while a plan is approved, or while they are stored."""
    engine = Engine(tmp_path, FakeAccount())
    project = engine.account.add("bot")
    webhooks, left = project.webhooks, [answers]

    async def refused():
        left[0] -= 1
        if left[0] < 0:
            raise Unauthorized("Spectrum refuses the credentials")
        return await webhooks()

    def approve(_):
        project.webhooks = refused

    desired = engine.load(CREDENTIALS)
    report = asyncio.run(apply_manifests(engine.run(), desired, plan_project, approve))

    (error,) = errors(report)
    assert "Spectrum refuses" in error
    assert ("PHOTON" in (tmp_path / "w.env").read_text()) is bool(answers)
