"""Something before a store says that a secret is written, and it isn't."""

from contextlib import suppress
from functools import partial

import httpx
import pytest
from msgspec.structs import replace

from photonctl.errors import SinkError, SinkNotWritable
from photonctl.forges import client
from photonctl.model.secret import Secret
from photonctl.model.spec import Origin, SinkSpec
from photonctl.model.state import Stored
from photonctl.network.exchange import Answer
from photonctl.sinks import open_sink, wire
from photonctl.sinks.aws_client import _client
from photonctl.sinks.pair import keep_pair, strangers, wrong_pairs
from photonctl.sinks.pair_places import pair_places
from photonctl.sinks.service import StoreProblem
from tests.stores.running import entered
from tests.unit.sinks.test_contended_stores import NEWER, asked
from tests.unit.sinks.test_stores import GIVEN, SECOND, put

WRITES = {
    "vault": ("POST", "/data/"),
    "githubActions": ("PUT", "/secrets/"),
    "gitlabVariable": ("PUT", "/variables/BOT"),
}
ANSWERS = {
    "a page": b"<html>Your request was blocked.</html>",
    "nothing": b"",
    "an empty object": b"{}",
    "another object": b'{"status": "ok"}',
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_write_that_is_only_said_to_be_done_is_none(store, fresh, answer, monkeypatch):
    if store.word == "kubernetes":
        pytest.skip("it answers a write with what it wrote, in one piece: see test_stores.py")
    fresh().store(GIVEN)
    newer = GIVEN.__class__(webhook_id="w-1", signing=None, standard=NEWER, origin=GIVEN.origin)
    sink = fresh()
    sink.open_intent(asked("rotation"))
    if store.word in WRITES:
        method, path = WRITES[store.word]
        store.stand_in.fault(method, path, status=200, body=ANSWERS[answer], times=99)
    else:  # what botocore makes of such a page
        opened = _client(store.target)
        monkeypatch.setattr(opened, "update_secret_version_stage", lambda **_: {})

    with pytest.raises(SinkError):
        sink.store(newer)

    if store.word in WRITES:
        store.stand_in.clear_faults()
    assert fresh().record().asked == "rotation"
    assert store.secret("BOT_STANDARD") == SECOND


class Between:
    """Something before a store that answers its writes by itself, once it is told to."""

    def __init__(self, real, how):
        self.real = real
        self.how = how
        self.is_on = False
        self.last = {}
        self.left = 0

    def __call__(self, method, url, limits, **what):
        target = dict(what.get("headers") or {}).get("X-Amz-Target", "")
        is_read = method == "GET" or any(word in target for word in ("Describe", "Get"))
        if self.how == "cut" and not is_read:
            self.left -= 1
            if self.left < 0:  # from here on nothing arrives
                raise httpx.ConnectError("cut")
        if self.is_on and not is_read:
            if self.how == "nothing":
                return Answer(204, httpx.Headers(), b"")
            if (method, target) in self.last:
                return self.last[method, target]
        answer = self.real(method, url, limits, **what)
        if answer.status < 300:
            self.last[method, target] = answer
        return answer


@pytest.fixture(params=["nothing", "the last answer"])
def between(request, monkeypatch):
    found = Between(wire.exchange, request.param)
    monkeypatch.setattr(wire, "exchange", found)
    monkeypatch.setattr(client, "exchange", found)
    return found


def test_a_write_that_never_came_to_the_store_is_none(store, fresh, between):
    fresh().store(GIVEN)
    newer = GIVEN.__class__(webhook_id="w-1", signing=None, standard=NEWER, origin=GIVEN.origin)
    sink = fresh()
    sink.check_writable()
    sink.open_intent(asked("rotation"))
    between.is_on = True

    with pytest.raises(SinkError):
        sink.store(newer)
    sink.close_intent()

    between.is_on = False
    assert fresh().record().asked == "rotation"
    assert store.secret("BOT_STANDARD") == SECOND
    fresh().store(newer)
    assert store.secret("BOT_STANDARD") == NEWER.reveal()


def test_an_intent_that_never_came_to_the_store_lets_nothing_be_sent(store, fresh, between):
    fresh().store(GIVEN)
    sink = fresh()
    sink.record()
    between.is_on = True

    was_refused = is_refused(lambda: sink.open_intent(asked("rotation")), SinkNotWritable)

    between.is_on = False
    assert was_refused is not (fresh().record().asked == "rotation")


def test_an_intent_that_is_only_said_to_be_removed_is_an_error(store, fresh, between):
    """The next run would take what somebody else has registered for its own, and delete it."""
    sink = fresh()
    sink.open_intent(asked())
    between.is_on = True

    was_refused = is_refused(sink.close_intent, SinkError)

    between.is_on = False
    record = fresh().record()
    assert was_refused is (record is not None and record.asked == "registration")


def is_refused(step, error):
    try:
        step()
    except error:
        return True
    return False


def test_credentials_that_never_came_to_the_store_are_not_stored(store, tmp_path, between):
    spec = SinkSpec(type=store.word, target=store.target, key="PHOTON_PROJECT")
    origin = Origin(host="h", project_id="project-0123456789")
    old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
    keep_pair(pair_places(spec, tmp_path, None), origin, old)
    for place in pair_places(spec, tmp_path, None):
        place.check_writable()
    between.is_on = True

    with pytest.raises(SinkError):
        keep_pair(pair_places(spec, tmp_path, None), origin, new)

    between.is_on = False
    assert wrong_pairs(spec, tmp_path, None, origin, new)
    keep_pair(pair_places(spec, tmp_path, None), origin, new)
    assert wrong_pairs(spec, tmp_path, None, origin, new) == ()


class Cut(Exception):
    """A run that is killed."""


@pytest.mark.parametrize("writes", range(1, 9))
@pytest.mark.parametrize("is_first", [True, False])
def test_credentials_that_were_cut_in_the_middle_are_stored_again(
    store, tmp_path, monkeypatch, writes, is_first
):
    spec = SinkSpec(type=store.word, target=store.target, key="PHOTON_PROJECT")
    origin = Origin(host="h", project_id="project-0123456789")
    old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
    if not is_first:
        keep_pair(pair_places(spec, tmp_path, None), origin, old)
    between = Between(wire.exchange, "cut")
    between.left = writes
    with monkeypatch.context() as patch:
        patch.setattr(wire, "exchange", between)
        patch.setattr(client, "exchange", between)
        with suppress(SinkError):
            keep_pair(pair_places(spec, tmp_path, None), origin, new)

    for held in wrong_pairs(spec, tmp_path, None, origin, new):
        assert held.of is None, "it is taken for somebody else's"
    for place in pair_places(spec, tmp_path, None):
        place.check_writable()
    keep_pair(pair_places(spec, tmp_path, None), origin, new)
    assert wrong_pairs(spec, tmp_path, None, origin, new) == ()


OLD = Origin(host="h", project_id="project-9876543210")
NEW = Origin(host="h", project_id="project-0123456789")


def cut_after(writes, patch):
    between = Between(wire.exchange, "cut")
    between.left = writes
    patch.setattr(wire, "exchange", between)
    patch.setattr(client, "exchange", between)


@pytest.mark.parametrize("writes", range(1, 9))
@pytest.mark.parametrize("cuts", [1, 2])
def test_a_replacement_that_was_cut_is_approved_again_only_if_nothing_was_written(
    store, tmp_path, monkeypatch, writes, cuts
):
    spec = SinkSpec(type=store.word, target=store.target, key="PHOTON_PROJECT")
    opened = partial(pair_places, spec, tmp_path, None)
    old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
    keep_pair(opened(), OLD, old)
    for _ in range(cuts):
        with monkeypatch.context() as patch:
            cut_after(writes, patch)
            with suppress(SinkError):
                keep_pair(opened(), NEW, new, [OLD.project_id])

    names = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")
    is_whole = [store.secret(name) for name in names] == [OLD.project_id, old.reveal()]
    is_whole &= store.word != "githubActions" or writes <= 2  # then nobody sees what is there
    others = {held.of for held in wrong_pairs(spec, tmp_path, None, NEW, new)} - {None}
    assert others == ({OLD.project_id} if is_whole else set())
    if is_whole:
        with pytest.raises(SinkError, match="another project"):
            keep_pair(opened(), NEW, new)
    keep_pair(opened(), NEW, new, [OLD.project_id] if is_whole else None)
    assert wrong_pairs(spec, tmp_path, None, NEW, new) == ()


REAL = Origin(host="https://spectrum.example", project_id="project-0123456789")
COPIED = Origin(host="http://127.0.0.1:4321", project_id=REAL.project_id)


def test_the_credentials_of_another_host_are_another_projects(store, tmp_path):
    """A test server made of a copy of the real one has projects of the same ids."""
    spec = SinkSpec(type=store.word, target=store.target, key="PHOTON_PROJECT")
    opened = partial(pair_places, spec, tmp_path, None)
    old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
    keep_pair(opened(), REAL, old)
    whose = f"{REAL.project_id} at spectrum.example"

    assert [owner for _, owner in strangers(opened(), COPIED)] == [whose]
    assert [held.of for held in wrong_pairs(spec, tmp_path, None, COPIED, new)] == [whose]
    for over in (None, [REAL.project_id]):
        with pytest.raises(SinkError, match="another project"):
            keep_pair(opened(), COPIED, new, over)
    assert wrong_pairs(spec, tmp_path, None, REAL, old) == ()
    keep_pair(opened(), COPIED, new, [whose])
    assert wrong_pairs(spec, tmp_path, None, COPIED, new) == ()
    (wrong,) = wrong_pairs(spec, tmp_path, None, REAL, old)
    assert wrong.of == f"{REAL.project_id} at http://127.0.0.1:4321"


@pytest.mark.parametrize("writes", range(1, 9))
def test_a_cut_replacement_of_another_hosts_credentials_leaves_those_of_one_host(
    store, tmp_path, monkeypatch, writes
):
    spec = SinkSpec(type=store.word, target=store.target, key="PHOTON_PROJECT")
    opened = partial(pair_places, spec, tmp_path, None)
    old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
    keep_pair(opened(), REAL, old)
    with monkeypatch.context() as patch:
        cut_after(writes, patch)
        with suppress(SinkError):
            keep_pair(opened(), COPIED, new, [f"{REAL.project_id} at spectrum.example"])

    owners = [len(list(strangers(opened(), origin))) for origin in (REAL, COPIED)]

    assert sum(owners) == 1
    is_whole = store.secret("PHOTON_PROJECT_SECRET") == old.reveal()
    is_whole &= store.word != "githubActions" or writes <= 2  # then nobody sees what is there
    assert owners == ([0, 1] if is_whole else [1, 0])


@pytest.mark.parametrize("word", ["vault", "awsSecretsManager", "kubernetes", "gitlabVariable"])
def test_what_was_stored_after_a_cut_replacement_needs_an_approval_of_its_own(
    tmp_path, monkeypatch, word
):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="PHOTON_PROJECT")
        opened = partial(pair_places, spec, tmp_path, None)
        old, new = Secret("an-old-secret-0123456789"), Secret("a-new-secret-0123456789")
        keep_pair(opened(), OLD, old)
        with monkeypatch.context() as patch:
            cut_after(2 if word == "awsSecretsManager" else 1, patch)
            with suppress(SinkError):
                keep_pair(opened(), NEW, new, [OLD.project_id])
        assert wrong_pairs(spec, tmp_path, None, OLD, old) == ()  # they are there still
        rotated = "rotated-by-its-owner-0123"
        if word == "gitlabVariable":
            store.stand_in.set_variable(store.target, "PHOTON_PROJECT_SECRET", rotated)
        else:
            fields = {"PHOTON_PROJECT_ID": OLD.project_id, "PHOTON_PROJECT_SECRET": rotated}
            put(store, fields, spec, tmp_path)

        with pytest.raises(SinkError, match="another project"):
            keep_pair(opened(), NEW, new)

        (held,) = wrong_pairs(spec, tmp_path, None, NEW, new)
        assert held.of == OLD.project_id


def test_a_pair_that_cant_be_read_for_a_moment_is_not_taken_for_ours(tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as vault:
        spec = SinkSpec(type="vault", target="secret/bot", key="PHOTON_PROJECT")
        opened = partial(pair_places, spec, tmp_path, None)
        new = Secret("a-new-secret-0123456789")
        with monkeypatch.context() as patch:
            cut_after(2, patch)
            with suppress(SinkError):
                keep_pair(opened(), NEW, new)
        fields = {"PHOTON_PROJECT_ID": OLD.project_id, "PHOTON_PROJECT_SECRET": "t" * 40}
        vault.stand_in.mount("secret").write("bot", {"data": fields})
        vault.stand_in.fault("GET", "/data/bot", status=503, times=3)

        with pytest.raises(SinkError):
            keep_pair(opened(), NEW, new)

        vault.stand_in.clear_faults()
        assert vault.secret("PHOTON_PROJECT_ID") == OLD.project_id
        (held,) = wrong_pairs(spec, tmp_path, None, NEW, new)
        assert held.of == OLD.project_id


@pytest.mark.parametrize("word", ["vault", "awsSecretsManager"])
def test_another_id_beside_the_same_secret_is_another_pair(tmp_path, monkeypatch, word):
    with entered(word, tmp_path, monkeypatch) as store:
        spec = SinkSpec(type=word, target=store.target, key="PHOTON_PROJECT")
        new = Secret("a-new-secret-0123456789")
        keep_pair(pair_places(spec, tmp_path, None), NEW, new)
        fields = {"PHOTON_PROJECT_ID": OLD.project_id, "PHOTON_PROJECT_SECRET": new.reveal()}

        put(store, fields)

        assert wrong_pairs(spec, tmp_path, None, NEW, new) != ()


@pytest.mark.parametrize("writes", [0, 1])
def test_keyring_entries_that_were_cut_in_the_middle_are_stored_again(memory, tmp_path, writes):
    spec = SinkSpec(type="keyring", target="bots", key="PHOTON_PROJECT")
    origin = Origin(host="h", project_id="project-0123456789")
    new = Secret("a-new-secret-0123456789")
    write, left = memory.set_password, [None] * writes

    def cut(*what):
        if not left:
            raise Cut
        left.pop()
        write(*what)

    memory.set_password = cut
    with pytest.raises(SinkError):
        keep_pair(pair_places(spec, tmp_path, None), origin, new)
    memory.set_password = write

    assert all(held.of is None for held in wrong_pairs(spec, tmp_path, None, origin, new))
    keep_pair(pair_places(spec, tmp_path, None), origin, new)
    assert wrong_pairs(spec, tmp_path, None, origin, new) == ()


EMPTY = {"errors": []}
NOT_VAULTS = [EMPTY, {"errors": [{"status": 404, "message": "no route"}]}, {"errors": ["no route"]}]


@pytest.mark.parametrize("body", NOT_VAULTS, ids=["empty", "of a gateway", "of another path"])
@pytest.mark.parametrize("ends", ["", "2999-01-01T00:00:00.123456789Z"])
@pytest.mark.parametrize("is_rotation", [True, False])
def test_a_404_that_the_metadata_contradicts_is_no_answer_of_vault(
    tmp_path, monkeypatch, body, is_rotation, ends
):
    with entered("vault", tmp_path, monkeypatch) as vault:
        spec = SinkSpec(type="vault", target="secret/bot", key="BOT")
        mount = vault.stand_in.mount("secret")
        open_sink(spec, tmp_path).store(GIVEN)
        mount.patch("bot", {"data": {"DB_PASSWORD": "theirs"}})
        for version in mount.secrets["bot"].versions.values():
            version.deleted = ends  # delete_version_after: a time to come
        before = dict(vault.stand_in.data("secret", "bot"))
        assert open_sink(spec, tmp_path).stored_for("w-1") is Stored.ALL
        vault.stand_in.fault("GET", r"/data/bot", status=404, body=body, times=99)

        given = replace(GIVEN, signing=None) if is_rotation else replace(GIVEN, webhook_id="w-2")
        with pytest.raises(SinkError):
            open_sink(spec, tmp_path).store(given)

        assert vault.stand_in.data("secret", "bot") == before


@pytest.mark.parametrize(("whose", "owners"), [("p-9", ["p-9"]), ("p-1", [""]), (None, [])])
def test_an_unfinished_step_doesnt_make_another_projects_credentials_ours(
    tmp_path, monkeypatch, whose, owners
):
    with entered("vault", tmp_path, monkeypatch) as vault:
        spec = SinkSpec(type="vault", target="secret/bot", key="PHOTON_PROJECT")
        vault.stand_in.fault("POST", "/data/bot", status=400, times=9)
        ours = Origin(host="https://spectrum.example", project_id="p-1", url="")
        with pytest.raises(SinkError):
            keep_pair(pair_places(spec, tmp_path, None), ours, Secret("s" * 40))
        vault.stand_in.clear_faults()
        if whose is not None:
            fields = {"PHOTON_PROJECT_ID": whose, "PHOTON_PROJECT_SECRET": "t" * 40}
            vault.stand_in.mount("secret").write("bot", {"data": fields})

        found = list(strangers(pair_places(spec, tmp_path, None), ours))

        assert [owner for _, owner in found] == owners


def test_each_region_of_aws_takes_memory_and_there_are_few(tmp_path, monkeypatch):
    with entered("awsSecretsManager", tmp_path, monkeypatch):
        for number in range(20):
            _client(f"arn:aws:secretsmanager:eu-west-{number}:123456789012:secret:x")

        with pytest.raises(StoreProblem, match="20 regions"):
            _client("arn:aws:secretsmanager:eu-west-99:123456789012:secret:x")
