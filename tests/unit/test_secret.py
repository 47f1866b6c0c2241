import copy
import json
import pickle
import re
from pathlib import Path

import pytest

import photonctl
from photonctl.model.secret import Secret, holds_secret, note_secret

ROOT = Path(photonctl.__file__).parent


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("hunter2")

    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>10}", str([secret])]

    assert not any("hunter2" in text for text in shown)


@pytest.mark.parametrize("write", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_cant_be_written_by_accident(write):
    with pytest.raises(TypeError):
        write(Secret("hunter2"))


def test_secrets_compare_by_their_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_secrets_are_opened_in_few_places():
    opened = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if re.search(r"\.reveal\(\)", path.read_text(encoding="utf-8"))
    }

    assert opened == {
        "api/access.py",  # what no manifest may hold
        "api/auth.py",  # the header of a request
        "api/device_login.py",  # the body of a poll
        "credentials/sources.py",  # which checks its form
        "credentials/store.py",
        "os_keyring.py",
        "signatures.py",
        "sinks/env_file.py",
        "sinks/exec.py",
        "sinks/keyring.py",  # an id, which a keyring keeps like a secret
        "sinks/pair_places.py",
        "cli/secrets.py",  # the environment of a command
        "sinks/aws.py",
        "sinks/github.py",
        "sinks/gitlab.py",
        "sinks/kubernetes.py",
        "sinks/vault.py",
        "sinks/web.py",  # an id
    }


def test_secrets_that_a_server_chooses_cost_no_long_search(forgetful):
    """Few of them: to look for each whole one at each place takes the square of their length."""
    for letter in "BCDEFGHIJKLMNO":
        note_secret("a" * 998 + letter + "a")
    text = "https://h.example/" + "a" * 2_450

    assert all(holds_secret(text) for _ in range(6_500))  # refused, rather than searched
    assert not holds_secret("https://h.example/" + "ab" * 1_200)
    assert holds_secret("x" + "a" * 998 + "Ba")
