"""Sign-in from the first code to the last sign-out, through the installed command."""

import json
import re
import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import httpx
import pexpect
import pytest

from photonctl.testing import local_photon
from tests.conftest import PHOTONCTL, Cli, connected

ADA = "+15551234567"
MANIFEST = """\
version: 1
project: {name: bot, platforms: [imessage]}
users: [{phoneNumber: "+15551234567", firstName: Ada}]
"""


def without_token(cli: Cli, photon) -> Cli:
    """Return the command with the hosts of a local Photon, and no credential."""
    env = {k: v for k, v in connected(cli, photon).env.items() if k != "PHOTON_TOKEN"}
    return Cli(cli.folder, env)


def auth_file(cli: Cli) -> Path:
    return Path(cli.env["HOME"]) / ".config/photonctl/auth.json"


def stored(cli: Cli) -> list[dict]:
    return json.loads(auth_file(cli).read_text())["credential_pool"]["photon"]


def decide(photon, url: str, decision: str) -> None:
    code = url.strip().partition("user_code=")[2]
    form = {"user_code": code, "decision": decision}
    assert httpx.post(f"{photon.url}/device", data=form).status_code == 200


class Login:
    """A ``photonctl login`` that waits for its approval."""

    def __init__(self, cli: Cli, *args: str, env: dict | None = None):
        self.process = subprocess.Popen(
            [PHOTONCTL, "login", *args],
            cwd=cli.folder,
            env={**cli.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        self.url = ""
        while not self.url:
            line = self.process.stderr.readline()
            assert line, self.process.communicate()
            self.said += line
            self.url = line.strip() if "user_code=" in line else ""

    def end(self) -> tuple[int, str, str]:
        # What was read ahead of a line is in the stream's buffer, where communicate won't look.
        with self.process as process:
            err, out = process.stderr.read(), process.stdout.read()
        return process.returncode, out, self.said + err


@pytest.fixture
def signing(bare_cli):
    """Start a local Photon that lets itself be polled each second, and the command for it."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(**settings):
            settings = {"device_interval_s": 0, **settings}
            photon = stack.enter_context(local_photon(**settings))
            return photon, without_token(bare_cli, photon)

        yield start


def test_the_whole_way_from_login_to_logout(signing):
    photon, cli = signing()
    login = Login(cli, "--no-browser", "-vv")
    spelled = login.url.partition("user_code=")[2]
    decide(photon, login.url, "approve")
    code, out, err = login.end()

    assert code == 0, err
    assert "Olive Owner <owner@emulator.example>" in out
    assert spelled in err
    (entry,) = stored(cli)
    token = entry["access_token"]
    assert token not in out + err

    who = json.loads(cli.ok("whoami", "--json"))
    assert who["email"] == "owner@emulator.example"
    assert str(auth_file(cli)) in who["source"]
    cli.write(MANIFEST)
    cli.ok("apply", "-y")

    assert "Signed out" in cli.ok("logout")
    assert stored(cli) == []
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{photon.url}/api/auth/get-session", headers=bearer).json() is None
    assert cli.run("whoami").returncode == 4
    assert "nothing is stored" in cli.ok("logout")


def test_a_denied_login_is_exit_4_and_stores_nothing(signing):
    photon, cli = signing()
    login = Login(cli)
    decide(photon, login.url, "deny")
    code, _, err = login.end()

    assert code == 4
    assert "denied" in err
    assert not auth_file(cli).exists()


def test_an_expired_code_is_exit_4(signing):
    _, cli = signing(code_lifetime_s=2)
    code, _, err = Login(cli).end()

    assert code == 4
    assert "expired" in err
    assert "photonctl login" in err


def test_trouble_while_polling_is_waited_out(signing):
    photon, cli = signing(
        faults=[
            "POST /api/auth/device/token : 503",
            "POST /api/auth/device/token : drop-before",
            "POST /api/auth/device/token : html-200",
            "POST /api/auth/device/token : 429-retry-after",
        ]
    )
    login = Login(cli)
    decide(photon, login.url, "approve")

    assert login.end()[0] == 0


def test_a_lost_token_is_told(signing):
    photon, cli = signing(faults=["POST /api/auth/device/token : drop-after : 1"])
    login = Login(cli)
    decide(photon, login.url, "approve")
    code, _, err = login.end()

    assert code == 4
    assert "lost on the way" in err


@pytest.mark.parametrize(("fault", "code"), [("503 : *", 1), ("drop-before : *", 1)])
def test_a_server_that_fails_is_exit_1(signing, fault, code):
    _, cli = signing(faults=[f"POST /api/auth/device/code : {fault}"])

    assert cli.run("login").returncode == code


@pytest.mark.parametrize(
    "shape",
    ["access_token", "accessToken", "session", "data", "data-camel", "header",
     "session-only-then-header"],
)  # fmt: skip
def test_a_token_is_found_in_each_shape_of_the_answer(signing, shape):
    _, cli = signing(token_shape=shape, approve_logins=True)

    cli.ok("login")

    assert "Olive Owner" in cli.ok("whoami")


def test_a_token_that_only_one_judge_accepts_is_never_stored(signing):
    _, cli = signing(token_shape="session-only", approve_logins=True)
    done = cli.run("login")

    assert done.returncode == 4
    assert "access_token: the project list rejects" in done.stderr
    assert not auth_file(cli).exists()


def test_ctrl_c_leaves_no_trace(signing):
    _, cli = signing()
    login = Login(cli)
    login.process.send_signal(signal.SIGINT)
    code, _, err = login.end()

    assert code == 130
    assert "Traceback" not in err
    assert not auth_file(cli).exists()


@pytest.mark.parametrize("flags", [(), ("--no-browser",)])
def test_a_browser_is_opened_unless_told_otherwise(signing, tmp_path, flags):
    photon, cli = signing()
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o755)
    login = Login(cli, *flags, env={"BROWSER": f"{script} %s"})
    decide(photon, login.url, "approve")
    assert login.end()[0] == 0

    opened = tmp_path / "opened"
    assert opened.exists() is (not flags)
    if not flags:
        assert opened.read_text().strip() == login.url


def test_a_qr_code_on_request(signing):
    photon, cli = signing()
    login = Login(cli, "--qr", "--no-browser")
    decide(photon, login.url, "approve")

    assert "█" in login.end()[2]


def test_two_logins_at_once_store_both(signing, bare_cli):
    one, cli = signing(approve_logins=True)
    two, _ = signing(approve_logins=True)
    started = [Login(without_token(bare_cli, photon)) for photon in (one, two)]

    assert [login.end()[0] for login in started] == [0, 0]
    assert {entry["dashboard_host"] for entry in stored(cli)} == {one.url, two.url}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_corrupt_credential_file_is_kept_aside(signing, content):
    _, cli = signing(approve_logins=True)
    auth_file(cli).parent.mkdir(parents=True)
    auth_file(cli).write_text(content)

    assert cli.run("whoami").returncode == 4
    assert auth_file(cli).read_text() == content
    done = cli.run("login")

    (aside,) = auth_file(cli).parent.glob("auth.json.corrupt-*")
    assert done.returncode == 0
    assert str(aside) in done.stderr
    assert aside.read_text() == content
    assert "Olive" in cli.ok("whoami")


def test_a_variable_that_hides_the_new_token_is_told(signing):
    _, cli = signing(approve_logins=True)

    done = cli.run("login", env={"PHOTON_TOKEN": "another"})

    assert done.returncode == 0
    assert "PHOTON_TOKEN is set" in done.stderr


def terminal(cli: Cli, *args: str) -> pexpect.spawn:
    return pexpect.spawn(
        str(PHOTONCTL),
        list(args),
        cwd=cli.folder,
        env={**cli.env, "TERM": "xterm"},
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 200),
    )


def test_on_a_terminal_an_apply_without_a_token_signs_in_and_goes_on(signing):
    photon, cli = signing()
    cli.write(MANIFEST)
    child = terminal(cli, "apply")
    child.expect(r"(http://\S+user_code=\S+)")
    url = child.match.group(1)
    child.expect(r"Waiting for the approval: 29:\d\d left")
    decide(photon, url, "approve")
    child.expect("Type yes to confirm: ")
    child.sendline("yes")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0
    assert ADA in {user["phoneNumber"] for user in photon.users("bot")}


def test_on_a_terminal_a_rejected_token_signs_in_and_goes_on(signing):
    photon, cli = signing(approve_logins=True)
    cli.write(MANIFEST)
    child = terminal(replace(cli, env={**cli.env, "PHOTON_TOKEN": "stale"}), "apply", "-y")
    child.expect("PHOTON_TOKEN")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0
    assert len(photon.projects()) == 1


def test_without_a_terminal_it_is_exit_4_with_the_command_to_run(signing):
    photon, cli = signing()
    cli.write(MANIFEST)
    done = cli.run("apply", "-y")

    assert done.returncode == 4
    assert "\n  photonctl login\n" in done.stderr
    assert photon.projects() == []


def test_a_session_that_may_end_first_is_told_with_the_time_left(signing):
    _, cli = signing(approve_logins=True, token_lifetime_s=49)
    cli.ok("login")
    cli.write(MANIFEST)

    done = cli.run("apply", "-y")

    assert done.returncode == 0
    left = re.search(r"the session expires in (\d+) s", done.stderr)
    assert left is not None
    assert int(left[1]) <= 50


def test_a_token_that_dies_in_an_apply_lets_spectrum_finish(signing):
    photon, cli = signing()
    cli = connected(cli, photon)
    cli.write(MANIFEST)
    cli.ok("apply", "-y")
    photon.add_faults("POST /api/projects/*/platforms/toggle : 401 : *")
    cli.write(
        MANIFEST.replace("[imessage]", "[imessage, voice]").replace(
            "users: [", 'users: [{phoneNumber: "+15557654321"}, '
        )
    )

    done = cli.run("apply", "-y", "--json")

    (project,) = json.loads(done.stdout)["projects"]
    statuses = {(a["kind"], a["key"]): a["status"] for a in project["actions"]}
    assert done.returncode == 6
    assert statuses == {("platform", "voice"): "failed", ("user", "+15557654321"): "ok"}
    asked = [r["path"] for r in photon.requests() if r["status"] == 401]
    assert asked == [asked[0]]  # not one more call with the dead token
    assert "photonctl login" in done.stdout


def test_a_secret_that_was_regenerated_elsewhere_is_renewed_in_the_file(signing):
    photon, cli = signing()
    cli = connected(cli, photon)
    cli.write(MANIFEST)
    cli.ok("apply", "-y")
    (project,) = photon.projects()
    auth_file(cli).parent.mkdir(parents=True)
    pair = {"spectrum_project_id": project["id"], "project_secret": "stale"}
    pool = {"photon_project": [{**pair, "spectrum_host": photon.url}]}
    auth_file(cli).write_text(json.dumps({"credential_pool": pool}))

    done = cli.run("plan", "--detailed-exitcode")

    assert done.returncode == 0, done.stderr
    assert "regenerated elsewhere" in done.stderr
    kept = json.loads(auth_file(cli).read_text())["credential_pool"]["photon_project"][0]
    assert kept["project_secret"] != "stale"
    pair = (project["id"], kept["project_secret"])
    assert httpx.get(f"{photon.url}/projects/{project['id']}/", auth=pair).status_code == 200
    assert "regenerated" not in cli.run("plan").stderr


def test_rotating_a_projects_secret_stores_it_where_the_manifest_says(signing):
    photon, cli = signing()
    cli = connected(cli, photon)
    cli.write(MANIFEST.replace("name: bot,", "name: bot, credentials: {envFile: .env},"))
    cli.ok("apply", "-y")
    before = cli.env_file()

    refused = cli.run("project", "rotate-secret")
    assert (refused.returncode, cli.env_file()) == (5, before)
    out = cli.ok("project", "rotate-secret", "-y")

    after = cli.env_file()
    pair = (after["PHOTON_PROJECT_ID"], after["PHOTON_PROJECT_SECRET"])
    old = (pair[0], before["PHOTON_PROJECT_SECRET"])
    url = f"{photon.url}/projects/{pair[0]}/"
    assert [httpx.get(url, auth=auth).status_code for auth in (old, pair)] == [401, 200]
    assert pair[1] not in out
    kept = json.loads(auth_file(cli).read_text())["credential_pool"]["photon_project"]
    assert [entry["project_secret"] for entry in kept] == [pair[1]]


def test_a_manifests_name_means_no_id_of_another_project(signing):
    photon, cli = signing()
    cli = connected(cli, photon)
    cli.write(MANIFEST)
    cli.ok("apply", "-y")
    (other,) = photon.projects()
    cli.write(f"version: 1\nproject: {{name: {other['id']}}}\n")

    missing = cli.run("project", "rotate-secret", "-y")
    cli.ok("apply", "-y")
    cli.ok("project", "rotate-secret", "-y")

    assert missing.returncode == 5
    assert "there is no live project" in missing.stderr
    asked = [r["path"] for r in photon.requests() if "regenerate" in r["path"]]
    assert asked
    assert not [path for path in asked if other["id"] in path]


def test_rotating_by_name_needs_no_manifest(signing):
    photon, cli = signing()
    cli = connected(cli, photon)
    cli.write(MANIFEST)
    cli.ok("apply", "-y")
    (cli.folder / "photon.yaml").unlink()

    assert "new secret" in cli.ok("project", "rotate-secret", "--project", "bot", "-y")
    assert cli.run("project", "rotate-secret", "--project", "nobody", "-y").returncode == 5


def official_login(cli: Cli, photon, token: str) -> None:
    host = photon.url.removeprefix("http://").replace(".", "_").replace(":", "_")
    path = Path(cli.env["HOME"]) / ".config/photon/credentials" / f"{host}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"accessToken": token, "apiUrl": photon.url}))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("--token-file", "the token file"),
        ("PHOTON_TOKEN", "PHOTON_TOKEN"),
        ("PHOTON_DASHBOARD_TOKEN", "PHOTON_DASHBOARD_TOKEN"),
        ("stored", "the credential file"),
        ("official", "the Photon CLI's login"),
    ],
)
def test_each_source_of_a_token_is_found_and_named(signing, source, named):
    photon, cli = signing()
    args, env = (), {}
    if source == "--token-file":
        cli.write(f"{photon.token}\n", "token")
        args = ("--token-file", "token")
    elif source.startswith("PHOTON"):
        env = {source: photon.token}
    elif source == "official":
        official_login(cli, photon, photon.token)
    else:
        entry = {"access_token": photon.token, "dashboard_host": photon.url}
        keep(cli, {"credential_pool": {"photon": [entry]}})

    assert named in json.loads(cli.ok("whoami", "--json", *args, env=env))["source"]
    assert named in cli.ok("status", *args, env=env)


def keep(cli: Cli, data: dict) -> None:
    auth_file(cli).parent.mkdir(parents=True, exist_ok=True)
    auth_file(cli).write_text(json.dumps(data))


@pytest.mark.parametrize(
    "data",
    [
        {"credential_pool": {"photon": [{"access_token": "hermes"}]}},
        {"credential_pool": {"photon": [{"access_token": "x", "dashboard_host": "http://a.test"}]}},
        {"providers": {"photon": {"access_token": "older"}}},
        {"credential_pool": {"photon_project": [{"project_id": "p", "project_secret": "s"}]}},
    ],
)
def test_a_credential_is_sent_to_no_other_host_than_it_was_stored_for(signing, data):
    photon, cli = signing()
    keep(cli, data)
    cli.write("version: 1\nproject: {name: bot, id: p}\n")

    for command in ("whoami", "plan", "apply"):
        done = cli.run(command)
        assert done.returncode == 4, done.stderr
    assert photon.requests() == []


@pytest.mark.parametrize(("content", "code"), [(None, 64), ("", 64), ("pho_ask_x", 4)])
def test_a_token_file_that_is_of_no_use(signing, content, code):
    _, cli = signing()
    if content is not None:
        cli.write(content, "token")

    assert cli.run("whoami", "--token-file", "token").returncode == code


SENDING = (
    ("login",), ("logout",), ("whoami",), ("doctor",), ("plan",), ("apply", "-y"),
    ("destroy", "-y"), ("export",), ("project", "rotate-secret", "-y"),
)  # fmt: skip


@pytest.mark.parametrize("command", SENDING, ids=" ".join)
def test_an_ambiguous_host_stops_every_command_that_would_send_a_credential(signing, command):
    photon, cli = signing()
    env = {k: v for k, v in cli.env.items() if not k.startswith("PHOTON")}
    cli.write(MANIFEST)
    done = Cli(cli.folder, {**env, "PHOTON_API_HOST": photon.url}).run(*command)

    assert done.returncode == 5
    assert "the Photon CLI means the dashboard by it, Hermes means Spectrum" in done.stderr
    assert photon.requests() == []


def test_logging_out_of_a_server_that_cant_be_told(signing):
    photon, cli = signing(approve_logins=True)
    cli.ok("login")
    photon.add_faults("POST /api/auth/sign-out : 503 : *")

    done = cli.run("logout")

    assert done.returncode == 0
    assert "could not be revoked" in done.stderr
    assert stored(cli) == []


BACKEND = """
import json, os, pathlib
from keyring.backend import KeyringBackend

class Backend(KeyringBackend):
    priority = 5
    path = pathlib.Path(os.environ["HOME"]) / "keyring.json"

    def _all(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service, username):
        kept = self._all()
        del kept[f"{service} {username}"]
        self.path.write_text(json.dumps(kept))
"""


def test_a_token_in_the_keyring(signing, tmp_path):
    photon, cli = signing(approve_logins=True)
    (tmp_path / "own_backend.py").write_text(BACKEND)
    env = {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "own_backend.Backend"}

    done = cli.run("login", "--store", "keyring", env=env)

    assert done.returncode == 0, done.stderr
    keyring = Path(cli.env["HOME"]) / "keyring.json"
    (token,) = json.loads(keyring.read_text()).values()
    assert token not in auth_file(cli).read_text()
    assert "the keyring" in cli.ok("whoami", env=env)
    cli.ok("logout", env=env)
    assert json.loads(keyring.read_text()) == {}
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{photon.url}/api/auth/get-session", headers=bearer).json() is None


def test_a_login_to_a_file_leaves_no_token_in_the_keyring(signing, tmp_path):
    _, cli = signing(approve_logins=True)
    (tmp_path / "own_backend.py").write_text(BACKEND)
    env = {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "own_backend.Backend"}
    assert cli.run("login", "--store", "keyring", env=env).returncode == 0

    done = cli.run("login", env=env)

    assert done.returncode == 0, done.stderr
    assert json.loads((Path(cli.env["HOME"]) / "keyring.json").read_text()) == {}
    assert "auth.json" in cli.ok("whoami", env=env)


@pytest.mark.parametrize("backend", ["fail", "null"])
def test_without_a_keyring_nobody_is_asked_to_approve(signing, backend):
    photon, cli = signing(approve_logins=True)
    env = {"PYTHON_KEYRING_BACKEND": f"keyring.backends.{backend}.Keyring"}

    done = cli.run("login", "--store", "keyring", env=env)

    assert done.returncode == 5
    assert "--store file" in done.stderr
    assert photon.requests() == []


EVERYTHING = (
    ("whoami",), ("status",), ("doctor",), ("apply", "-y"), ("project", "rotate-secret", "-y"),
    ("plan",), ("export",), ("destroy", "-y"), ("logout",),
)  # fmt: skip


def test_no_token_in_any_output_or_other_file(signing):
    _, cli = signing(approve_logins=True)
    cli.write(MANIFEST)
    runs = [cli.run("login", "-vv")]
    secrets = {entry["access_token"] for entry in stored(cli)}
    for args in EVERYTHING:
        runs.append(cli.run(*args, "-vv"))
        pool = json.loads(auth_file(cli).read_text())["credential_pool"]
        secrets |= {entry["project_secret"] for entry in pool.get("photon_project", ())}

    assert [done.returncode for done in runs] == [0] * 10
    assert len(secrets) == 2
    shown = "".join(done.stdout + done.stderr for done in runs)
    assert not [secret for secret in secrets if secret in shown]
    files = [path for path in Path(cli.env["HOME"]).parent.rglob("*") if path.is_file()]
    holding = {p for p in files if any(secret.encode() in p.read_bytes() for secret in secrets)}
    assert holding == {auth_file(cli)}
    assert stat.S_IMODE(auth_file(cli).stat().st_mode) == 0o600
