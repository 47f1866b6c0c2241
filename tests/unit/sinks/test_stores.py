"""Secret stores, each against a stand-in of its API: what they keep, and what they say of it."""

import gc
import gzip
import json
import logging
import subprocess
import sys
import warnings
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import httpx
import pytest
from msgspec.structs import replace

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.model.filled import Filled
from photonctl.model.held import REGISTRATION, ROTATION, Intent, about, read_record, word
from photonctl.model.secret import Secret
from photonctl.model.spec import STORES, OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import Stored
from photonctl.sinks import open_sink
from photonctl.sinks.aws import AwsSecret
from tests.stores.kube import kubeconfig
from tests.stores.running import entered

NOW = datetime(2026, 11, 29, tzinfo=UTC)
OURS = Origin(host="https://spectrum.example", project_id="p-1", url="https://bot.example.com/h")
KEY = OURS.url
OTHERS = replace(OURS, project_id="p-2")
FIRST, SECOND = "signing-0123456789abcdef", "whsec_c3RhbmRhcmQtMDEyMzQ1Njc4OQ=="
GIVEN = OneTimeSecrets(
    webhook_id="w-1", signing=Secret(FIRST), standard=Secret(SECOND), origin=OURS
)
READABLE = [word for word in STORES if word != "githubActions"]


def asked(step=REGISTRATION, origin=OURS):
    return Intent(step=step, origin=origin, at=NOW, run="ci:1", about=about(KEY))


def test_nothing_is_there_at_first_and_looking_leaves_nothing(store, fresh):
    sink = fresh()

    sink.look()
    sink.check_writable()

    assert fresh().record() is None
    assert sink.kept() is None
    assert sink.stored_for("w-1") is Stored.NOTHING
    assert store.secret("BOT") is None


def test_both_secrets_are_kept_under_their_names(store, fresh):
    fresh().store(GIVEN)

    names = ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID")
    assert [store.secret(name) for name in names] == [FIRST, SECOND, "w-1"]
    record = fresh().record()
    assert record.belongs_to(OURS)
    assert not record.belongs_to(OTHERS)
    assert fresh().stored_for("w-1") is Stored.ALL
    assert fresh().stored_for("w-2") is Stored.OTHER
    assert fresh().stored_for("") is Stored.OTHER


def test_what_is_kept_can_be_read_where_the_store_gives_it(store, fresh):
    fresh().store(GIVEN)

    if store.word in READABLE:
        kept = fresh().kept()
        assert (kept.webhook_id, kept.signing.reveal(), kept.standard.reveal()) == (
            "w-1",
            FIRST,
            SECOND,
        )
    else:
        with pytest.raises(SinkError, match="gives nobody"):
            fresh().kept()


def test_an_intent_is_known_everywhere_until_the_secret_is_stored(fresh):
    fresh().open_intent(asked())

    assert fresh().record().was_asked_by(OURS, REGISTRATION, KEY)
    assert not fresh().record().was_asked_by(OTHERS, REGISTRATION, KEY)
    assert not fresh().record().was_asked_by(OURS, ROTATION, KEY)
    assert not fresh().record().was_asked_by(OURS, REGISTRATION, KEY + "x")
    assert fresh().stored_for("w-1") is Stored.NOTHING

    fresh().store(GIVEN)

    assert not fresh().record().asked


def test_an_intent_that_ends_without_a_secret_leaves_nothing(fresh):
    fresh().open_intent(asked())
    fresh().close_intent()

    assert fresh().record() is None


def test_an_intent_beside_a_secret_keeps_it(store, fresh):
    fresh().store(GIVEN)
    fresh().open_intent(asked(ROTATION))

    record = fresh().record()
    assert record.was_asked_by(OURS, ROTATION, KEY)
    assert record.stored_for("w-1") is Stored.ALL

    fresh().close_intent()
    assert fresh().stored_for("w-1") is Stored.ALL
    assert store.secret("BOT") == FIRST


def test_a_rotation_changes_the_standard_secret_only(store, fresh):
    fresh().store(GIVEN)
    newer = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")

    fresh().store(OneTimeSecrets(webhook_id="w-1", standard=newer, origin=OURS))

    assert store.secret("BOT") == FIRST
    assert store.secret("BOT_STANDARD") == newer.reveal()
    assert fresh().record().digest == newer.digest()
    assert fresh().stored_for("w-1") is Stored.ALL


def test_another_registration_leaves_nothing_of_the_one_before(store, fresh):
    fresh().store(GIVEN)

    only = Secret("signing-of-the-second-0123")
    fresh().store(OneTimeSecrets(webhook_id="w-2", signing=only, origin=OURS))

    assert store.secret("BOT") == only.reveal()
    assert store.secret("BOT_STANDARD") is None
    assert fresh().stored_for("w-2") is Stored.SIGNING
    assert fresh().stored_for("w-1") is Stored.OTHER


def test_a_standard_secret_of_another_registration_stands_alone(store, fresh):
    fresh().store(GIVEN)

    fresh().store(OneTimeSecrets(webhook_id="w-2", standard=Secret(SECOND), origin=OURS))

    assert store.secret("BOT") is None
    assert fresh().stored_for("w-2") is Stored.STANDARD


def test_other_names_in_the_same_place_stay(store, fresh):
    fresh("OTHER").store(replace(GIVEN, webhook_id="w-9"))
    fresh().store(GIVEN)
    fresh().open_intent(asked(ROTATION))
    fresh().close_intent()

    assert store.secret("OTHER") == FIRST
    assert fresh("OTHER").stored_for("w-9") is Stored.ALL
    assert fresh().stored_for("w-1") is Stored.ALL


def test_no_log_holds_a_secret_at_any_level(store, fresh, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("boto3", "botocore", "urllib3", "hvac", "kr8s", "httpx", "httpcore", ""):
        logging.getLogger(name).setLevel(logging.DEBUG)

    fresh().open_intent(asked())
    fresh().store(GIVEN)
    fresh().check_writable()
    if store.word in READABLE:
        fresh().kept()
    fresh().store(replace(GIVEN, webhook_id="w-2"))

    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for planted in (FIRST, SECOND, *store.env.values()):
        if len(planted) > 16:
            assert planted not in said or planted.startswith("http") or "/" in planted


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_store_that_cant_be_asked_says_which_and_what_to_do(
    store, tmp_path, monkeypatch, is_readable
):
    address = {
        "awsSecretsManager": "AWS_ENDPOINT_URL",
        "vault": "VAULT_ADDR",
        "githubActions": "GITHUB_API_URL",
        "gitlabVariable": "CI_API_V4_URL",
    }.get(store.word)
    if address is None:
        (tmp_path / "kubeconfig").write_text(
            (tmp_path / "kubeconfig").read_text().replace("127.0.0.1:", "127.0.0.1:1")
        )
    else:
        monkeypatch.setenv(address, "http://127.0.0.1:9")
    sink = open_sink(SinkSpec(type=store.word, target=store.target, key="BOT"), tmp_path)

    with pytest.raises(SinkError if is_readable else SinkNotWritable) as caught:
        sink.record() if is_readable else sink.check_writable()

    assert store.target in str(caught.value)
    assert caught.value.hint
    assert sink.stored_for("w-1") is Stored.UNREADABLE
    with warnings.catch_warnings(action="ignore"):
        gc.collect()  # asyncio leaves the socket of a refused connection to it


@pytest.fixture
def aws(tmp_path, monkeypatch):
    with entered("awsSecretsManager", tmp_path, monkeypatch) as found:
        yield found


def test_what_somebody_else_writes_meanwhile_is_kept(aws, tmp_path, monkeypatch):
    spec = SinkSpec(type=aws.word, target=aws.target, key="BOT")
    open_sink(spec, tmp_path).store(GIVEN)
    read = AwsSecret._value

    def slow(self, **which):
        found = read(self, **which)
        monkeypatch.setattr(AwsSecret, "_value", read)
        client = boto3.client("secretsmanager")
        current = json.loads(client.get_secret_value(SecretId=aws.target)["SecretString"])
        text = json.dumps({**current, "THEIRS": "kept"})
        client.put_secret_value(SecretId=aws.target, SecretString=text)
        return found

    monkeypatch.setattr(AwsSecret, "_value", slow)
    newer = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")
    open_sink(spec, tmp_path).store(OneTimeSecrets(webhook_id="w-1", standard=newer, origin=OURS))

    assert aws.secret("THEIRS") == "kept"
    assert aws.secret("BOT_STANDARD") == newer.reveal()
    assert aws.secret("BOT") == FIRST


@pytest.mark.parametrize("text", ["a text", "[1]", ""])
def test_a_secret_that_is_no_object_is_not_written(aws, tmp_path, text):
    boto3.client("secretsmanager").create_secret(Name=aws.target, SecretString=text or "x")
    sink = open_sink(SinkSpec(type=aws.word, target=aws.target, key="BOT"), tmp_path)

    with pytest.raises(SinkNotWritable, match="no JSON object"):
        sink.check_writable()


@pytest.mark.parametrize("word", ["awsSecretsManager", "vault"])
def test_a_field_of_unknown_origin_is_found_before_anything_is_changed(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        if word == "vault":
            store.stand_in.mount("secret").write("bot", {"data": {"BOT": "somebody else's"}})
        else:
            text = json.dumps({"BOT": "somebody else's"})
            boto3.client("secretsmanager").create_secret(Name=store.target, SecretString=text)
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)

        with pytest.raises(SinkNotWritable, match="unknown origin"):
            sink.check_writable()


@pytest.mark.parametrize("word", ["kubernetes", "githubActions", "gitlabVariable"])
def test_a_value_of_unknown_origin_is_seen_by_a_plan(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)
        sink.store(GIVEN)
        store.forget_notes()

        fresh = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)

        assert fresh.stored_for("w-1") is Stored.OTHER
        assert fresh.record().webhook_id == ""


@pytest.mark.parametrize("word", ["githubActions", "gitlabVariable"])
def test_a_secret_that_somebody_else_wrote_later_is_not_ours(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        if word == "githubActions":
            store.stand_in.set_secret("acme/bot", "BOT", "by hand")
        else:
            store.stand_in.set_variable("acme/bot", "BOT", "by-hand-0123456789")

        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.OTHER


def test_a_sealed_vault_says_how_to_unseal_it(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as store:
        store.stand_in.sealed = True
        sink = open_sink(SinkSpec(type="vault", target="secret/bot", key="BOT"), tmp_path)

        with pytest.raises(SinkError, match="Vault is sealed") as caught:
            sink.record()

    assert "vault operator unseal" in caught.value.hint


EXTRAS = {
    "awsSecretsManager": "aws",
    "kubernetes": "kubernetes",
    "vault": "vault",
    "githubActions": "github",
}
REFUSALS = {
    "vault": lambda stand: setattr(stand, "policy", {"secret/metadata/*": ["read"]}),
    "githubActions": lambda stand: stand.permissions.update(secrets={"read"}),
    "gitlabVariable": lambda stand: setattr(stand, "scopes", {"read_api"}),
    "kubernetes": lambda stand: [stand.fault("POST", 403) for _ in range(9)],
}


@pytest.mark.parametrize("word", REFUSALS)
def test_without_permission_nothing_is_begun_and_the_needed_rights_are_named(
    word, tmp_path, monkeypatch
):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with entered(word, tmp_path, monkeypatch) as store:
        REFUSALS[word](store.stand_in)
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)

        def begin():
            sink.check_writable()
            sink.open_intent(asked())

        with pytest.raises(SinkNotWritable, match="no permission") as caught:
            begin()

    assert "need" in caught.value.hint
    assert store.secret("BOT") is None


@pytest.mark.parametrize("word", ["githubActions", "gitlabVariable", "vault"])
def test_a_busy_store_is_asked_again(word, tmp_path, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with entered(word, tmp_path, monkeypatch) as store:
        store.stand_in.fault("*", "", status=503, times=2)
        store.stand_in.fault("*", "", status=429, skip=4)
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)

        assert store.secret("BOT") == FIRST


@pytest.mark.parametrize(
    ("word", "module", "extra"),
    [
        ("awsSecretsManager", "boto3", "boto3"),
        ("kubernetes", "kr8s", "kr8s"),
        ("vault", "hvac", "hvac"),
        ("githubActions", "nacl.public", "pynacl"),
    ],
)
def test_without_its_library_a_store_says_what_to_install(
    word, module, extra, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        monkeypatch.setitem(sys.modules, module, None)
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)

        with pytest.raises(SinkNotWritable) as caught:
            sink.check_writable()

    assert f"photonctl's extra {EXTRAS[word]}" in str(caught.value)
    assert f"pip install '{extra}" in caught.value.hint


def test_nothing_of_a_store_is_imported_unless_a_manifest_names_it(tmp_path):
    (tmp_path / "photon.yaml").write_text(
        "version: 1\nproject: {name: bot}\nwebhooks: [https://bot.example.com/h]\n"
    )
    code = (
        "import sys; from photonctl.cli.main import run; run(['validate']); "
        "print(*sorted({'boto3', 'hvac', 'kr8s', 'nacl', 'requests'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == ""


def test_no_error_carries_what_a_client_raised(store, fresh, monkeypatch):
    """A client's own error may quote what was sent, also where it isn't shown."""
    sink = fresh()

    def fails(*_, **__):
        raise ValueError(FIRST)

    for name in ("write", "notes", "prove"):
        monkeypatch.setattr(sink._service, name, fails)
    with pytest.raises(SinkError) as caught:
        sink.record()

    seen, error = [], caught.value
    while error is not None:
        seen.append(repr(error))
        error = error.__cause__ or error.__context__
    assert FIRST not in "".join(seen)


def test_of_two_runs_that_ask_at_once_neither_stores_what_may_be_the_older_secret(store, fresh):
    fresh().store(GIVEN)
    one, two = fresh(), fresh()
    one.open_intent(Intent(step=ROTATION, origin=OURS, at=NOW, run="ci:1", about=about(KEY)))
    two.open_intent(Intent(step=ROTATION, origin=OURS, at=NOW, run="ci:2", about=about(KEY)))
    newer = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")

    with pytest.raises(SinkError, match="at the same time"):
        one.store(OneTimeSecrets(webhook_id="w-1", standard=newer, origin=OURS))

    assert store.secret("BOT_STANDARD") == SECOND
    assert fresh().record().was_asked_by(OURS, ROTATION, KEY)
    two.close_intent()  # what is noted now isn't its own
    assert fresh().record().was_asked_by(OURS, ROTATION, KEY)


@pytest.mark.parametrize("webhook_id", ["w~1", "w" * 100, "w-ü", "a b=c"])
def test_ids_that_a_note_cant_hold_are_still_told_apart(webhook_id):
    assert word(webhook_id) == word(webhook_id)
    assert word(word(webhook_id)) == word(webhook_id)
    assert word(webhook_id) != word(webhook_id + "x")
    assert word(webhook_id) != word(webhook_id.replace("~", "_") + "_")


@pytest.mark.parametrize("word_", ["awsSecretsManager", "vault"])
def test_what_somebody_else_has_prepared_stays_after_a_refusal(word_, tmp_path, monkeypatch):
    with entered(word_, tmp_path, monkeypatch) as store:
        if word_ == "vault":
            mount = store.stand_in.mount("secret")
            httpx.post(
                f"{store.stand_in.url}/v1/secret/metadata/bot",
                json={"max_versions": 3},
                headers={"X-Vault-Token": store.stand_in.token},
            )
        else:
            boto3.client("secretsmanager").create_secret(Name=store.target)
        sink = open_sink(SinkSpec(type=word_, target=store.target, key="BOT"), tmp_path)

        sink.open_intent(asked())
        sink.close_intent()

        if word_ == "vault":
            assert "bot" in mount.secrets
        else:
            assert boto3.client("secretsmanager").describe_secret(SecretId=store.target)


@pytest.mark.parametrize("word_", ["githubActions", "gitlabVariable"])
@pytest.mark.parametrize("ending", ["_WEBHOOK_ID", "_WEBHOOK_STATE"])
def test_every_name_that_is_written_counts_as_taken(word_, ending, tmp_path, monkeypatch):
    with entered(word_, tmp_path, monkeypatch) as store:
        store.stand_in.set_variable("acme/bot", f"BOT{ending}", "somebody-elses-0123")
        sink = open_sink(SinkSpec(type=word_, target=store.target, key="BOT"), tmp_path)

        assert sink.stored_for("w-1") is Stored.OTHER
        if ending == "_WEBHOOK_STATE":
            with pytest.raises(SinkNotWritable, match="somebody else's"):
                sink.open_intent(asked())
        assert store.secret(f"BOT{ending}") == "somebody-elses-0123"


@pytest.mark.parametrize("others", [["production"], ["review/*", "staging"]])
def test_a_variable_of_some_environments_is_another_variable(others, tmp_path, monkeypatch):
    with entered("gitlabVariable", tmp_path, monkeypatch) as store:
        sink = partial(open_sink, SinkSpec(type=store.word, target="acme/bot", key="BOT"), tmp_path)
        for scope in others:
            store.stand_in.set_variable("acme/bot", "BOT", "theirs-0123", environment_scope=scope)

        assert sink().stored_for("w-1") is Stored.NOTHING
        sink().store(GIVEN)

        assert sink().stored_for("w-1") is Stored.ALL
        assert sink().kept().signing == GIVEN.signing
        for scope in others:
            theirs = store.stand_in.variable("acme/bot", "BOT", environment_scope=scope)
            assert theirs["value"] == "theirs-0123"


def test_a_variable_that_somebody_limits_to_an_environment_is_missing(tmp_path, monkeypatch):
    with entered("gitlabVariable", tmp_path, monkeypatch) as store:
        sink = partial(open_sink, SinkSpec(type=store.word, target="acme/bot", key="BOT"), tmp_path)
        sink().store(GIVEN)
        for name in ("BOT", "BOT_STANDARD", "BOT_WEBHOOK_ID"):
            httpx.put(
                f"{store.env['CI_API_V4_URL']}/projects/7/variables/{name}",
                headers={"PRIVATE-TOKEN": store.env["GITLAB_TOKEN"]},
                json={"environment_scope": "production"},
            ).raise_for_status()

        assert sink().stored_for("w-1") is Stored.NOTHING


def test_a_note_that_says_nothing_proves_nothing(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as store:
        store.stand_in.mount("secret").write("bot", {"data": {"BOT": "by hand"}})
        httpx.patch(
            f"{store.stand_in.url}/v1/secret/metadata/bot",
            json={"custom_metadata": {"photonctl.BOT": "x"}},
            headers={
                "X-Vault-Token": store.stand_in.token,
                "Content-Type": "application/merge-patch+json",
            },
        )
        sink = open_sink(SinkSpec(type="vault", target="secret/bot", key="BOT"), tmp_path)

        with pytest.raises(SinkNotWritable, match="unknown origin"):
            sink.check_writable()


@pytest.mark.parametrize("word_", ["vault", "kubernetes"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_answer_that_is_compressed_or_too_large_is_refused(
    word_, encoding, tmp_path, monkeypatch
):
    bomb = gzip.compress(b"a" * (9 * 2**20)) if encoding == "gzip" else b"a" * (9 * 2**20)

    class Bomb(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(bomb)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(bomb)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Bomb) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("VAULT_ADDR", url)
        monkeypatch.setenv("VAULT_TOKEN", "hvs.0123456789")
        (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig(url)))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        sink = open_sink(SinkSpec(type=word_, target="bots/photon", key="BOT"), tmp_path)

        with pytest.raises(SinkError):
            sink.record()
        server.shutdown()


def test_no_message_shows_what_was_filled_into_a_place(store, tmp_path, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    hidden = "hunter2-hidden"
    target = Filled(store.target.replace("bot", hidden, 1), store.target + "${env:X}")
    if store.word == "kubernetes":
        target = Filled(f"{hidden}/photon", "${env:X}/photon")
    key = Filled("HUNTER2_HIDDEN", "${env:Y}")
    said = []
    for fault in (None, 403, 404, 422, 500):
        if fault is not None and hasattr(store.stand_in, "fault"):
            for method in ("GET", "POST", "PUT", "PATCH"):
                for _ in range(4):
                    _fault(store, method, fault)
        sink = open_sink(SinkSpec(type=store.word, target=target, key=key), tmp_path)
        steps = (sink.record, sink.look, sink.check_writable, partial(sink.store, GIVEN))
        for step in steps:
            try:
                step()
            except (SinkError, SinkNotWritable) as error:
                said.append(f"{error} {error.hint}")

    assert "hunter2" not in " ".join(said).lower()


def _fault(store, method, status):
    if store.word == "kubernetes":
        store.stand_in.fault(method, status)
    else:
        store.stand_in.fault(method, "", status=status)


LAST = {
    "vault": ("PATCH", "/metadata/"),
    "githubActions": ("PATCH", "_WEBHOOK_STATE"),
    "gitlabVariable": ("PUT", "_WEBHOOK_STATE"),
}


@pytest.mark.parametrize("word_", [*LAST, "kubernetes"])
def test_a_lost_answer_to_the_last_write_is_no_failure(word_, tmp_path, monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with entered(word_, tmp_path, monkeypatch) as store:
        sink = open_sink(SinkSpec(type=word_, target=store.target, key="BOT"), tmp_path)
        sink.open_intent(asked())
        if word_ == "kubernetes":
            store.stand_in.fault("PATCH", 503, after=True)
        else:
            store.stand_in.fault(*LAST[word_], status=503, after=True)

        sink.store(GIVEN)

        fresh = open_sink(SinkSpec(type=word_, target=store.target, key="BOT"), tmp_path)
        assert fresh.stored_for("w-1") is Stored.ALL
        assert not fresh.record().asked


FOREIGN = {
    "only other fields": ({"OTHER": "1"}, Stored.NOTHING),
    "another secret": (
        {"BOT": "theirs-0123456789", "BOT_STANDARD": "theirs-9876543210", "BOT_WEBHOOK_ID": "w-1"},
        Stored.OTHER,
    ),
    "another legacy secret": (
        {"BOT": "theirs-0123456789", "BOT_STANDARD": SECOND, "BOT_WEBHOOK_ID": "w-1"},
        Stored.OTHER,
    ),
    "one beside another id": (
        {"BOT": FIRST, "BOT_STANDARD": SECOND, "BOT_WEBHOOK_ID": "w-9"},
        Stored.OTHER,
    ),
    "both, each in the other's place": (
        {"BOT": SECOND, "BOT_STANDARD": FIRST, "BOT_WEBHOOK_ID": "w-1"},
        Stored.OTHER,
    ),
    "an empty one": (
        {"BOT": "", "BOT_STANDARD": SECOND, "BOT_WEBHOOK_ID": "w-1"},
        Stored.STANDARD,
    ),
    "ours and another field": (
        {"BOT": FIRST, "BOT_STANDARD": SECOND, "BOT_WEBHOOK_ID": "w-1", "OTHER": "1"},
        Stored.ALL,
    ),
}


def put(store, fields, spec=None, folder=None):
    """Write all fields of a place, as a person with the store's own client does."""
    match store.word:
        case "vault":
            store.stand_in.mount("secret").write("bot", {"data": fields})
        case "awsSecretsManager":
            client = boto3.client("secretsmanager")
            client.put_secret_value(SecretId=store.target, SecretString=json.dumps(fields))
        case "kubernetes":
            service = open_sink(spec, folder)._service
            found = service._get()
            coded = {name: b64encode(text.encode()).decode() for name, text in fields.items()}
            service._patch(found, dict.fromkeys(found.get("data") or ()) | coded, {})


@pytest.mark.parametrize(("fields", "expected"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("word_", ["vault", "awsSecretsManager", "kubernetes"])
def test_a_note_doesnt_outlive_what_it_speaks_of(tmp_path, monkeypatch, word_, fields, expected):
    with entered(word_, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word_, target=store.target, key="BOT")
        opened = partial(open_sink, spec, tmp_path)
        opened().store(GIVEN)
        assert opened().stored_for("w-1") is Stored.ALL

        put(store, fields, spec, tmp_path)

        assert opened().stored_for("w-1") is expected


def test_where_the_data_may_not_be_read_vaults_note_counts(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as vault:
        opened = partial(
            open_sink, SinkSpec(type="vault", target="secret/bot", key="BOT"), tmp_path
        )
        opened().store(GIVEN)
        put(vault, FOREIGN["ours and another field"][0])
        said = {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        vault.stand_in.fault("GET", "/data/bot", status=403, body=said, times=9)

        assert opened().stored_for("w-1") is Stored.ALL


def test_an_untouched_secret_is_not_read_by_a_plan(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as vault:
        opened = partial(
            open_sink, SinkSpec(type="vault", target="secret/bot", key="BOT"), tmp_path
        )
        opened().store(GIVEN)
        count = vault.stand_in.count("GET", "/data/bot")

        assert opened().stored_for("w-1") is Stored.ALL
        assert vault.stand_in.count("GET", "/data/bot") == count


PAGES = {
    "a page": (200, b"<html>Sign in</html>"),
    "nothing": (200, b""),
    "another program's 404": (404, b"<html>no</html>"),
    "a gateway's refusal": (403, b"<html>no</html>"),
}


@pytest.mark.parametrize(("status", "body"), PAGES.values(), ids=PAGES)
def test_what_cant_be_read_is_not_taken_for_the_noted_secret(tmp_path, monkeypatch, status, body):
    with entered("vault", tmp_path, monkeypatch) as vault:
        spec = SinkSpec(type="vault", target="secret/bot", key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        put(vault, FOREIGN["ours and another field"][0])
        vault.stand_in.fault("GET", "/data/bot", status=status, body=body, times=9)

        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.UNREADABLE


@pytest.mark.parametrize("what", [{"SecretString": "text"}, {"SecretBinary": b"bytes"}])
def test_what_is_no_object_at_aws_is_not_taken_for_the_noted_secret(tmp_path, monkeypatch, what):
    with entered("awsSecretsManager", tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=store.word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        boto3.client("secretsmanager").put_secret_value(SecretId=store.target, **what)

        assert open_sink(spec, tmp_path).stored_for("w-1") in (Stored.UNREADABLE, Stored.NOTHING)


def test_a_rotation_keeps_what_the_legacy_secret_is_known_by(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as vault:
        spec = SinkSpec(type="vault", target="secret/bot", key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        for number in range(30):
            newer = Secret(f"whsec_bmV3ZXItMDEyMzQ1Njc4OT{number:02d}")
            rotated = replace(GIVEN, signing=None, standard=newer)
            open_sink(spec, tmp_path).store(rotated)
        newest = vault.secret("BOT_STANDARD")
        put(vault, {"BOT": FIRST, "BOT_STANDARD": newest, "BOT_WEBHOOK_ID": "w-1"})
        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.ALL

        put(vault, {"BOT": "theirs-012345", "BOT_STANDARD": newest, "BOT_WEBHOOK_ID": "w-1"})

        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.OTHER


@pytest.mark.parametrize("word_", ["vault", "awsSecretsManager", "kubernetes"])
def test_a_rotation_that_only_began_doesnt_make_others_secrets_ours(tmp_path, monkeypatch, word_):
    with entered(word_, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word_, target=store.target, key="BOT")
        opened = partial(open_sink, spec, tmp_path)
        opened().store(GIVEN)
        opened().open_intent(asked(ROTATION))  # and the run dies
        assert opened().stored_for("w-1") is Stored.ALL

        put(store, FOREIGN["another legacy secret"][0], spec, tmp_path)

        assert opened().stored_for("w-1") is Stored.OTHER


@pytest.mark.parametrize("word_", ["vault", "kubernetes"])
def test_an_id_that_has_no_room_in_a_note_is_read_beside_it(tmp_path, monkeypatch, word_):
    with entered(word_, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word_, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(replace(GIVEN, webhook_id="w" * 50))

        assert open_sink(spec, tmp_path).kept().webhook_id == "w" * 50
        assert open_sink(spec, tmp_path).stored_for("w" * 50) is Stored.ALL


def test_a_line_that_is_longer_than_any_note_is_none():
    assert read_record("holds=both " + "a=b " * 1_000_000, "") is None
