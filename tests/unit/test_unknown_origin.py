"""What nobody knows the owner of is nobody's to write over, however a place is asked."""

import asyncio
from contextlib import suppress

import keyring
import pytest
from keyring.backend import KeyringBackend

from photonctl.errors import PhotonctlError, PlanRefused
from photonctl.model.reason import Why
from photonctl.model.ref import ResourceRef
from photonctl.model.state import Stored
from photonctl.rotation import rotate_signing_secret
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.keyring import KeyringSink
from tests.stores.running import entered
from tests.support.engine import errors
from tests.unit.sinks.test_each_value import put

HEAD, URL = "version: 1\nproject: {name: bot}\n", "https://bot.example.com/hook"
THEIRS = "somebody-elses-live-secret-0123"
FILE, RING = "{envFile: .env, key: HOOK}", "{keyring: bots, key: HOOK}"


class LockedError(Exception):
    """What a keyring raises that is locked."""


class Ring(KeyringBackend):
    """A keyring of which one read may fail."""

    priority = 5

    def __init__(self, kept):
        self.kept = dict(kept)
        self.reads = 0
        self.fails_at = -1

    def get_password(self, service, name):
        self.reads += 1
        if self.reads - 1 == self.fails_at:
            raise LockedError
        return self.kept.get(name)

    def set_password(self, service, name, value):
        self.kept[name] = value

    def delete_password(self, service, name):
        self.kept.pop(name, None)


@pytest.fixture
def ring():
    before = keyring.get_keyring()

    def made(kept):
        backend = Ring(kept)
        keyring.set_keyring(backend)
        return backend

    yield made
    keyring.set_keyring(before)


def hook(place, more=""):
    return f"{HEAD}webhooks: [{{url: '{URL}', secret: {place}{more}}}]\n"


@pytest.mark.parametrize("name", ["HOOK", "HOOK_STANDARD"])
@pytest.mark.parametrize("empty", [{}, {"HOOK_WEBHOOK_ID": ""}])
@pytest.mark.parametrize("kind", ["keyring", "envFile"])
def test_a_secret_without_an_id_is_of_unknown_origin(engine, ring, tmp_path, kind, name, empty):
    there = {name: THEIRS, **empty}
    backend = ring(there)
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in there.items()))

    with pytest.raises(PlanRefused, match="unknown origin"):
        engine.apply(hook(RING if kind == "keyring" else FILE))

    assert backend.kept == there
    assert engine.variables()[name] == THEIRS


def test_no_place_holds_the_secret_of_no_webhook(ring, tmp_path):
    ring({"HOOK": THEIRS})
    (tmp_path / ".env").write_text(f"HOOK={THEIRS}\nHOOK_WEBHOOK_ID=\n")

    for sink in (KeyringSink("bots", "HOOK"), EnvFileSink(tmp_path / ".env", "HOOK")):
        assert sink.stored_for("") is Stored.OTHER


@pytest.mark.parametrize("fails_at", range(24))
def test_a_read_that_fails_once_makes_no_place_free(engine, ring, fails_at):
    there = {"HOOK": THEIRS, "HOOK_WEBHOOK_ID": "11111111-2222-4333-8444-555555555555"}
    backend = ring(there)
    backend.fails_at = fails_at

    with suppress(PhotonctlError):
        engine.apply(hook(RING))

    assert backend.kept == there


@pytest.mark.parametrize("store", ["vault", "awsSecretsManager", "kubernetes", "gitlabVariable"])
def test_a_storing_that_only_asked_makes_nobodys_credential_its_own(
    engine, store, tmp_path, monkeypatch
):
    with entered(store, tmp_path, monkeypatch) as place:
        text = HEAD.replace("bot}", f"bot, credentials: {{{store}: {place.target}}}}}")
        assert not errors(engine.apply(text))
        (project,) = engine.account.live.values()
        asyncio.run(engine.account.regenerate_secret(project.row.id))
        with monkeypatch.context() as failing, suppress(PhotonctlError):
            service = f"photonctl.sinks.{_MODULES[store]}"
            failing.setattr(f"{service}.write", _refuses)
            engine.apply(text)
        names = ("PHOTON_PROJECT_ID", "PHOTON_PROJECT_SECRET")
        there = {name: place.secret(name) for name in names}
        put(place, {**there, "PHOTON_PROJECT_SECRET": THEIRS})

        with pytest.raises(PlanRefused, match="credentials of an unknown project"):
            engine.apply(text)

        assert place.secret("PHOTON_PROJECT_SECRET") == THEIRS


def test_a_copy_of_a_server_gets_no_project_of_the_other_to_write_over(
    engine, tmp_path, monkeypatch
):
    with entered("vault", tmp_path, monkeypatch) as place:
        text = HEAD.replace("bot}", f"bot, credentials: {{vault: {place.target}}}}}")
        assert not errors(engine.apply(text))
        there = place.secret("PHOTON_PROJECT_SECRET")
        engine.account.host = "http://127.0.0.1:4321"
        (project,) = engine.account.live.values()
        asyncio.run(engine.account.regenerate_secret(project.row.id))

        with pytest.raises(PlanRefused, match=f"{project.project_id} at [a-z]"):
            engine.apply(text)

        assert place.secret("PHOTON_PROJECT_SECRET") == there


_MODULES = {
    "vault": "vault.VaultSecret",
    "awsSecretsManager": "aws.AwsSecret",
    "kubernetes": "kubernetes.KubernetesSecret",
    "gitlabVariable": "web.WebStore",
}


def _refuses(*_, **__):
    from photonctl.sinks.service import StoreProblem

    raise StoreProblem("not now", "Later.")


@pytest.mark.parametrize("standard", ["whsec_AnotherLiveSecretOfSomebodyElse00", None])
def test_a_copy_of_a_legacy_secret_excuses_no_other_secret_beside_it(engine, tmp_path, standard):
    for key in ("OLD", "NEW"):
        assert not errors(engine.apply(hook(f"{{envFile: .env, key: {key}}}")))
    text = (tmp_path / ".env").read_text()
    lines = [x for x in text.splitlines() if not x.startswith("OLD_STANDARD=")]
    (tmp_path / ".env").write_text(
        "\n".join([*lines, *([f"OLD_STANDARD={standard}"] if standard else [])]) + "\n"
    )

    def again():
        return engine.apply(hook("{envFile: .env, key: OLD}"))

    if standard is None:
        assert not errors(again())
    else:
        with pytest.raises(PlanRefused, match="unknown origin"):
            again()
        assert engine.variables()["OLD_STANDARD"] == standard


@pytest.mark.parametrize("fails_at", range(20))
@pytest.mark.parametrize("case", ["a copy", "an older one"])
def test_a_read_that_fails_once_replaces_no_webhook(engine, ring, case, fails_at):
    backend = ring({})
    file, rule = "{envFile: .env, key: HOOK}", ", onMissingSecret: replace"
    before = hook(RING, rule) if case == "a copy" else hook(f"[{RING}, {file}]", rule)
    assert not errors(engine.apply(before))
    if case == "an older one":
        old = dict(backend.kept)
        (project,) = engine.load(before)
        asyncio.run(rotate_signing_secret(engine.account, project, ResourceRef("webhook", URL), 0))
        backend.kept = old
    backend.reads, backend.fails_at = 0, fails_at

    (plan,) = engine.plan(hook(f"[{RING}, {file}]", rule)).projects

    assert Why.SECRET_LOST not in [action.reason.why for action in plan.actions]
    if not plan.actions:
        assert any("can't be read" in text for text in plan.warnings)
