"""Destroying deletes what lives in a project, declared or not, but never owner or protected."""

import json
from dataclasses import replace

import pytest

from photonctl.testing import local_photon
from tests.conftest import Photon, connected

OWNER, ADA, BOB = "+15550000001", "+15551234567", "+15557654321"
HEAD = "version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n"
PEOPLE = f"users: [{{{{phoneNumber: {ADA}}}}}, {{{{phoneNumber: {BOB}}}}}]\n"
HOOK = "webhooks: [https://bot.example.com/hook]\n"
TEAM = HEAD + PEOPLE + HOOK


@pytest.fixture
def applied(newer_cli, name):
    """A command whose project has two users, one webhook and its owner."""
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    return newer_cli


@pytest.fixture
def unmarked():
    """A Photon that doesn't say which user is the owner (contract §6.2, 2)."""
    with local_photon(variants=frozenset({"owner-unmarked"})) as photon:
        yield Photon(url=photon.url, token=photon.token)


def phones(photon, name):
    with photon.spectrum(name) as spectrum:
        return {row["phoneNumber"] for row in spectrum.get("/users/").json()["data"]["users"]}


def test_the_owner_and_the_protected_stay(applied, newer_photon, name):
    applied.write(TEAM.format(name=name) + 'protect: {users: ["+1555765*"]}\n')

    applied.ok("destroy", "-y")

    assert phones(newer_photon, name) == {BOB, OWNER}
    with newer_photon.spectrum(name) as spectrum:
        assert spectrum.get("/webhooks/").json()["data"] == []


def test_a_project_that_cant_follow_keeps_what_is_in_it(newer_cli, newer_photon, name):
    head = HEAD.replace("{{name: {name},", "{{name: {name}, credentials: {{envFile: p.env}},")
    newer_cli.write((head + PEOPLE).format(name=name))
    newer_cli.ok("apply", "-y")
    pair = newer_cli.env_file("p.env")
    without_token = replace(newer_cli, env={**newer_cli.env, "PHOTON_TOKEN": "", **pair})

    done = without_token.run("destroy", "-y", "--project-too")

    assert done.returncode == 4
    assert phones(newer_photon, name) == {ADA, BOB, OWNER}


def test_what_isnt_declared_goes_too(applied, newer_photon, name):
    applied.write(HEAD.format(name=name) + HOOK)

    applied.ok("destroy", "-y")

    assert phones(newer_photon, name) == {OWNER}


@pytest.mark.parametrize("section", ["protect", "ignore"])
@pytest.mark.parametrize("people", [PEOPLE, ""])
def test_a_project_with_held_users_stays(applied, newer_photon, name, section, people):
    applied.write((HEAD + people).format(name=name) + f'{section}: {{users: ["{BOB}"]}}\n')

    done = applied.run("destroy", "-y", "--project-too")

    assert done.returncode == 5
    assert "Remove them from protect: and ignore:" in done.stderr
    assert phones(newer_photon, name) == {ADA, BOB, OWNER}


def test_the_project_can_go_too(cli, photon, name):
    cli.write(TEAM.format(name=name))
    cli.ok("apply", "-y")

    report = json.loads(cli.ok("destroy", "-y", "--project-too", "--json"))

    assert report["converged"] is True
    with photon.dashboard() as dashboard:
        assert name not in [row["name"] for row in dashboard.get("/projects/").json()]


@pytest.mark.parametrize("declared", ["", f"users: [{{phoneNumber: {OWNER}}}]\n"])
def test_an_owner_without_a_mark_stays(bare_cli, unmarked, declared):
    cli = connected(bare_cli, unmarked)
    cli.write(TEAM.format(name="bot"))
    cli.ok("apply", "-y")
    cli.write(HEAD.format(name="bot") + declared)

    cli.ok("destroy", "-y")

    assert phones(unmarked, "bot") == {OWNER}


def test_the_session_tells_the_owner_also_beside_a_pair(bare_cli, unmarked):
    """Users go through Spectrum with the pair; who the owner is, only the token knows."""
    cli = connected(bare_cli, unmarked)
    head = HEAD.replace("name}", "name}, credentials: {{envFile: p.env}}")
    cli.write((head + PEOPLE).format(name="bot"))
    cli.ok("apply", "-y")
    pair = cli.env_file("p.env")
    cli.write(HEAD.format(name="bot") + "users: []\n")

    told = cli.ok("plan", env={**pair, "PHOTON_TOKEN": ""})
    assert "the project's owner can't be identified" in told
    shown = json.loads(cli.ok("plan", "--json", env=pair))

    (project,) = shown["projects"]
    assert {action["key"] for action in project["actions"]} == {ADA, BOB}
    cli.ok("apply", "-y", env=pair)
    assert phones(unmarked, "bot") == {OWNER}
