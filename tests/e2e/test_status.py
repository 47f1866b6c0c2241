"""``status`` and ``doctor``: what is there, what isn't, and how to mend it."""

import json

import pytest

from tests.e2e.test_sign_in import MANIFEST, auth_file, signing  # noqa: F401

HOOKED = MANIFEST + "webhooks: [https://bot.example.com/hook]\n"


def lines(cli, *args, **kwargs):
    told = json.loads(cli.ok("status", "--json", *args, **kwargs))["credentials"]
    return {line["name"]: line["state"] for line in told}


def test_at_the_beginning_everything_is_missing_or_unset(bare_cli):
    bare_cli.write(HOOKED)
    shown = bare_cli.ok("status")

    assert "✗ missing (run photonctl login)" in shown
    assert "⚠ unset — read from the dashboard" in shown
    assert "✗ missing (PHOTON_WEBHOOK_SECRET in .env: run photonctl plan)" in shown
    assert lines(bare_cli) == {
        "device token": "missing",
        "project id": "unset",
        "project key": "unset",
        "webhook key": "missing",
    }


def test_in_the_end_everything_is_stored(newer_cli, newer_photon, name):
    newer_cli.write(HOOKED.replace("name: bot", f"name: {name}"))
    newer_cli.ok("apply", "-y")
    newer_cli.ok("project", "rotate-secret", "-y")
    pool = json.loads(auth_file(newer_cli).read_text())["credential_pool"]["photon_project"]
    newer_cli.write(
        HOOKED.replace("name: bot", f"name: {name}, id: {pool[0]['spectrum_project_id']}")
    )

    assert set(lines(newer_cli).values()) == {"stored"}
    shown = newer_cli.ok("status")
    assert "✓ stored (PHOTON_TOKEN)" in shown
    assert f"✓ stored (the credential file {auth_file(newer_cli)})" in shown
    assert "✓ stored (PHOTON_WEBHOOK_SECRET in .env)" in shown
    (newer_cli.folder / ".env").unlink()
    newer_cli.ok("webhook", "rotate")
    assert "(PHOTON_WEBHOOK_SECRET in .env: the standard secret only)" in newer_cli.ok("status")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PHOTON_PROJECT_ID": "p", "PHOTON_PROJECT_SECRET": "s"}, ("stored", "stored")),
        ({"PHOTON_PROJECT_ID": "p"}, ("stored", "unset")),
        ({"PHOTON_PROJECT_SECRET": "s"}, ("unset", "stored")),
    ],
)
def test_a_pair_in_the_environment(bare_cli, env, expected):
    bare_cli.write(MANIFEST)
    found = lines(bare_cli, env=env)

    assert (found["project id"], found["project key"]) == expected


def test_without_a_manifest_there_is_the_token_alone(bare_cli):
    assert lines(bare_cli) == {"device token": "missing"}


def test_a_file_that_cant_be_read_is_told_and_no_failure(bare_cli):
    bare_cli.write(HOOKED)
    auth_file(bare_cli).parent.mkdir(parents=True)
    auth_file(bare_cli).write_text("{")
    (bare_cli.folder / ".env").mkdir()

    shown = bare_cli.ok("status")

    assert shown.count("can't be read") == 4


def test_the_doctor_finds_all_well(newer_cli, name):
    at_an_address = HOOKED.replace("bot.example.com", "93.184.215.14")  # asks no name server
    newer_cli.write(at_an_address.replace("name: bot", f"name: {name}"))
    done = newer_cli.run("doctor")

    assert done.returncode == 0
    assert [line[0] for line in done.stdout.splitlines()] == ["✓"] * 6
    told = json.loads(newer_cli.ok("doctor", "--json"))
    assert told["ok"] is True
    assert [check["name"] for check in told["checks"]] == [
        "dashboard",
        "Spectrum",
        "clock",
        "token",
        "secret sink PHOTON_WEBHOOK_SECRET in .env",
        "webhook https://93.184.215.14/hook",
    ]


def test_the_doctor_says_what_isnt_well_and_how_to_mend_it(signing):  # noqa: F811
    _, cli = signing()
    cli.write(HOOKED)
    (cli.folder / ".env").mkdir()

    done = cli.run("doctor")

    assert done.returncode == 1
    assert "✗ token: not signed in" in done.stdout
    assert "      photonctl login" in done.stdout
    assert "✗ secret sink PHOTON_WEBHOOK_SECRET in .env" in done.stdout
    assert "✓ dashboard" in done.stdout


def test_the_doctor_at_a_host_that_isnt_there(bare_cli):
    env = {
        "PHOTON_DASHBOARD_HOST": "http://127.0.0.1:9",
        "PHOTON_SPECTRUM_HOST": "http://127.0.0.1:9",
        "PHOTON_TOKEN": "t",
    }
    done = bare_cli.run("doctor", env=env)

    assert done.returncode == 1
    assert "✗ dashboard: GET http://127.0.0.1:9/api/health: can't connect" in done.stdout
    assert "Check the network" in done.stdout


def test_a_session_that_ends_soon_isnt_well(signing):  # noqa: F811
    _, cli = signing(approve_logins=True, token_lifetime_s=3600)
    cli.ok("login")

    done = cli.run("doctor")

    assert done.returncode == 1
    assert "✗ token: the token from the credential file" in done.stdout
