"""The main job through the installed command, in both API generations."""

import json
import re
import stat
from dataclasses import replace

import pytest

TEAM = """\
version: 1
project:
  name: {name}
  platforms: [imessage]
  profile: {{firstName: Support, lastName: Bot}}
users:
  - {{phoneNumber: +15551234567, firstName: Ada, email: ada@example.com}}
  - {{phoneNumber: +15557654321, firstName: Bob}}
webhooks:
  - url: https://bot.example.com/hook
    secret: {{envFile: .env, key: BOT_SECRET}}
"""


def actions(done):
    (project,) = json.loads(done)["projects"]
    return [(action["action"], action["kind"], action["key"]) for action in project["actions"]]


def test_apply_creates_everything_and_the_second_plan_is_empty(cli, photon, name):
    cli.write(TEAM.format(name=name))

    report = json.loads(cli.ok("apply", "-y", "--json"))

    assert report["converged"] is True
    (project,) = report["projects"]
    assert {action["status"] for action in project["actions"]} == {"ok"}
    assert [(action["action"], action["kind"]) for action in project["actions"]] == [
        ("create", "project"),
        ("create", "platform"),
        ("create", "profile"),
        ("create", "user"),
        ("create", "user"),
        ("create", "webhook"),
    ]
    with photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
        phones = {row["phoneNumber"] for row in rows}
        hooks = spectrum.get("/webhooks/").json()["data"]
    assert phones == {"+15551234567", "+15557654321", "+15550000001"}
    assert [hook["webhookUrl"] for hook in hooks] == ["https://bot.example.com/hook"]
    stored = cli.env_file()
    assert stored["BOT_SECRET_WEBHOOK_ID"] == hooks[0]["id"]
    assert len(stored["BOT_SECRET"]) == 64
    assert stat.S_IMODE((cli.folder / ".env").stat().st_mode) == 0o600
    again = cli.run("plan", "--detailed-exitcode")
    assert (again.returncode, "No changes." in again.stdout) == (0, True)
    assert "nothing to do" in cli.ok("apply", "-y")


def test_edits_become_updates_creates_and_deletes(cli, photon, name):
    cli.write(TEAM.format(name=name))
    cli.ok("apply", "-y")
    edited = (
        TEAM.format(name=name)
        .replace("Support", "Sales")
        .replace("  - {phoneNumber: +15557654321, firstName: Bob}\n", "")
        .replace("/hook", "/new-hook")
    )
    cli.write(edited)

    shown = cli.run("plan", "--json", "--detailed-exitcode")

    assert shown.returncode == 2
    assert actions(shown.stdout) == [
        ("update", "profile", "profile"),
        ("create", "webhook", "https://bot.example.com/new-hook"),
        ("delete", "user", "+15557654321"),
        ("delete", "webhook", "https://bot.example.com/hook"),
    ]
    cli.ok("apply", "-y")
    assert cli.run("plan", "--detailed-exitcode").returncode == 0
    with photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    assert {row["phoneNumber"] for row in rows} == {"+15551234567", "+15550000001"}


def test_a_changed_name_is_updated_in_place(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        before = {u["id"] for u in spectrum.get("/users/").json()["data"]["users"]}
    newer_cli.write(TEAM.format(name=name).replace("Ada", "Augusta"))

    shown = newer_cli.ok("plan")

    assert 'firstName: "Ada" -> "Augusta"' in shown
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    assert {u["id"] for u in rows} == before
    assert "Augusta" in {u["firstName"] for u in rows}


def test_a_field_that_the_server_keeps_is_reported(older_cli, name):
    older_cli.write(TEAM.format(name=name))
    older_cli.ok("apply", "-y")
    older_cli.write(TEAM.format(name=name).replace("Ada", "Augusta"))

    done = older_cli.run("apply", "-y", "--json")

    assert done.returncode == 6
    report = json.loads(done.stdout)
    assert report["converged"] is False
    (action,) = report["projects"][0]["actions"]
    assert action["status"] == "failed"
    assert "Photon kept firstName 'Ada'" in action["error"]


def test_changes_behind_our_back_are_drift(cli, photon, name):
    cli.write(TEAM.format(name=name))
    cli.ok("apply", "-y")
    with photon.spectrum(name) as spectrum:
        spectrum.post("/webhooks/", json={"webhookUrl": "https://intruder.example.com/"})
        users = spectrum.get("/users/").json()["data"]["users"]
        (bob,) = [u["id"] for u in users if u["phoneNumber"] == "+15557654321"]
        spectrum.delete(f"/users/{bob}/")

    assert actions(cli.ok("plan", "--json")) == [
        ("create", "user", "+15557654321"),
        ("delete", "webhook", "https://intruder.example.com/"),
    ]
    cli.ok("apply", "-y")
    assert cli.run("plan", "--detailed-exitcode").returncode == 0


def test_a_pinned_project_can_be_renamed(cli, photon, name):
    cli.write(f"version: 1\nproject: {{name: {name}}}\n")
    project_id = json.loads(cli.ok("apply", "-y", "--json"))["projects"][0]["id"]
    cli.write(f"version: 1\nproject: {{name: {name}-2, id: {project_id}}}\n")

    assert actions(cli.ok("plan", "--json")) == [("update", "project", f"{name}-2")]
    cli.ok("apply", "-y")

    assert cli.run("plan", "--detailed-exitcode").returncode == 0
    with photon.dashboard() as dashboard:
        assert dashboard.get(f"/projects/{project_id}").json()["name"] == f"{name}-2"


def test_two_projects_of_one_name_are_never_guessed_between(cli, photon, name):
    with photon.dashboard() as dashboard:
        for _ in range(2):
            dashboard.post("/projects/", json={"name": name, "spectrum": True})
        rows = dashboard.get("/projects/").json()
    ids = [row["id"] for row in rows if row["name"] == name]
    cli.write(f"version: 1\nproject: {{name: {name}}}\n")

    done = cli.run("plan")

    assert done.returncode == 5
    assert all(project_id in done.stderr for project_id in ids)


def test_an_unknown_pinned_id_is_no_reason_to_create(newer_cli, name):
    newer_cli.write(f"version: 1\nproject: {{name: {name}, id: {'0' * 8}-dead-beef}}\n")

    done = newer_cli.run("plan")

    assert done.returncode == 5
    assert "no live project has the id" in done.stderr


def test_platforms_are_enabled_and_only_pruned_when_asked(cli, photon, name):
    cli.write(f"version: 1\nproject: {{name: {name}, platforms: [imessage, voice]}}\n")
    cli.ok("apply", "-y")
    fewer = f"version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n"
    cli.write(fewer)
    assert cli.run("plan", "--detailed-exitcode").returncode == 0
    cli.write(fewer + "prune: {platforms: true}\n")

    assert actions(cli.ok("plan", "--json")) == [("delete", "platform", "voice")]
    cli.ok("apply", "-y")

    assert cli.run("plan", "--detailed-exitcode").returncode == 0


def test_the_projects_credentials_are_stored_where_the_manifest_says(cli, photon, name):
    cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: bot.env}}}}\n")

    cli.ok("apply", "-y")

    stored = cli.env_file("bot.env")
    with photon.spectrum(name) as spectrum:
        assert spectrum.base_url.path.strip("/").endswith(stored["PHOTON_PROJECT_ID"])
        pair = (stored["PHOTON_PROJECT_ID"], stored["PHOTON_PROJECT_SECRET"])
        assert spectrum.get("/", auth=pair).status_code == 200
    assert stat.S_IMODE((cli.folder / "bot.env").stat().st_mode) == 0o600


def test_a_projects_own_credentials_are_enough(cli, name):
    cli.write(
        TEAM.format(name=name).replace(
            "  platforms", "  credentials: {envFile: p.env}\n  platforms"
        )
    )
    cli.ok("apply", "-y")
    pair = cli.env_file("p.env")
    cli.write(
        TEAM.format(name=name).replace("Bob", "Bobby").replace("+15557654321", "+15550004444")
    )
    without_token = replace(cli, env={**cli.env, "PHOTON_TOKEN": "", **pair})

    assert ("create", "user", "+15550004444") in actions(without_token.ok("plan", "--json"))
    without_token.ok("apply", "-y")

    assert without_token.run("plan", "--detailed-exitcode").returncode == 0


def test_a_pair_of_another_project_is_refused(cli, name):
    cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: p.env}}}}\n")
    cli.ok("apply", "-y")
    pair = cli.env_file("p.env")
    cli.write("version: 1\nproject: {name: somebody-else}\n")

    done = cli.run("plan", env=pair)

    assert done.returncode == 5
    assert f'PHOTON_PROJECT_ID is the project "{name}"' in done.stderr


def test_a_dedicated_user_needs_a_line_of_the_project(cli, name):
    text = (
        "version: 1\nproject: {{name: {name}, platforms: [imessage]}}\nusers:\n"
        "  - {{phoneNumber: +442071838750, type: dedicated, assignedPhoneNumber: {line}}}\n"
    )
    cli.write(text.format(name=name, line="+16285559999"))
    done = cli.run("apply", "-y")
    assert done.returncode == 6
    assert "+16285559999 is not a line of this project" in done.stderr
    cli.write(text.format(name=name, line="+16285550100"))

    cli.ok("apply", "-y")

    assert cli.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("section", ["users: []", "webhooks: []"])
def test_an_empty_section_prunes_and_an_absent_one_doesnt(newer_cli, name, section):
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\n")
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\n{section}\n")

    found = actions(newer_cli.ok("plan", "--json"))

    assert {(verb, kind + "s") for verb, kind, _ in found} == {("delete", section.split(":")[0])}


def test_a_location_that_differs_is_only_reported(cli, name):
    cli.write(f"version: 1\nproject: {{name: {name}, location: Iceland}}\n")
    cli.ok("apply", "-y")
    cli.write(f"version: 1\nproject: {{name: {name}, location: Norway}}\n")

    done = cli.run("plan", "--detailed-exitcode")

    assert done.returncode == 0
    assert "location is 'Iceland' and can't be changed to 'Norway'" in done.stdout


def test_fields_of_a_webhook_are_changed_in_place(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        (before,) = spectrum.get("/webhooks/").json()["data"]
    newer_cli.write(TEAM.format(name=name) + "    failureNotificationEmail: ops@example.com\n")

    assert 'failureNotificationEmail: (none) -> "ops@example.com"' in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")

    with newer_photon.spectrum(name) as spectrum:
        (after,) = spectrum.get("/webhooks/").json()["data"]
    assert (after["id"], after["failureNotificationEmail"]) == (before["id"], "ops@example.com")
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_what_a_registration_leaves_otherwise_is_set_afterwards(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name) + "    enabled: false\n")

    refused = newer_cli.run("apply", "-y")

    # Photon refuses to disable a row of the older schema (contract §4.4); the secret is kept.
    assert refused.returncode == 6
    assert "schemaVersion" in refused.stderr
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
        assert newer_cli.env_file()["BOT_SECRET_WEBHOOK_ID"] == hook["id"]
        spectrum.patch(f"/webhooks/{hook['id']}", json={"schemaVersion": "raw-inbound.v1"})
    newer_cli.ok("apply", "-y")
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_fields_that_a_server_lacks_are_reported_and_left(older_cli, name):
    older_cli.write(TEAM.format(name=name) + "    enabled: false\n")
    older_cli.ok("apply", "-y")

    done = older_cli.run("plan", "--detailed-exitcode")

    assert done.returncode == 0
    assert "enabled isn't offered by this server" in done.stdout


def test_export_writes_what_only_the_long_form_can_say(newer_cli, newer_photon, name):
    newer_cli.write(
        TEAM.format(name=name).replace("bot.example.com", "localhost")
        + "    allowUndeliverable: true\n    failureNotificationEmail: ops@example.com\n"
    )
    newer_cli.ok("apply", "-y")

    exported = newer_cli.ok("export", "--project", name)

    assert "allowUndeliverable: true" in exported
    assert "failureNotificationEmail: ops@example.com" in exported
    newer_cli.write(exported)
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_a_urls_second_spelling_is_a_twin_that_goes(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        spectrum.post("/webhooks/", json={"webhookUrl": "https://BOT.example.com:443/hook"})

    (found,) = actions(newer_cli.ok("plan", "--json"))

    assert found[:2] == ("delete", "webhook")
    newer_cli.ok("apply", "-y")
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
    assert hook["webhookUrl"] == "https://bot.example.com/hook"


def test_of_two_spellings_the_one_whose_secret_is_stored_stays(newer_cli, newer_photon, name):
    newer_cli.write(TEAM.format(name=name))
    newer_cli.ok("apply", "-y")
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
        spectrum.delete(f"/webhooks/{hook['id']}")
        twin = {"webhookUrl": "https://BOT.example.com:443/hook"}
        twin_id = spectrum.post("/webhooks/", json=twin).json()["data"]["id"]
        stored = spectrum.post("/webhooks/", json={"webhookUrl": hook["webhookUrl"]}).json()["data"]
    env = newer_cli.folder / ".env"
    env.write_text(env.read_text().replace(hook["id"], stored["id"]))

    (found,) = json.loads(newer_cli.ok("plan", "--json"))["projects"][0]["actions"]

    assert (found["action"], found["id"]) == ("delete", twin_id)


def register(photon, name, *urls):
    """Register URLs behind photonctl's back; return their rows."""
    with photon.spectrum(name) as spectrum:
        return [spectrum.post("/webhooks/", json={"webhookUrl": u}).json()["data"] for u in urls]


TWINS = ("https://BOT.example.com/hook", "https://bot.example.com/hook")


@pytest.mark.parametrize("urls", [TWINS, TWINS[::-1]])
def test_a_twin_is_deleted_by_what_is_stored_then_and_by_no_plan_file(
    newer_cli, newer_photon, name, urls
):
    newer_cli.write(f"version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n")
    newer_cli.ok("apply", "-y")
    *_, stored = register(newer_photon, name, *urls)
    newer_cli.write(TEAM.format(name=name))
    key = "BOT_SECRET"
    newer_cli.write(f"{key}={stored['signingSecret']}\n{key}_WEBHOOK_ID={stored['id']}\n", ".env")
    newer_cli.ok("plan", "--out", "plan.json")

    done = newer_cli.run("apply", "-y", "plan.json")
    assert done.returncode == 5
    assert "which of them stays depends on whose secret is stored then" in done.stderr
    newer_cli.ok("apply", "-y")

    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
    assert hook["id"] == stored["id"]


@pytest.mark.parametrize("urls", [TWINS, TWINS[::-1]])
def test_a_lost_answer_costs_no_twin_that_stays(newer_cli, newer_photon, name, urls):
    """What was live when the plan was made isn't what the lost answer registered."""
    newer_cli.write(f"version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n")
    newer_cli.ok("apply", "-y")
    rows = {row["webhookUrl"]: row["id"] for row in register(newer_photon, name, *urls)}
    newer_cli.write(
        TEAM.format(name=name)
        + "    onMissingSecret: replace\nignore: {webhooks: ['https://bot.example.com/hook']}\n"
    )
    newer_photon.add_faults("POST /projects/*/webhooks/ : drop-after : 1")

    shown = newer_cli.ok("apply", "-y")

    assert f"webhook {TWINS[1]} ({rows[TWINS[0]]}) stays: ignored" in shown

    with newer_photon.spectrum(name) as spectrum:
        live = {row["id"] for row in spectrum.get("/webhooks/").json()["data"]}
    assert live == {rows[TWINS[0]], newer_cli.env_file()["BOT_SECRET_WEBHOOK_ID"]}


def test_a_pair_works_beside_a_dead_token_and_leaves_other_projects_alone(cli, name):
    pinned = "  credentials: {envFile: p.env}\n  platforms"
    cli.write(TEAM.format(name=name).replace("  platforms", pinned))
    cli.ok("apply", "-y")
    pair = cli.env_file("p.env")
    cli.write(TEAM.format(name=name).replace("Bob", "Bobby"))

    done = cli.run("plan", env={**pair, "PHOTON_TOKEN": "dead"})
    cli.write(f"version: 1\nproject: {{name: {name}}}\n---\nversion: 1\nproject: {{name: new}}\n")
    two = cli.run("plan", "--json", env=pair)

    assert done.returncode == 0, done.stderr
    assert [project["id"] is None for project in json.loads(two.stdout)["projects"]] == [
        False,
        True,
    ]


@pytest.mark.parametrize("command", [("plan",), ("apply", "-y")])
def test_one_document_that_fails_leaves_the_others_listing_alone(cli, photon, name, command):
    """The list of projects is asked for once, for all of them; whoever gives up mustn't end it."""
    cli.write(f"version: 1\nproject: {{name: {name}}}\n")
    cli.ok("apply", "-y")
    with photon.dashboard() as dashboard:
        rows = dashboard.get("/projects/").json()
    (row,) = [row for row in rows if row["name"] == name]
    pinned = row.get("spectrumProjectId", row["id"])
    cli.write(
        f"version: 1\nproject: {{name: {name}, id: {pinned}}}\n"
        f"---\nversion: 1\nproject: {{name: {name}-2}}\n"
    )
    photon.add_faults("GET /api/projects/ : slow=2 : 1")
    pair = {"PHOTON_PROJECT_ID": pinned, "PHOTON_PROJECT_SECRET": "wrong"}

    done = cli.run(*command, env={**pair, "PHOTON_TOKEN": "rejected"})

    assert done.returncode == 4, done.stderr
    assert "bug" not in done.stderr


def test_a_pair_alone_can_export_its_project(cli, name):
    pinned = "  credentials: {envFile: p.env}\n  platforms"
    cli.write(TEAM.format(name=name).replace("  platforms", pinned))
    cli.ok("apply", "-y")
    env = {**cli.env_file("p.env"), "PHOTON_TOKEN": ""}

    exported = cli.ok("export", env=env)

    assert f"name: {name}" in exported
    done = cli.run("plan", "-f", "-", "--detailed-exitcode", stdin=exported, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_large_project_doesnt_keep_a_small_one_waiting(newer_cli, newer_photon, name):
    def project(of, count):
        users = "".join(f"  - {{phoneNumber: +1555{of}{i:06d}}}\n" for i in range(count))
        return f"version: 1\nproject: {{name: {name}-{of}, platforms: [imessage]}}\nusers:\n{users}"

    newer_cli.write(project(1, 60) + "---\n" + project(2, 3))
    newer_cli.ok("apply", "-y", "--rate", "20")

    with newer_photon.spectrum(f"{name}-2") as small:
        its_path = small.base_url.path
    writes = [
        entry["path"].startswith(its_path)
        for entry in newer_photon.log()
        if entry["method"] == "POST" and entry["path"].endswith("/users/")
    ]
    assert writes.count(True) == 3
    assert True not in writes[40:]


def requests_of(photon, cli, *args):
    before = len(photon.log())
    cli.ok(*args)
    return len(photon.log()) - before


@pytest.mark.parametrize("count", [1, 600])
def test_a_plan_asks_for_each_list_once_at_any_size(newer_cli, newer_photon, name, count):
    rows = "".join(f"  - {{phoneNumber: +1555{n:07d}}}\n" for n in range(count))
    text = f"version: 1\nproject: {{name: {name}}}\nusers:\n{rows}"
    text += "webhooks: [https://bot.example.com/hook]\n"
    newer_cli.write(text)
    newer_cli.ok("apply", "-y", "--rate", "0")

    found = requests_of(newer_photon, newer_cli, "plan")
    exported = newer_cli.ok("export", "--project", name)
    pinned = newer_cli.write(text.replace("{name:", f"{{id: {project_id(exported)}, name:"))

    assert pinned is None
    assert found == 4
    assert requests_of(newer_photon, newer_cli, "plan") == 3


def project_id(exported):
    return re.search(r"^ +id: \"?([\w-]+)", exported, re.MULTILINE)[1]
