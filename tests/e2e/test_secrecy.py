"""No credential and no signing secret in anything that is written, but for the sinks."""

import json
import re

import pytest

SECRET = re.compile(r"spk_live_[\w-]{8,}|whsec_[\w+/=]{8,}|\b[0-9a-f]{64}\b|photon-emulator-token")
TEAM = """\
version: 1
project: {{name: {name}, platforms: [imessage], credentials: {{envFile: bot.env}}}}
users: [{{phoneNumber: +15551234567}}]
webhooks:
  - {{url: https://bot.example.com/hook, secret: {{envFile: .env, key: BOT}}}}
"""


def without_hashes(text):
    """Leave out what is the sha256 of other things: it only looks like a signing secret."""
    named = re.sub(r"\b(hmac-)?sha256:[0-9a-f]{64}\b", "", text)
    return re.sub(r'"fingerprint": "[0-9a-f]{64}"', "", named)


def test_nothing_written_holds_a_secret(cli, photon, name):
    cli.write(TEAM.format(name=name))
    said = []
    runs = [
        ["plan", "-vv", "--out", "plan.json"],
        ["plan", "--json"],
        ["plan", "--format", "html"],
        ["apply", "-y", "-vv", "--json"],
        ["plan", "-vv"],
        ["export", "--project", name],
        ["destroy", "-y", "-vv"],
    ]
    for args in runs:
        done = cli.run(*args)
        assert done.returncode == 0, done.stderr
        said.append(without_hashes(done.stdout + done.stderr))
    photon.add_faults("POST /projects/*/webhooks/ : truncated : *")
    said.append(cli.run("apply", "-y", "-vv").stderr)

    assert [SECRET.findall(text) for text in said] == [[]] * len(said)
    for path in cli.folder.rglob("*"):
        if path.is_file() and path.name not in (".env", "bot.env", "plan.json"):
            assert not SECRET.search(path.read_text()), path
    assert not SECRET.search(without_hashes((cli.folder / "plan.json").read_text()))
    assert not SECRET.search(json.dumps(photon.log()))


FMT_TOKEN = "tok-ABCDEFGHIJKL0123"


@pytest.mark.parametrize(
    "text",
    [
        f'user:\n  token: "{FMT_TOKEN}" #\n  x: y: z {FMT_TOKEN}\n',
        f"user:\n  token: {FMT_TOKEN}\n\n\n\nother: 1   \n",
    ],
)
@pytest.mark.parametrize("how", [("--check",), ("--check", "--diff"), ("--diff",)])
def test_fmt_shows_no_credential_of_the_run(cli, text, how):
    cli.write(text)

    done = cli.run("fmt", *how, env={"PHOTON_TOKEN": FMT_TOKEN})

    assert done.returncode != 0 or how == ("--diff",)
    assert FMT_TOKEN not in done.stdout + done.stderr


def test_fmt_reads_no_file_of_credentials_by_a_link(cli):
    secrets = cli.folder / "kubeconfig.yaml"
    secrets.write_text("users:\n- user: {token: k8s-SECRET-0123456789abcdef}\n\n\n")
    (cli.folder / "photon.yaml").unlink(missing_ok=True)
    (cli.folder / "photon.yaml").symlink_to(secrets.name)

    done = cli.run("fmt", "--check", "--diff", env={"KUBECONFIG": str(secrets)})

    assert done.returncode == 3
    assert "files of secrets can't be read" in done.stderr + done.stdout
    assert "k8s-SECRET" not in done.stdout + done.stderr


@pytest.mark.parametrize("fault", ["", "GET /api/projects/* : 503 : *"])
@pytest.mark.parametrize(
    "words", [("plan", "-v"), ("plan",), ("apply", "-y", "--events", "ev.jsonl")]
)
def test_an_id_that_was_filled_in_is_in_no_request(newer_cli, newer_photon, words, fault):
    newer_cli.env["LEAK"] = "npm_0123456789abcdefghijklmnop"
    newer_cli.write("version: 1\nproject: {name: bot, id: '${env:LEAK}'}\n")
    if fault:
        newer_photon.add_faults(fault)

    done = newer_cli.run(*words, "--timeout", "4")

    newer_photon.clear()
    events = newer_cli.folder / "ev.jsonl"
    told = done.stdout + done.stderr + (events.read_text() if events.exists() else "")
    assert done.returncode != 0
    assert "npm_0123" not in told
    assert "${env:LEAK}" in done.stderr or fault
