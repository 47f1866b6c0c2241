"""The public API is typed for both type checkers, strictly."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import photonctl

FILE = Path(__file__).with_name("public_api.py")
ROOT = FILE.parents[2]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_mypy_accepts_a_program_that_uses_all_of_it():
    done = run(sys.executable, "-P", "-m", "mypy", "--strict", "--config-file=", str(FILE))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="pyright runs on Node.js")
def test_pyright_accepts_it_too():
    done = run(sys.executable, "-P", "-m", "pyright", str(FILE))

    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_public_is_there_and_documented():
    for name in photonctl.__all__:
        assert getattr(photonctl, name).__doc__, name
    with pytest.raises(AttributeError):
        _ = photonctl.nothing_of_this_name
