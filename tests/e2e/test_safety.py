"""What must not happen: deletes beyond a limit, stale plans, lost secrets, guesses."""

import json
import os
import pty
import select
import stat
import subprocess
from dataclasses import replace

import pytest

from tests.conftest import PHOTONCTL, wait_for

HEAD = "version: 1\nproject: {{name: {name}, platforms: [imessage]}}\n"
PEOPLE = "users:\n" + "".join(f"  - {{phoneNumber: +1555000100{i}}}\n" for i in range(4))
HOOK = "webhooks:\n  - {url: https://bot.example.com/hook, secret: {envFile: .env, key: BOT}}\n"


@pytest.fixture
def team(newer_cli, name):
    """Four people and a webhook, applied."""
    newer_cli.write(HEAD.format(name=name) + PEOPLE + HOOK)
    newer_cli.ok("apply", "-y")
    return newer_cli


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (
            "limits: {maxDeletes: 2}",
            "3 of 5 live users would be deleted, which is more than limits.maxDeletes: 2",
        ),
        (
            "limits: {maxDeletePercent: 40}",
            "3 of 5 live users would be deleted, which is more than limits.maxDeletePercent: 40",
        ),
    ],
)
def test_a_plan_above_a_limit_prints_and_isnt_applied(team, name, limits, told):
    team.write(HEAD.format(name=name) + "users:\n  - {phoneNumber: +15550001000}\n" + HOOK + limits)

    shown = team.run("plan", "--detailed-exitcode")
    refused = team.run("apply", "-y")

    assert (shown.returncode, told in shown.stdout) == (2, True)
    assert (refused.returncode, told in refused.stderr) == (5, True)
    assert "3 to delete" in refused.stdout
    assert "--allow-deletes" in refused.stderr
    assert team.run("plan", "--detailed-exitcode").returncode == 2
    team.ok("apply", "-y", "--allow-deletes")
    assert team.run("plan", "--detailed-exitcode").returncode == 0


def test_protected_and_ignored_users_stay(team, name):
    rules = 'protect: {users: ["+15550001000"]}\nignore: {users: ["+15550001001"]}\n'
    team.write(HEAD.format(name=name) + "users: []\n" + rules)

    plan = json.loads(team.ok("plan", "--json"))["projects"][0]

    assert plan["summary"] == {
        "create": 0,
        "update": 0,
        "replace": 0,
        "delete": 2,
        "noop": 2,
        "protected": 2,
        "ignored": 1,
        "notPruned": 0,
    }
    assert {(hold["key"], hold["why"]) for hold in plan["holds"]} == {
        ("+15550000001", "owner"),
        ("+15550001000", "protected"),
        ("+15550001001", "ignored"),
    }


def test_an_owner_without_a_mark_is_known_by_the_account(team, newer_photon, name):
    with newer_photon.spectrum(name) as spectrum:
        for user in spectrum.get("/users/").json()["data"]["users"]:
            spectrum.delete(f"/users/{user['id']}/")
        # An ordinary user with the account's number: Photon's mark is gone.
        spectrum.post("/users/", json={"type": "shared", "phoneNumber": "+15550000001"})
    team.write(HEAD.format(name=name) + "users: []\n")

    plan = json.loads(team.ok("plan", "--json"))["projects"][0]

    assert plan["actions"] == []
    assert [(hold["key"], hold["why"]) for hold in plan["holds"]] == [("+15550000001", "owner")]


def test_a_saved_plan_is_what_is_applied(team, name):
    team.write(HEAD.format(name=name) + PEOPLE + "  - {phoneNumber: +15550001009}\n" + HOOK)
    team.ok("plan", "--out", "plan.json")
    team.write("this is no manifest any more")

    report = json.loads(team.ok("apply", "-y", "--json", "plan.json"))

    assert report["converged"] is True
    assert [action["key"] for action in report["projects"][0]["actions"]] == ["+15550001009"]
    assert stat.S_IMODE((team.folder / "plan.json").stat().st_mode) == 0o600


def test_a_stale_plan_is_refused_and_says_what_changed(team, newer_photon, name):
    team.write(HEAD.format(name=name) + PEOPLE + "  - {phoneNumber: +15550001009}\n" + HOOK)
    team.ok("plan", "--out", "plan.json")
    with newer_photon.spectrum(name) as spectrum:
        spectrum.post(
            "/users/", json={"type": "shared", "phoneNumber": "+15550001002", "firstName": "New"}
        )

    done = team.run("apply", "-y", "plan.json")

    assert done.returncode == 5
    assert "has changed since the plan was made: user +15550001002" in done.stderr


def test_a_saved_plan_of_a_new_project_is_stale_once_it_exists(newer_cli, name):
    newer_cli.write(HEAD.format(name=name) + PEOPLE)
    newer_cli.ok("plan", "--out", "plan.json")
    newer_cli.ok("apply", "-y", "plan.json")

    done = newer_cli.run("apply", "-y", "plan.json")

    assert done.returncode == 5
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def edited(change):
    """Return a function that edits a plan file's only project, or its only action."""

    def edit(plan):
        change(plan["projects"][0])

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        edited(lambda project: project.update(kinds=["foo"])),
        edited(lambda project: project.update(live={"nospace": "x"})),
        edited(lambda project: project["summary"].update(noop=float("inf"))),
        edited(lambda project: project["actions"][0].update(action="replace")),
        edited(lambda project: project["actions"][0].update(action="destroy")),
        edited(lambda project: project["actions"][0].update(spec=None)),
        edited(lambda project: project["actions"][0].update(kind="line")),
    ],
)
def test_an_edited_plan_file_is_refused_whole(newer_cli, newer_photon, name, edit):
    newer_cli.write(HEAD.format(name=name))
    newer_cli.ok("plan", "--out", "plan.json")
    plan = json.loads((newer_cli.folder / "plan.json").read_text())
    edit(plan)
    newer_cli.write(json.dumps(plan), "plan.json")
    newer_photon.clear()

    done = newer_cli.run("apply", "-y", "plan.json")

    assert (done.returncode, "was edited" in done.stderr) == (5, True)
    assert newer_photon.log() == []


def test_a_plan_file_keeps_secrets_beside_its_own_manifest_only(newer_cli, name):
    newer_cli.write(HEAD.format(name=name) + HOOK)
    newer_cli.ok("plan", "--out", "plan.json")
    elsewhere = newer_cli.folder / "elsewhere"
    elsewhere.mkdir()
    (newer_cli.folder / "plan.json").rename(elsewhere / "plan.json")
    newer_cli.folder = elsewhere

    done = newer_cli.run("apply", "-y", "plan.json")

    assert done.returncode == 5
    assert "Apply it from the folder in which it was made" in done.stderr


def test_two_documents_of_one_live_project_are_refused(newer_cli, name):
    newer_cli.write(HEAD.format(name=name))
    project_id = json.loads(newer_cli.ok("apply", "-y", "--json"))["projects"][0]["id"]
    renamed = f"version: 1\nproject: {{name: {name}-2, id: {project_id}}}\nusers: []\n"
    newer_cli.write(HEAD.format(name=name) + "---\n" + renamed)

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 5
    assert "2 documents declare the live project" in done.stderr


def test_two_documents_of_one_project_are_refused_by_whichever_of_its_ids(cli, name):
    """The environment's pair opens it by Spectrum's id, and a token by the dashboard's."""
    stored = f"version: 1\nproject: {{name: {name}, credentials: {{envFile: p.env}}}}\n"
    cli.write(stored)
    project_id = json.loads(cli.ok("apply", "-y", "--json"))["projects"][0]["id"]
    pair = cli.env_file("p.env")
    pinned = "version: 1\nproject: {{name: {}, id: {}}}\nusers: []\n"
    ids = (project_id, pair["PHOTON_PROJECT_ID"])
    cli.write("---\n".join(pinned.format(f"{name}{n}", id_) for n, id_ in enumerate(ids)))

    done = replace(cli, env={**cli.env, **pair}).run("plan")

    assert done.returncode == (3 if ids[0] == ids[1] else 5), done.stderr
    assert "would undo the other" in done.stderr or ids[0] == ids[1]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"formatVersion": 99}', '{"formatVersion": 1}'])
def test_something_else_is_no_plan_file(newer_cli, text):
    newer_cli.write(text, "plan.json")

    done = newer_cli.run("apply", "-y", "plan.json")

    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def test_without_a_terminal_and_without_yes_nothing_is_done(newer_cli, newer_photon, name):
    newer_cli.write(HEAD.format(name=name))

    done = newer_cli.run("apply")

    assert (done.returncode, "--auto-approve" in done.stderr) == (5, True)
    assert "+ project" in done.stdout
    assert {entry["method"] for entry in newer_photon.log()} == {"GET"}


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"y\n", 5), (b"\n", 5)])
def test_on_a_terminal_only_yes_is_yes(newer_cli, name, answer, code):
    newer_cli.write(HEAD.format(name=name))

    returned, shown = on_terminal(newer_cli, ["apply"], answer)

    assert returned == code
    assert "\x1b[32m" in shown  # a terminal gets colour


def test_a_terminal_can_be_left_without_colour(newer_cli, name):
    newer_cli.write(HEAD.format(name=name))

    for flags, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"})):
        newer_cli.env.update(env)
        _, shown = on_terminal(newer_cli, ["plan", *flags], b"")
        assert "+ project" in shown
        assert "\x1b[" not in shown


def test_a_sink_that_cant_be_written_is_found_out_before_registering(newer_cli, newer_photon, name):
    newer_cli.write(HEAD.format(name=name) + HOOK.replace(".env", "no/such/folder/.env"))

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 5
    assert "can't be written" in done.stderr
    assert {entry["method"] for entry in newer_photon.log()} == {"GET"}


def test_a_journal_that_cant_be_written_is_found_out_before_anything_is_changed(
    newer_cli, newer_photon, name
):
    sink = "{url: https://bot.example.com/hook, secret: {exec: [/bin/true]}}"
    newer_cli.write(HEAD.format(name=name) + f"webhooks:\n  - {sink}\n")
    newer_cli.write("not a folder", ".photonctl")

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 5
    assert "the journal .photonctl" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert {entry["method"] for entry in newer_photon.log()} == {"GET"}


def test_a_runner_refuses_to_keep_secrets_on_its_own_disk(newer_cli, name):
    newer_cli.write(HEAD.format(name=name) + "webhooks: [https://bot.example.com/hook]\n")

    newer_cli.ok("plan", "--out", "plan.json")  # made on a machine whose disk stays

    for arguments in ((), ("plan.json",)):
        refused = newer_cli.run("apply", "-y", *arguments, env={"CI": "true"})
        assert refused.returncode == 5
        assert "CI=true" in refused.stderr
    newer_cli.ok("apply", "-y")
    assert "PHOTON_WEBHOOK_SECRET" in newer_cli.env_file()
    newer_cli.ok("apply", "-y", env={"CI": "true"})  # nothing to register: nothing to refuse


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ("warn", 0, "Warning: webhook https://bot.example.com/hook: its secret is missing"),
        ("fail", 0, "Refused by apply: webhook https://bot.example.com/hook"),
        ("replace", 2, "-/+ webhook https://bot.example.com/hook"),
        ("rotate", 2, "standardSigningSecret"),
    ],
)
def test_a_missing_secret(team, name, rule, code, told):
    text = HEAD.format(name=name) + PEOPLE + HOOK.replace("}}", f"}}, onMissingSecret: {rule}}}")
    team.write(text)
    assert team.run("plan", "--detailed-exitcode").returncode == 0
    (team.folder / ".env").unlink()

    shown = team.run("plan", "--detailed-exitcode")

    assert (shown.returncode, told in shown.stdout) == (code, True), shown.stdout + shown.stderr
    applied = team.run("apply", "-y")
    assert applied.returncode == (5 if rule == "fail" else 0), applied.stderr
    if code == 2:
        assert team.run("plan", "--detailed-exitcode").returncode == 0
        assert ("BOT" in team.env_file()) is (rule == "replace")
        assert "BOT_STANDARD" in team.env_file()


def test_a_secret_of_an_older_registration_isnt_taken_for_the_live_one(team, newer_photon, name):
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
        spectrum.delete(f"/webhooks/{hook['id']}")
        spectrum.post("/webhooks/", json={"webhookUrl": hook["webhookUrl"]})

    shown = team.ok("plan")

    assert "somebody else registered it again at 2" in shown
    assert f"BOT in .env holds the secret of another registration ({hook['id']})" in shown


def test_an_interrupted_registration_is_replaced(team, newer_photon, name):
    with newer_photon.spectrum(name) as spectrum:
        (hook,) = spectrum.get("/webhooks/").json()["data"]
        spectrum.delete(f"/webhooks/{hook['id']}")
    newer_photon.add_faults("POST /projects/*/webhooks/ : drop-after : *")
    failed = team.run("apply", "-y")
    assert failed.returncode == 6
    newer_photon.clear()
    with newer_photon.spectrum(name) as spectrum:
        # What a process that died right after the answer leaves: live, its secret nowhere.
        spectrum.post("/webhooks/", json={"webhookUrl": hook["webhookUrl"]})

    shown = team.ok("plan")

    assert "its registration was interrupted before its secret was stored" in shown
    team.ok("apply", "-y")
    assert team.run("plan", "--detailed-exitcode").returncode == 0


def test_an_embedded_emulator_belongs_to_one_command_at_a_time(bare_cli, name):
    bare_cli.write(HEAD.format(name=name))
    bare_cli.ok("plan", "--emulator")
    holder = subprocess.Popen(
        [PHOTONCTL, "emulator", "--port", "0", "--data", ".photonctl/emulator.db"],
        cwd=bare_cli.folder,
        env=bare_cli.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        holder.stdout.readline()
        done = bare_cli.run("plan", "--emulator")
    finally:
        holder.terminate()
        holder.communicate(timeout=20)

    assert done.returncode == 1
    assert "another emulator is using" in done.stderr


def test_ctrl_c_answers_the_question(newer_cli, name):
    newer_cli.write(HEAD.format(name=name))

    code, shown = on_terminal(newer_cli, ["apply"], b"\x03")

    assert (code, "Interrupted." in shown) == (130, True)
    assert "2 to create" in newer_cli.ok("plan")


def on_terminal(cli, args, answer):
    """Run a command on a pseudo-terminal, type an answer, return exit code and output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cli.folder)
        os.execve(PHOTONCTL, ["photonctl", *args], cli.env)
    shown = b""
    is_answered = False
    while select.select([terminal], [], [], 60)[0]:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            break
        shown += chunk
        if not chunk:
            break
        if b"Type yes" in shown and not is_answered:
            os.write(terminal, answer)
            is_answered = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_a_secret_is_never_stored_over_that_of_a_webhook_that_stays(newer_cli, name):
    first = HEAD.format(name=name) + "webhooks: [https://a.example.com/h]\n"
    newer_cli.write(first)
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()
    newer_cli.write(
        first.replace("//a.", "//b.") + "protect: {webhooks: ['https://a.example.com/*']}\n"
    )

    done = newer_cli.run("apply", "-y")

    assert done.returncode == 5
    assert "holds the secret of https://a.example.com/h, which stays live" in done.stderr
    assert newer_cli.env_file() == before
    newer_cli.write(first.replace("//a.", "//b."))  # undeclared and unprotected: it goes
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file() != before


@pytest.mark.parametrize("rule", ["warn", "replace"])
def test_a_secret_is_never_stored_over_that_of_another_project(newer_cli, newer_photon, name, rule):
    """Two manifests in one folder, each applied by itself."""
    hook = "webhooks: [{{url: https://{host}.example.com/h, onMissingSecret: {rule}}}]\n"
    first = HEAD.format(name=name) + hook.format(host="a", rule=rule)
    newer_cli.write(first)
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()
    second = HEAD.format(name=f"{name}-2")
    newer_cli.write(second, "second.yaml")
    newer_cli.ok("apply", "-y", "-f", "second.yaml")
    with newer_photon.spectrum(f"{name}-2") as spectrum:
        for host in ("b", "c") if rule == "replace" else ("c",):
            spectrum.post("/webhooks/", json={"webhookUrl": f"https://{host}.example.com/h"})
    newer_cli.write(second + hook.format(host="b", rule=rule), "second.yaml")

    done = newer_cli.run("apply", "-y", "-f", "second.yaml")

    assert done.returncode == 5
    assert f'holds the secret of a webhook of the project "{name}"' in done.stderr
    assert newer_cli.env_file() == before
    newer_cli.write("version: 1\nproject: {name: " + name + "}\nwebhooks: []\n")
    newer_cli.ok("apply", "-y")
    newer_cli.ok("apply", "-y", "-f", "second.yaml")
    assert newer_cli.env_file() != before


def test_a_secret_that_nothing_live_owns_is_told(newer_cli, newer_photon, name):
    newer_cli.write(HEAD.format(name=name) + HOOK)
    newer_cli.ok("apply", "-y")
    newer_cli.write("version: 1\nproject: {name: " + name + "}\nwebhooks: []\n", "none.yaml")
    newer_cli.ok("apply", "-y", "-f", "none.yaml")

    assert "BOT in .env holds the secret of" in newer_cli.ok("plan")
    newer_cli.write("BOT=kept by hand\n", ".env")
    assert "BOT in .env holds a secret of unknown origin" in newer_cli.ok("plan")
    assert newer_cli.run("apply", "-y").returncode == 5
    newer_cli.ok("apply", "-y", "--replace-stored", "BOT")


def test_an_edited_plan_file_deletes_nobody_else(team, newer_photon, name):
    team.write(HEAD.format(name=name) + "users: []\n")
    team.ok("plan", "--out", "plan.json")
    with newer_photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    (owner,) = [row["id"] for row in rows if row["phoneNumber"] == "+15550000001"]
    path = team.folder / "plan.json"
    plan = json.loads(path.read_text())
    plan["projects"][0]["actions"][0]["id"] = owner
    path.write_text(json.dumps(plan))

    done = team.run("apply", "-y", "plan.json")

    assert done.returncode == 5
    assert "was edited" in done.stderr


@pytest.mark.parametrize("field", ["type", "target", "key", "arguments"])
def test_a_plan_file_with_a_strange_sink_is_refused(newer_cli, name, field):
    newer_cli.write(HEAD.format(name=name) + HOOK)
    newer_cli.ok("plan", "--out", "plan.json")
    path = newer_cli.folder / "plan.json"
    plan = json.loads(path.read_text())
    (action,) = [a for a in plan["projects"][0]["actions"] if a["sink"]]
    action["sink"][field] = [1]
    path.write_text(json.dumps(plan))

    assert newer_cli.run("apply", "-y", "plan.json").returncode == 5


def test_a_plan_is_saved_over_nothing_but_a_plan(newer_cli, name):
    newer_cli.write(HEAD.format(name=name))
    os.mkfifo(newer_cli.folder / "pipe")

    for out in ("photon.yaml", "pipe"):
        done = newer_cli.run("plan", "--out", out)
        assert done.returncode == 64
        assert "doesn't overwrite it" in done.stderr
    newer_cli.ok("plan", "--out", "plan.json")
    newer_cli.ok("plan", "--out", "plan.json")

    assert (newer_cli.folder / "photon.yaml").read_text() == HEAD.format(name=name)


@pytest.mark.parametrize(
    ("live", "pattern"),
    [
        ("https://bot.example.com/h", "https://BOT.example.com/h"),
        ("https://bot.example.com/h", "https://bot.example.com:443/*"),
        ("https://bot.example.com/[t]/h", "https://bot.example.com/[t]/h"),
    ],
)
def test_a_pattern_may_be_spelled_like_a_url(newer_cli, name, live, pattern):
    newer_cli.write(HEAD.format(name=name) + f"webhooks: ['{live}']\n")
    newer_cli.ok("apply", "-y")
    newer_cli.write(
        HEAD.format(name=name) + f"webhooks: []\nprotect: {{webhooks: ['{pattern}']}}\n"
    )

    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_a_pinned_project_is_rotated_without_the_list_of_all(newer_cli, newer_photon, name):
    newer_cli.write(HEAD.format(name=name) + HOOK)
    newer_cli.ok("apply", "-y")
    project_id = json.loads(newer_cli.ok("plan", "--json"))["projects"][0]["id"]
    pinned = HEAD.replace("name: {name}", "name: {name}, id: {id}")
    newer_cli.write(pinned.format(name=name, id=project_id) + HOOK)
    newer_photon.add_faults("GET /api/projects/ : 503 : *")
    before = newer_photon.log()

    newer_cli.ok("webhook", "rotate")

    paths = [entry["path"] for entry in newer_photon.log()[len(before) :]]
    assert "/api/projects/" not in paths
    assert paths.count(f"/api/projects/{project_id}") == 1


@pytest.mark.parametrize("is_pinned", [True, False])
def test_two_names_of_one_project_share_a_lock(newer_cli, newer_photon, name, is_pinned):
    newer_cli.write(HEAD.format(name=name))
    newer_cli.ok("apply", "-y")
    project_id = json.loads(newer_cli.ok("plan", "--json"))["projects"][0]["id"]
    pinned = HEAD.replace("name: {name}", "name: {name}, id: {id}")
    newer_cli.write((pinned if is_pinned else HEAD).format(name=name, id=project_id))
    newer_cli.write(pinned.format(name=f"{name}-2", id=project_id) + HOOK, "other.yaml")
    newer_photon.add_faults("GET /api/auth/get-session : hang-before")

    with newer_cli.running("apply", "-y") as process:
        wait_for(lambda: any(entry["fault"] for entry in newer_photon.log()))
        waiting = ("-f", "other.yaml", "--lock-timeout", "0.1")
        commands = (("apply", "-y"), ("webhook", "rotate"), ("project", "rotate-secret", "-y"))
        others = [newer_cli.run(*command, *waiting) for command in commands]
        process.kill()

    assert [done.returncode for done in others] == [5, 5, 5]
    assert all(f"process {process.pid} has been applying" in done.stderr for done in others)


def test_an_env_file_on_a_runner_is_warned_of(newer_cli, name):
    hook = "{url: https://bot.example.com/hook, secret: {envFile: .env, key: BOT}}"
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\nwebhooks: [{hook}]\n")

    assert "if the runner's disk is thrown away" in newer_cli.ok("plan", env={"CI": "true"})
    assert "runner's disk" not in newer_cli.ok("plan")
