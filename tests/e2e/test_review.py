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
