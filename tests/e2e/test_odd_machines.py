"""Machines that aren't like the one photonctl was written on: proxies, homes, keyrings, streams."""

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
