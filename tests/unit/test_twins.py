"""Two live spellings of one declared URL: the one whose secret is stored stays."""

import asyncio
import shutil

import pytest
from msgspec.structs import replace

from photonctl.errors import PlanRefused, RefusedError, SinkError, UnknownShape
from photonctl.model.ref import ResourceRef
from photonctl.rotation import rotate_signing_secret
from photonctl.sealed import plan_from_text, plan_to_text
from tests.stores.running import entered
from tests.support.engine import errors

DECLARED, LIVE = "https://bot.example.com/~one", "https://bot.example.com/%7Eone"
STORES = ["githubActions", "gitlabVariable", "awsSecretsManager", "vault", "kubernetes"]


def hook(url, sink):
    entry = f"{{url: '{url}', secret: {sink}}}"
    return f"version: 1\nproject: {{name: bot}}\nprune: true\nwebhooks: [{entry}]\n"


def twins(engine, sink):
    """Register a webhook, and let somebody register the URL again as it is declared now."""
    assert engine.apply(hook(LIVE, sink)).converged
    (project,) = engine.account.live.values()
    (own,) = project.hook_rows.values()
    project.hook_rows["w-twin"] = replace(own, id="w-twin", webhook_url=DECLARED)
    return project, own.id


def deletes(engine, sink):
    (project,) = engine.plan(hook(DECLARED, sink)).projects
    return [action.id for action in project.actions if action.verb.value == "delete"]


@pytest.mark.parametrize("word", STORES)
def test_where_a_store_cant_be_read_no_twin_is_deleted(engine, word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        project, own = twins(engine, store.sink())
        assert deletes(engine, store.sink()) == ["w-twin"]

        monkeypatch.setattr("photonctl.sinks.store.StoreSink.record", unreadable)

        (plan,) = engine.plan(hook(DECLARED, store.sink())).projects
        assert not plan.actions
        assert "it is live twice" in str(plan.warnings)
        assert not errors(engine.apply(hook(DECLARED, store.sink())))
        assert own in project.hook_rows


def unreadable(_):
    raise SinkError("the answer isn't one of this store")


def test_where_an_env_file_cant_be_read_no_twin_is_deleted(engine):
    sink = "{envFile: .env, key: BOT}"
    project, own = twins(engine, sink)
    assert deletes(engine, sink) == ["w-twin"]
    with (engine.folder / ".env").open("ab") as file:
        file.write(b"\xff")

    assert deletes(engine, sink) == []
    assert not errors(engine.apply(hook(DECLARED, sink)))
    assert set(project.hook_rows) == {own, "w-twin"}


def test_of_a_command_the_journal_says_which_twin_it_got(engine):
    sink = "{exec: ['true']}"
    project, own = twins(engine, sink)

    assert deletes(engine, sink) == ["w-twin"]
    assert engine.apply(hook(DECLARED, sink)).converged
    assert set(project.hook_rows) == {own}


def test_of_a_command_nobody_knows_without_the_journal(engine):
    sink = "{exec: ['true']}"
    project, own = twins(engine, sink)
    shutil.rmtree(engine.folder / ".photonctl")

    assert deletes(engine, sink) == []
    assert not errors(engine.apply(hook(DECLARED, sink)))
    assert set(project.hook_rows) == {own, "w-twin"}


def forget(engine):
    (engine.folder / ".env").unlink()
    shutil.rmtree(engine.folder / ".photonctl")


def lose_the_id(engine):
    """Leave a secret of which nothing says whose it is."""
    path = engine.folder / ".env"
    path.write_text(
        "".join(
            line
            for line in path.read_text().splitlines(keepends=True)
            if "BOT_WEBHOOK_ID" not in line
        )
    )


@pytest.mark.parametrize("spoil", [forget, lose_the_id])
@pytest.mark.parametrize("rule", ["warn", "rotate", "replace", "ignore"])
def test_where_one_place_leaves_it_open_neither_twin_is_touched(engine, rule, spoil):
    sink = "[{envFile: .env, key: BOT}, {exec: [sh, -c, 'cat > got']}]"
    project, own = twins(engine, sink)
    spoil(engine)
    given, secrets = (engine.folder / "got").read_text(), dict(project.secrets)
    text = hook(DECLARED, f"{sink}, onMissingSecret: {rule}")

    for _ in range(2):
        assert deletes(engine, sink) == []
        assert not errors(engine.apply(text))
    with pytest.raises(RefusedError, match="it is live twice"):
        rotate(engine, text)
    assert set(project.hook_rows) == {own, "w-twin"}
    assert project.secrets == secrets
    assert (engine.folder / "got").read_text() == given


def rotate(engine, text):
    (project,) = engine.load(text)
    ref = ResourceRef("webhook", DECLARED)
    asyncio.run(rotate_signing_secret(engine.account, project, ref, None))


def test_a_replacement_that_is_asked_for_touches_neither_twin(engine):
    sink = "{exec: ['true']}"
    project, own = twins(engine, sink)
    shutil.rmtree(engine.folder / ".photonctl")

    report = engine.apply(hook(DECLARED, sink), replace=(f"webhook:{DECLARED}",))

    assert not errors(report)
    assert set(project.hook_rows) == {own, "w-twin"}


@pytest.mark.parametrize("word", ["githubActions", "gitlabVariable"])
def test_where_a_note_was_emptied_no_twin_is_deleted(engine, word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        project, own = twins(engine, store.sink())
        store.forget_notes()

        assert deletes(engine, store.sink()) == []
        assert not errors(engine.apply(hook(DECLARED, store.sink())))
        assert set(project.hook_rows) == {own, "w-twin"}


def test_a_saved_plan_deletes_no_twin(engine):
    (engine.folder / "photon.yaml").touch()
    sink = "{envFile: .env, key: BOT}"
    project, own = twins(engine, sink)
    kept = (engine.folder / ".env").read_text()
    (engine.folder / ".env").unlink()
    plan = plan_from_text(plan_to_text(engine.plan(hook(DECLARED, sink))))
    (engine.folder / ".env").write_text(kept)

    with pytest.raises(PlanRefused, match="one of two live spellings"):
        engine.apply_plan(plan)
    assert set(project.hook_rows) == {own, "w-twin"}


def test_a_saved_plan_deletes_both_of_two_twins(engine):
    (engine.folder / "photon.yaml").touch()
    project, _ = twins(engine, "{envFile: .env, key: BOT}")
    none = "version: 1\nproject: {name: bot}\nprune: true\nwebhooks: []\n"

    report = engine.apply_plan(plan_from_text(plan_to_text(engine.plan(none))))

    assert not errors(report)
    assert not project.hook_rows


def test_more_twins_than_any_project_has_are_no_list(engine):
    project, _ = twins(engine, "{exec: ['true']}")
    (row,) = [row for row in project.hook_rows.values() if row.id == "w-twin"]
    for number in range(20_000):
        project.hook_rows[f"t{number}"] = replace(row, id=f"t{number}")

    with pytest.raises(UnknownShape, match="of one URL"):
        deletes(engine, "{exec: ['true']}")
