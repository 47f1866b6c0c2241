"""Several places for one secret, rotation by age, and secrets for a program."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.stores.running import running

URL = "https://bot.example.com/hook"


@pytest.fixture
def vault(tmp_path, newer_cli):
    with running("vault", tmp_path) as store:
        newer_cli.env.update(store.env)
        yield store


def declare(cli, name, secret, more=""):
    cli.write(
        f"version: 1\nproject: {{name: {name}}}\n"
        f"webhooks: [{{url: '{URL}', secret: {secret}{more}}}]\n"
    )


BOTH = "[{envFile: .env, key: HOOK}, {vault: secret/bot, key: BOT}]"


def test_a_secret_goes_to_every_place(newer_cli, name, vault):
    declare(newer_cli, name, BOTH)
    shown = newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")

    assert "envFile .env as HOOK; and kept by vault secret/bot as BOT" in shown
    assert newer_cli.env_file()["HOOK"] == vault.secret("BOT")
    assert newer_cli.env_file()["HOOK_WEBHOOK_ID"] == vault.secret("BOT_WEBHOOK_ID")
    assert "No changes" in newer_cli.ok("plan")


def test_a_place_that_fails_takes_the_webhook_back(newer_cli, newer_photon, name, vault):
    declare(newer_cli, name, BOTH)
    newer_cli.ok("apply", "-y", "--only", "project")
    vault.stand_in.fault("POST", "/data/", status=400, times=9)

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 6
    assert "the webhook was deleted again" in done.stdout + done.stderr
    vault.stand_in.clear_faults()
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["HOOK"] == vault.secret("BOT")


def test_a_place_that_is_added_gets_a_copy(newer_cli, name, vault):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()["HOOK_WEBHOOK_ID"]
    declare(newer_cli, name, BOTH)

    assert "one of its places lacks its secret" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")

    assert vault.secret("BOT") == newer_cli.env_file()["HOOK"]
    assert newer_cli.env_file()["HOOK_WEBHOOK_ID"] == before
    assert "No changes" in newer_cli.ok("plan")


def aged(photon_folder, days):
    """Make every webhook of a local Photon older."""
    with closing(sqlite3.connect(photon_folder / ".photonctl" / "emulator.db")) as db:
        (columns,) = [db.execute("PRAGMA table_info(webhooks)").fetchall()]
        assert "created_at" in [column[1] for column in columns]
        db.execute(f"UPDATE webhooks SET created_at = datetime('now', '-{days} days')")
        db.commit()


RAW = ", schemaVersion: raw-inbound.v1"
OLD = "{envFile: .env, key: HOOK, rotate: {every: 90d, overlap: 24h}}"


def test_a_secret_that_is_too_old_is_rotated_once(bare_cli, name):
    declare(bare_cli, name, OLD, RAW)
    bare_cli.ok("apply", "-y", "--emulator")
    file = ".photonctl/emulator/.env"
    before = bare_cli.env_file(file)
    aged(bare_cli.folder, 97)

    planned = bare_cli.ok("plan", "--emulator")
    assert f"~ webhook {URL}" in planned
    assert "its secret is 97 days old" in planned
    assert "No changes" in bare_cli.ok("plan", "--emulator", "--no-rotate")

    bare_cli.ok("apply", "-y", "--emulator")

    after = bare_cli.env_file(file)
    assert after["HOOK_STANDARD"] != before["HOOK_STANDARD"]
    assert after["HOOK"] == before["HOOK"]
    assert "No changes" in bare_cli.ok("plan", "--emulator")


def test_the_legacy_secret_is_not_rotated_and_the_plan_says_what_a_new_one_costs(bare_cli, name):
    declare(bare_cli, name, OLD)
    bare_cli.ok("apply", "-y", "--emulator")
    aged(bare_cli.folder, 97)

    done = bare_cli.run("plan", "--emulator")

    assert "legacy secret, which can't be rotated" in done.stdout + done.stderr
    assert f"--replace webhook:{URL}" in done.stdout + done.stderr


def test_a_program_gets_the_stored_secrets_and_its_exit_code_is_the_result(newer_cli, name, vault):
    declare(newer_cli, name, BOTH)
    newer_cli.ok("apply", "-y")
    code = "import json, os; print(json.dumps(dict(os.environ))); raise SystemExit(7)"

    done = newer_cli.run("secrets", "env", "--", "python3", "-c", code, is_new=True)

    assert done.returncode == 7
    assert json.loads(done.stdout)["HOOK"] == vault.secret("BOT")
    assert json.loads(done.stdout)["BOT"] == vault.secret("BOT")


@pytest.mark.parametrize("args", [["env"], ["env", "--", "no-such-program"]])
def test_what_cant_be_run_says_how_it_is_written(newer_cli, name, args):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")

    done = newer_cli.run("secrets", *args)

    assert done.returncode == 64
    assert "photonctl secrets env -- npm start" in done.stderr
