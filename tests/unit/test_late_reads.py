"""A place that can't be read for a moment after the plan was made: that doesn't say "nothing"."""

import asyncio
from contextlib import suppress

import pytest
from msgspec.structs import replace

from photonctl.adoption import adopt_signing_secret
from photonctl.errors import PhotonctlError
from photonctl.manifest.trust import Trust
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import OneTimeSecrets
from photonctl.reach import Reach
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks.env_file import EnvFileSink
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount

ANOTHERS = "whsec_" + "9" * 32
URL, OTHER = "https://bot.example.com/hook", "https://other.example.com/hook"
FILE, MORE = "{envFile: ../shared.env, key: BOT}", "{envFile: more.env, key: BOT}"


def hook(*places, url=URL, more=", schemaVersion: raw-inbound.v1"):
    secret = places[0] if len(places) == 1 else f"[{', '.join(places)}]"
    head = "version: 1\nproject: {name: bot}\nlimits: false\nwebhooks:"
    return f"{head} [{{url: '{url}', secret: {secret}{more}}}]\n"


class World:
    """Machines that share a file, of which one read fails."""

    def __init__(self, root, monkeypatch):
        self.root, self.account = root, FakeAccount()
        self.trust = Trust(reach=Reach(allowed=(root.resolve(),)))
        self.project = self.account.add("bot")
        self.left = None
        read = EnvFileSink._read

        def fails(sink):
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    self.left = None
                    raise OSError(5, "Input/output error")
            return read(sink)

        monkeypatch.setattr(EnvFileSink, "_read", fails)

    def machine(self, name):
        (self.root / name).mkdir(exist_ok=True)
        engine = Engine(self.root / name, self.account)
        engine.trust = self.trust
        return engine

    def rotate(self, name, text):
        (project,) = self.machine(name).load(text)
        ref = ResourceRef("webhook", URL)
        asyncio.run(rotate_signing_secret(self.account, project, ref, None))

    def adopt(self, name, text, secret):
        (project,) = self.machine(name).load(text)
        offered = OneTimeSecrets(webhook_id="", standard=secret)
        ref = ResourceRef("webhook", URL)
        asyncio.run(adopt_signing_secret(self.account, project, ref, offered, lambda _: None))

    @property
    def live(self):
        (secrets,) = self.project.secrets.values()
        return secrets

    @property
    def holds_newest(self):
        variables = self.machine("any").variables("../shared.env")
        return variables.get("BOT_STANDARD") == self.live.standard.reveal()


def adopting_an_older_secret(world, store, at):
    world.machine("b").apply(hook(FILE))
    old = world.live.standard
    world.rotate("b", hook(FILE))
    world.left = at
    world.adopt("a", hook(FILE), old)


def copying_an_older_secret(world, store, at):
    world.machine("a").apply(hook(store.sink(), FILE))
    world.rotate("b", hook(FILE))
    world.left = at
    world.machine("a").apply(hook(store.sink(), FILE, MORE))


def repeated_as_a_rotation(world, store, at):
    world.machine("b").apply(hook(FILE))
    old, rotated = world.live, world.project._rotate

    def lies(*args):
        given, until = rotated(*args)
        return replace(given, standard=old.standard), until

    world.project._rotate = lies
    world.left = at
    world.rotate("a", hook(FILE))


@pytest.mark.parametrize(
    "step", [adopting_an_older_secret, copying_an_older_secret, repeated_as_a_rotation]
)
def test_no_newer_secret_is_lost(step, tmp_path, monkeypatch):
    with entered("vault", tmp_path, monkeypatch) as store:
        for at in range(25):
            store.reset()
            (root := tmp_path / f"{at}").mkdir()
            with monkeypatch.context() as patched:
                world = World(root, patched)
                with suppress(PhotonctlError):
                    step(world, store, at)
                world.left = None
                (plan,) = world.machine("a").plan(hook(FILE)).projects

                assert world.holds_newest or plan.actions or plan.warnings, at


def test_what_a_place_held_is_put_back_or_named(tmp_path, monkeypatch):
    for at in range(25):
        (root := tmp_path / f"{at}").mkdir()
        world = World(root, monkeypatch)
        assert world.machine("a").apply(hook(FILE)).converged
        before = (root / "shared.env").read_text()
        world.left = at

        said = ""
        with suppress(PhotonctlError):
            text = hook(FILE, "{exec: ['false']}", url=OTHER)
            said = " ".join(errors(world.machine("a").apply(text)))
        world.left = None

        is_there = (root / "shared.env").read_text() == before
        assert is_there or "can't be put back" in said, at
        monkeypatch.undo()


def test_what_somebody_stores_during_a_rotation_stays(tmp_path, monkeypatch):
    for at in range(15):
        (root := tmp_path / f"{at}").mkdir()
        world = World(root, monkeypatch)
        assert world.machine("a").apply(hook(FILE)).converged
        path, came = root / "shared.env", []

        def gate(name, *, is_done=False, world=world, path=path, came=came):
            if name == "rotate_secret" and not is_done:
                path.write_text(path.read_text().replace(world.live.standard.reveal(), ANOTHERS))
                came.append(name)

        world.project.gate = gate
        world.left = at
        with suppress(PhotonctlError):
            world.rotate("a", hook(FILE))

        assert not came or ANOTHERS in path.read_text(), at
        monkeypatch.undo()


def test_a_place_that_gives_nobody_its_secrets_is_no_source_and_no_obstacle(tmp_path, monkeypatch):
    with entered("githubActions", tmp_path, monkeypatch) as store:
        world = World(tmp_path, monkeypatch)
        text = hook(FILE, MORE, store.sink())
        assert world.machine("a").apply(text).converged
        (tmp_path / "a/more.env").unlink()

        assert not errors(world.machine("a").apply(text))

        more = world.machine("a").variables("more.env")
        assert more["BOT_STANDARD"] == world.live.standard.reveal()
        assert not world.machine("a").plan(text).projects[0].actions


@pytest.mark.parametrize("version", ["", ", schemaVersion: raw-inbound.v1"])
@pytest.mark.parametrize("is_rotated", [False, True])
def test_adopting_one_secret_keeps_the_other_one(version, is_rotated, tmp_path, monkeypatch):
    world = World(tmp_path, monkeypatch)
    text = hook(FILE, more=version)
    assert world.machine("b").apply(text).converged
    if is_rotated:
        world.rotate("b", text)
    (project,) = world.machine("a").load(text)  # whose journal knows nothing of it
    offered = OneTimeSecrets(webhook_id="", signing=world.live.signing)
    ref = ResourceRef("webhook", URL)

    asyncio.run(adopt_signing_secret(world.account, project, ref, offered, lambda _: None))

    assert world.holds_newest
    assert world.machine("a").variables("../shared.env")["BOT"] == world.live.signing.reveal()
