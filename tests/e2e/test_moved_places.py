"""Steps that aren't finished while a secret's places change; secrets that nothing vouches for."""

import pytest

from tests.e2e.placing import BOTH, URL, declare
from tests.stores.running import running

OTHER = "https://bot.example.com/two"
ROTATED = "POST /projects/*/webhooks/*/secret/rotate"
RAW = ", schemaVersion: raw-inbound.v1"


def lose_a_rotation(cli, photon):
    photon.add_faults(f"{ROTATED} : drop-after : 1")
    assert cli.run("webhook", "rotate", URL, "--overlap", "0s").returncode != 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (BOTH, "{envFile: .env, key: HOOK}"),
        (BOTH, "[{envFile: .env, key: HOOK}, {vault: secret/bot, key: BOT2}]"),
        ("{envFile: .env, key: HOOK}", BOTH),
        ("{vault: secret/bot, key: BOT}", "{vault: secret/bot, key: BOT2}"),
    ],
)
def test_a_lost_rotation_is_known_wherever_the_secret_goes_next(
    newer_cli, newer_photon, name, vault, before, after
):
    declare(newer_cli, name, before, more=RAW)
    newer_cli.ok("apply", "-y")
    lose_a_rotation(newer_cli, newer_photon)

    declare(newer_cli, name, after, more=RAW)

    assert "its rotation was interrupted" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")
    assert "No changes" in newer_cli.ok("plan") or "BOT2" in after


def test_what_was_begun_for_one_webhook_says_nothing_of_another(
    newer_cli, newer_photon, name, vault
):
    ignore = ", onMissingSecret: ignore"
    declare(newer_cli, name, "{envFile: other.env, key: TWO}", OTHER)
    newer_cli.ok("apply", "-y")
    newer_photon.add_faults("POST /projects/*/webhooks/ : 503 : 9")
    declare(newer_cli, name, "{vault: secret/bot, key: BOT}")
    assert newer_cli.run("apply", "-y").returncode == 6
    newer_photon.clear()
    assert vault.stand_in.mount("secret").secrets["bot"].custom

    declare(newer_cli, name, "{vault: secret/bot, key: BOT}", OTHER, ignore)

    assert "interrupted" not in newer_cli.ok("plan")


def test_a_file_of_a_pull_request_isnt_copied_into_a_store(newer_cli, name, vault):
    declare(newer_cli, name, "{vault: secret/bot, key: BOT}")
    newer_cli.ok("apply", "-y")
    webhook_id = vault.secret("BOT_WEBHOOK_ID")
    (newer_cli.folder / "defaults.env").write_text(
        f"B=attackerknows0123456789abcdef\nB_STANDARD=whsec_QUJDREVGR0hJSktMTU5PUFFS\n"
        f"B_WEBHOOK_ID={webhook_id}\n"
    )
    declare(newer_cli, name, "[{envFile: defaults.env, key: B}, {vault: secret/bot, key: BOT2}]")

    assert "its secret is missing" in newer_cli.ok("plan")
    newer_cli.ok("apply", "-y")

    assert vault.secret("BOT2") is None


def test_a_secret_is_adopted_over_no_other_one(newer_cli, name, vault):
    declare(newer_cli, name, BOTH, more=RAW)
    newer_cli.ok("apply", "-y")
    before = vault.secret("BOT_STANDARD")
    (newer_cli.folder / ".env").write_text("")

    done = newer_cli.run(
        "webhook", "adopt", URL, "--unverified", stdin="whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY\n"
    )

    assert done.returncode == 5
    assert "another secret of this registration is stored" in done.stderr
    assert vault.secret("BOT_STANDARD") == before


def test_a_rotation_that_was_stored_in_part_is_made_again_and_copies_nothing(
    newer_cli, newer_photon, name, vault
):
    declare(newer_cli, name, BOTH, more=RAW)
    newer_cli.ok("apply", "-y")
    vault.stand_in.fault("POST", "/data/", status=400, times=9)
    assert newer_cli.run("webhook", "rotate", URL, "--overlap", "0s").returncode != 0
    live = newer_cli.env_file()["HOOK_STANDARD"]
    vault.stand_in.clear_faults()
    newer_photon.add_faults(f"{ROTATED} : 503 : 9")

    assert newer_cli.run("apply", "-y").returncode == 6

    assert newer_cli.env_file()["HOOK_STANDARD"] == live
    newer_photon.clear()
    newer_cli.ok("apply", "-y")
    assert newer_cli.env_file()["HOOK_STANDARD"] == vault.secret("BOT_STANDARD") != live


def test_no_copy_goes_over_a_field_of_unknown_origin(newer_cli, name, vault):
    declare(newer_cli, name, "{envFile: .env, key: HOOK}")
    newer_cli.ok("apply", "-y")
    vault.stand_in.mount("secret").write("bot", {"data": {"BOT": "another team's"}})
    declare(newer_cli, name, BOTH)

    assert newer_cli.run("webhook", "rotate", URL).returncode == 5
    assert newer_cli.run("apply", "-y").returncode == 5

    assert vault.secret("BOT") == "another team's"


def test_what_is_adopted_brings_nothing_from_a_file_along(newer_cli, name, vault):
    declare(newer_cli, name, "{vault: secret/bot, key: BOT}")
    newer_cli.ok("apply", "-y")
    webhook_id, legacy = vault.secret("BOT_WEBHOOK_ID"), vault.secret("BOT")
    (newer_cli.folder / "defaults.env").write_text(
        f"B_STANDARD=whsec_QUJDREVGR0hJSktMTU5PUFFS\nB_WEBHOOK_ID={webhook_id}\n"
    )
    declare(newer_cli, name, "[{envFile: defaults.env, key: B}, {vault: secret/bot, key: BOT2}]")

    newer_cli.ok("webhook", "adopt", URL, "--unverified", stdin=f"{legacy}\n")

    assert (vault.secret("BOT2"), vault.secret("BOT2_STANDARD")) == (legacy, None)


def test_adopting_writes_over_nothing_that_cant_be_compared(newer_cli, name, tmp_path):
    with running("githubActions", tmp_path) as store:
        newer_cli.env.update(store.env)
        github = "{githubActions: acme/bot, key: BOT}"
        declare(newer_cli, name, f"[{{envFile: .env, key: HOOK}}, {github}]")
        newer_cli.ok("apply", "-y")
        before = [store.secret(key) for key in ("BOT", "BOT_STANDARD")]
        legacy = newer_cli.env_file()["HOOK"]
        (newer_cli.folder / ".env").write_text("")

        newer_cli.ok("webhook", "adopt", URL, "--unverified", stdin=f"{legacy}\n")

        assert newer_cli.env_file()["HOOK"] == legacy
        assert [store.secret(key) for key in ("BOT", "BOT_STANDARD")] == before
        declare(newer_cli, name, github)
        done = newer_cli.run("webhook", "adopt", URL, "--unverified", stdin="f" * 64 + "\n")
        assert done.returncode == 5
        assert [store.secret(key) for key in ("BOT", "BOT_STANDARD")] == before


@pytest.mark.parametrize("before", [None, "{envFile: .env, key: HOOK}"])
def test_a_store_whose_note_fails_is_written_again(newer_cli, name, vault, before):
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\n")
    newer_cli.ok("apply", "-y")
    if before is not None:
        declare(newer_cli, name, before)
        newer_cli.ok("apply", "-y")
    after = BOTH if before else "{vault: secret/bot, key: BOT}"
    declare(newer_cli, name, after)
    # The first changes of the metadata are the intent, and that writing has begun; the note that it
    # is stored fails.
    vault.stand_in.fault("PATCH", "/metadata/", status=400, times=9, skip=2)
    assert newer_cli.run("apply", "-y").returncode == 6
    assert vault.secret("BOT") is not None

    vault.stand_in.clear_faults()
    newer_cli.ok("apply", "-y")

    assert "No changes" in newer_cli.ok("plan")
    assert "verifies deliveries now" in newer_cli.ok("status")
