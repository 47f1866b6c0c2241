"""Where one-time secrets go, other than into an env file; and rotating them."""

import json
import sys
from datetime import UTC, datetime

import pytest

from tests.conftest import wait_for

URL = "https://bot.example.com/hook"
MANIFEST = """\
version: 1
project: {{name: {name}}}
webhooks: [{{url: {url}, secret: {secret}}}]
"""
PLUGIN = """
from photonctl.model.state import Stored

class Vault:
    def __init__(self, spec, folder):
        self.path = folder / spec.target

    def check_writable(self): ...

    def store(self, secrets):
        self.path.write_text(secrets.webhook_id)

    def stored_for(self, webhook_id):
        is_there = self.path.exists() and self.path.read_text() == webhook_id
        return Stored.ALL if is_there else Stored.NOTHING

    def kept(self):
        return None
"""


def declare(cli, name, secret):
    cli.write(MANIFEST.format(name=name, url=URL, secret=secret))


def executable(cli, body):
    path = cli.folder / "keep"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def hooks(photon, name):
    with photon.spectrum(name) as spectrum:
        return spectrum.get("/webhooks/").json()["data"]


def test_a_command_keeps_the_secret(cli, photon, name):
    executable(cli, "cat > got.json; echo chatter")
    declare(cli, name, "{exec: [./keep]}")

    shown = cli.ok("apply", "-y")

    got = json.loads((cli.folder / "got.json").read_text())
    assert [row["id"] for row in hooks(photon, name)] == [got["webhookId"]]
    assert got["signingSecret"] not in shown
    assert "chatter" not in shown
    cli.ok("plan", "--detailed-exitcode")


def test_a_command_that_fails_leaves_no_webhook(cli, photon, name):
    executable(cli, "tee got.json; exit 1")
    declare(cli, name, "{exec: [./keep]}")

    done = cli.run("apply", "-y")

    assert done.returncode == 6
    assert "failed (exit code 1)" in done.stdout
    given = json.loads((cli.folder / "got.json").read_text())
    assert given["signingSecret"] not in done.stdout
    assert hooks(photon, name) == []


def test_a_command_that_isnt_there_stops_before_anything_is_changed(cli, photon, name):
    declare(cli, name, "{exec: [./nowhere]}")

    done = cli.run("apply", "-y")

    assert done.returncode == 5
    assert [r["method"] for r in photon.log() if r["method"] != "GET"] == []


@pytest.mark.parametrize("way", ["plan", "apply", "plan file"])
def test_no_exec_forbids_it(newer_cli, name, way):
    executable(newer_cli, "touch ran")
    declare(newer_cli, name, "{exec: [./keep]}")
    newer_cli.ok("plan", "--out", "p.json")
    args = {"plan": ("plan",), "apply": ("apply", "-y"), "plan file": ("apply", "-y", "p.json")}

    done = newer_cli.run(*args[way], "--no-exec")

    assert done.returncode == 5
    assert "--no-exec forbids" in done.stderr
    assert not (newer_cli.folder / "ran").exists()


def plugin(tmp_path, text):
    """Install a package that brings a sink; return the folder for PYTHONPATH."""
    site = tmp_path / "site"
    info = site / "vault-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[photonctl.sinks]\nvault = vault_sink:Vault\n")
    (site / "vault_sink.py").write_text(text)
    return site


def test_a_plugin_brings_a_sink_of_its_own(newer_cli, newer_photon, name, tmp_path):
    site = plugin(tmp_path, PLUGIN)
    declare(newer_cli, name, "{plugin: vault, target: kept.txt}")

    missing = newer_cli.run("apply", "-y")
    assert (missing.returncode, "no secret sink called vault" in missing.stderr) == (5, True)
    env = {"PYTHONPATH": str(site)}
    newer_cli.ok("apply", "-y", env=env)

    (row,) = hooks(newer_photon, name)
    assert (newer_cli.folder / "kept.txt").read_text() == row["id"]
    newer_cli.ok("plan", "--detailed-exitcode", env=env)


def test_rotating_stores_the_new_secret_and_tells_the_end_of_the_old_one(
    newer_cli, newer_photon, name
):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()

    shown = newer_cli.ok("webhook", "rotate", URL, "--overlap", "1h")

    after = newer_cli.env_file()
    assert after["HOOK"] == before["HOOK"]
    assert after["HOOK_WEBHOOK_ID"] == before["HOOK_WEBHOOK_ID"]
    assert after["HOOK_STANDARD"] != before["HOOK_STANDARD"]
    assert after["HOOK_STANDARD"] not in shown
    told = shown.split("until ")[1].strip(" .\n").replace(" UTC", "+00:00")
    left_s = (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()
    assert 3500 < left_s <= 3600
    assert "isn't valid any more" in newer_cli.ok("webhook", "rotate", "--overlap", "0")
    newer_cli.ok("plan", "--detailed-exitcode")


def test_a_rotation_that_was_killed_is_made_again_by_the_next_apply(newer_cli, newer_photon, name):
    """Else the stored secret would end with the overlap, and nobody would know."""
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()["HOOK_STANDARD"]
    newer_photon.add_faults("POST /projects/*/secret/rotate : hang-after")

    with newer_cli.running("webhook", "rotate", URL) as process:
        wait_for(lambda: any(entry["fault"] for entry in newer_photon.log()))
        process.kill()
        process.communicate()

    assert "rotation was interrupted" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["HOOK_STANDARD"] != before
    newer_cli.ok("plan", "--detailed-exitcode")


def test_a_rotation_whose_answer_is_lost_is_told_by_the_next_plan(newer_cli, newer_photon, name):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    newer_photon.add_faults("POST /projects/*/secret/rotate : drop-after")

    assert newer_cli.run("webhook", "rotate").returncode == 1

    assert "rotation was interrupted" in newer_cli.ok("plan")
    newer_cli.ok("webhook", "rotate")
    newer_cli.ok("plan", "--detailed-exitcode")


def test_a_rotation_that_was_refused_leaves_nothing(newer_cli, newer_photon, name):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    newer_photon.add_faults("POST /projects/*/secret/rotate : succeed-false")

    assert newer_cli.run("webhook", "rotate").returncode == 1

    newer_cli.ok("plan", "--detailed-exitcode")


def test_a_rotation_that_was_refused_forgets_no_earlier_one(newer_cli, newer_photon, name):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    newer_photon.add_faults(
        "POST /projects/*/secret/rotate : drop-after",
        "POST /projects/*/secret/rotate : succeed-false",
    )
    assert newer_cli.run("webhook", "rotate").returncode == 1
    assert newer_cli.run("webhook", "rotate").returncode == 1

    assert "rotation was interrupted" in newer_cli.ok("plan")


def test_a_rotation_waits_for_an_apply_of_the_same_project(newer_cli, newer_photon, name):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    newer_photon.add_faults("GET /projects/*/webhooks/ : hang-before")

    with newer_cli.running("apply", "-y") as process:
        wait_for(lambda: any(entry["fault"] for entry in newer_photon.log()))
        refused = newer_cli.run("webhook", "rotate", "--lock-timeout", "0.1")
        process.kill()
        process.communicate()

    assert refused.returncode == 5
    assert f"process {process.pid} has been applying" in refused.stderr


def test_rotation_isnt_offered_by_the_older_generation(older_cli, name):
    declare(older_cli, name, "{envFile: .env, key: HOOK}")
    older_cli.ok("apply", "-y")

    done = older_cli.run("webhook", "rotate")

    assert done.returncode == 1
    assert "status 40" in done.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [(("--overlap", "8d"), 64), (("--overlap", "soon"), 64), ((), 5)],
)
def test_a_rotation_that_cant_be(newer_cli, name, args, code):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")

    assert newer_cli.run("webhook", "rotate", *args).returncode == code


def test_a_rotated_secret_that_cant_be_stored_is_told(newer_cli, newer_photon, name):
    executable(newer_cli, f"{sys.executable} -c 'import sys; sys.exit(\"full\")'")
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    declare(newer_cli, name, "{exec: [./keep]}")

    done = newer_cli.run("webhook", "rotate")

    assert done.returncode == 1
    assert "the new secret is lost" in done.stderr
    assert "photonctl webhook rotate" in done.stderr


def test_a_rotation_in_ci_needs_a_declared_sink(newer_cli, name):
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\nwebhooks: [{URL}]\n")
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()

    done = newer_cli.run("webhook", "rotate", env={"CI": "true"})

    assert done.returncode == 5
    assert newer_cli.env_file() == before


def test_a_plugin_that_raises_anything_costs_no_secret(newer_cli, newer_photon, name, tmp_path):
    stores = "self.path.write_text(secrets.webhook_id)"
    site = plugin(tmp_path, PLUGIN.replace(stores, "raise KeyError(secrets)"))
    declare(newer_cli, name, "{plugin: vault, target: kept.txt}")

    done = newer_cli.run("apply", "-y", env={"PYTHONPATH": str(site)})

    assert done.returncode == 6
    assert "unexpected KeyError; the webhook was deleted again" in done.stdout + done.stderr
    assert hooks(newer_photon, name) == []


@pytest.mark.parametrize("rule", ["warn", "replace"])
def test_a_second_webhook_changes_the_first_ones_name_and_costs_no_secret(cli, photon, name, rule):
    """The default name depends on how many webhooks there are (interface §5)."""
    short = f"version: 1\nproject: {{name: {name}}}\nwebhooks:\n- {{url: {URL}, "
    first = f"{short}onMissingSecret: {rule}}}\n"
    cli.write(first)
    cli.ok("apply", "-y")
    before = cli.env_file()
    cli.write(f"{first}- https://b.example.com/hook\n")

    assert '-> "PHOTON_WEBHOOK_SECRET_BOT_EXAMPLE_COM_HOOK"' in cli.ok("plan")
    cli.ok("apply", "-y")

    after = cli.env_file()
    for end in ("", "_WEBHOOK_ID"):
        moved = after[f"PHOTON_WEBHOOK_SECRET_BOT_EXAMPLE_COM_HOOK{end}"]
        assert moved == before[f"PHOTON_WEBHOOK_SECRET{end}"]
    cli.ok("plan", "--detailed-exitcode")
    cli.write(first)
    cli.ok("apply", "-y")
    assert cli.env_file()["PHOTON_WEBHOOK_SECRET"] == before["PHOTON_WEBHOOK_SECRET"]
    cli.ok("plan", "--detailed-exitcode")


def test_a_rotation_takes_the_older_secret_along_to_the_new_name(newer_cli, name):
    declare(newer_cli, name, "{envFile: .env, key: OLD}")
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()
    declare(newer_cli, name, "{envFile: .env, key: NEW}")

    newer_cli.ok("webhook", "rotate")

    after = newer_cli.env_file()
    assert after["NEW"] == before["OLD"]
    assert after["NEW_STANDARD"] != before["OLD_STANDARD"]
    newer_cli.ok("plan", "--detailed-exitcode")


def test_a_plan_to_take_a_secret_from_another_name_never_rotates_it(newer_cli, newer_photon, name):
    declare(newer_cli, name, "{envFile: .env, key: OLD}")
    newer_cli.ok("apply", "-y")
    declare(newer_cli, name, "{envFile: .env, key: NEW}")
    newer_cli.ok("plan", "--out", "p.json")
    (newer_cli.folder / ".env").unlink()

    done = newer_cli.run("apply", "-y", "p.json")

    assert done.returncode == 5
    assert "has changed since the plan was made: the secret of webhook" in done.stderr
    assert not [r for r in newer_photon.log() if r["path"].endswith("/rotate")]
