"""Machines that aren't like the one photonctl was written on: proxies, homes, keyrings, streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = "version: 1\nproject: {name: bot}\n"
ODD_SETTINGS = {
    "NO_PROXY": "fe80::/10",
    "ALL_PROXY": "socks5://u:hunter2@127.0.0.1:9",
    "HTTP_PROXY": "http://u:hunter2@host:notaport",
    "SSL_CERT_FILE": "/proc/nonexistent",
    "SSLKEYLOGFILE": "/proc/nonexistent/keys",
}


def test_a_local_photon_is_spoken_to_whatever_the_proxy_settings_say(newer_cli):
    newer_cli.write(MANIFEST)

    assert "project" in newer_cli.ok("plan", env=ODD_SETTINGS)
    assert "project" in newer_cli.ok("plan", env={"http_proxy": "http://127.0.0.1:9"})


@pytest.mark.parametrize("command", ["plan", "doctor", "whoami", "login"])
@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY", "SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_a_wrong_setting_is_one_error_that_names_it(bare_cli, command, name):
    bare_cli.write(MANIFEST)
    value = "ftp://u:hunter2@host" if name == "ALL_PROXY" else ODD_SETTINGS[name]

    done = bare_cli.run(command, "-vv", env={name: value, "PHOTON_TOKEN": "t"})

    assert done.returncode == 64
    assert done.stderr.count("Error:") == 1
    assert name in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_apply_without_a_home_warns_once_that_there_is_no_lock(newer_cli, name):
    """The system may know no such user, as in a container that runs as a number."""
    newer_cli.write(MANIFEST.replace("bot", name))
    env = {key: value for key, value in newer_cli.env.items() if key != "HOME"}
    script = "import pwd, sys; pwd.getpwuid = {}.__getitem__; from photonctl.cli import main; "

    def run(*args, **more):
        return subprocess.run(
            [sys.executable, "-P", "-c", f"{script} sys.exit(main.run({list(args)}))"],
            cwd=newer_cli.folder, env={**env, **more},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = run("apply", "-y")
    assert (done.returncode, done.stderr.count("Warning:")) == (0, 1)
    assert "set XDG_STATE_HOME" in done.stderr
    done = run("plan", PHOTON_TOKEN="")
    assert done.returncode == 4
    assert "PHOTONCTL_AUTH_FILE" in done.stderr


def test_a_credential_file_that_cant_be_read_stops_nobody_who_has_a_token(newer_cli, name):
    newer_cli.write(MANIFEST.replace("bot", name))
    (Path(newer_cli.env["HOME"]) / ".config" / "photonctl" / "auth.json").mkdir(parents=True)

    assert newer_cli.run("apply", "-y").returncode == 0
    assert newer_cli.run("plan", env={"PHOTON_TOKEN": ""}).returncode == 4


def test_a_keyring_that_cant_be_read_replaces_nothing(newer_cli, name):
    """A webhook whose secret may be there isn't registered again to get a new one."""
    url = "https://bot.example.com/hook"
    hooked = MANIFEST.replace("bot", name) + f"webhooks: [{{url: '{url}', onMissingSecret: replace"
    newer_cli.write(f"{hooked}}}]\n")
    newer_cli.ok("apply", "-y")
    newer_cli.write(f"{hooked}, secret: {{keyring: bots, key: K}}}}]\n")

    done = newer_cli.run("plan", "-vv", env={"PYTHON_KEYRING_BACKEND": "nosuch.Backend"})

    assert done.returncode == 0
    assert "-/+" not in done.stdout
    assert "Traceback" not in done.stderr


@pytest.fixture
def oddly_named(bare_cli):
    """Make a manifest whose name is no Unicode, and one whose name a terminal would obey."""
    for name in (b"\xff.yaml", b"\x1b]0;pwned\x07.yaml"):
        path = Path(bare_cli.folder) / os.fsdecode(name)
        path.write_text(f"version: 1\nproject: {{name: bot{len(name)}}}\n")
    return bare_cli


def test_a_manifest_of_any_name_is_planned_saved_and_applied(oddly_named):
    oddly_named.ok("plan", "--emulator", "-f", ".", "--out", "plan.json")
    oddly_named.ok("apply", "--emulator", "-y", "plan.json", "--report", "report.json")
    oddly_named.ok("plan", "--emulator", "-f", ".", "--json")


@pytest.mark.parametrize(
    "form", ["--format gitlab", "--format sarif", "--format github", "--ci github", "--ci azure"]
)
def test_findings_of_a_manifest_of_any_name_obey_no_terminal(oddly_named, form):
    for path in Path(oddly_named.folder).glob("*.yaml"):
        path.write_text("version: 1\nprojekt: {name: bot}\n")

    done = oddly_named.run("validate", ".", *form.split())

    assert done.returncode == 3
    assert "unexpected" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr


def test_what_is_no_file_holds_no_local_photons_state(bare_cli):
    bare_cli.write("version: 1\nproject: {name: bot}\n")
    state = Path(bare_cli.folder) / ".photonctl"
    state.mkdir(mode=0o700)
    os.mkfifo(state / "emulator.db", 0o600)

    done = bare_cli.run("plan", "--emulator")

    assert done.returncode == 1
    assert "it is no file" in done.stderr


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": ["user"]},
        {"kind": "shelf"},
        {"status": {}},
        {"who": 7},
        {"spec": "x"},
        {"changes": [{"before": 1}]},
    ],
    ids=str,
)
def test_an_edited_report_is_no_report(bare_cli, edit):
    bare_cli.write("version: 1\nproject: {name: bot}\nusers: [{phoneNumber: +15551230001}]\n")
    bare_cli.ok("apply", "--emulator", "-y", "--report", "report.json")
    path = Path(bare_cli.folder) / "report.json"
    report = json.loads(path.read_text())
    report["projects"][0]["actions"][0] |= edit
    path.write_text(json.dumps(report))
    env = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": "http://127.0.0.1:9"}

    done = bare_cli.run(
        "comment", "report.json", "--label", "prod", "--on", "github", "--number", "1", env=env
    )

    assert done.returncode == 5
    assert "isn't a report" in done.stderr


def test_warnings_are_bounded_like_errors(bare_cli):
    hooks = "".join(
        f"  - {{url: 'https://b\u00fccher{n}.example/x', secret: {{envFile: .env, key: K{n}}}}}\n"
        for n in range(150)
    )
    bare_cli.write(f"version: 1\nproject: {{name: bot}}\nwebhooks:\n{hooks}")

    done = bare_cli.run("validate")

    assert done.returncode == 0
    assert done.stderr.count("Warning:") == 101
    assert "and 50 more warnings" in done.stderr


def test_what_was_filled_in_is_shown_as_it_is_written_also_when_it_goes(bare_cli):
    env = {"NAME": "Zq9xKcanary7"}
    text = "version: 1\nproject: {name: bot, credentials: {envFile: '${env:NAME}.env'}}\n"
    user = "users: [{phoneNumber: +15551230001, firstName: '${env:NAME}'}]\n"
    bare_cli.write(text + user)
    bare_cli.ok("apply", "--emulator", "-y", env=env)

    for command in (
        ("plan", "--destroy", "--emulator"),
        ("plan", "--destroy", "--emulator", "--format", "markdown"),
        ("project", "rotate-secret", "--emulator", "-y"),
        ("destroy", "--emulator", "-y"),
    ):
        done = bare_cli.run(*command, env=env)
        assert done.returncode == 0, done.stderr
        assert "canary" not in done.stdout + done.stderr


PLUGIN = """version: 1
project: {name: p1}
webhooks: [{url: "https://x.example.com/h", secret: {plugin: "${env:NAME}", key: K}}]
"""


@pytest.mark.parametrize(
    "command",
    ["validate --no-exec", "plan --no-exec --emulator", "plan --emulator --json", "list --no-exec"],
)
def test_a_plugin_isnt_named_by_a_variable_so_nothing_shows_its_value(bare_cli, command):
    bare_cli.write(PLUGIN)

    done = bare_cli.run(*command.split(), env={"NAME": "Zq9xKcanary7"})

    assert done.returncode == 3
    assert "${env:NAME} is filled in" in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_events_show_what_was_filled_in_as_it_is_written(bare_cli):
    bare_cli.write(
        "version: 1\nproject: {name: '${env:NAME}'}\n"
        "webhooks: ['https://x.example.com/${env:NAME}?t=${env:NAME}']\n"
    )

    done = bare_cli.run("apply", "--emulator", "-y", "--events", "-", env={"NAME": "Zq9xKcanary7"})
    intents = [json.loads(line) for line in done.stdout.splitlines() if '"intent"' in line]

    assert done.returncode == 0
    assert "canary" not in done.stdout + done.stderr
    assert {event["about"] for event in intents} == {
        "the creation of the project",
        "https://x.example.com/${env:NAME}?t=${env:NAME}",
    }
