"""What somebody stores while a run is at work is kept, whatever the run was to store there."""

from contextlib import nullcontext

import pytest

from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin, SinkSpec
from photonctl.model.state import HELD
from photonctl.sinks import open_sink
from tests.stores.running import entered
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

URL = "https://bot.example.com/hook"
ELSEWHERE = "{envFile: c.env, key: C}"
PLACES = (
    "envFile", "vault", "awsSecretsManager", "kubernetes", "gitlabVariable", "githubActions"
)  # fmt: skip
STEPS = ("register", "rotate", "copy")
THEIRS = OneTimeSecrets(
    webhook_id="w-theirs",
    signing=Secret("f" * 64),
    standard=Secret("whsec_dGhlaXJzLXRoZWlycy10aGVpcnMtMDE"),
    origin=Origin(
        host="https://photon.test", project_id="their-project", url="https://their.example/hook"
    ),
)


class Busy(FakeProject):
    """Calls back while a user is created."""

    meanwhile = None

    async def put_user(self, fields):
        found = await super().put_user(fields)
        if self.meanwhile is not None:
            self.meanwhile()
        return found


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    account = FakeAccount()
    row = account.add("bot").row
    account.live[row.id] = Busy(**vars(account.live[row.id]))
    return Engine(tmp_path, account)


def manifest(secret, users="", more=""):
    rotates = ", schemaVersion: raw-inbound.v1, onMissingSecret: rotate"
    hook = f"{{url: '{URL}', secret: {secret}{rotates}}}"
    return f"version: 1\nproject: {{name: bot}}\nusers: [{users}]\nwebhooks: [{hook}]\n"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("place", PLACES)
def test_it_is_refused_and_nothing_is_written_over(engine, place, step, tmp_path, monkeypatch):
    begun = nullcontext() if place == "envFile" else entered(place, tmp_path, monkeypatch)
    with begun as store:
        target = ".env" if store is None else store.target
        spec = SinkSpec(type=place, target=target, key="BOT")
        here = f"{{{place}: {target}, key: BOT}}"
        if step != "register":
            assert not errors(engine.apply(manifest(ELSEWHERE)))
        wanted = manifest(
            f"[{ELSEWHERE}, {here}]" if step == "copy" else here, "{phoneNumber: +15551230001}"
        )
        (project,) = engine.account.live.values()
        before = {name: secrets.standard for name, secrets in project.secrets.items()}
        project.meanwhile = lambda: open_sink(spec, tmp_path).store(THEIRS)

        report = engine.apply(wanted)

        (said,) = errors(report)
        assert "somebody else stores there" in said
        assert {name: s.standard for name, s in project.secrets.items()} == before
        assert open_sink(spec, tmp_path).stored_for("w-theirs") in HELD
