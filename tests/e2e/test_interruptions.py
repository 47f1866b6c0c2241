"""Killed, stopped, or robbed of the sink in the middle: the next apply continues."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from photonctl.journal import Journal, rotation_of
from photonctl.testing import local_photon
from tests.conftest import Cli, connected, wait_for

TEAM = """\
version: 1
project: {{name: {name}, platforms: [imessage]}}
users:
{users}webhooks:
  - {{url: https://bot.example.com/hook, secret: {{envFile: .env, key: BOT}}}}
"""


def people(count):
    return "".join(f"  - {{phoneNumber: +1555200{i:04d}}}\n" for i in range(count))


def applying(cli):
    """Run an apply beside the test."""
    return cli.running("apply", "-y", "--json", "--parallelism", "1")


URL = "https://bot.example.com/hook"
GIVEN_UP = "https://given-up.example.com"


def intents(cli):
    return list(cli.folder.glob(".photonctl/intents/*"))


def is_live(photon, name):
    with photon.dashboard() as dashboard:
        return any(row["name"] == name for row in dashboard.get("/projects/").json())


def hooks(photon, name):
    if not is_live(photon, name):
        return []
    with photon.spectrum(name) as spectrum:
        return spectrum.get("/webhooks/").json()["data"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_what_is_in_flight(newer_cli, newer_photon, name, number):
    newer_cli.write(TEAM.format(name=name, users=people(6)))
    newer_photon.add_faults("POST /projects/*/users/ : slow=0.3 : *")

    with applying(newer_cli) as process:
        wait_for(
            lambda: [
                e
                for e in newer_photon.log()
                if e["path"].endswith("/users/") and e["method"] == "POST"
            ]
        )
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Stopping after the requests in flight" in err
    report = json.loads(out)
    statuses = [action["status"] for action in report["projects"][0]["actions"]]
    assert (report["interrupted"], report["converged"]) == (True, False)
    assert statuses.count("skipped") > 0
    assert statuses.count("failed") == 0
    newer_photon.clear()
    newer_cli.ok("apply", "-y")
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_leaves_at_once_and_consistent(newer_cli, newer_photon, name, second):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("POST /projects/*/webhooks/ : slow-after=600")

    with applying(newer_cli) as process:
        wait_for(lambda: intents(newer_cli) and hooks(newer_photon, name))
        process.send_signal(signal.SIGINT)
        while "Stopping" not in (said := process.stderr.readline()):
            assert said, "it ended without a word"
        process.send_signal(second)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "The next apply continues from here" in said
    assert "Traceback" not in err
    newer_photon.clear()
    assert "was interrupted before its secret was stored" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hooks(newer_photon, name)[0]["id"]
    assert intents(newer_cli) == []


def keeping(cli, name, body):
    """Declare a webhook whose secret is kept by a script."""
    script = cli.folder / "keep"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    text = TEAM.format(name=name, users=people(1))
    cli.write(text.replace("{envFile: .env, key: BOT}", "{exec: [./keep]}"))


def test_ctrl_c_lets_a_command_store_the_secret(newer_cli, newer_photon, name):
    keeping(newer_cli, name, "touch begun; sleep 1; cat > got.json")

    with applying(newer_cli) as process:
        wait_for((newer_cli.folder / "begun").exists)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)

    assert process.returncode == 130
    got = json.loads((newer_cli.folder / "got.json").read_text())
    assert [row["id"] for row in hooks(newer_photon, name)] == [got["webhookId"]]
    assert intents(newer_cli) == []


def test_a_second_ctrl_c_waits_for_no_command(newer_cli, newer_photon, name):
    keeping(newer_cli, name, "touch begun; exec sleep 50")

    with applying(newer_cli) as process:
        wait_for((newer_cli.folder / "begun").exists)
        process.send_signal(signal.SIGINT)
        while "Stopping" not in (said := process.stderr.readline()):
            assert said, "it ended without a word"
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)

    assert process.returncode == 130
    assert len(intents(newer_cli)) == 1
    keeping(newer_cli, name, "cat > got.json")
    newer_cli.ok("apply", "-y")
    got = json.loads((newer_cli.folder / "got.json").read_text())
    assert [row["id"] for row in hooks(newer_photon, name)] == [got["webhookId"]]


def test_a_kill_during_a_registration_is_mended_by_the_next_apply(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("POST /projects/*/webhooks/ : slow-after=30")

    with applying(newer_cli) as process:
        wait_for(lambda: intents(newer_cli))
        lost = wait_for(lambda: hooks(newer_photon, name))[0]["id"]
        process.kill()
        process.communicate()

    assert "was interrupted before its secret was stored" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")

    (hook,) = hooks(newer_photon, name)
    assert hook["id"] != lost
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hook["id"]
    assert intents(newer_cli) == []
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_a_sink_that_fails_after_the_registration_takes_the_webhook_back(
    newer_cli, newer_photon, name
):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("POST /projects/*/webhooks/ : slow-after=1")

    with applying(newer_cli) as process:
        wait_for(lambda: intents(newer_cli) and hooks(newer_photon, name))
        sink = newer_cli.folder / ".env"
        sink.unlink()
        sink.mkdir()
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 6
    (failed,) = [a for a in json.loads(out)["projects"][0]["actions"] if a["status"] == "failed"]
    assert "the webhook was deleted again" in failed["error"]
    assert hooks(newer_photon, name) == []
    assert intents(newer_cli) == []
    sink.rmdir()
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hooks(newer_photon, name)[0]["id"]


def test_two_applies_at_once_make_nothing_twice(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(5)))

    with applying(newer_cli) as one, applying(newer_cli) as other:
        ends = [process.communicate(timeout=90) and process.returncode for process in (one, other)]

    assert ends == [0, 0]  # one waits for the other, and finds nothing left to do
    (hook,) = hooks(newer_photon, name)
    with newer_photon.spectrum(name) as spectrum:
        users = spectrum.get("/users/").json()["data"]["users"]
    assert len(users) == 6
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hook["id"]
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def locks(cli):
    return Path(cli.env["HOME"]) / ".local/state/photonctl/locks"


def test_who_holds_a_project_is_told_and_for_how_long(newer_cli, newer_photon, name, tmp_path):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Cli(elsewhere, newer_cli.env)
    other.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("GET /api/projects/ : hang-before : *")

    with applying(newer_cli) as process:
        wait_for(lambda: any(locks(newer_cli).glob("*.owner")))
        refused = other.run("apply", "-y", "--lock-timeout", "0.2")
        process.kill()
        process.communicate()
    newer_photon.clear()

    assert refused.returncode == 5
    assert f"process {process.pid} has been applying this project" in refused.stderr
    assert "waiting for up to 0 s" in refused.stderr
    assert "--lock-timeout SECONDS" in refused.stderr
    other.ok("apply", "-y")  # a killed owner holds nothing
    assert list(locks(newer_cli).glob("*.owner")) == []


def test_a_home_that_cant_be_written_is_no_obstacle(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    Path(newer_cli.env["HOME"], ".local").write_text("not a folder")

    newer_cli.ok("apply", "-y")


def test_a_signal_while_planning_ends_it_with_130(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("GET /api/projects/ : slow-after=30 : *")

    with applying(newer_cli) as process:
        wait_for(lambda: any(locks(newer_cli).glob("*.owner")))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_lost_answer_that_cant_be_looked_up_leaves_its_intent(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults(
        "POST /projects/*/webhooks/ : drop-after",
        "GET /projects/*/webhooks/ : unknown-list : *",
    )

    assert newer_cli.run("apply", "-y").returncode == 6
    newer_photon.clear()

    assert len(hooks(newer_photon, name)) == 1
    assert "was interrupted before its secret was stored" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hooks(newer_photon, name)[0]["id"]
    assert intents(newer_cli) == []


def test_deleting_a_webhook_forgets_its_intent(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults(
        "POST /projects/*/webhooks/ : drop-after",
        "GET /projects/*/webhooks/ : unknown-list : *",
    )
    newer_cli.run("apply", "-y")
    newer_photon.clear()
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\nwebhooks: []\n")

    newer_cli.ok("apply", "-y")

    assert (hooks(newer_photon, name), intents(newer_cli)) == ([], [])


def test_an_intent_whose_secret_is_stored_is_forgotten(newer_cli, newer_photon, name):
    """Killed right after storing: nothing is lost, and nothing must look lost later."""
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_cli.ok("apply", "-y")
    (intent,) = left_behind(newer_cli, newer_photon, name, URL)

    newer_cli.ok("plan")
    assert intents(newer_cli) == [intent]  # another apply may be at work: planning changes nothing
    newer_cli.ok("apply", "-y")

    assert intents(newer_cli) == []


def test_an_intent_whose_url_isnt_live_is_forgotten(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_cli.ok("apply", "-y")
    left_behind(newer_cli, newer_photon, name, GIVEN_UP)
    others = left_behind(newer_cli, newer_photon, None, GIVEN_UP)

    newer_cli.ok("apply", "-y")

    assert intents(newer_cli) == others


def left_behind(cli, photon, name, key):
    """Make an intent as a killed process leaves it; None = of a project that isn't this one."""
    before = set(intents(cli))
    project_id = "another-project"
    if name is not None:
        with photon.spectrum(name) as spectrum:
            project_id = spectrum.base_url.path.strip("/").rpartition("/")[2]
    Journal(cli.folder).open_intent(project_id, key)
    return [path for path in intents(cli) if path not in before]


def test_a_registration_that_isnt_listed_yet_is_known_by_its_intent(bare_cli, tmp_path, name):
    """Killed while the answer was on its way; and the next apply sees a list that is behind."""
    data = tmp_path / "photon.db"
    with local_photon(data=data, variants=frozenset({"late-reads"}), emulator_sinks=True) as photon:
        cli = Cli(bare_cli.folder, {**bare_cli.env, **photon.environment})
        cli.write(TEAM.format(name=name, users=people(1)))
        photon.add_faults("POST /projects/*/webhooks/ : hang-after")
        with applying(cli) as process:
            wait_for(lambda: any(entry["fault"] == "hang-after" for entry in photon.requests()))
            process.kill()
            process.communicate()
        photon.add_faults("POST /projects/*/webhooks/ : succeed-false")

        list_later(data, in_s=60)
        assert cli.run("apply", "-y").returncode == 6  # refused: that tells nothing of the first
        list_later(data, in_s=2)
        cli.ok("apply", "-y")

        with closing(sqlite3.connect(data)) as db:
            rows = db.execute("SELECT id FROM webhooks WHERE deleted_at IS NULL").fetchall()
    assert rows == [(cli.env_file()["BOT_WEBHOOK_ID"],)]
    assert intents(cli) == []


def test_a_refusal_tells_nothing_of_a_registration_before_it(bare_cli, name):
    """Its answer was lost, the list is behind, and the second try is refused."""
    with local_photon(variants=frozenset({"late-reads"}), emulator_sinks=True) as photon:
        cli = Cli(bare_cli.folder, {**bare_cli.env, **photon.environment})
        cli.write(TEAM.format(name=name, users=people(1)))
        photon.add_faults(
            "POST /projects/*/webhooks/ : drop-after", "POST /projects/*/webhooks/ : succeed-false"
        )

        assert cli.run("apply", "-y").returncode == 6
        assert len(intents(cli)) == 1
        cli.ok("apply", "-y")

    assert cli.env_file()["BOT_WEBHOOK_ID"]
    assert intents(cli) == []


def test_a_rotation_that_the_server_doesnt_offer_is_said_once_and_forgotten(
    older_cli, older_photon, name
):
    """A server without the route can't have carried out the one whose answer was lost."""
    older_cli.write(TEAM.format(name=name, users=people(1)))
    older_cli.ok("apply", "-y")
    before = older_cli.env_file()
    left_behind(older_cli, older_photon, name, rotation_of(URL))

    done = older_cli.run("apply", "-y")

    assert done.returncode == 6
    assert "doesn't offer rotation" in done.stderr
    assert "still valid" in done.stderr
    assert "delete the webhook in the dashboard" in done.stderr
    assert intents(older_cli) == []
    older_cli.ok("apply", "-y")
    assert older_cli.env_file() == before


@pytest.fixture
def secretless(bare_cli):
    """A Photon that gives a project no secret until it is regenerated (contract §8, 22)."""
    with local_photon(variants=frozenset({"null-secret"})) as photon:
        yield connected(bare_cli, photon), photon


@pytest.mark.parametrize("saved", [[], ["plan.json"]])
@pytest.mark.parametrize("fault", ["502", "drop-before"])
def test_a_project_left_without_a_secret_gets_one(secretless, name, fault, saved):
    cli, photon = secretless
    cli.write(TEAM.format(name=name, users=people(1)))
    photon.add_faults(f"POST /api/projects/*/regenerate-secret : {fault} : *")
    assert cli.run("apply", "-y").returncode == 6
    httpx.delete(f"{photon.url}/__emulator__/faults")

    planned = cli.ok("plan", "--out", "plan.json")
    cli.ok("apply", "-y", *saved)

    assert "its creation was interrupted before its secret was read" in planned
    cli.ok("plan", "--detailed-exitcode")
    assert len(photon.projects()) == 1
    assert intents(cli) == []


def test_a_project_of_somebody_else_without_a_secret_is_left_alone(secretless, name):
    """Generating one would stop whoever runs with another (contract §3.1)."""
    cli, photon = secretless
    cli.write(TEAM.format(name=name, users=people(1)))
    headers = {"Authorization": f"Bearer {photon.token}"}
    body = {"name": name, "platforms": ["imessage"]}
    httpx.post(f"{photon.url}/api/projects/", json=body, headers=headers)

    for command in (("plan",), ("apply", "-y")):
        done = cli.run(*command)
        assert done.returncode == 4
        assert f"photonctl project rotate-secret --project {name}" in done.stderr

    cli.ok("project", "rotate-secret", "--project", name, "-y")
    cli.ok("apply", "-y")


def test_progress_that_nobody_reads_any_more_stops_nothing(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(5)))
    newer_photon.add_faults("POST /projects/*/webhooks/ : slow-after=3")

    with newer_cli.running("apply", "-y", "--json") as process:
        process.stderr.readline()
        process.stderr.close()
        report, _ = process.stdout.read(), process.wait(60)

    assert process.returncode == 0
    assert json.loads(report)["converged"] is True
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
    assert newer_cli.env_file()["BOT_WEBHOOK_ID"] == hook["id"]


def test_a_project_that_is_made_after_the_wait_isnt_made_twice(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name, users=people(1)))
    newer_photon.add_faults("POST /api/projects/ : slow=3")

    shown = newer_cli.run("apply", "-y", "--timeout", "4")

    assert shown.returncode == 0, shown.stderr
    assert "the answer was lost, but the project is there" in shown.stdout + shown.stderr


def list_later(data, in_s):
    """Let what is registered be listed after some time only."""
    later = (datetime.now(UTC) + timedelta(seconds=in_s)).isoformat()
    with closing(sqlite3.connect(data)) as db, db:
        db.execute("UPDATE webhooks SET created_at = ?", [later])


ROTATIONS = {
    "a project's": (("project", "rotate-secret", "-y"), "POST /api/projects/*/regenerate-secret"),
    "a webhook's": (("webhook", "rotate"), "POST /projects/*/webhooks/*/secret/rotate"),
}


@pytest.mark.parametrize("whose", ROTATIONS)
def test_the_first_signal_lets_a_rotation_be_stored(newer_cli, newer_photon, name, whose):
    words, route = ROTATIONS[whose]
    newer_cli.write(
        f"version: 1\nproject: {{name: {name}, credentials: {{envFile: pair.env}}}}\n"
        "webhooks: [{url: 'https://bot.example.com/h', secret: {envFile: .env, key: BOT}}]\n"
    )
    newer_cli.ok("apply", "-y")
    before = [(newer_cli.folder / file).read_text() for file in ("pair.env", ".env")]
    newer_photon.add_faults(f"{route} : slow-after=1.5 : *")
    last = route.rpartition("/")[2]

    with newer_cli.running(*words) as process:
        wait_for(lambda: any(entry["path"].endswith(last) for entry in newer_photon.log()))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert "What was begun is finished first." in err
    assert "next apply" not in err
    after = [(newer_cli.folder / file).read_text() for file in ("pair.env", ".env")]
    assert [new != old for new, old in zip(after, before, strict=True)].count(True) == 1
    newer_photon.clear()
    newer_cli.ok("plan", "--detailed-exitcode")


def test_an_apply_stores_what_a_lost_rotation_left_where_nothing_else_is_declared(
    newer_cli, newer_photon, name
):
    newer_cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: pair.env}}}}\n")
    newer_cli.ok("apply", "-y")
    newer_cli.ok("project", "rotate-secret", "-y")  # the pair is in the credential file now, too
    newer_photon.add_faults("POST /api/projects/*/regenerate-secret : drop-after : *")
    lost = newer_cli.run("project", "rotate-secret", "-y")
    newer_photon.clear()

    assert lost.returncode != 0
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 2
    newer_cli.ok("apply", "-y")

    pair = newer_cli.env_file("pair.env")
    url = f"{newer_photon.url}/projects/{pair['PHOTON_PROJECT_ID']}/webhooks/"
    auth = (pair["PHOTON_PROJECT_ID"], pair["PHOTON_PROJECT_SECRET"])
    assert httpx.get(url, auth=auth).status_code == 200
