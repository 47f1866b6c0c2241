"""git is asked about the real repository only, and starts nothing on the way."""

import os
import subprocess

import pytest

from photonctl import versioned
from photonctl.versioned import is_tracked, to_be_committed, tracked


def git(folder, *words):
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture
def nested(tmp_path):
    """A repository in which a pull request has put a folder that looks like a repository."""
    folder = tmp_path / "deploy"
    for part in ("objects", "refs", ".photonctl/intents"):
        (folder / part).mkdir(parents=True)
        (folder / part / "x").write_text("")
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "x.sh").write_text("#!/bin/sh\ntouch ran\n")
    (folder / "x.sh").chmod(0o755)
    (folder / "config").write_text(
        "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\n"
        "fsmonitor = ./x.sh\nhooksPath = .\n"
    )
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    return folder


def test_a_folder_that_looks_like_a_repository_isnt_asked(nested):
    assert is_tracked(nested / ".photonctl") is True
    assert to_be_committed([nested / ".env"]) == [nested / ".env"]
    assert not list(nested.parent.rglob("ran"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_NOGLOB_PATHSPECS", "1"),
        ("GIT_GLOB_PATHSPECS", "1"),
        ("GIT_ICASE_PATHSPECS", "1"),
        ("GIT_INDEX_FILE", "{}/other-index"),
        ("GIT_DIR", "{}/other.git"),
        ("GIT_COMMON_DIR", "{}/other.git"),
        ("GIT_WORK_TREE", "{}/other"),
        ("GIT_OBJECT_DIRECTORY", "{}/other"),
        ("GIT_NAMESPACE", "other"),
        ("GIT_CONFIG_PARAMETERS", "'core.excludesFile'='{}/all'"),
        ("GIT_TRACE_SETUP", "{}/ran"),
    ],
)
def test_what_git_gives_its_hooks_answers_no_question(nested, monkeypatch, name, value):
    (nested.parent / "all").write_text("*\n")
    git(nested.parent, "init", "-q", "--bare", "other.git")
    monkeypatch.setenv(name, value.format(nested.parent))

    assert is_tracked(nested / ".photonctl") is True
    assert tracked([nested / "x.sh", nested / "y"]) == {nested / "x.sh": True, nested / "y": False}
    assert to_be_committed([nested / "x.sh", nested / ".env"]) == [nested / "x.sh", nested / ".env"]
    assert not list(nested.parent.rglob("ran"))


def test_an_ignored_file_isnt_committed(nested):
    (nested.parent / ".gitignore").write_text(".env\n")

    assert to_be_committed([nested / ".env"]) == []


def test_outside_a_work_tree_nothing_is_tracked(tmp_path):
    assert is_tracked(tmp_path / ".photonctl") is False
    assert to_be_committed([tmp_path / ".env"]) == []
    assert tracked([tmp_path / ".env"]) == {tmp_path / ".env": False}


def test_a_repository_that_git_cant_read_says_nothing_certain(nested):
    (nested.parent / ".git" / "config").write_text("[broken")

    assert is_tracked(nested / ".photonctl") is None
    assert is_tracked(nested / "other" / ".photonctl") is False


@pytest.mark.parametrize("name", [".PhotonCtl", ".PHOTONCTL", ".photonctl"])
def test_what_is_tracked_in_another_case_is_tracked(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "journal").touch()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A", ".")

    assert is_tracked(tmp_path / ".photonctl") is True
    assert is_tracked(tmp_path / ".photonctx") is False


def test_many_files_of_several_work_trees_are_judged_with_few_questions(tmp_path, monkeypatch):
    asked = []
    run = subprocess.run
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / ".gitignore").write_text("*.env\n!kept.env\n")
        (tmp_path / name / "sub" / "Known.env").write_text("A=1\n")
        git(tmp_path / name, "init", "-q")
        git(tmp_path / name, "add", "-f", "sub/Known.env")
    monkeypatch.setattr(subprocess, "run", lambda *a, **more: asked.append(a) or run(*a, **more))
    names = ["sub/Known.env", "sub/known.env", "kept.env", ":(top)kept.env", "a/../kept.env"]
    names += [f"{n}.env" for n in range(5_000)]
    paths = [tmp_path / tree / name for tree in ("one", "two") for name in names]

    committed, known = to_be_committed(paths), tracked(paths)

    assert [path.name for path in committed[:3]] == ["Known.env", "kept.env", "kept.env"]
    assert len(committed) == 6
    assert {path.name for path in paths if known[path]} == {"Known.env", "known.env"}
    assert len(asked) <= 6


def test_where_git_cant_tell_its_own_list_decides(nested):
    git(nested.parent, "rm", "-q", "--cached", "deploy/x.sh")
    (nested.parent / ".git" / "config").write_text("[broken")

    known = tracked([nested / "config", nested / "x.sh", nested / "CONFIG"])

    assert list(known.values()) == [None, False, None]
    assert to_be_committed([nested / "config"]) == []


def test_one_path_that_git_refuses_silences_no_warning(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "mod").mkdir()
    git(tmp_path, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},mod")
    names = [f"{n}.env" for n in range(20)]

    committed = to_be_committed([tmp_path / name for name in (*names, "mod/b.env")])

    assert [path.name for path in committed if path.parent == tmp_path] == names


def test_patterns_that_take_git_any_time_hide_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(versioned, "_TIMEOUT_S", 0.3)
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("/**/a" * 14 + "/z\n")
    deep = tmp_path.joinpath(*["a"] * 38)
    paths = [deep / f"{n}.env" for n in range(60)]

    assert to_be_committed(paths) == paths


def test_many_work_trees_share_the_time_that_git_has(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(versioned, "_listed", lambda _: frozenset())
    monkeypatch.setattr(versioned, "monotonic", lambda: 100.0 + len(asked))

    def slow(root, *_, timeout_s, **__):
        asked.append(timeout_s)

    monkeypatch.setattr(versioned, "_git", slow)
    paths = []
    for number in range(20):
        (tmp_path / f"s{number}" / ".git").mkdir(parents=True)
        paths.append(tmp_path / f"s{number}" / ".env")

    assert to_be_committed(paths) == paths
    assert sum(asked) <= 5 + 4 + 3 + 2 + 1
