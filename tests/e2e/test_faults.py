"""Lost, late, empty, wrong and lying answers, in the middle of real runs."""

import json

import pytest

TEAM = """\
version: 1
project: {{name: {name}, platforms: [imessage]}}
users:
  - {{phoneNumber: +15551234567, firstName: Ada}}
  - {{phoneNumber: +15557654321, firstName: Bob}}
webhooks:
  - {{url: https://bot.example.com/hook, secret: {{envFile: .env, key: BOT}}}}
"""
LISTS = ("GET /api/projects/", "GET /projects/*/users/", "GET /projects/*/webhooks/")


@pytest.fixture
def team(newer_cli, name):
    newer_cli.write(TEAM.format(name=name))
    return newer_cli


@pytest.mark.parametrize("route", LISTS)
@pytest.mark.parametrize("kind", ["unknown-list", "html-200", "not-json", "error-200", "null"])
def test_an_answer_in_an_unknown_form_is_never_an_empty_list(team, newer_photon, route, kind):
    team.ok("apply", "-y")
    newer_photon.clear()
    newer_photon.add_faults(f"{route} : {kind} : *")

    done = team.run("apply", "-y")

    assert done.returncode == 1, done.stdout + done.stderr
    assert {entry["method"] for entry in newer_photon.log()} == {"GET"}


@pytest.mark.parametrize(
    "fault",
    [
        *(f"{route} : {kind}" for route in LISTS for kind in ("drop-before", "500", "truncated")),
        "GET /projects/*/users/ : 429",
        "GET /projects/*/users/ : 429-retry-after",
        "POST /projects/*/users/ : drop-after",
        "POST /projects/*/users/ : drop-before",
        "POST /projects/*/users/ : 503",
        "POST /projects/*/webhooks/ : 429",
        "POST /projects/*/webhooks/ : 503",
        "POST /projects/*/webhooks/ : drop-before",
        "POST /projects/*/webhooks/ : drop-after",
        "POST /projects/*/webhooks/ : truncated",
        "POST /projects/*/webhooks/ : html-200",
        "POST /projects/*/webhooks/ : 502",
        "POST /api/projects/ : drop-after",
        "POST /api/projects/ : truncated",
        "POST /api/projects/*/platforms/toggle : drop-after",
        "GET /api/projects/*-* : null",  # not readable yet, right after its creation
    ],
)
def test_one_fault_is_survived_within_the_run(team, newer_photon, name, fault):
    newer_photon.add_faults(fault)

    report = json.loads(team.ok("apply", "-y", "--json"))

    assert report["converged"] is True
    assert fault.rpartition(" : ")[2] in {entry["fault"] for entry in newer_photon.log()}
    newer_photon.clear()
    assert team.run("plan", "--detailed-exitcode").returncode == 0
    with newer_photon.spectrum(name) as spectrum:
        users = spectrum.get("/users/").json()["data"]["users"]
        (hook,) = spectrum.get("/webhooks/").json()["data"]
    assert len(users) == 3
    assert team.env_file()["BOT_WEBHOOK_ID"] == hook["id"]


@pytest.mark.parametrize("kind", ["error-200", "succeed-false", "500", "redirect", "drop-before"])
def test_a_failed_action_doesnt_stop_the_others(team, newer_photon, kind):
    newer_photon.add_faults(f"POST /projects/*/webhooks/ : {kind} : *")

    done = team.run("apply", "-y", "--json")

    assert done.returncode == 6
    report = json.loads(done.stdout)
    statuses = {a["kind"]: a["status"] for a in report["projects"][0]["actions"]}
    assert statuses == {"project": "ok", "platform": "ok", "user": "ok", "webhook": "failed"}
    assert report["converged"] is False
    newer_photon.clear()
    team.ok("apply", "-y")  # running it again continues
    assert team.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize(
    ("fault", "skipped"),
    [
        ("POST /api/projects/ : error-200 : *", {"platform", "user", "webhook"}),
        ("POST /api/projects/*/platforms/toggle : error-200 : *", {"user"}),
    ],
)
def test_dependents_of_a_failed_action_are_skipped(team, newer_photon, fault, skipped):
    newer_photon.add_faults(fault)

    done = team.run("apply", "-y", "--json")

    assert done.returncode == 6
    actions = json.loads(done.stdout)["projects"][0]["actions"]
    assert {a["kind"] for a in actions if a["status"] == "skipped"} == skipped
    assert all("which failed" in a["error"] for a in actions if a["status"] == "skipped")


def test_a_user_that_is_gone_already_is_a_delete_that_is_done(team, newer_photon, name):
    team.ok("apply", "-y")
    text = TEAM.format(name=name)
    team.write(text.replace("  - {phoneNumber: +15557654321, firstName: Bob}\n", ""))
    team.ok("plan", "--out", "plan.json")
    newer_photon.add_faults("DELETE /projects/*/users/* : drop-after")

    report = json.loads(team.ok("apply", "-y", "--json", "plan.json"))

    (action,) = report["projects"][0]["actions"]
    assert (action["status"], report["converged"]) == ("ok", True)
    answers = [(e["method"], e["status"]) for e in newer_photon.log() if e["method"] == "DELETE"]
    assert answers == [("DELETE", 0), ("DELETE", 404)]


def test_a_slow_server_is_given_up_after_the_timeout(team, newer_photon):
    newer_photon.add_faults("GET /api/projects/ : slow=30 : *")

    done = team.run("plan", "--timeout", "0.1")

    assert done.returncode == 1
    assert "the answer was lost" in done.stderr


def test_credentials_never_follow_a_redirect_elsewhere(team, newer_photon):
    newer_photon.add_faults("GET /api/projects/ : redirect : *")

    done = team.run("plan")

    assert done.returncode == 1
    assert "redirected to another place" in done.stderr


def test_reading_back_can_fail_without_losing_the_report(team, newer_photon):
    team.ok("apply", "-y")
    text = (team.folder / "photon.yaml").read_text()
    team.write(text.replace("+15557654321", "+15557654322"))
    newer_photon.add_faults("GET /projects/*/users/ : unknown-list : * : skip 1")

    done = team.run("apply", "-y", "--json")

    assert done.returncode == 6
    report = json.loads(done.stdout)
    assert "could not be read back" in report["projects"][0]["errors"][0]
    assert report["converged"] is False
