"""A plan is reviewed in one place and applied in another: exactly that one."""

import json
import re

import pytest

USERS = "version: 1\nproject: {{name: {name}}}\nusers:\n  - {{phoneNumber: +15551230001}}\n"
DIGEST = re.compile(r"digest ((?:hmac-)?sha256:[0-9a-f]{64})")


@pytest.fixture
def planned(newer_cli, name):
    """Return a folder with a manifest, and its plan's digest."""
    newer_cli.write(USERS.format(name=name))
    return newer_cli, DIGEST.search(newer_cli.ok("plan"))[1]


def test_what_was_approved_is_applied(planned):
    cli, digest = planned

    cli.ok("plan", "--expect", digest)
    cli.ok("apply", "-y", "--expect", digest)

    assert "No changes" in cli.ok("plan")


@pytest.mark.parametrize("command", [("plan",), ("apply", "-y")])
def test_anything_else_is_refused_and_shown(planned, name, command):
    cli, digest = planned
    cli.write(USERS.format(name=name) + "  - {phoneNumber: +15551230002}\n")

    done = cli.run(*command, "--expect", digest)

    assert done.returncode == 5
    assert "+15551230002" in done.stdout
    assert digest in done.stderr
    assert f'"{name}" (not live yet)' in cli.ok("plan")


def test_the_digest_says_whether_it_is_keyed(planned):
    cli, _ = planned

    keyed = DIGEST.search(cli.ok("plan", env={"PHOTONCTL_PLAN_KEY": "k"}))[1]
    done = cli.run("plan", "--expect", keyed)

    assert keyed.startswith("hmac-sha256:")
    assert done.returncode == 5
    assert "PHOTONCTL_PLAN_KEY" in done.stderr


def test_reasons_and_the_time_change_no_digest(planned):
    cli, digest = planned
    cli.ok("plan", "--out", "plan.json")

    assert json.loads((cli.folder / "plan.json").read_text())["digest"] == digest


@pytest.fixture
def saved(planned):
    """Return a folder with a saved plan; nothing can be reached from it."""
    cli, digest = planned
    cli.ok("plan", "--out", "plan.json")
    return cli, digest


NOWHERE = {
    "PHOTON_DASHBOARD_HOST": "http://127.0.0.1:9",
    "PHOTON_SPECTRUM_HOST": "http://127.0.0.1:9",
}


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_a_saved_plan_is_shown_offline_in_every_view(saved, form):
    cli, digest = saved

    shown = cli.ok("show", "plan.json", "--format", form, env=NOWHERE)
    hidden = cli.ok("show", "plan.json", "--format", form, "--redact", "people", env=NOWHERE)

    assert digest in shown
    assert "+15551230001" in shown
    assert "+15551230001" not in hidden


def test_an_applied_plan_is_still_shown_and_no_longer_holds(saved):
    cli, digest = saved
    assert "can be applied" in cli.run("show", "plan.json", "--check").stderr
    cli.ok("apply", "plan.json", "-y")

    done = cli.run("show", "plan.json", "--check")

    assert digest in done.stdout
    assert done.returncode == 5
    assert "has changed since the plan was made" in done.stderr


def test_an_edited_plan_isnt_shown(saved):
    cli, _ = saved
    path = cli.folder / "plan.json"
    path.write_text(path.read_text().replace("+15551230001", "+15551230009"))

    done = cli.run("show", "plan.json")

    assert (done.returncode, done.stdout) == (5, "")
    assert "was edited" in done.stderr


def test_a_keyed_plan_is_shown_without_its_key_and_says_so(planned):
    cli, _ = planned
    cli.ok("plan", "--out", "plan.json", env={"PHOTONCTL_PLAN_KEY": "k"})

    keyed = cli.ok("show", "plan.json", env={"PHOTONCTL_PLAN_KEY": "k"})
    without = cli.ok("show", "plan.json")
    other = cli.run("show", "plan.json", env={"PHOTONCTL_PLAN_KEY": "j"})

    assert "(keyed)" in keyed
    assert "not checked: PHOTONCTL_PLAN_KEY isn't set" in without
    assert other.returncode == 5


def test_a_part_is_planned_saved_and_applied(planned, name):
    cli, _ = planned
    cli.write(USERS.format(name=name) + "webhooks: [https://bot.example.com/hook]\n")

    cli.ok("plan", "--only", "user", "--out", "plan.json")
    said = cli.ok("apply", "plan.json", "-y")

    assert "partial: 2 of 3 actions" in said
    assert "1 to create" in cli.ok("plan")


def test_a_plan_file_is_applied_whole(saved):
    cli, _ = saved

    assert cli.run("apply", "plan.json", "-y", "--only", "user").returncode == 64


def test_a_webhook_is_replaced_when_asked(planned, name):
    cli, _ = planned
    url = "https://bot.example.com/hook"
    cli.write(USERS.format(name=name) + f"webhooks: [{url}]\n")
    cli.ok("apply", "-y")
    before = (cli.folder / ".env").read_text()

    said = cli.ok("apply", "-y", "--replace", f"webhook:{url}")

    assert "1 replaced" in said
    assert (cli.folder / ".env").read_text() != before
    assert "No changes" in cli.ok("plan")


def test_a_destruction_is_planned_and_never_saved(planned):
    cli, _ = planned
    cli.ok("apply", "-y")

    assert "- user +15551230001  # destroy" in cli.ok("plan", "--destroy")
    assert cli.run("plan", "--destroy", "--out", "plan.json").returncode == 64
    assert "No changes" in cli.ok("plan")


@pytest.mark.parametrize("digest", ["foo", "sha256:abc", "", "SHA256:" + "0" * 64])
def test_what_is_no_digest_is_wrong_usage(planned, digest):
    cli, _ = planned

    assert cli.run("apply", "-y", "--expect", digest).returncode == 64
    assert "not live yet" in cli.ok("plan")
