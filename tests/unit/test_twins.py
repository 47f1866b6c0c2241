"""Two live spellings of one declared URL: the one whose secret is stored stays."""

import shutil

import pytest
from msgspec.structs import replace

from photonctl.errors import PlanRefused, SinkError, UnknownShape
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


@pytest.mark.parametrize("rule", ["warn", "rotate", "replace"])
def test_one_place_that_cant_be_asked_is_enough(engine, rule):
    sink = f"[{{envFile: .env, key: BOT}}, {{exec: ['true']}}], onMissingSecret: {rule}"
    project, own = twins(engine, sink)
    (engine.folder / ".env").unlink()
    shutil.rmtree(engine.folder / ".photonctl")

    assert deletes(engine, sink) == []
    engine.apply(hook(DECLARED, sink))
    assert own in project.hook_rows


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
