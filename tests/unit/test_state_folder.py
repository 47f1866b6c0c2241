"""Whose ``.photonctl`` it is: a planted one must not have a healthy webhook replaced."""

import os
import subprocess

import pytest

from photonctl import state_folder as module
from photonctl.environment import Environment
from photonctl.errors import RefusedError
from photonctl.journal import Journal
from photonctl.registered import name_of
from photonctl.state_folder import state_folder, work_folder, work_place
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

PROJECT, URL = "p1", "https://b.example.com/"


@pytest.fixture(autouse=True)
def forgets_what_git_said():
    module._is_committed.cache_clear()


def link(folder):
    (folder / "elsewhere").mkdir()
    (folder / ".photonctl").symlink_to("elsewhere")


def file(folder):
    (folder / ".photonctl").write_text("")


def writable_by_others(folder):
    (folder / ".photonctl").mkdir()
    (folder / ".photonctl").chmod(0o777)


def writable_by_a_group(folder):
    (folder / ".photonctl").mkdir()
    (folder / ".photonctl").chmod(0o770)


def anothers(folder):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    (folder / ".photonctl").mkdir(mode=0o700)
    os.chown(folder / ".photonctl", 12345, -1)


def committed(folder):
    def git(*words):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)

    git("init", "-q")
    (folder / ".photonctl/intents").mkdir(parents=True, mode=0o700)
    (folder / ".photonctl").chmod(0o700)
    (folder / ".photonctl/intents" / name_of(PROJECT, URL)).write_text("")
    git("add", "-f", ".photonctl")


PLANTED = [link, file, writable_by_others, writable_by_a_group, anothers, committed]
USES = {
    "making it": state_folder,
    "working in it": work_folder,
    "asking where it is": work_place,
    "an intent": lambda folder: Journal(folder).has_intent(PROJECT, URL),
    "a note": lambda folder: Journal(folder).note(PROJECT, URL).last_registered,
    "all notes": lambda folder: Journal(folder).all_deleted(),
    "writing": lambda folder: Journal(folder).open_intent(PROJECT, URL),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_folder_isnt_used(tmp_path, plant, use):
    plant(tmp_path)

    with pytest.raises(RefusedError) as caught:
        use(tmp_path)

    assert ".photonctl" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["intents", "registered"])
@pytest.mark.parametrize("use", list(USES)[3:])
def test_a_link_in_it_isnt_followed(tmp_path, name, use):
    (tmp_path / "elsewhere").mkdir()
    (state_folder(tmp_path) / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / name_of(PROJECT, URL)).write_text("\nw1\n")
    touched = {"intents": ("an intent", "writing"), "registered": ("a note", "all notes")}[name]

    if use in touched:
        with pytest.raises(RefusedError):
            USES[use](tmp_path)
    else:
        assert not USES[use](tmp_path)


def test_an_intent_or_a_note_that_is_a_link_is_none(tmp_path):
    for name in ("intents", "registered"):
        (state_folder(tmp_path) / name).mkdir(mode=0o700)
        (tmp_path / "target").write_text("\nw1\n")
        (state_folder(tmp_path) / name / name_of(PROJECT, URL)).symlink_to(tmp_path / "target")

    assert not Journal(tmp_path).has_intent(PROJECT, URL)
    assert Journal(tmp_path).note(PROJECT, URL).last_registered is None
    assert (tmp_path / "target").read_text() == "\nw1\n"


def test_a_gitignore_that_is_a_link_isnt_written_through(tmp_path):
    (tmp_path / ".photonctl").mkdir(mode=0o700)
    (tmp_path / ".photonctl/.gitignore").symlink_to(tmp_path / "target")

    with pytest.raises(RefusedError):
        state_folder(tmp_path)

    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("plant", [writable_by_others, anothers], ids=lambda plant: plant.__name__)
def test_a_chosen_folder_is_this_users_alone_too(tmp_path, plant):
    plant(tmp_path)
    (tmp_path / ".photonctl").rename(tmp_path / "state")

    with pytest.raises(RefusedError, match="so it isn't used"):
        work_folder(tmp_path, tmp_path / "state")


def test_a_chosen_folder_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to("real")

    state = Environment({"PHOTONCTL_STATE_DIR": str(tmp_path / "state")}).state

    assert work_folder(tmp_path, state) == tmp_path / "real"


@pytest.mark.parametrize("name", ["state", "a/b", "."])
def test_a_chosen_folder_that_is_a_part_of_the_repository_isnt_used(tmp_path, name):
    place = tmp_path / "work"
    chosen = place / name
    (chosen / "intents").mkdir(parents=True, mode=0o700)
    chosen.chmod(0o700)
    (chosen / "intents" / name_of(PROJECT, URL)).write_text("")
    for words in (["init", "-q"], ["add", "-f", "."]):
        subprocess.run(["git", *words], cwd=place, check=True, capture_output=True)

    with pytest.raises(RefusedError, match="part of the git repository"):
        Journal(place, chosen).has_intent(PROJECT, URL)


def test_a_chosen_folder_that_git_doesnt_keep_is_used(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)

    Journal(tmp_path, tmp_path / "state").open_intent(PROJECT, URL)

    assert Journal(tmp_path, tmp_path / "state").has_intent(PROJECT, URL)


def test_what_git_says_is_asked_again_for_each_plan(tmp_path, monkeypatch):
    """A checkout that is pulled while a watch runs in it."""
    monkeypatch.chdir(tmp_path)
    account = FakeAccount()
    account.add("bot")
    engine = Engine(tmp_path, account)
    subprocess.run(["git", "init", "-q"], check=True)
    text = "version: 1\nproject: {name: bot}\nusers: [{phoneNumber: '+15551234567'}]\n"
    engine.apply(text)
    engine.plan(text)
    (tmp_path / ".photonctl").mkdir(exist_ok=True, mode=0o700)
    (tmp_path / ".photonctl/intents").mkdir(exist_ok=True, mode=0o700)
    (tmp_path / ".photonctl/intents/planted").write_text("")

    subprocess.run(["git", "add", "-f", ".photonctl/intents/planted"], check=True)

    with pytest.raises(RefusedError, match="part of the git repository"):
        engine.plan(text)
    with pytest.raises(RefusedError, match="part of the git repository"):
        engine.apply(text)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_gitignore_that_is_no_file_isnt_opened(tmp_path, make):
    (tmp_path / ".photonctl").mkdir(mode=0o700)
    make(tmp_path / ".photonctl/.gitignore")

    with pytest.raises(RefusedError, match="is no file"):
        state_folder(tmp_path)
