"""Files and keyrings that somebody else writes while photonctl does."""

import os
import subprocess
import sys

import pytest

from photonctl.errors import RefusedError, SinkError, SinkNotWritable
from photonctl.intents import check_unchanged
from photonctl.model.secret import Secret
from photonctl.model.spec import OneTimeSecrets, Origin, SinkSpec
from photonctl.sinks import whose
from photonctl.sinks.env_file import EnvFileSink
from photonctl.sinks.keyring import KeyringSink
from photonctl.sinks.pair_places import pair_places
from photonctl.sinks.variables import read_variables, set_variables
from tests.support.engine import Engine, errors
from tests.support.fake_photon import FakeAccount, FakeProject

OURS = OneTimeSecrets(
    webhook_id="w-1", signing=Secret("ours-0123456789"), standard=Secret("whsec_b3Vycw")
)
THEIRS = OneTimeSecrets(
    webhook_id="w-9", signing=Secret("theirs-0123456789"), standard=Secret("whsec_dGhlaXJz")
)
URL = "https://bot.example.com/hook"


@pytest.fixture(params=["file", "keyring"])
def place(request, tmp_path):
    """Return what opens one place, as another process would."""
    if request.param == "file":
        return lambda: EnvFileSink(tmp_path / ".env", "BOT")
    request.getfixturevalue("memory")
    return lambda: KeyringSink("bot", "BOT")


def test_what_came_since_a_place_was_proven_is_not_written_over(place):
    ours = place()
    ours.check_writable()
    place().store(THEIRS)

    with pytest.raises(SinkError, match="somebody else has stored a secret"):
        ours.store(OURS)

    assert place().kept().standard == THEIRS.standard


def test_what_came_since_a_plan_stops_an_intent(place):
    seen = whose(place())
    place().store(THEIRS)

    with pytest.raises(SinkNotWritable, match="another secret than when the plan was made"):
        check_unchanged(place(), seen)


def test_ones_own_steps_are_no_change(place):
    ours = place()
    ours.check_writable()
    ours.store(OURS)
    ours.store(OneTimeSecrets(webhook_id="w-1", standard=Secret("whsec_bmV3")))

    assert place().kept().standard.reveal() == "whsec_bmV3"


def test_a_line_that_somebody_adds_meanwhile_stays(tmp_path):
    ours = EnvFileSink(tmp_path / ".env", "BOT")
    ours.check_writable()
    (tmp_path / ".env").write_text("BOT=typed-in-by-somebody\n")

    with pytest.raises(SinkError, match="somebody else"):
        ours.store(OURS)

    assert (tmp_path / ".env").read_text() == "BOT=typed-in-by-somebody\n"


def test_storing_under_another_name_is_no_change_for_the_first(tmp_path):
    """A secret moves to another name, and another webhook's comes under the first."""
    path = tmp_path / ".env"
    EnvFileSink(path, "ONE").store(OURS)
    seen = whose(EnvFileSink(path, "ONE"))
    one = EnvFileSink(path, "ONE")
    one.check_writable()
    EnvFileSink(path, "TWO").store(OURS)

    check_unchanged(one, seen)
    one.store(THEIRS)

    assert EnvFileSink(path, "ONE").kept().webhook_id == "w-9"
    assert EnvFileSink(path, "TWO").kept().webhook_id == "w-1"


def test_a_webhook_whose_secret_has_no_place_any_more_is_taken_back(tmp_path):
    """Another apply of the same folder stores under the same name, in between."""

    class Slow(FakeProject):
        async def register_webhook(self, fields):
            EnvFileSink(tmp_path / ".env", "BOT").store(THEIRS)
            return await super().register_webhook(fields)

    account = FakeAccount()
    row = account.add("bot").row
    project = account.live[row.id] = Slow(**vars(account.live[row.id]))
    entry = f"{{url: '{URL}', secret: {{envFile: .env, key: BOT}}}}"
    engine = Engine(tmp_path, account)

    report = engine.apply(f"version: 1\nproject: {{name: bot}}\nwebhooks: [{entry}]\n")

    assert not report.converged
    assert any("somebody else has stored a secret" in error for error in errors(report))
    assert project.hook_rows == {}
    assert EnvFileSink(tmp_path / ".env", "BOT").kept().webhook_id == "w-9"


@pytest.mark.parametrize(
    "sink", ["{envFile: x.env, key: K}", "[{envFile: x.env}, {exec: ['true']}]"]
)
def test_a_file_that_cant_be_read_refuses_a_plan(tmp_path, sink):
    account = FakeAccount()
    account.add("bot")
    (tmp_path / "x.env").write_bytes(b"A=1\n\xff\xfe\n")
    engine = Engine(tmp_path, account)

    text = f"version: 1\nproject: {{name: bot}}\nwebhooks: [{{url: '{URL}', secret: {sink}}}]\n"
    (refusal,) = engine.plan(text).projects[0].refusals

    assert "isn't UTF-8 text" in refusal.message


WRITER = """
import sys
from pathlib import Path
from photonctl.sinks.variables import set_variables

path, state, name = sys.argv[1:]
for number in range(40):
    set_variables(Path(path), {f"{name}{number}": "v" * 40}, Path(state) if state else None)
"""


@pytest.mark.parametrize("states", [("", ""), ("", "one"), ("one", "two")])
def test_two_runs_with_state_folders_of_their_own_lose_nothing_of_each_other(tmp_path, states):
    path = tmp_path / "shared" / ".env"
    path.parent.mkdir()
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, state and str(tmp_path / state), name]
        )
        for name, state in zip("AB", states, strict=True)
    ]
    for run in runs:
        with run:
            assert run.wait() == 0

    assert len(read_variables(path)) == 80


def test_a_folder_that_somebody_holds_for_good_is_said(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("photonctl.sinks.alone._WRITE_S", 0.0)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(RefusedError, match="locked by another process"):
            set_variables(tmp_path / ".env", {"A": "b"})
    finally:
        os.close(handle)

    set_variables(tmp_path / ".env", {"A": "b"})
    assert read_variables(tmp_path / ".env") == {"A": "b"}


def test_credentials_that_came_meanwhile_are_not_written_over(tmp_path):
    [place] = pair_places(SinkSpec(type="envFile", target="pair.env", key=""), tmp_path, None)
    assert place.held() is None
    theirs = "PHOTON_PROJECT_ID=p-9\nPHOTON_PROJECT_SECRET=theirs-0123456789\n"
    (tmp_path / "pair.env").write_text(theirs)

    with pytest.raises(SinkError, match="somebody else stores credentials there"):
        place.store(Origin(host="h", project_id="p-1"), Secret("ours-0123456789"))

    assert (tmp_path / "pair.env").read_text() == theirs
