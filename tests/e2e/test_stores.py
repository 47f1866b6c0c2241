"""Secret stores from the command line: a run that dies on one machine ends on another."""

import json
import time
from dataclasses import replace

import httpx
import pytest

from photonctl.model.secret import Secret
from photonctl.model.spec import STORES, OneTimeSecrets
from photonctl.signatures import verify
from tests.conftest import wait_for
from tests.emulator.test_deliveries import receiving
from tests.stores.running import running

URL = "https://bot.example.com/hook"
LOUD = "import logging; logging.basicConfig(level=logging.DEBUG)\n"


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    with running(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def machine(newer_cli, store, name, tmp_path):
    """Return what makes another machine: a home, a folder and a disk of its own."""

    def made(label, secret=None, more=""):
        root = tmp_path / label
        (root / "home").mkdir(parents=True)
        (root / "work").mkdir()
        env = {**newer_cli.env, **store.env, "HOME": str(root / "home"), "CI": "true"}
        cli = replace(newer_cli, folder=root / "work", env=env)
        cli.write(
            f"version: 1\nproject: {{name: {name}{more}}}\n"
            f"webhooks: [{{url: '{URL}', secret: {secret or store.sink()}}}]\n"
        )
        return cli

    return made


def delivered(photon, name):
    """Return the headers and body of what Photon delivers to the project's webhook."""
    with receiving() as receiver:
        order = {"project": name, "to": receiver.url}
        httpx.post(f"{photon.url}/__emulator__/deliver", json=order, timeout=30)
    ((headers, body),) = receiver.got
    return headers, body


def verifies(photon, name, store, key="BOT"):
    """Does what is in the store verify what Photon delivers?"""
    headers, body = delivered(photon, name)
    kept = OneTimeSecrets(
        webhook_id=store.secret(f"{key}_WEBHOOK_ID"),
        signing=Secret(store.secret(key)),
        standard=Secret(store.secret(f"{key}_STANDARD")),
    )
    found = verify(headers, body, kept, now_s=time.time())
    return found.is_valid and not found.is_of_other


def hangs(photon):
    return any(str(entry.get("fault", "")).startswith("hang") for entry in photon.log())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_on_one_machine_ends_on_another(
    machine, newer_photon, store, name, when
):
    machine("zero").ok("apply", "-y", "--only", "project")
    newer_photon.add_faults(f"POST /projects/*/webhooks/ : hang-{when} : 1")
    with machine("one").running("apply", "-y") as process:
        wait_for(lambda: hangs(newer_photon))
        process.kill()

    there = machine("two")
    planned = there.ok("plan")
    there.ok("apply", "-y")

    assert ("interrupted" in planned) is (when == "after")
    assert verifies(newer_photon, name, store)
    assert "No changes" in machine("three").ok("plan")
    assert not (there.folder / ".photonctl" / "intents").exists() or not list(
        (there.folder / ".photonctl" / "intents").iterdir()
    )


def test_nothing_that_is_written_holds_a_secret_with_every_clients_log_on(
    machine, store, name, tmp_path
):
    (tmp_path / "loud").mkdir()
    (tmp_path / "loud" / "sitecustomize.py").write_text(LOUD)
    cli = machine("one", more=f", credentials: {{{store.word}: {store.target}}}")
    env = {"PYTHONPATH": str(tmp_path / "loud")}
    said = []
    for args in (
        ["plan", "-vv", "--out", "plan.json"],
        ["apply", "-y", "-vv", "--report", "report.json", "--events", "events.jsonl"],
        ["webhook", "rotate", URL, "-vv"],
        ["status", "-vv"],
        ["doctor", "-vv"],
        ["plan", "-vv", "--json"],
    ):
        done = cli.run(*args, env=env)
        assert done.returncode in (0, 1), done.stderr[-2000:]
        said.append(done.stdout + done.stderr)

    names = ("BOT", "BOT_STANDARD", "PHOTON_PROJECT_SECRET")
    planted = [store.secret(name) for name in names]
    assert all(planted)
    planted += [v for k, v in store.env.items() if "TOKEN" in k]
    files = [path for path in cli.folder.rglob("*") if path.is_file()]
    texts = [*said, *(path.read_text(errors="replace") for path in files)]
    assert "DEBUG" in "".join(said)
    for secret in planted:
        assert not [text for text in texts if secret in text]


def test_project_credentials_go_to_a_store_and_stay_right(machine, store, name):
    cli = machine("one", more=f", credentials: {{{store.word}: {store.target}}}")
    cli.ok("apply", "-y")
    before = store.secret("PHOTON_PROJECT_SECRET")

    shown = machine("two", more=f", credentials: {{{store.word}: {store.target}}}").ok(
        "project", "rotate-secret", "-y"
    )

    assert before
    assert store.secret("PHOTON_PROJECT_ID")
    assert store.secret("PHOTON_PROJECT_SECRET") not in (None, before)
    assert "restart every bot" in shown
    assert store.target in shown


def test_status_says_where_each_secret_is_since_when_and_whether_it_verifies(machine, store, name):
    machine("one").ok("apply", "-y")

    (line,) = [
        found
        for found in json.loads(machine("two").ok("status", "--json"))["credentials"]
        if found["name"] == "webhook key"
    ]

    assert (line["state"], line["verifies"]) == ("stored", True)
    assert line["detail"] == f"BOT in {store.target}"
    assert line["since"]


def test_a_secret_of_another_project_is_refused(machine, store, name, newer_cli):
    machine("one").ok("apply", "-y")
    other = machine("two")
    text = (other.folder / "photon.yaml").read_text().replace(name, f"{name[:40]}-b")
    other.write(text)

    done = other.run("apply", "-y")

    assert done.returncode == 5
    assert "would overwrite it" in done.stderr


def test_what_a_local_photon_gives_never_reaches_a_store(machine, store, name):
    cli = machine("one")
    before = store.requests()

    cli.ok("apply", "-y", "--emulator")

    assert store.requests() == before
    assert store.secret("BOT") is None
