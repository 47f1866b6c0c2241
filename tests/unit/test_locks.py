"""What is in the note of who holds a lock is anybody's: it is said if it can be read."""

import asyncio
import os
import resource
import stat

import pytest
from msgspec.structs import replace

from photonctl.environment import Environment
from photonctl.errors import RefusedError
from photonctl.locks import LockRules, _whose, id_locks, one_at_a_time
from photonctl.port import ProjectRow
from tests.support.clock import FakeClock
from tests.support.fake_photon import FakeAccount

SOMEBODY = "another apply of this project is running"


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"since": 1}', '{"since": 1, "pid": "x"}', "[1]", "[" * 3_000,
     '{"since": [], "pid": 1}', "x" * 100_000, '{"pid": Infinity, "since": 0}'],
    ids=range(9),
)  # fmt: skip
def test_a_note_in_another_form_says_nothing(tmp_path, text):
    owner = tmp_path / "owner"
    owner.write_text(text)

    assert _whose(owner, FakeClock()) == SOMEBODY


def test_a_note_that_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")

    for name in ("pipe", "device", "missing"):
        assert _whose(tmp_path / name, FakeClock()) == SOMEBODY


@pytest.mark.parametrize("mask", [0, 0o002, 0o022, 0o077])
def test_a_folder_of_locks_is_ours_alone_whatever_the_umask(tmp_path, mask):
    folder = tmp_path / "state" / "photonctl" / "locks"

    async def hold():
        rules = LockRules(folder=folder)
        async with one_at_a_time(["a", "b"], rules, FakeClock(), lambda _: None) as is_held:
            return is_held

    before = os.umask(mask)
    try:
        assert asyncio.run(hold())
        assert asyncio.run(hold())
    finally:
        os.umask(before)

    modes = {stat.S_IMODE(one.stat().st_mode) for one in (folder, *folder.parents[:2])}
    assert modes == {0o700}


def test_the_note_of_one_that_was_killed_is_no_obstacle_with_a_second_name(tmp_path):
    folder = tmp_path / "photonctl" / "locks"

    async def hold():
        async with one_at_a_time(["a"], LockRules(folder=folder), FakeClock(), print) as is_held:
            (owner,) = folder.glob("*.owner")
            return is_held, owner

    _, owner = asyncio.run(hold())
    owner.write_text("{}")
    os.link(owner, tmp_path / "backup")

    assert asyncio.run(hold())[0]
    assert (tmp_path / "backup").read_text() == "{}"


def test_a_project_that_cant_be_found_takes_no_other_projects_lock():
    account = FakeAccount()
    one, other = (account.add(name).row for name in ("one", "other"))

    class Odd(FakeAccount):
        async def lock_id(self, name, project_id, *, is_only):
            if name == "twice":
                raise RefusedError("there are two of this name")
            return await super().lock_id(name, project_id, is_only=is_only)

    account.__class__ = Odd
    twice = ProjectRow(id="x", name="twice", spectrum_id=None)
    found = asyncio.run(id_locks([twice, one, other], account))

    assert {f"project {one.id}", f"project {other.id}"} <= set(found)


def hold_many(folder, count):
    async def hold():
        rules, names = LockRules(folder=folder), map(str, range(count))
        async with one_at_a_time(names, rules, FakeClock(), print) as is_held:
            return is_held

    return asyncio.run(hold())


def test_a_fleet_takes_more_locks_than_a_process_may_open_files_at_first(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        assert hold_many(tmp_path / "photonctl" / "locks", 400)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class Narrow:
    """A system that allows no more files than 256."""

    RLIMIT_NOFILE, RLIM_INFINITY = 7, -1

    def getrlimit(self, which):
        return 256, -1

    def setrlimit(self, which, limits):
        raise ValueError("not allowed to raise maximum limit")


def test_more_locks_than_the_system_allows_are_refused_before_any_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("photonctl.locks.resource", Narrow())

    with pytest.raises(RefusedError, match="locks 400 projects") as caught:
        hold_many(tmp_path, 400)

    assert "--shard 1/2" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
    assert hold_many(tmp_path, 90)


def test_a_project_has_one_lock_whatever_a_manifest_calls_it():
    account = FakeAccount()
    row = account.add("bot").row
    named = ProjectRow(id=None, name="bot", spectrum_id=None)

    assert asyncio.run(id_locks([row], account)) == asyncio.run(id_locks([named], account))


SETTINGS = {
    "a home": {"HOME": "home"},
    "a place for state": {"HOME": "home", "XDG_STATE_HOME": "home/.local/state"},
    "a journal elsewhere": {"HOME": "home", "PHOTONCTL_STATE_DIR": "state"},
    "another journal": {"HOME": "home", "PHOTONCTL_STATE_DIR": "other"},
}


def rules_of(folder, settings):
    given = {name: str(folder / value) for name, value in SETTINGS[settings].items()}
    return Environment(given).rules(allow_exec=True, lock_timeout_s=0).lock


def is_kept_out(one, other):
    async def hold():
        async with one_at_a_time(["a"], one, FakeClock(), print) as is_held:
            assert is_held
            async with one_at_a_time(["a"], other, FakeClock(), print):
                return False

    try:
        return asyncio.run(hold())
    except RefusedError:
        return True


@pytest.mark.parametrize("one", SETTINGS)
@pytest.mark.parametrize("other", SETTINGS)
def test_two_runs_of_one_user_meet_wherever_each_has_its_journal(tmp_path, one, other):
    assert is_kept_out(rules_of(tmp_path, one), rules_of(tmp_path, other))


def test_runs_that_share_a_folder_for_state_meet_without_a_home(tmp_path):
    (tmp_path / "file").write_text("")
    one, other = (
        rules_of(tmp_path, "a journal elsewhere"),
        rules_of(tmp_path, "a journal elsewhere"),
    )
    nowhere = tmp_path / "file" / "photonctl" / "locks"  # can't be made

    assert is_kept_out(replace(one, folder=nowhere), replace(other, folder=None))


def test_a_folder_with_two_names_is_locked_once(tmp_path):
    """A home that is a link, and a place for the journal that is named without it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to("real")
    folder = tmp_path / "home" / ".local" / "state" / "photonctl"
    settings = {"HOME": str(tmp_path / "home"), "PHOTONCTL_STATE_DIR": str(folder)}
    lock = Environment(settings).rules(allow_exec=True, lock_timeout_s=0).lock

    assert is_held_by(lock)


def test_a_home_that_others_can_write_needs_no_more_than_another_place(tmp_path):
    rules = rules_of(tmp_path, "a journal elsewhere")
    (tmp_path / "home/.local/state/photonctl").mkdir(parents=True)
    (tmp_path / "home/.local/state/photonctl").chmod(0o777)

    assert is_kept_out(rules, rules)
    with pytest.raises(RefusedError, match="folder of locks"):
        is_held_by(replace(rules, also=None))


def is_held_by(rules):
    async def hold():
        async with one_at_a_time(["a"], rules, FakeClock(), print) as is_held:
            return is_held

    return asyncio.run(hold())
