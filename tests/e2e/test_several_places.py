"""Several places for one secret, rotation by age, and secrets for a program."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from photonctl.sealed import sealed
from tests.e2e.placing import BOTH, URL, declare

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"


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
    declare(bare_cli, name, OLD, more=RAW)
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


def test_an_older_registrations_secret_is_never_copied_over_the_live_one(newer_cli, name, vault):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    declare(newer_cli, name, "{vault: secret/bot, key: BOT}")
    newer_cli.ok("apply", "-y", "--replace", f"webhook:{URL}")
    live = vault.secret("BOT_WEBHOOK_ID"), vault.secret("BOT")
    assert newer_cli.env_file()["HOOK_WEBHOOK_ID"] != live[0]
    declare(newer_cli, name, BOTH)

    refused = newer_cli.run("secrets", "env", "--", "true")
    newer_cli.ok("apply", "-y")

    assert "different registrations" in refused.stderr
    assert (vault.secret("BOT_WEBHOOK_ID"), vault.secret("BOT")) == live
    assert newer_cli.env_file()["HOOK"] == live[1]


def test_no_program_gets_what_has_no_form_of_photons(newer_cli, name):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    text = (newer_cli.folder / ".env").read_text()
    before = newer_cli.env_file()["HOOK"]
    (newer_cli.folder / ".env").write_text(text.replace(f"HOOK={before}", "HOOK='-e \"x y\"'"))

    refused = newer_cli.run("secrets", "env", "--", "true")

    assert refused.returncode == 5
    assert "stored as HOOK isn't of the form" in refused.stderr
    newer_cli.env["KEY"] = "HOOK"
    declare(newer_cli, name, "{envFile: .env, key: '${env:KEY}'}")
    assert "HOOK" not in newer_cli.run("secrets", "env", "--", "true").stderr


def test_no_environment_is_made_of_places_that_differ(newer_cli, name):
    newer_cli.write(
        f"version: 1\nproject: {{name: {name}}}\nwebhooks: [{{url: '{URL}', "
        "secret: [{envFile: .env, key: A}, {envFile: b.env, key: B}]}]\n"
    )
    newer_cli.ok("apply", "-y")
    path = newer_cli.folder / "b.env"
    path.write_text(path.read_text().replace("B_STANDARD=whsec_", "B_STANDARD=whsec_bmV3ZXI"))

    refused = newer_cli.run("secrets", "env", "--", "true")

    assert refused.returncode == 5
    assert "hold different secrets" in refused.stderr


def digest(cli, *args):
    return json.loads(cli.ok("plan", "--emulator", "--json", *args))["digest"]


def test_how_long_an_old_secret_stays_valid_is_shown_and_approved(bare_cli, name):
    declare(bare_cli, name, OLD, more=RAW)
    bare_cli.ok("apply", "-y", "--emulator")
    aged(bare_cli.folder, 97)
    before = digest(bare_cli)

    assert "the old one is valid for 24h" in bare_cli.ok("plan", "--emulator").replace("1d", "24h")
    declare(bare_cli, name, OLD.replace("24h", "0s"), more=RAW)

    assert digest(bare_cli) != before


@pytest.mark.parametrize("rule", ["every: '${env:PIN}d'", "every: 1d, overlap: '${env:PIN}'"])
def test_when_a_secret_is_rotated_is_written_out(bare_cli, name, rule):
    declare(bare_cli, name, f"{{envFile: .env, key: HOOK, rotate: {{{rule}}}}}")

    done = bare_cli.run("validate", env={"PIN": "471142"})

    assert done.returncode == 3
    assert "filled in" in done.stderr
    assert "471142" not in done.stdout + done.stderr


def test_a_program_gets_nothing_that_photonctl_has_not_stored(bare_cli, name):
    declare(bare_cli, name, "{envFile: .env, key: HOOK}")
    (bare_cli.folder / ".env").write_text("HOOK=planted\n")
    (bare_cli.folder / ".env").chmod(0o600)

    done = bare_cli.run("secrets", "env", "--", "sh", "-c", 'echo "=$HOOK="', is_new=True)

    assert done.stdout == "==\n"


@pytest.mark.parametrize(
    "key", ["VAULT_ADDR", "AWS_ENDPOINT_URL", "GITHUB_API_URL", "CI_API_V4_URL", "BAO_ADDR"]
)
def test_no_secret_has_the_name_of_what_steers_a_store(bare_cli, name, key):
    declare(bare_cli, name, f"{{envFile: .env, key: {key}}}")

    assert bare_cli.run("validate").returncode == 3


PLACES = {
    "a top that is a command": lambda sink: sink.update(
        type="exec", target="./evil", arguments=["x"]
    ),
    "a top that is a file": lambda sink: sink.update(type="envFile", target="/tmp/x/.env"),
    "a command with a decoy": lambda sink: sink["members"][1].update(
        type="exec",
        target="./evil",
        members=[{**sink["members"][0], "key": "X"}, {**sink["members"][0], "key": "Y"}],
    ),
    "one place": lambda sink: sink["members"].pop(),
    "no place": lambda sink: sink["members"].clear(),
    "a default": lambda sink: sink.update(isDefault=True),
}


@pytest.mark.parametrize("edit", PLACES.values(), ids=PLACES)
def test_a_plan_files_places_are_those_that_it_shows(newer_cli, name, edit):
    declare(newer_cli, name, "[{envFile: a.env, key: A}, {envFile: b.env, key: A}]")
    newer_cli.ok("plan", "--out", "plan.json")
    path = newer_cli.folder / "plan.json"
    data = json.loads(path.read_text())
    edit(data["projects"][0]["actions"][-1]["sink"])
    path.write_text(json.dumps(sealed(data)))

    for command in (["show"], ["apply", "-y"], ["apply", "-y", "--no-exec"]):
        done = newer_cli.run(*command, "plan.json")
        assert done.returncode == 5, done.stdout


def test_a_saved_plan_shows_what_was_filled_in_as_its_expression(newer_cli, name):
    text = (
        "version: 1\nproject: {{name: {0}}}\n"
        "users: [{{phoneNumber: +15551230001, firstName: {1}}}]\n"
        "webhooks: [{{url: '{2}', secret: {{envFile: .env, key: {3}}}}}]\n"
    )
    newer_cli.write(text.format(name, "Ann", URL, "BOT"))
    newer_cli.ok("apply", "-y")
    newer_cli.write(text.format(name, '"${env:HIDDEN}"', URL, '"${env:HIDDEN}"'))
    env = {"HIDDEN": "HIDDENVAL_77"}
    newer_cli.ok("plan", "--out", "plan.json", env=env)

    said = [
        newer_cli.ok("show", "plan.json", *form)
        for form in ([], ["--format", "markdown"], ["--format", "html"], ["--json"])
    ]
    said.append(newer_cli.ok("apply", "-y", "plan.json"))

    assert not [text for text in said if "HIDDENVAL" in text]


def test_a_projects_own_credentials_share_no_name_with_a_webhook(bare_cli):
    bare_cli.write(
        "version: 1\nproject: {name: bot, credentials: {vault: secret/bot}}\n"
        f"webhooks: [{{url: '{URL}', secret: {{vault: secret/bot, key: PHOTON_PROJECT}}}}]\n"
    )

    assert bare_cli.run("validate").returncode == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("githubActions: acme/bot", "githubActions: acme/Bot"),
        (
            "awsSecretsManager: prod/bot",
            f"awsSecretsManager: '{ARN}prod/bot-AbCdEf'",
        ),
    ],
)
def test_two_spellings_of_one_place_are_one(bare_cli, one, other):
    bare_cli.write(
        "version: 1\nproject: {name: bot}\nwebhooks:\n"
        f"  - {{url: '{URL}/1', secret: {{{one}, key: BOT}}}}\n"
        f"  - {{url: '{URL}/2', secret: {{{other}, key: BOT}}}}\n"
    )

    assert bare_cli.run("validate").returncode == 3


@pytest.mark.parametrize("value", ["./apt.conf", "redis://evil.example:6379", "a:b", "-x", "a b"])
def test_no_program_gets_what_could_be_a_setting(newer_cli, name, value):
    declare(newer_cli, name, "{envFile: bot.env, key: HOOK}")
    (newer_cli.folder / "bot.env").write_text(f"HOOK={value}\nHOOK_WEBHOOK_ID=w-1\n")

    assert newer_cli.run("secrets", "env", "--", "true").returncode == 5


def test_no_program_gets_what_came_with_the_repository(newer_cli, name):
    declare(newer_cli, name, "{envFile: bot.env, key: HOOK}")
    (newer_cli.folder / "bot.env").write_text("HOOK=planted-0123456789\nHOOK_WEBHOOK_ID=w-1\n")
    for words in (["init", "-q"], ["add", "-f", "bot.env"]):
        subprocess.run(["git", *words], cwd=newer_cli.folder, check=True)

    refused = newer_cli.run("secrets", "env", "--", "true")

    assert refused.returncode == 5
    assert "is a part of the git repository" in refused.stderr
    newer_cli.env["PATH"] = str(newer_cli.folder)  # where no git is
    unknown = newer_cli.run("secrets", "env", "--", sys.executable, "-c", "")
    assert unknown.returncode == 5
    assert "git can't tell" in unknown.stderr


@pytest.mark.parametrize("value", ["-" + "Ab_9" * 6, "spk_live_" + "0" * 24, "whsec_" + "A/+b" * 8])
def test_a_program_gets_whatever_photon_may_give(newer_cli, name, value):
    declare(newer_cli, name, "{envFile: bot.env, key: HOOK}")
    (newer_cli.folder / "bot.env").write_text(f"HOOK={value}\nHOOK_WEBHOOK_ID=w-1\n")

    done = newer_cli.run("secrets", "env", "--", "sh", "-c", f"test \"$HOOK\" = '{value}'")

    assert done.returncode == 0
