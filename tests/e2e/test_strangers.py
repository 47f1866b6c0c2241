"""What people do with the tool on machines and with inputs that nobody here chose."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Cli, connected, photon_process
from tests.e2e.forging import forge

HOOK = "https://bot.example.com/hook"


def manifest(name, rest=""):
    return f"version: 1\nproject: {{name: {name}}}\n{rest}"


def webhook(url=HOOK, key="BOT", more=""):
    return f"webhooks: [{{url: '{url}', secret: {{envFile: .env, key: {key}}}{more}}}]\n"


def urls(photon, name):
    with photon.spectrum(name) as spectrum:
        return [row["webhookUrl"] for row in spectrum.get("/webhooks/").json()["data"]]


def phones(photon, name):
    with photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    return sorted(row["phoneNumber"] for row in rows if row["phoneNumber"] != "+15550000001")


def refused(done, code, text):
    assert done.returncode == code, done.stdout + done.stderr
    assert text in done.stderr, done.stderr


def test_a_webhook_whose_successor_isnt_registered_stays(cli, photon, name):
    cli.write(manifest(name, webhook(f"{HOOK}/v1")))
    cli.ok("apply", "-y")
    cli.write(manifest(name, webhook(f"{HOOK}/v2")))
    photon.add_faults("POST /projects/*/webhooks/ : error-200")

    failed = cli.run("apply", "-y")

    assert failed.returncode == 6
    assert f"the new webhook {HOOK}/v2 wasn't created" in failed.stdout
    assert urls(photon, name) == [f"{HOOK}/v1"]
    cli.ok("apply", "-y")
    assert urls(photon, name) == [f"{HOOK}/v2"]


def test_a_user_whose_successor_isnt_created_stays(cli, photon, name):
    cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    cli.ok("apply", "-y")
    cli.write(manifest(name, "users: [{phoneNumber: +15551230002}]\n"))
    photon.add_faults("POST /projects/*/users/ : error-200")

    assert cli.run("apply", "-y").returncode == 6
    assert phones(photon, name) == ["+15551230001"]


def test_a_webhook_whose_successors_secret_cant_be_stored_stays(newer_cli, newer_photon, name):
    newer_cli.write(manifest(name, webhook(f"{HOOK}/v1")))
    newer_cli.ok("apply", "-y")
    failing = "secret: {exec: [sh, -c, 'exit 1']}"
    newer_cli.write(manifest(name, f"webhooks: [{{url: {HOOK}/v2, {failing}}}]\n"))

    assert newer_cli.run("apply", "-y").returncode == 6
    assert urls(newer_photon, name) == [f"{HOOK}/v1"]


def test_two_machines_that_create_one_project_dont_both_succeed(newer_cli, newer_photon, name):
    newer_photon.add_faults("POST /api/projects/ : slow=1 : 2")
    machines = []
    for machine in ("a", "b"):
        home, folder = newer_cli.folder / f"{machine}.home", newer_cli.folder / machine
        home.mkdir()
        folder.mkdir()
        machines.append(Cli(folder, {**newer_cli.env, "HOME": str(home)}))
        machines[-1].write(manifest(name))

    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda machine: machine.run("apply", "-y"), machines))

    with newer_photon.dashboard() as dashboard:
        ids = [row["id"] for row in dashboard.get("/projects/").json() if row["name"] == name]
    codes = {done.returncode for done in ended}
    assert 6 in codes
    told = [done.stdout for done in ended if done.returncode == 6]
    if len(ids) == 2:
        assert any(all(project_id in text for project_id in ids) for text in told)


def test_a_plan_is_applied_only_where_it_was_made(newer_cli, newer_photon, name):
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    newer_cli.ok("plan", "--out", "plan.json")

    with photon_process("--rate", "0") as other:
        done = connected(newer_cli, other).run("apply", "-y", "plan.json")

        refused(done, 5, newer_photon.url)
        assert other.url in done.stderr
        assert not [entry for entry in other.log() if entry["method"] != "GET"]


def test_a_plan_of_the_embedded_emulator_is_never_applied_to_another_photon(newer_cli, name):
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    newer_cli.ok("plan", "--emulator", "--out", "plan.json")

    refused(newer_cli.run("apply", "-y", "plan.json"), 5, "the embedded emulator")
    newer_cli.ok("apply", "--emulator", "-y", "plan.json")


def test_a_plan_that_shows_something_else_than_it_does_is_refused(newer_cli, name):
    newer_cli.write(manifest(name, webhook()))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name, webhook(more=", failureNotificationEmail: a@b.example")))
    newer_cli.ok("plan", "--out", "plan.json")
    change = {"field": "standardSigningSecret", "before": None, "after": "x"}
    forge(newer_cli, lambda project: project["actions"][0]["changes"].append(change))
    before = newer_cli.env_file()

    refused(newer_cli.run("apply", "-y", "plan.json"), 5, "was edited")

    assert newer_cli.env_file() == before


@pytest.mark.parametrize("steps", [["rotate"], ["burn"], "rotate", None])
def test_a_plan_file_with_other_steps_than_its_action_can_have_is_refused(newer_cli, name, steps):
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    newer_cli.ok("plan", "--out", "plan.json")
    forge(newer_cli, lambda project: project["actions"][-1].update(secretSteps=steps))

    refused(newer_cli.run("apply", "-y", "plan.json"), 5, "isn't a plan file")


def test_a_missing_plan_file_is_wrong_usage(newer_cli):
    refused(newer_cli.run("apply", "-y", "plan.json"), 64, "there is no plan file plan.json")


def test_secrets_of_the_emulator_are_kept_apart_from_real_ones(newer_cli, name):
    ran = newer_cli.folder / "ran"
    newer_cli.write(
        manifest(
            name,
            f"webhooks:\n  - {{url: {HOOK}, secret: {{envFile: .env, key: BOT}}}}\n"
            f"  - {{url: {HOOK}/2, secret: {{exec: [touch, {ran}]}}}}\n",
        ).replace("}\n", ", credentials: {envFile: .env}}\n", 1)
    )
    newer_cli.ok("apply", "-y")
    real, _ = (newer_cli.folder / ".env").read_bytes(), ran.unlink()

    newer_cli.ok("apply", "--emulator", "-y")

    assert (newer_cli.folder / ".env").read_bytes() == real
    assert not ran.exists()
    local = newer_cli.env_file(".photonctl/emulator/.env")
    assert local["BOT"] != newer_cli.env_file()["BOT"]
    assert local["PHOTON_PROJECT_ID"] != newer_cli.env_file()["PHOTON_PROJECT_ID"]
    assert newer_cli.run("plan", "--emulator", "--detailed-exitcode").returncode == 0


def test_the_emulator_uses_the_declared_sinks_if_it_is_asked_to(bare_cli, name):
    bare_cli.write(manifest(name, webhook()))

    bare_cli.ok("apply", "--emulator", "--emulator-sinks", "-y")

    assert bare_cli.env_file()["BOT"]


def test_a_secret_of_another_host_is_overwritten_only_on_purpose(newer_cli, name):
    newer_cli.write(manifest(name, webhook()))
    newer_cli.ok("apply", "-y")
    real = (newer_cli.folder / ".env").read_bytes()

    with photon_process("--rate", "0") as other:
        elsewhere = connected(newer_cli, other)
        done = elsewhere.run("apply", "-y")
        refused(done, 5, "isn't known in this project at this host")
        assert "--replace-stored BOT" in done.stderr
        assert (newer_cli.folder / ".env").read_bytes() == real
        refused(
            elsewhere.run("apply", "-y", "--replace-stored", "OTHER"), 5, "--replace-stored BOT"
        )

        elsewhere.ok("apply", "-y", "--replace-stored", "BOT")

    assert (newer_cli.folder / ".env").read_bytes() != real


def test_the_credentials_of_another_project_are_overwritten_only_on_purpose(newer_cli, name):
    newer_cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: .env}}}}\n")
    newer_cli.ok("apply", "-y")
    first = newer_cli.env_file()
    newer_cli.write(f"version: 1\nproject: {{name: {name}-2, credentials: {{envFile: .env}}}}\n")

    refused(newer_cli.run("apply", "-y"), 5, first["PHOTON_PROJECT_ID"])
    assert newer_cli.env_file() == first
    newer_cli.ok("apply", "-y", "--replace-stored", "PHOTON_PROJECT_SECRET")
    assert newer_cli.env_file() != first


def test_a_stored_secret_of_a_webhook_that_was_deleted_outside_makes_room(cli, photon, name):
    cli.write(manifest(name, webhook()))
    cli.ok("apply", "-y")
    with photon.spectrum(name) as spectrum:
        (row,) = spectrum.get("/webhooks/").json()["data"]
        spectrum.delete(f"/webhooks/{row['id']}")

    cli.ok("apply", "-y")

    assert cli.env_file()["BOT_WEBHOOK_ID"] != row["id"]


def test_credentials_are_stored_also_where_the_environment_has_them(newer_cli, name):
    newer_cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: first.env}}}}\n")
    newer_cli.ok("apply", "-y")
    pair = newer_cli.env_file("first.env")
    newer_cli.write(f"version: 1\nproject: {{name: {name}, credentials: {{envFile: other.env}}}}\n")
    newer_cli.env.pop("PHOTON_TOKEN")

    newer_cli.ok("apply", "-y", env=pair)

    assert newer_cli.env_file("other.env") == pair


TOKEN = "tok_S3CRET"


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_a_token_in_a_url_is_shown_nowhere(newer_cli, name, form):
    hook = "https://us3r:pa55@bot.example.com/hook?token=${env:T}&mode=live"
    newer_cli.write(manifest(name, webhook(hook)))

    planned = newer_cli.run("plan", "--format", form, env={"T": TOKEN})
    saved = newer_cli.run("plan", "--out", "plan.json", env={"T": TOKEN})
    applied = newer_cli.run("apply", "-y", "plan.json", env={"T": TOKEN})
    reported = newer_cli.run("apply", "-y", "--json", "-vv", env={"T": TOKEN})
    shown = newer_cli.run("show", env={"T": TOKEN})
    status = newer_cli.run("status", "--json", env={"T": TOKEN})

    for done in (planned, saved, applied, reported, shown, status):
        assert done.returncode == 0, done.stdout + done.stderr
        for secret in (TOKEN, "S3CRET", "pa55", "us3r"):
            assert secret not in done.stdout + done.stderr
    for done in (planned, applied, shown):
        assert "bot.example.com/hook" in done.stdout.replace("\\", "")
    assert TOKEN in (newer_cli.folder / "plan.json").read_text()
    journal = newer_cli.folder / ".photonctl"
    assert not any(TOKEN in path.read_text() for path in journal.rglob("*") if path.is_file())


def test_a_token_that_the_server_repeats_is_hidden(newer_cli, newer_photon, name):
    hook = "https://bot.example.com/hook?token=${env:T}"
    newer_cli.write(manifest(name, webhook(hook)))
    newer_cli.ok("plan", env={"T": TOKEN})
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001, firstName: '${env:T}'}]\n"))

    done = newer_cli.run("apply", "-y", env={"T": TOKEN})

    assert TOKEN not in done.stdout + done.stderr
    assert 'firstName: "${env:T}"' in done.stdout


def test_a_plan_that_is_only_to_be_shown_isnt_applied(newer_cli, name):
    newer_cli.write(manifest(name, webhook("https://bot.example.com/hook?token=abc")))
    (newer_cli.folder / "shown.json").write_text(newer_cli.ok("plan", "--json"))

    refused(newer_cli.run("apply", "-y", "shown.json"), 5, "plan --out")


def test_one_unreadable_project_doesnt_stop_the_others(newer_cli, newer_photon, name):
    for suffix in "ab":
        newer_cli.write(manifest(f"{name}-{suffix}"), f"{suffix}.yaml")
    newer_cli.ok("apply", "-y", "-f", ".")
    with newer_photon.dashboard() as dashboard:
        dashboard.post("/projects/", json={"name": f"{name}-a"})  # two of one name
    newer_cli.write(manifest(f"{name}-b", "users: [{phoneNumber: +15551230001}]\n"), "b.yaml")

    planned = newer_cli.run("plan", "-f", ".")
    applied = newer_cli.run("apply", "-y", "-f", ".")

    assert (planned.returncode, applied.returncode) == (1, 6)
    assert "2 live projects are named" in planned.stdout
    assert "2 live projects are named" in applied.stdout
    assert phones(newer_photon, f"{name}-b") == ["+15551230001"]


def test_the_report_names_the_number_that_a_new_user_texts(newer_cli, newer_photon, name):
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001, firstName: Ada}]\n"))

    report = json.loads(newer_cli.ok("apply", "-y", "--json"))

    (action,) = [a for a in report["projects"][0]["actions"] if a["kind"] == "user"]
    with newer_photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    (row,) = [row for row in rows if row["phoneNumber"] == "+15551230001"]
    assert (action["id"], action["assignedPhoneNumber"]) == (row["id"], row["assignedPhoneNumber"])
    assert report["projects"][0]["hosts"]["spectrum"] == newer_photon.url
    assert report["projects"][0]["account"]
    shown = newer_cli.ok("show")
    assert f"+15551230001  Ada  texts {row['assignedPhoneNumber']}  declared" in shown


def test_show_lists_users_webhooks_and_seats(newer_cli, name):
    newer_cli.write(
        manifest(name, "users: [{phoneNumber: +15551230001, firstName: Ada}]\n" + webhook())
    )
    newer_cli.ok("apply", "-y")

    (project,) = json.loads(newer_cli.ok("show", "--json"))["projects"]
    table = newer_cli.ok("show", "--csv").splitlines()

    by_phone = {user["phoneNumber"]: user for user in project["users"]}
    assert by_phone["+15550000001"]["owner"]
    assert by_phone["+15551230001"]["declared"]
    (hook,) = project["webhooks"]
    assert (hook["signedBy"], hook["stored"]) == ("signingSecret", "the secret (BOT in .env)")
    assert project["seats"] == {"used": 2, "cap": None}
    assert table[0].startswith("project,phoneNumber,firstName")
    assert any(line.startswith(f"{name},+15551230001,Ada,") for line in table)
    assert "declared" not in newer_cli.ok("show", "--project", name, "-q", env={"X": ""}).split()[0]


def test_a_schema_version_is_raised_by_itself_and_says_which_secret_signs(newer_cli, name):
    newer_cli.write(manifest(name, webhook()))
    assert "signed with BOT" in newer_cli.run("apply", "-y").stderr
    newer_cli.write(manifest(name, webhook(more=", schemaVersion: raw-inbound.v1, enabled: false")))

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "signed with BOT_STANDARD" in done.stderr
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0
    (project,) = json.loads(newer_cli.ok("show", "--json"))["projects"]
    assert project["webhooks"][0]["signedBy"] == "standardSigningSecret"


def test_journal_and_locks_can_be_kept_off_the_manifests_folder(newer_cli, name):
    state = newer_cli.folder.parent / "state"
    newer_cli.write(manifest(name, webhook()))

    newer_cli.ok("apply", "-y", env={"PHOTONCTL_STATE_DIR": str(state)})

    assert sorted(path.name for path in newer_cli.folder.iterdir()) == [".env", "photon.yaml"]
    assert (state / "registered").is_dir()
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_env_file_keeps_its_owner_and_group(newer_cli, name):
    newer_cli.write(manifest(name, webhook()))
    path = newer_cli.folder / ".env"
    path.write_text("A=1\n")
    os.chown(path, 65534, 65534)

    newer_cli.ok("apply", "-y")

    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 65534, 0o600)


def test_a_secret_that_git_would_commit_is_a_warning(newer_cli, name):
    subprocess.run(["git", "init", "-q", "."], cwd=newer_cli.folder, check=True)
    newer_cli.write(manifest(name, webhook()))

    warned = newer_cli.run("apply", "-y", stdin="")
    (newer_cli.folder / ".gitignore").write_text(".env\n")
    newer_cli.write(manifest(name, webhook(key="OTHER")))
    quiet = newer_cli.run("apply", "-y")

    assert "git would commit .env" in warned.stderr
    assert "git would commit" not in quiet.stderr


@pytest.mark.parametrize(
    ("variables", "is_ci"),
    [
        ({"CI": "true"}, True),
        ({"CI": "1"}, True),
        ({"CI": "woodpecker"}, True),
        ({"TF_BUILD": "True"}, True),
        ({"JENKINS_URL": "https://ci.example"}, True),
        ({"CODEBUILD_BUILD_ID": "x:1"}, True),
        ({"TEAMCITY_VERSION": "2026.1"}, True),
        ({"CI": "false"}, False),
        ({"CI": "0"}, False),
        ({"CI": ""}, False),
        ({"CI": "No"}, False),
    ],
)
def test_any_ci_counts_for_the_rule_about_default_sinks(newer_cli, name, variables, is_ci):
    newer_cli.write(manifest(name, f"webhooks: [{HOOK}]\n"))

    assert ("Refused" in newer_cli.ok("plan", env=variables)) is is_ci


def test_a_table_with_a_header_only_deletes_nobody(newer_cli, newer_photon, name):
    table = newer_cli.folder / "t.csv"
    table.write_text("phoneNumber\n+15551230001\n+15551230002\n")
    newer_cli.write(manifest(name, "usersFrom: [t.csv]\n"))
    newer_cli.ok("apply", "-y")
    table.write_text("phoneNumber\n")

    refused(newer_cli.run("apply", "-y"), 3, "the table has no row")
    newer_cli.write(manifest(name, "usersFrom: [{file: t.csv, allowEmpty: true}]\n"))
    newer_cli.ok("apply", "-y")
    assert phones(newer_photon, name) == []


def test_more_deletes_than_the_default_limits_need_a_flag(newer_cli, newer_photon, name):
    rows = "".join(f"  - phoneNumber: +1555123000{n}\n" for n in range(5))
    newer_cli.write(manifest(name, f"users:\n{rows}"))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name, "users: []\n"))

    done = newer_cli.run("apply", "-y")

    refused(done, 5, "5 of 6 live users would be deleted")
    assert "0 in users" in done.stderr
    newer_cli.ok("apply", "-y", "--allow-deletes")
    assert phones(newer_photon, name) == []


def test_a_name_that_differs_only_in_case_is_refused(newer_cli, name):
    newer_cli.write(manifest(name))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name.upper()))

    done = newer_cli.run("apply", "-y")

    refused(done, 5, "differs only in case")
    assert "id: " in done.stderr


def test_a_name_in_another_unicode_form_is_the_same_project(newer_cli, name):
    newer_cli.write(manifest(f"{name} Caf\u00e9"))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(f"{name} Cafe\u0301"))

    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def at_photon(*variants):
    """Run a local Photon of these variants."""
    return photon_process("--rate", "0", *(f"--variant={variant}" for variant in variants))


def test_a_server_that_spells_a_url_in_its_own_way_keeps_the_webhook(bare_cli, name):
    with at_photon("normalised-urls") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name, webhook("https://B\u00fccher.example/Hook")))

        first = cli.run("apply", "-y")
        secrets = cli.env_file()
        again = cli.run("plan", "--detailed-exitcode")
        (cli.folder / ".photonctl" / "registered").rename(cli.folder / "lost")
        without_journal = cli.run("plan", "--detailed-exitcode")
        cli.ok("apply", "-y")

        assert (first.returncode, again.returncode, without_journal.returncode) == (0, 0, 0)
        assert "Declare that spelling" in again.stdout
        assert "https://xn--bcher-kva.example/Hook/" in again.stdout
        assert cli.env_file() == secrets
        assert urls(photon, name) == ["https://xn--bcher-kva.example/Hook/"]


def test_a_url_that_moves_under_one_key_is_no_other_spelling(newer_cli, newer_photon, name):
    newer_cli.write(manifest(name, webhook(f"{HOOK}/v1")))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name, webhook(f"{HOOK}/v2")))

    newer_cli.ok("apply", "-y")

    assert urls(newer_photon, name) == [f"{HOOK}/v2"]


def test_masked_numbers_stop_the_run_and_nothing_is_planned_from_them(bare_cli, name):
    with at_photon("masked-numbers") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name))
        cli.ok("apply", "-y")
        cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))

        for command in (("plan",), ("apply", "-y"), ("show",)):
            done = cli.run(*command)
            refused(done, 1, "phone numbers, whole and in E.164")
            assert "****" not in done.stdout + done.stderr
        assert not [entry for entry in photon.log() if "/users/" in entry["path"]
                    and entry["method"] != "GET"]  # fmt: skip


def test_a_number_that_comes_late_is_waited_for(bare_cli, name):
    with at_photon("late-numbers") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))

        assert "user +15551230001 texts +1415" in cli.ok("apply", "-y")


def test_a_conflict_without_a_code_names_every_possible_cause(bare_cli, name):
    flags = ("--rate", "0", "--plan", "free", "--variant", "bare-conflicts")
    with photon_process(*flags) as photon:
        rows = "".join(f"  - phoneNumber: +155512300{n:02d}\n" for n in range(10))
        cli = connected(bare_cli, photon)
        cli.write(manifest(name, f"users:\n{rows}"))

        done = cli.run("apply", "-y")

    assert done.returncode == 6
    for cause in ("limit on shared users", "no shared line", "in use in another project"):
        assert cause in done.stderr


def test_an_older_servers_404_leaves_a_lost_rotation_behind_once(bare_cli, name):
    with at_photon("no-new-routes", "json-404") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name, webhook(more=", onMissingSecret: rotate")))
        cli.ok("apply", "-y")
        before = (cli.folder / ".env").read_text()
        photon.add_faults("POST /projects/*/webhooks/*/secret/rotate : drop-before : 9")
        assert cli.run("webhook", "rotate", "--timeout", "1").returncode == 1
        photon.clear()

        said = cli.run("apply", "-y")

        assert said.returncode == 6
        assert "doesn't offer rotation" in said.stderr
        assert cli.run("apply", "-y").returncode == 0
        assert (cli.folder / ".env").read_text() == before


def test_the_default_schema_decides_which_secret_signs(bare_cli, name):
    with at_photon("raw-inbound-default") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name, webhook()))

        assert "signed with BOT_STANDARD" in cli.run("apply", "-y").stderr


def test_the_doctor_shows_what_a_host_says_of_its_end(bare_cli, name):
    with at_photon("deprecation-headers") as photon:
        cli = connected(bare_cli, photon)
        cli.write(manifest(name))

        shown = cli.run("doctor").stdout

    assert "sends Deprecation: @1798761600" in shown
    assert "sends Sunset: Fri, 01 Jan 2027" in shown
