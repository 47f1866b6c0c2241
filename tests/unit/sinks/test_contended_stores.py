"""Stores that others write, that answer oddly, or that never answer."""

import json
import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from msgspec.structs import replace

from photonctl.deadline import GaveUp, give_up, within
from photonctl.errors import SinkError, SinkNotWritable
from photonctl.intents import check_unchanged
from photonctl.model.held import REGISTRATION, ROTATION, Intent, about
from photonctl.model.recorded import record_of
from photonctl.model.secret import Secret
from photonctl.model.spec import STORES, OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import Stored
from photonctl.sinks import open_sink, whose
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.exec import ExecSink
from photonctl.sinks.pair import keep_pair, wrong_pairs
from photonctl.sinks.pair_places import pair_places
from photonctl.sinks.service import StoreProblem
from photonctl.sinks.several import SeveralSinks
from tests.stores.kube import kubeconfig
from tests.stores.running import entered
from tests.unit.sinks.test_stores import FIRST, GIVEN, NOW, OTHERS, SECOND, put

THEIRS = OneTimeSecrets(
    webhook_id="w-9",
    signing=Secret("signing-of-another-project-01"),
    standard=Secret("whsec_YW5vdGhlci1wcm9qZWN0LTAx"),
    origin=OTHERS,
)
KEY = GIVEN.origin.url
NEWER = Secret("whsec_bmV3ZXItMDEyMzQ1Njc4OTAxMjM0")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def asked(step=REGISTRATION, run="ci:1"):
    return Intent(step=step, origin=GIVEN.origin, at=NOW, run=run, about=about(KEY))


def test_what_was_stored_since_a_plan_was_made_stops_an_intent(store, fresh):
    seen = whose(fresh())
    fresh().store(THEIRS)

    with pytest.raises(SinkNotWritable, match="another secret than when the plan was made"):
        check_unchanged(fresh(), seen)
    check_unchanged(fresh(), whose(fresh()))


def test_a_place_that_cant_be_asked_any_more_stops_an_intent(store, fresh, monkeypatch):
    seen, sink = whose(fresh()), fresh()

    def fails():
        raise StoreProblem("no permission", "Ask for it.")

    monkeypatch.setattr(sink._service, "notes", fails)
    with pytest.raises(SinkNotWritable, match="no permission"):
        check_unchanged(sink, seen)


def test_another_projects_secret_that_comes_after_an_intent_stays(store, fresh):
    ours = fresh()
    ours.open_intent(asked())
    fresh().store(THEIRS)

    with pytest.raises(SinkError, match="nothing is stored"):
        ours.store(GIVEN)

    assert store.secret("BOT") == THEIRS.signing.reveal()
    assert fresh().stored_for("w-9") is Stored.ALL
    assert not fresh().record().was_asked_by(GIVEN.origin, REGISTRATION, KEY)


def test_another_projects_secret_that_comes_between_a_look_and_a_copy_stays(store, fresh):
    ours = fresh()
    assert ours.record() is None
    fresh().store(THEIRS)

    with pytest.raises(SinkError, match="nothing is stored"):
        ours.store(GIVEN)

    assert store.secret("BOT") == THEIRS.signing.reveal()


def test_values_are_not_put_over_what_came_since_they_were_looked_at(store, fresh):
    ours = fresh()
    ours.record()
    fresh().store(THEIRS)

    with pytest.raises(SinkError, match="nothing is stored"):
        ours.store_values(GIVEN.origin, {"BOT": NEWER}, NEWER)

    assert store.secret("BOT") == THEIRS.signing.reveal()


def test_taking_an_intent_back_leaves_what_somebody_else_stored_there(store, fresh):
    ours = fresh()
    ours.open_intent(asked())
    fresh("NEXT").store(THEIRS)

    ours.close_intent()

    assert store.secret("NEXT") == THEIRS.signing.reveal()
    assert fresh("NEXT").stored_for("w-9") is Stored.ALL
    assert fresh().record() is None


def stored_elsewhere(sink, webhook_id):
    """Store as another machine does: nothing of this process makes it wait."""
    record = record_of(OTHERS, webhook_id, {"signing": THEIRS.signing}, None, NOW)
    sink._service.write({sink._key: THEIRS.signing}, record, lambda _: None)


@pytest.mark.parametrize("word", ["awsSecretsManager", "vault", "kubernetes"])
def test_a_shared_secret_keeps_every_field_whoever_comes_in_between(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:

        def opened(key):
            return open_sink(SinkSpec(type=word, target=store.target, key=key), tmp_path)

        opened("FIRST").store(GIVEN)
        inner = opened("BOT")
        whole = inner._service.write
        between = iter(["A", "B"])

        def write(values, record, check, asked):
            def check_late(now):
                check(now)
                key = next(between, None)
                if key is not None:
                    stored_elsewhere(opened(key), f"w-{key}")

            whole(values, record, check_late, asked)

        monkeypatch.setattr(inner._service, "write", write)
        inner.store(GIVEN)

        others = [key for key in ("A", "B") if store.secret(key)]
        assert others
        assert (store.secret("FIRST"), store.secret("BOT")) == (FIRST, FIRST)
        for key in others:
            assert opened(key).stored_for(f"w-{key}") is Stored.SIGNING


def test_a_version_of_aws_that_comes_late_isnt_current(tmp_path, monkeypatch):
    with entered("awsSecretsManager", tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=store.word, target=store.target, key="BOT")
        first = open_sink(spec, tmp_path)._service
        open_sink(spec, tmp_path).store(GIVEN)
        _, version = first._value()
        open_sink(spec, tmp_path).store(replace(GIVEN, standard=NEWER))

        assert first._swap({"BOT": "late-0123456789abcdef"}, version) is None

        assert store.secret("BOT") == FIRST
        assert store.secret("BOT_STANDARD") == NEWER.reveal()


def test_a_version_of_aws_that_comes_before_the_note_is_somebody_elses(tmp_path, monkeypatch):
    with entered("awsSecretsManager", tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=store.word, target=store.target, key="BOT")
        sink = open_sink(spec, tmp_path)
        swap = sink._service._swap

        def overtaken(fields, before):
            import boto3

            version = swap(fields, before)
            text = json.dumps({"BOT": "their-0123456789abcdef"})
            boto3.client("secretsmanager").put_secret_value(SecretId="prod/bot", SecretString=text)
            return version

        monkeypatch.setattr(sink._service, "_swap", overtaken)
        step = Intent(step=REGISTRATION, origin=GIVEN.origin, at=NOW, run="r", about=about("u"))
        sink.open_intent(step)
        with suppress(SinkError):
            sink.store(GIVEN)

        assert open_sink(spec, tmp_path).stored_for("w-1") is not Stored.ALL


@pytest.mark.parametrize("word", ["githubActions", "gitlabVariable"])
def test_a_value_that_somebody_else_writes_before_the_note_is_written_over(
    word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        sink = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)
        calls = iter(range(100))
        mark_of = sink._service.mark_of

        def late(values):
            found = mark_of(values)
            if next(calls) == 0:
                if word == "githubActions":
                    store.stand_in.set_secret("acme/bot", "BOT", "late-0123456789")
                else:
                    store.stand_in.set_variable("acme/bot", "BOT", "late-0123456789")
            return found

        monkeypatch.setattr(sink._service, "mark_of", late)
        sink.store(GIVEN)

        assert store.secret("BOT") == FIRST
        again = open_sink(SinkSpec(type=word, target=store.target, key="BOT"), tmp_path)
        assert again.stored_for("w-1") is Stored.ALL


# Answers that are none of the store's


ODD = {
    "nothing": (200, b""),
    "a page": (200, b"<html>Please log in to the corporate network</html>"),
    "null": (200, b"null"),
    "an empty object": (200, b"{}"),
    "an empty list": (200, b"[]"),
    "no content": (204, b""),
    "accepted": (202, b""),
    "another object": (200, b'{"status": "ok", "metadata": {}, "data": null}'),
    "a page that says 404": (404, b"<html>Not Found</html>"),
    "a 404 of another program": (404, b'{"detail": "Not Found"}'),
    "another project's 404": (404, b'{"message": "404 Project Not Found"}'),
}


class Answering(BaseHTTPRequestHandler):
    """Answers everything alike, except for kr8s' question for a version."""

    status, body, location = 200, b"", None
    seen: list = []  # noqa: RUF012

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        type(self).seen.append((self.path, self.rfile.read(length)))
        body = b'{"gitVersion": "v1.33.0"}' if self.path.startswith("/version") else self.body
        self.send_response(200 if self.path.startswith("/version") else self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.status != 204:
            with suppress(OSError):  # one that is too large isn't read to its end
                self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """Serve as a class of ``Answering`` says; returns the URL."""
    servers = []

    def serve(**how):
        kind = type("Kind", (Answering,), {"seen": [], **how})
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", kind

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def opened_at(tmp_path, monkeypatch):
    """Return what opens a place at a URL."""
    targets = {"awsSecretsManager": "prod/bot", "kubernetes": "bots/photon", "vault": "secret/bot"}

    def opened(word, url):
        (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig(url)))
        for name, value in {
            "KUBECONFIG": str(tmp_path / "kubeconfig"), "VAULT_ADDR": url,
            "VAULT_TOKEN": "hvs.0123456789", "GITHUB_API_URL": url, "GH_TOKEN": "ghp_0123456789",
            "CI_API_V4_URL": url, "GITLAB_TOKEN": "glpat-0123456789", "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIA0123456789", "AWS_SECRET_ACCESS_KEY": "aws-0123456789",
            "AWS_DEFAULT_REGION": "eu-west-1", "HOME": str(tmp_path),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        target = targets.get(word, "acme/bot")
        return open_sink(SinkSpec(type=word, target=target, key="BOT"), tmp_path)

    return opened


@pytest.mark.parametrize("word", STORES)
@pytest.mark.parametrize("odd", ODD)
def test_an_answer_that_is_none_of_the_stores_says_nothing(word, odd, served, opened_at):
    status, body = ODD[odd]
    url, _ = served(status=status, body=body)
    sink = opened_at(word, url)

    with pytest.raises(SinkError):
        sink.record()
    assert sink.stored_for("w-1") is Stored.UNREADABLE


@pytest.mark.parametrize("word", ["kubernetes", "githubActions", "gitlabVariable"])
@pytest.mark.parametrize("name", ["BOT", "BOT_STANDARD"])
def test_half_a_secret_is_no_whole_one(word, name, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        open_sink(spec, tmp_path).store(GIVEN)
        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.ALL
        if word == "kubernetes":
            for found in store.stand_in.objects.values():
                del found.last.raw["data"][name]
        else:
            service = open_sink(spec, tmp_path)._service
            service.drop_secret(name)

        left = {"BOT": Stored.STANDARD, "BOT_STANDARD": Stored.SIGNING}[name]
        # Of a forge only the time, or a digest, of both is noted.
        expected = left if word == "kubernetes" else Stored.OTHER
        assert open_sink(spec, tmp_path).stored_for("w-1") is expected


@pytest.mark.parametrize("gone", ["PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET"])
def test_half_of_a_projects_credentials_is_none(gone, tmp_path, monkeypatch):
    with entered("kubernetes", tmp_path, monkeypatch) as store:
        sink = SinkSpec(type="kubernetes", target=store.target, key="PHOTON_PROJECT")
        origin, secret = Origin(host="h", project_id="p-1"), Secret("a-secret-0123456789")
        keep_pair(pair_places(sink, tmp_path, None), origin, secret)
        assert wrong_pairs(sink, tmp_path, None, origin, secret) == ()
        for found in store.stand_in.objects.values():
            del found.last.raw["data"][gone]

        (wrong,) = wrong_pairs(sink, tmp_path, None, origin, secret)

    assert wrong.is_empty


OF_ANOTHER = b'{"Name": "prod/other", "ARN": "arn:aws:s:e:1:secret:other-a1", "VersionId": "1"}'
NO_SUCH = b'{"__type": "ResourceNotFoundException"}'


@pytest.mark.parametrize(("status", "body"), [(200, OF_ANOTHER), (500, NO_SUCH), (403, NO_SUCH)])
def test_what_aws_says_of_another_secret_or_in_another_form_says_nothing(
    status, body, served, opened_at
):
    url, _ = served(status=status, body=body)
    sink = opened_at("awsSecretsManager", url)

    for step in (sink.record, sink.values):
        with pytest.raises(SinkError):
            step()


@pytest.mark.parametrize("word", STORES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_of_a_store_is_followed(word, status, served, opened_at):
    other, thief = served(body=b'{"metadata": {"name": "photon", "namespace": "bots"}}')
    url, _ = served(status=status, location=f"{other}/steal")
    sink = opened_at(word, url)

    for step in (sink.record, lambda: sink.open_intent(asked()), lambda: sink.store(GIVEN)):
        with pytest.raises((SinkError, SinkNotWritable)):
            step()
    assert thief.seen == []


@pytest.mark.parametrize("word", STORES)
@pytest.mark.parametrize("body", [b"a" * (9 * 2**20), b"[" + b"[]," * 150_000 + b"[]]"])
def test_an_answer_that_is_too_large_is_none(word, body, served, opened_at):
    url, _ = served(body=body)

    with pytest.raises(SinkError):
        opened_at(word, url).record()


def test_who_waits_for_a_store_doesnt_wait_for_ever():
    never = threading.Event()

    with pytest.raises(GaveUp, match="doesn't answer"):
        within(never.wait, is_read=False, seconds=0.01)
    never.set()


def test_a_signal_ends_the_waiting_for_an_answer_that_only_a_plan_needs():
    never, begun = threading.Event(), threading.Event()

    def read():
        begun.set()
        never.wait()

    def stop():
        begun.wait()
        give_up()

    Thread(target=stop, daemon=True).start()
    with pytest.raises(GaveUp, match="doesn't answer"):
        within(read, is_read=True, seconds=60)
    never.set()


# Several places


@pytest.fixture
def vault(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as found:
        yield found


def places(tmp_path, *keys):
    members = []
    for key in keys:
        if key.endswith(".env"):
            members.append(EnvFileSink(tmp_path / key, "BOT"))
        else:
            members.append(
                open_sink(SinkSpec(type="vault", target="secret/bot", key=key), tmp_path)
            )
    return SeveralSinks(members)


def test_an_intent_outlives_every_place_that_has_none(vault, tmp_path):
    store, _ = places(tmp_path, "BOT", "x.env").members
    fails = ExecSink(("false",), tmp_path)
    store.open_intent(asked(ROTATION))

    with pytest.raises(SinkError):
        SeveralSinks([store, fails]).store(GIVEN)

    (again,) = places(tmp_path, "BOT").members
    assert again.record().was_asked_by(GIVEN.origin, ROTATION, KEY)
    assert vault.secret("BOT") is None


PLANTED = "BOT_WEBHOOK_ID=w-1\nBOT=planted-0123456789abcdef\n"


@pytest.mark.parametrize("planted", [PLANTED, f"{PLANTED}BOT_STANDARD=whsec_cGxhbnRlZA0000\n"])
def test_a_copy_goes_only_where_the_secret_is_missing(vault, tmp_path, planted):
    several = places(tmp_path, "x.env", "BOT", "COPY")
    several.members[1].store(GIVEN)
    (tmp_path / "x.env").write_text(planted)
    several = places(tmp_path, "x.env", "BOT", "COPY")

    given = several.given("w-1", lambda _: False)
    for place in several.lacking("w-1", given):
        place.open_intent(asked())
        place.store(replace(given, origin=GIVEN.origin))

    assert given.signing.reveal() == FIRST
    assert (vault.secret("BOT"), vault.secret("COPY")) == (FIRST, FIRST)
    assert several.stored_for("w-1") is Stored.OLD  # what is in a file isn't written over


def test_a_file_that_nothing_vouches_for_gives_nothing(vault, tmp_path):
    (tmp_path / "x.env").write_text(f"{PLANTED}BOT_STANDARD=whsec_cGxhbnRlZA0000\n")
    several = places(tmp_path, "x.env", "BOT")

    assert several.given("w-1", lambda _: False) is None
    assert several.given("w-1", lambda found: found.webhook_id == "w-1") is not None


def test_a_place_with_an_older_secret_than_the_others_is_out_of_date(vault, tmp_path):
    several = places(tmp_path, "x.env", "BOT")
    several.store(GIVEN)
    assert several.stored_for("w-1") is Stored.ALL
    rotated = OneTimeSecrets(webhook_id="w-1", standard=NEWER, origin=GIVEN.origin)
    places(tmp_path, "BOT").store(rotated)

    again = places(tmp_path, "x.env", "BOT")

    assert again.stored_for("w-1") is Stored.OLD
    assert again.given("w-1", lambda _: False).standard == NEWER
    assert SECOND in (tmp_path / "x.env").read_text()


def planted(store, spec, folder, name="BOT", value="somebody-elses-0123456789", *, fields=None):
    """Write a secret under a name, as a person does."""
    match store.word:
        case "githubActions":
            store.stand_in.set_secret("acme/bot", name, value)
        case "gitlabVariable":
            store.stand_in.set_variable(store.target, name, value)
        case _:
            put(store, fields or {name: value}, spec, folder)


WORDS = ["vault", "awsSecretsManager", "kubernetes", "gitlabVariable", "githubActions"]


@pytest.mark.parametrize("word", WORDS)
def test_a_step_that_only_asked_makes_nobodys_secret_its_own(word, tmp_path, monkeypatch):
    """A registration got no answer, and somebody has stored another secret since."""
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        opened = partial(open_sink, spec, tmp_path)
        opened().open_intent(asked())
        assert opened().stored_for("w-1") is Stored.NOTHING

        planted(store, spec, tmp_path)

        if word in ("vault", "awsSecretsManager"):  # a plan doesn't read them
            with pytest.raises(SinkNotWritable, match="unknown origin"):
                opened().check_writable()
        else:
            assert opened().stored_for("w-1") is Stored.OTHER


@pytest.mark.parametrize("word", WORDS)
def test_what_somebody_stores_while_photon_answers_is_kept(word, tmp_path, monkeypatch):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        sink = open_sink(spec, tmp_path)
        sink.open_intent(asked())
        planted(store, spec, tmp_path)

        with pytest.raises(SinkError, match="somebody else"):
            sink.store(GIVEN)

        assert store.secret("BOT") == "somebody-elses-0123456789"


@pytest.mark.parametrize("word", ["gitlabVariable", "githubActions"])
def test_what_somebody_stores_right_after_it_is_kept_and_not_called_ours(
    word, tmp_path, monkeypatch
):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        sink = open_sink(spec, tmp_path)
        put_secret, once = sink._service.put_secret, iter([True])

        def put_then_another(name, secret):
            put_secret(name, secret)
            if next(once, False):
                planted(store, spec, tmp_path)

        monkeypatch.setattr(sink._service, "put_secret", put_then_another)
        sink.open_intent(asked())
        with pytest.raises(SinkError, match="somebody else"):
            sink.store(GIVEN)

        assert store.secret("BOT") == "somebody-elses-0123456789"
        assert open_sink(spec, tmp_path).stored_for("w-1") is not Stored.ALL


@pytest.mark.parametrize("word", [word for word in WORDS if word != "kubernetes"])  # in one piece
def test_what_was_begun_to_be_written_is_written_over(word, tmp_path, monkeypatch):
    """The run died with the first value written; the next two only ask, and one of these dies."""
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="BOT")
        opened = partial(open_sink, spec, tmp_path)
        sink = opened()
        sink.open_intent(asked())
        sink._note(sink._begun.writing({"BOT": GIVEN.signing, "BOT_STANDARD": GIVEN.standard}))
        planted(store, spec, tmp_path, value=FIRST)
        for _ in range(2):
            assert opened().stored_for("w-1") is Stored.NOTHING
            opened().check_writable()
            opened().open_intent(asked())

        opened().store(GIVEN)

        assert opened().stored_for("w-1") is Stored.ALL


@pytest.mark.parametrize("standard", [GIVEN.standard, None])
@pytest.mark.parametrize("name", ["BOT", "BOT_STANDARD"])
def test_a_hidden_variable_that_comes_after_an_intent_stays(tmp_path, monkeypatch, name, standard):
    with entered("gitlabVariable", tmp_path, monkeypatch) as store:
        sink = open_sink(SinkSpec(type=store.word, target=store.target, key="BOT"), tmp_path)
        sink.check_writable()
        sink.open_intent(asked())
        theirs = "somebody-elses-0123456789"
        store.stand_in.set_variable("acme/bot", name, theirs, masked=True, hidden=True)

        with pytest.raises(SinkError, match="somebody else"):
            sink.store(replace(GIVEN, standard=standard))

        assert store.stand_in.variable("acme/bot", name)["value"] == theirs
