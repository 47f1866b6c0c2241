"""Each example, applied end to end, as a newcomer would."""

import shutil
import stat
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(params=["quickstart", "team-csv", "multi-project"])
def example(request, bare_cli):
    shutil.copytree(EXAMPLES / request.param, bare_cli.folder, dirs_exist_ok=True)
    bare_cli.env["CI"] = "true"  # an example must not rely on a sink that a runner refuses
    return bare_cli


def test_an_example_converges_on_the_embedded_emulator(example):
    example.ok("apply", "--emulator", "-f", ".", "-y")

    assert example.run("plan", "--emulator", "-f", ".", "--detailed-exitcode").returncode == 0
    local = ".photonctl/emulator/.env"
    assert stat.S_IMODE((example.folder / local).stat().st_mode) == 0o600
    assert any(len(value) == 64 for value in example.env_file(local).values())
    assert not (example.folder / ".env").exists()


def test_an_export_of_an_example_is_what_is_live(example):
    example.ok("apply", "--emulator", "-f", ".", "-y")
    exported = example.ok("export", "--emulator", "-f", ".")

    done = example.run("plan", "--emulator", "-f", "-", "--detailed-exitcode", stdin=exported)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.iterdir()} == {
        "quickstart",
        "team-csv",
        "multi-project",
        "deploy",  # in tests/packaging/test_deployments.py
    }
