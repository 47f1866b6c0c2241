"""From the secret that apply stored to a delivery that it verifies."""

import json

import httpx
import pytest

from tests.emulator.test_deliveries import receiving

URL = "https://bot.example.com/hook"
MANIFEST = """\
version: 1
project: {{name: {name}}}
webhooks: [{urls}]
"""


@pytest.fixture
def captured(cli, photon, name):
    """Apply, deliver, and keep what a receiver got as two files."""
    cli.write(MANIFEST.format(name=name, urls=URL))
    cli.ok("apply", "-y")
    with receiving() as receiver:
        order = {"project": name, "to": receiver.url}
        httpx.post(f"{photon.url}/__emulator__/deliver", json=order, timeout=30)
    ((headers, body),) = receiver.got
    cli.write("".join(f"{key}: {value}\n" for key, value in headers.items()), "headers.txt")
    (cli.folder / "body.json").write_bytes(body)
    return cli


VERIFY = ("webhook", "verify", "--headers", "headers.txt", "--body", "body.json")


def test_a_delivery_verifies_against_what_apply_stored(captured, photon):
    shown = captured.ok(*VERIFY)
    told = json.loads(captured.ok(*VERIFY, URL, "--json"))

    assert "x-spectrum-signature valid for PHOTON_WEBHOOK_SECRET" in shown
    assert told["valid"] is True
    assert told["signatures"]["x-spectrum-signature"] == "valid"
    assert 0 <= told["ageSeconds"] < 100
    secrets = [value for key, value in captured.env_file().items() if "_ID" not in key]
    assert not any(secret in shown for secret in secrets)


def test_a_changed_body_is_exit_1_and_says_what_to_look_at(captured):
    captured.write("{}", "body.json")

    done = captured.run(*VERIFY)

    assert done.returncode == 1
    assert "doesn't match PHOTON_WEBHOOK_SECRET" in done.stdout
    assert "byte for byte" in done.stdout


def test_a_secret_of_another_registration_is_told(captured):
    text = (captured.folder / ".env").read_text()
    captured.write(text.replace("_WEBHOOK_ID=", "_WEBHOOK_ID=x"), ".env")

    done = captured.run(*VERIFY)

    assert "another webhook" in done.stdout


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("https://unknown.example.com/",), 64, "isn't declared"),
        (("--headers", "nowhere"), 64, "nowhere"),
    ],
)
def test_what_cant_be_checked_is_told(captured, args, code, said):
    done = captured.run(*VERIFY, *args)

    assert done.returncode == code
    assert said in done.stderr


def test_without_a_stored_secret_there_is_nothing_to_check(captured):
    (captured.folder / ".env").unlink()

    done = captured.run(*VERIFY)

    assert done.returncode == 1
    assert "no secret is stored as PHOTON_WEBHOOK_SECRET in .env" in done.stderr


def test_among_several_webhooks_one_is_named(captured, name):
    second = "https://second.example.com/"
    captured.write(MANIFEST.format(name=name, urls=f"{URL}, {second}"))

    done = captured.run(*VERIFY)

    assert done.returncode == 64
    assert second in done.stderr


def test_headers_come_from_standard_input_too(captured):
    headers = (captured.folder / "headers.txt").read_text()

    captured.ok(*VERIFY, "--headers", "-", stdin=headers)
    assert captured.run(*VERIFY, "--headers", "-", "--body", "-").returncode == 64


@pytest.mark.parametrize(
    ("text", "found"),
    [("Host: bot.test\nAccept: text/plain\n", "accept, host"), ("[" * 99_999, "no header")],
)
def test_headers_without_a_signature_are_told_by_their_names(captured, text, found):
    captured.write(text, "headers.txt")

    done = captured.run(*VERIFY, "-vv")

    assert done.returncode == 64
    assert "x-spectrum-signature and webhook-signature" in done.stderr
    assert f"Found: {found}" in done.stderr
    assert "bot.test" not in done.stderr
    assert "Traceback" not in done.stderr


def test_headers_beyond_reason_are_told(captured):
    (captured.folder / "headers.txt").write_bytes(b"\0" * (2**20 + 1))

    done = captured.run(*VERIFY)

    assert done.returncode == 64
    assert "larger than 1 MiB" in done.stderr


ADOPT = ("webhook", "adopt", "--headers", "headers.txt", "--body", "body.json")


@pytest.fixture
def forgotten(captured):
    """Lose the secret that was stored; return the folder, and the secret."""
    secret = captured.env_file()["PHOTON_WEBHOOK_SECRET"]
    (captured.folder / ".env").unlink()
    return captured, secret


def test_a_known_secret_is_taken_over_after_it_was_checked(forgotten):
    cli, secret = forgotten
    assert "its secret is missing" in cli.ok("plan")

    done = cli.run(*ADOPT, URL, stdin=f"{secret}\n")

    assert done.returncode == 0
    assert secret not in done.stdout + done.stderr
    assert cli.env_file()["PHOTON_WEBHOOK_SECRET"] == secret
    assert "Warning" not in cli.ok("plan")
    assert "valid for PHOTON_WEBHOOK_SECRET" in cli.ok(*VERIFY)


@pytest.mark.parametrize(
    "given", ["0" * 64, "", "two words here", "a;touch x", "photon-emulator-token"]
)
def test_what_didnt_sign_the_delivery_isnt_stored(forgotten, given):
    cli, _ = forgotten

    done = cli.run(*ADOPT, stdin=given)

    assert done.returncode in (5, 64)
    assert not (cli.folder / ".env").exists()
    assert not given or given not in done.stdout + done.stderr


def test_without_a_delivery_it_has_to_be_said(forgotten):
    cli, secret = forgotten

    assert cli.run("webhook", "adopt", stdin=secret).returncode == 64
    assert cli.run("webhook", "adopt", "--unverified", stdin=secret).returncode == 0
    assert cli.env_file()["PHOTON_WEBHOOK_SECRET"] == secret


def test_a_secret_that_is_kept_elsewhere_needs_no_warning(forgotten, name):
    cli, _ = forgotten
    hook = f"{{url: '{URL}', onMissingSecret: ignore}}"
    cli.write(MANIFEST.format(name=name, urls=hook))

    assert "Warning" not in cli.ok("plan")
    assert "No changes" in cli.ok("plan")


def test_a_good_secret_isnt_replaced_by_another_one(captured):
    before = captured.env_file()

    done = captured.run("webhook", "adopt", "--unverified", stdin="0" * 64)

    assert done.returncode == 5
    assert captured.env_file() == before


def test_what_is_stored_already_is_kept_beside_it(newer_cli, name):
    newer_cli.write(MANIFEST.format(name=name, urls=URL))
    newer_cli.ok("apply", "-y")
    before = newer_cli.env_file()
    text = (newer_cli.folder / ".env").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("PHOTON_WEBHOOK_SECRET=")]
    newer_cli.write("\n".join(kept) + "\n", ".env")

    done = newer_cli.run("webhook", "adopt", "--unverified", stdin=before["PHOTON_WEBHOOK_SECRET"])

    assert done.returncode == 0
    assert dict(newer_cli.env_file()) == dict(before)


def test_of_a_url_in_two_projects_one_project_is_named(newer_cli, name):
    newer_cli.write(
        "---\n".join(
            f"version: 1\nproject: {{name: {name}-{n}}}\nwebhooks:\n"
            f"- {{url: '{URL}', secret: {{envFile: {n}.env, key: K}}}}\n"
            for n in "ab"
        )
    )
    newer_cli.ok("apply", "-y")
    before = {n: (newer_cli.folder / f"{n}.env").read_text() for n in "ab"}

    for words in ([URL], []):
        refused = newer_cli.run("webhook", "rotate", *words)
        assert refused.returncode == 64
    assert f"{name}-a" in newer_cli.run("webhook", "rotate", URL).stderr
    newer_cli.ok("webhook", "rotate", URL, "--project", f"{name}-b")

    after = {n: (newer_cli.folder / f"{n}.env").read_text() for n in "ab"}
    assert (after["a"] == before["a"], after["b"] == before["b"]) == (True, False)
