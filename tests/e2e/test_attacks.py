"""Attacks on a machine that holds credentials, each with its siblings (docs/security.md)."""

import json
import os
import re
import subprocess

import pytest

from tests.conftest import PHOTONCTL
from tests.e2e.forging import forge
from tests.stores.kube import kubeconfig

HOOK = "https://bot.example.com/hook"
OWNER = "+15550000001"


def manifest(name, rest=""):
    return f"version: 1\nproject: {{name: {name}}}\n{rest}"


def webhook(sink="envFile: .env, key: BOT"):
    return f"webhooks: [{{url: '{HOOK}', secret: {{{sink}}}}}]\n"


def refused(done, code, text):
    assert done.returncode == code, done.stdout + done.stderr
    assert text in done.stderr, done.stderr


def live(photon, name):
    with photon.spectrum(name) as spectrum:
        users = spectrum.get("/users/").json()["data"]["users"]
        hooks = spectrum.get("/webhooks/").json()["data"]
    return sorted(u["phoneNumber"] for u in users), [h["webhookUrl"] for h in hooks]


@pytest.mark.parametrize("sink", ["kubernetes: ns/x", "awsSecretsManager: prod/bot"])
def test_what_a_stores_client_starts_gets_none_of_our_credentials(newer_cli, name, sink):
    folder = newer_cli.folder
    plugin = folder / "plugin"
    plugin.write_text(f"#!/bin/sh\nenv > '{folder}/plugin-env'\nexit 1\n")
    plugin.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    config = kubeconfig("https://127.0.0.1:1")
    config["users"][0]["user"] = {"exec": {"apiVersion": version, "command": str(plugin)}}
    (folder / "kubeconfig").write_text(json.dumps(config))
    (folder / "aws").write_text(f"[default]\ncredential_process = {plugin}\n")
    newer_cli.env |= {
        "KUBECONFIG": str(folder / "kubeconfig"),
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PHOTONCTL_PLAN_KEY": "a-key-of-plans-0123456789",
    }
    newer_cli.write(manifest(name, webhook(f"{sink}, key: BOT")))

    newer_cli.run("plan", "--no-exec", is_new=True)

    seen = (folder / "plugin-env").read_text()
    assert "PHOTON_SPECTRUM_HOST" in seen
    assert "TOKEN" not in seen
    assert "PLAN_KEY" not in seen


@pytest.fixture
def planned(newer_cli, newer_photon, name):
    """A project with a user, and a saved plan that registers a webhook and deletes the user."""
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230002}]\n" + webhook()))
    newer_cli.ok("plan", "--out", "plan.json")
    return newer_cli


def sink(**changes):
    def edit(project):
        for action in project["actions"]:
            if action["sink"]:
                action["sink"].update(changes)

    return edit


def every_action(**changes):
    return lambda project: [action.update(changes) for action in project["actions"]]


def creation(kind, **changes):
    def edit(project):
        for action in project["actions"]:
            if action["kind"] == kind and action["action"] == "create":
                action["spec"].update(changes)

    return edit


def delete_owner(project):
    project["actions"][-1].update(key=OWNER, label=OWNER)


EDITS = {
    "a command that isn't a sink's": sink(type="exec", target="", arguments=[]),
    "another path": sink(target="../.env"),
    "an absolute path": sink(target="/tmp/photonctl-attack.env"),
    "a shell's start file": sink(target=".bashrc"),
    "a manifest": sink(target="photon.yaml"),
    "lines through the key": sink(key="A=1\nPATH"),
    "a loader's variable": sink(key="LD_PRELOAD"),
    "a plugin called like a built-in sink": sink(type="envfile"),
    "credentials anywhere": lambda p: p.update(credentials={
        "type": "envFile", "target": "../x", "arguments": [], "key": "PHOTON_PROJECT",
        "isDefault": False}),
    "credentials by a command": lambda p: p.update(credentials={
        "type": "exec", "target": "sh", "arguments": [], "key": "K", "isDefault": False}),
    "another folder": lambda p: p.update(manifest="/etc/passwd"),
    "a folder above": lambda p: p.update(manifest="../photon.yaml"),
    "kinds emptied": lambda p: p.update(kinds=[]),
    "kinds without users": lambda p: p.update(kinds=["project", "webhook"]),
    "an id that leads elsewhere": every_action(id="../../other"),
    "an id with a line break": every_action(id="x\nSet-Cookie: y"),
    "a project id that leads elsewhere": lambda p: p.update(id="a/../b"),
    "the owner": delete_owner,
    "the project itself": lambda p: p["actions"].append(
        {**p["actions"][-1], "action": "delete", "kind": "project", "id": p["id"]}),
    "a user who is none": creation("user", phoneNumber="not a number"),
    "another user than it says": creation("user", phoneNumber="+15551239999"),
    "a name with a line break": creation("user", firstName="Ada\n"),
    "another URL than it says": creation("webhook", webhookUrl="https://evil.example/"),
    "fields that aren't texts": creation("user", firstName={"a": 1}),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_plan_file_does_nothing_that_a_manifest_couldnt(
    planned, newer_photon, name, edit
):
    before = live(newer_photon, name)
    files = {path.name for path in planned.folder.iterdir()}
    forge(planned, edit)

    done = planned.run("apply", "-y", "plan.json")

    assert done.returncode == 5, done.stdout + done.stderr
    assert live(newer_photon, name) == before
    assert {path.name for path in planned.folder.iterdir()} == files


def test_a_protected_user_is_not_deleted_by_an_edited_plan(newer_cli, newer_photon, name):
    kept = "users: [{phoneNumber: +15551230001, email: Boss@Example.com}]\n"
    newer_cli.write(manifest(name, kept))
    newer_cli.ok("apply", "-y")
    newer_cli.write(manifest(name, "users: []\nprotect: {users: ['boss@*']}\n"))
    newer_cli.ok("plan", "--out", "plan.json")
    with newer_photon.spectrum(name) as spectrum:
        rows = spectrum.get("/users/").json()["data"]["users"]
    (boss,) = [row for row in rows if row["phoneNumber"] == "+15551230001"]
    deletion = {
        "action": "delete", "kind": "user", "key": boss["phoneNumber"],
        "label": boss["phoneNumber"], "who": None, "id": boss["id"], "reason": "x",
        "why": {"code": "undeclared", "about": []}, "changes": [], "spec": None, "sink": None,
        "secretSteps": [],
    }  # fmt: skip
    forge(newer_cli, lambda project: project["actions"].append(deletion))

    refused(newer_cli.run("apply", "-y", "plan.json"), 5, "protected")
    assert "+15551230001" in live(newer_photon, name)[0]


@pytest.mark.parametrize("mark", ["seal", "digest"])
def test_a_plan_file_without_a_mark_is_refused(planned, mark):
    path = planned.folder / "plan.json"
    path.write_text(path.read_text().replace(f'"{mark}"', '"other"'))

    refused(planned.run("apply", "-y", "plan.json"), 5, "the plan file was edited")


@pytest.mark.parametrize(
    ("made_with", "forged_with", "applied_with", "told"),
    [
        ("", None, "key", "made without PHOTONCTL_PLAN_KEY"),
        ("key", None, "", "isn't set here"),
        ("key", None, "other", "another PHOTONCTL_PLAN_KEY"),
        ("key", "", "key", "made without PHOTONCTL_PLAN_KEY"),
        ("key", "guessed", "key", "another PHOTONCTL_PLAN_KEY"),
    ],
)
def test_a_key_marks_plans_that_nobody_else_can(
    newer_cli, name, made_with, forged_with, applied_with, told
):
    newer_cli.write(manifest(name))
    newer_cli.ok("plan", "--out", "plan.json", env={"PHOTONCTL_PLAN_KEY": made_with})
    if forged_with is not None:
        forge(newer_cli, lambda _: None, key=forged_with)

    done = newer_cli.run("apply", "-y", "plan.json", env={"PHOTONCTL_PLAN_KEY": applied_with})

    refused(done, 5, told)
    assert "guessed" not in done.stderr


def test_a_plan_is_applied_with_the_key_that_it_was_made_with(newer_cli, name):
    key = {"PHOTONCTL_PLAN_KEY": "a key of this pipeline"}
    newer_cli.write(manifest(name))
    made = newer_cli.ok("plan", "--json", env=key)
    (newer_cli.folder / "plan.json").write_text(made)

    assert '"digest": "hmac-sha256:' in made
    newer_cli.ok("apply", "-y", "plan.json", env=key)


def test_two_plans_that_do_the_same_have_one_digest(newer_cli, name):
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230001}]\n"))
    one = newer_cli.ok("plan", "--json")
    newer_cli.write(manifest(name, "# a remark\nusers: [{phoneNumber: +15551230001}]\n"))
    two = newer_cli.ok("plan", "--json")
    newer_cli.write(manifest(name, "users: [{phoneNumber: +15551230002}]\n"))
    other = newer_cli.ok("plan", "--json")

    digests = [text.split('"digest": "')[1].split('"')[0] for text in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_sinks_command_gets_no_credential_in_its_environment(newer_cli, name):
    keep = newer_cli.folder / "keep"
    keep.write_text("#!/bin/sh\nenv > seen\ncat > got.json\n")
    keep.chmod(0o755)
    newer_cli.write(manifest(name, webhook("exec: [./keep]")))
    own = {"PHOTONCTL_PLAN_KEY": "plan-key-1", "PHOTON_PROJECT_SECRET": ""}

    newer_cli.ok("apply", "-y", env=own)

    seen = (newer_cli.folder / "seen").read_text()
    assert newer_cli.env["PHOTON_TOKEN"] not in seen
    assert "plan-key-1" not in seen
    assert "PATH=" in seen


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["doctor"], ["apply", "-y"]])
@pytest.mark.parametrize("sink", ["exec: [./keep]", "plugin: somewhere, target: t, key: K"])
def test_no_exec_covers_every_command_that_reads_a_manifest(newer_cli, name, command, sink):
    newer_cli.write(manifest(name, webhook(sink)))

    refused(newer_cli.run(*command, "--no-exec"), 5, "--no-exec forbids")


@pytest.mark.parametrize("module", ["click", "yaml", "httpx", "json", "photonctl_plugin"])
def test_a_module_of_the_current_folder_isnt_imported(newer_cli, name, module):
    (newer_cli.folder / f"{module}.py").write_text("raise SystemExit('pwned')\n")
    newer_cli.write(manifest(name))
    python = PHOTONCTL.parent / "python"

    done = subprocess.run(
        [python, "-m", "photonctl", "plan"],
        cwd=newer_cli.folder,
        env=newer_cli.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "pwned" in done.stderr) == (0, False), done.stderr


def test_doctor_changes_nothing(newer_cli, name):
    newer_cli.write(manifest(name, webhook()))
    newer_cli.write("A=1\n", ".env")
    for path in newer_cli.folder.iterdir():
        path.chmod(0o644)
    before = {p: (p.stat().st_mode, p.stat().st_mtime_ns) for p in newer_cli.folder.rglob("*")}

    newer_cli.run("doctor")

    after = {p: (p.stat().st_mode, p.stat().st_mtime_ns) for p in newer_cli.folder.rglob("*")}
    assert after == before


COMMANDS = ["::set-output name=x::y", "##[add-mask]x", "##vso[task.setvariable variable=a]b",
            "##teamcity[buildNumber '1']"]  # fmt: skip
BEGINS = re.compile(r"(?m)^\s*::|##\w*\[")


@pytest.mark.parametrize("told", COMMANDS)
@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_no_output_can_be_taken_for_a_ci_systems_command(newer_cli, name, told, form):
    quoted = json.dumps(told)
    user = f"users: [{{phoneNumber: +15551230001, firstName: {quoted}}}]\n"
    newer_cli.write(f"version: 1\nproject: {{name: {json.dumps(f'{told} {name}')}}}\n{user}")
    newer_cli.write(manifest(told.replace(":", ""), "users: 7\n"), "bad.yaml")
    runs = [
        ["plan", "--format", form],
        ["validate"],
        ["plan", "-f", told],
        ["plan", f"--{told}"],
        [told],
        ["apply", "-y"],
        ["apply", "-y", "--json"],
        ["show", "--project", f"{told} {name}"],
        ["show", "--csv"],
        ["export", "--project", f"{told} {name}"],
        ["validate", "-f", "bad.yaml"],
    ]

    for run in runs:
        done = newer_cli.run(*run)
        assert not BEGINS.search(done.stdout + done.stderr), (run, done.stdout, done.stderr)


def test_an_export_of_odd_names_reads_back(newer_cli, name):
    odd = "a ##vso[x] \u202e b"
    users = f"users: [{{phoneNumber: +15551230001, firstName: {json.dumps(odd)}}}]\n"
    newer_cli.write(manifest(name, users))
    newer_cli.ok("apply", "-y")

    exported = newer_cli.ok("export", "--project", name)

    assert "\u202e" not in exported
    newer_cli.write(exported)
    assert newer_cli.run("plan", "--detailed-exitcode").returncode == 0


def test_a_reviewer_sees_what_would_run_and_where_credentials_go(newer_cli, name):
    command = "exec: [./keep, --to, 'a b']"
    newer_cli.write(
        f"version: 1\nproject: {{name: {name}, credentials: {{envFile: own.env}}}}\n"
        + webhook(command)
    )

    for form in ("text", "markdown", "html"):
        shown = newer_cli.ok("plan", "--format", form).replace("\\", "")
        assert "runs a command" in shown
        assert "./keep --to" in shown
        assert "own.env" in shown
        assert "a b" in shown


def test_a_host_in_other_letters_is_shown_as_dns_knows_it_with_a_warning(newer_cli, name):
    newer_cli.write(manifest(name, webhook().replace("bot.example", "b\u043et.example")))

    for form in ("text", "json", "markdown", "html"):
        shown = newer_cli.ok("plan", "--format", form).replace("\\", "")
        assert "b\u043et" not in shown.replace("bot.example", "")
        assert "xn--bt-" in shown
        assert "written in ASCII" in shown


@pytest.mark.parametrize(
    "command",
    [
        ("export", "--force", "-o", "out.yaml"),
        ("init", "--force", "-f", "out.yaml"),
        ("plan", "--out", "out.yaml"),
    ],
)
def test_what_is_written_follows_no_link(newer_cli, name, command):
    newer_cli.write(manifest(name))
    newer_cli.ok("apply", "-y")
    (newer_cli.folder / "victim").write_text('{\n  "formatVersion": 1}')
    (newer_cli.folder / "out.yaml").symlink_to("victim")

    refused(newer_cli.run(*command), 5, "is a symbolic link")

    assert (newer_cli.folder / "victim").read_text() == '{\n  "formatVersion": 1}'


def test_a_starter_is_written_through_no_second_name(newer_cli):
    (newer_cli.folder / "victim").write_text("kept")
    os.link(newer_cli.folder / "victim", newer_cli.folder / "out.yaml")

    newer_cli.ok("init", "--force", "-f", "out.yaml")

    assert (newer_cli.folder / "victim").read_text() == "kept"


def test_an_export_over_a_public_file_is_private(newer_cli, name):
    newer_cli.write(manifest(name))
    newer_cli.ok("apply", "-y")
    (newer_cli.folder / "out.yaml").write_text("")
    (newer_cli.folder / "out.yaml").chmod(0o644)

    newer_cli.ok("export", "--project", name, "--force", "-o", "out.yaml")

    assert (newer_cli.folder / "out.yaml").stat().st_mode & 0o777 == 0o600


def test_a_token_file_that_others_can_read_is_reported(newer_cli, newer_photon):
    (newer_cli.folder / "tok").write_text(newer_photon.token)
    (newer_cli.folder / "tok").chmod(0o644)

    done = newer_cli.run("whoami", "--token-file", "tok")

    assert (done.returncode, "chmod 600 tok" in done.stderr) == (0, True)


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "-2", "+1-800-GO"])
def test_a_spreadsheet_takes_no_name_for_a_formula(newer_cli, name, cell):
    newer_cli.write(
        manifest(name, f"users: [{{phoneNumber: +15551230001, firstName: '{cell}'}}]\n")
    )
    newer_cli.ok("apply", "-y")

    assert f",'{cell}," in newer_cli.ok("show", "--csv")
