"""Killed at every request to Photon and to a secret store, with a new and empty disk for each run.

Each store against a stand-in of its own API. ``FAULT_STEP`` in the environment: every how many
positions one is tried; a store in memory tries every one.
"""

import asyncio
import itertools
import logging
import os
from contextlib import suppress
from itertools import count

import pytest

from photonctl.errors import Ambiguous, PlanRefused, Rejected
from photonctl.journal import Journal
from photonctl.kinds.webhook.kept import Kept
from photonctl.kinds.webhook.rotating import rotate_secret
from photonctl.model.spec import STORES, SinkSpec
from photonctl.sinks import open_sink, stores
from photonctl.sinks.aws import AwsSecret
from photonctl.sinks.kubernetes import KubernetesSecret
from photonctl.sinks.service import ReadableStore, StoreProblem, judged_notes
from photonctl.sinks.vault import VaultSecret
from photonctl.sinks.web import WebStore
from tests.matrix.scenario import set_gate
from tests.stores.running import entered
from tests.support.disk import Killed, World
from tests.support.engine import Engine, errors
from tests.support.fake_photon import HOST, FakeAccount, no_gate

KEEP, MOVE, NEW = (f"https://{name}.example.com/" for name in ("keep", "move", "new"))
STEP = int(os.environ.get("FAULT_STEP", "8"))

pytestmark = pytest.mark.timeout(900)


class Memory(ReadableStore):
    """A store in memory; in ``loose`` ones a write can be left half done."""

    def __init__(self, kept, gate, key, shown, names):
        self.kept = kept  # (values, notes by key)
        self.gate = gate
        self.shown = shown
        self._key = key
        self._names = names

    def _step(self, change):
        self.gate("store")
        change()
        self.gate("store", is_done=True)

    def notes(self):
        self.gate("store")
        kept, asked = self.kept[1].get(self._key, ("", ""))
        return judged_notes(kept, asked, self._key, self._names, self.kept[0])

    def prove(self):
        self.gate("store")

    def write_asked(self, line):
        kept, _ = self.kept[1].get(self._key, ("", ""))
        self._step(lambda: self.kept[1].update({self._key: (kept, line)}))

    def write(self, values, record, check, asked=""):
        from photonctl.model.held import kept_line

        check(self.marks())
        for name, secret in values.items():
            value = None if secret is None else secret.reveal()
            self._step(lambda name=name, value=value: self.kept[0].update({name: value}))
        check(None)
        self._step(lambda: self.kept[1].update({self._key: (kept_line(record), asked)}))

    def read(self):
        self.gate("store")
        return {name: value for name, value in self.kept[0].items() if value}


def manifest(word, target, *, has_new=True):
    """Return a manifest: one webhook stays, one is replaced, one is new."""

    def hook(url, key, more=""):
        return f"  - {{url: '{url}', secret: {{{word}: {target}, key: {key}}}{more}}}\n"

    text = "version: 1\nproject: {name: bot}\nwebhooks:\n" + hook(KEEP, "KEEP")
    if not has_new:
        return text
    return text + hook(MOVE, "MOVE", ", onMissingSecret: replace") + hook(NEW, "NEW")


class Place:
    """One kind of store, its stand-in, and what reads a value from it."""

    def __init__(self, word, target, secret, reset):
        self.word = word
        self.target = target
        self.secret = secret
        self.reset = reset

    def begin(self, folder, opened):
        """Return an engine whose account has one webhook in order and one whose secret is lost."""
        account = FakeAccount()
        project = account.add("bot")
        text = manifest(self.word, self.target, has_new=False)
        engine = Engine(folder, account)
        assert engine.apply(text).converged
        asyncio.run(project.register_webhook({"webhookUrl": MOVE}))
        opened.append(engine)
        return engine


def apply(engine, place):
    return engine.apply(manifest(place.word, place.target))


def rotate(engine, place):
    """Do what ``webhook rotate`` does, with no overlap: the old secret dies at once."""
    (project,) = engine.account.live.values()
    hook = next(row for row in project.hook_rows.values() if row.webhook_url == KEEP)
    spec = SinkSpec(type=place.word, target=place.target, key="KEEP")
    kept = Kept(project, Journal(engine.folder), open_sink(spec, engine.folder), spec, HOST)
    asyncio.run(rotate_secret(kept, webhook_id=hook.id, key=KEEP, overlap_s=0))


def wrong_in_the_end(engine, place, folder):
    """Apply once more from an empty disk, and return what isn't as it must be."""
    set_gate(engine.account, no_gate)
    there = Engine(folder, engine.account)
    there.clock = engine.clock
    report = apply(there, place)
    if not report.converged:
        return [f"didn't converge: {errors(report)}"]
    (project,) = engine.account.live.values()
    hooks = sorted(row.webhook_url for row in project.hook_rows.values())
    wrong = [] if hooks == sorted([KEEP, MOVE, NEW]) else [f"webhooks {hooks}"]
    for row in project.hook_rows.values():
        key = row.webhook_url.removeprefix("https://").partition(".")[0].upper()
        secrets = project.secrets[row.id]
        stored = [place.secret(name) for name in (f"{key}_WEBHOOK_ID", key, f"{key}_STANDARD")]
        if stored != [row.id, secrets.signing.reveal(), secrets.standard.reveal()]:
            wrong.append(f"the secret of {row.webhook_url} isn't stored")
    again = Engine(folder, engine.account).plan(manifest(place.word, place.target))
    if again.has_changes:
        wrong.append("another plan has changes")
    return wrong


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


def crashes(place, command, when, positions, folders, watched):
    """Kill a command at positions; return how many there were, and what was wrong where."""
    wrong = {}
    for position in positions:
        place.reset()
        world = World(kind="request", at=position, when=when)
        engine = place.begin(next(folders), [])
        set_gate(engine.account, world.gate)
        watched.append(world.gate)
        try:
            command(engine, place)
        except (Killed, ExceptionGroup):
            assert world.is_dead
        watched.clear()
        if world.counts["request"] <= position and not world.is_dead:
            return position, wrong
        # What is asked at once is counted at once: no request begins at some positions.
        found = wrong_in_the_end(engine, place, next(folders))
        if found:
            wrong[position] = found
    return 0, wrong


@pytest.fixture
def folders(tmp_path):
    def made():
        for number in itertools.count():
            folder = tmp_path / f"machine-{number}"
            folder.mkdir()
            yield folder

    return made()


@pytest.fixture
def gates():
    return []


@pytest.fixture
def memory(monkeypatch, gates):
    kept = ({}, {})

    def gate(name, *, is_done=False):
        for one in gates:
            one(name, is_done=is_done)

    monkeypatch.setattr(
        stores, "_service", lambda spec, names: Memory(kept, gate, spec.key, spec.target, names)
    )
    return Place("vault", "secret/bot", kept[0].get, lambda: [part.clear() for part in kept])


@pytest.mark.parametrize("command", [apply, rotate])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_anywhere_the_next_machine_converges(
    memory, gates, folders, when, command, record_property
):
    positions, wrong = crashes(memory, command, when, count(), folders, gates)

    record_property("crash positions", positions)
    assert wrong == {}
    assert positions > (10 if command is apply else 2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("credentials", ["", ", credentials: {vault: secret/bot}"])
def test_killed_while_a_project_is_created_the_next_machine_goes_on(
    memory, gates, folders, when, credentials, record_property
):
    text = manifest("vault", "secret/bot").replace("name: bot}", f"name: bot{credentials}}}")
    wrong = {}
    for position in count():
        memory.reset()
        world, account = World(kind="request", at=position, when=when), FakeAccount()
        set_gate(account, world.gate)
        gates.append(world.gate)
        with suppress(Killed, ExceptionGroup):
            Engine(next(folders), account).apply(text)
        gates.clear()
        if world.counts["request"] <= position and not world.is_dead:
            break
        set_gate(account, no_gate)
        report = Engine(next(folders), account).apply(text)
        if not report.converged or len(account.live) != 1:
            wrong[position] = errors(report)

    record_property("crash positions", position)
    assert wrong == {}
    assert position > 10


def test_a_refused_creation_leaves_no_note(memory, folders):
    account = FakeAccount()

    def refuse(name, *, is_done=False):
        if name == "create_project":
            raise Rejected("no", status=400)

    account.gate = refuse
    Engine(next(folders), account).apply(manifest("vault", "secret/bot"))

    keys = ("KEEP", "MOVE", "NEW")
    places = [SinkSpec(type="vault", target="secret/bot", key=key) for key in keys]
    assert [open_sink(place, next(folders)).record() for place in places] == [None] * 3


ASKS = {
    "awsSecretsManager": (AwsSecret, "_call"),
    "kubernetes": (KubernetesSecret, "_call"),
    "vault": (VaultSecret, "_call"),
    "githubActions": (WebStore, "ask"),
    "gitlabVariable": (WebStore, "ask"),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("command", [apply, rotate])
@pytest.mark.parametrize("word", STORES)
def test_killed_at_a_request_to_a_store_the_next_machine_converges(
    word, command, when, gates, folders, tmp_path, monkeypatch, record_property
):
    kind, name = ASKS[word]
    ask = getattr(kind, name)

    def gated(self, *args, **kwargs):
        for one in gates:
            one("store")
        answer = ask(self, *args, **kwargs)
        for one in gates:
            one("store", is_done=True)
        return answer

    with entered(word, tmp_path, monkeypatch) as store:
        monkeypatch.setattr(kind, name, gated)
        place = Place(word, store.target, store.secret, store.reset)
        first = STEP // 2 if command is apply else 0
        positions, wrong = crashes(place, command, when, count(first, STEP), folders, gates)

    record_property("crash positions", positions // STEP)
    assert wrong == {}
    assert positions > 0


def test_a_store_that_fails_for_good_changes_nothing(memory, gates, folders):
    engine = memory.begin(next(folders), [])

    def fails(*_, **__):
        raise StoreProblem("no permission", "Ask for it.")

    gates.append(fails)
    before = dict(next(iter(engine.account.live.values())).hook_rows)
    with pytest.raises(PlanRefused, match=r"isn't known: .*no permission"):
        engine.apply(manifest(memory.word, memory.target))

    assert next(iter(engine.account.live.values())).hook_rows == before


def test_what_another_run_registered_and_stored_stays_after_a_lost_answer(memory, folders):
    engine = memory.begin(next(folders), [])
    (project,) = engine.account.live.values()
    before, asked = dict(project.hook_rows), []

    def lying(request, *, is_done=False):
        """Show no webhook at first, and lose the answer to a registration."""
        asked.append(request)
        if request == "register_webhook" and not is_done:
            raise Ambiguous("POST: Busy (status 502)")

    project.gate = lying
    honest = project.webhooks

    async def late():
        return await honest() if "register_webhook" in asked else ()

    project.webhooks = late
    there = Engine(next(folders), engine.account)

    report = there.apply(manifest(memory.word, memory.target, has_new=False))

    assert "its secret is stored" in " ".join(errors(report))
    assert project.hook_rows == before
    project.gate = no_gate
    again = there.plan(manifest(memory.word, memory.target, has_new=False)).projects[0]
    assert [action.verb.value for action in again.actions] == ["delete"]  # of what isn't declared
