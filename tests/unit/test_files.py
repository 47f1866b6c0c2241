import os
import stat

import pytest

from photonctl.credentials.store import CredentialFile
from photonctl.errors import RefusedError
from photonctl.files import (
    create_private,
    locked,
    open_private,
    read_bounded,
    temporary_prefix,
    write_private,
)
from photonctl.model.secret import Secret
from photonctl.state_folder import state_folder, work_folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_private_from_the_start(tmp_path):
    file = tmp_path / "secret"

    write_private(file, b"x")

    assert (file.read_bytes(), mode(file)) == (b"x", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_file_that_others_could_read_becomes_private(tmp_path):
    file = tmp_path / ".env"
    file.write_text("A=1\n")
    file.chmod(0o644)

    write_private(file, b"A=2\n")

    assert mode(file) == 0o600


@pytest.mark.parametrize("mask", [0, 0o002, 0o022])
def test_folders_of_secrets_are_private_with_those_above_that_were_missing(tmp_path, mask):
    credentials, state = tmp_path / "a/b/auth.json", tmp_path / "c/d/state"

    before = os.umask(mask)
    try:
        CredentialFile(credentials).keep_login("https://app.photon.codes", Secret("x" * 20), None)
        work_folder(tmp_path, state)
    finally:
        os.umask(before)

    made = [folder for folder in tmp_path.rglob("*") if folder.is_dir()]
    assert len(made) == 5
    assert {mode(folder) for folder in made} == {0o700}


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("A=1\n")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)  # a full disk can't be had otherwise
    with pytest.raises(OSError, match="No space left"):
        write_private(file, b"A=2\n")

    assert file.read_text() == "A=1\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("target", ["real", "../outside", "missing"])
def test_nothing_is_written_through_a_link(tmp_path, target):
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "real").write_text("kept")
    (inner / "link").symlink_to(target)

    with pytest.raises(RefusedError, match="symbolic link"):
        write_private(inner / "link", b"x")

    assert (inner / "real").read_text() == "kept"
    assert not (tmp_path / "outside").exists()
    assert not (inner / "missing").exists()


def test_reading_is_bounded(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"12345")

    assert read_bounded(file, 5) == b"12345"
    with pytest.raises(ValueError, match="larger"):
        read_bounded(file, 4)


def test_the_state_folder_stays_out_of_version_control(tmp_path):
    folder = state_folder(tmp_path)

    assert mode(folder) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    (folder / ".gitignore").write_text("")  # killed between making and writing it
    assert state_folder(tmp_path) == folder
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_lock_can_be_taken_again_after_its_release(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "x.lock"):
            pass


def test_what_a_crash_left_is_removed_by_the_next_write(tmp_path):
    inner = tmp_path / "state"
    inner.mkdir()
    (inner / f"{temporary_prefix(tmp_path / '.env')}abc123.tmp").write_text("A=secret")
    others = [
        inner / f"{temporary_prefix(tmp_path / name)}abc123.tmp" for name in (".env.prod", "x")
    ]
    for other in others:
        other.write_text("somebody is writing this")

    write_private(tmp_path / ".env", b"A=2\n", by_way_of=inner)

    assert (tmp_path / ".env").read_bytes() == b"A=2\n"
    assert sorted(inner.iterdir()) == sorted(others)


@pytest.mark.parametrize("write", [create_private, lambda path, _: open_private(path).close()])
def test_what_is_written_is_private_whatever_was_there(tmp_path, write):
    file = tmp_path / "events"
    file.write_text("old\n")
    file.chmod(0o666)

    write(file, b"")

    assert (file.read_bytes(), mode(file)) == (b"", 0o600)


@pytest.mark.parametrize("make", ["symlink_to", "hardlink_to"])
def test_what_is_written_never_goes_to_a_file_of_another_name(tmp_path, make):
    kept, file = tmp_path / "kept", tmp_path / "events"
    kept.write_text("precious")
    getattr(file, make)(kept)

    with pytest.raises((OSError, RefusedError)):
        open_private(file)

    assert kept.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_only_an_env_file_stays_anothers(tmp_path):
    plan, env = tmp_path / "plan.json", tmp_path / ".env"
    for file in (plan, env):
        file.write_text("")
        os.chown(file, 65534, 65534)

    write_private(plan, b"x")
    write_private(env, b"x", keeps_owner=True)

    assert (plan.stat().st_uid, env.stat().st_uid) == (0, 65534)
    with pytest.raises(RefusedError, match="somebody else"):
        open_private(env)


def test_the_folder_of_a_misspelled_path_isnt_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        state_folder(tmp_path / "no" / "such")

    assert list(tmp_path.iterdir()) == []
