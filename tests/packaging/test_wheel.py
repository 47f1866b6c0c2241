"""The built wheel holds what the checkout has, and says what it lacks."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel"]
    subprocess.run([*pip, "--quiet", "--no-deps", "-w", folder, ROOT], check=True)
    (found,) = folder.glob("photonctl-*.whl")
    return found


def run_from(wheel, *args, without=()):
    """Run the command from the wheel, the checkout out of reach; some libraries can be hidden."""
    script = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name in {without!r}: raise ModuleNotFoundError(name)\n"
        "from importlib.util import find_spec\n"
        "import importlib.util\n"
        f"importlib.util.find_spec = lambda n: None if n in {without!r} else find_spec(n)\n"
        f"sys.path.insert(0, {str(wheel)!r})\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "import photonctl\n"
        f"assert photonctl.__file__.startswith({str(wheel)!r})\n"
        "from photonctl.cli.main import run\n"
        f"sys.exit(run({list(args)!r}))\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    return subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=wheel.parent,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_schema_comes_along(wheel):
    done = run_from(wheel, "schema")

    assert done.stdout == (ROOT / "schemas" / "photon.schema.json").read_text()


def test_the_emulators_pages_come_along(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    pages = (ROOT / "photonctl/emulator/templates").iterdir()

    assert {f"photonctl/emulator/templates/{page.name}" for page in pages} <= set(names)


def test_types_and_licence_come_along(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    assert "photonctl/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_without_the_extra_the_emulator_says_how_to_get_it(wheel):
    (wheel.parent / "photon.yaml").write_text("version: 1\nproject: {name: x}\n")

    for args in (["plan", "--emulator"], ["emulator"]):
        done = run_from(wheel, *args, without=("starlette", "uvicorn"))
        assert done.returncode == 64, done.stderr
        assert "pip install 'jinja2" in done.stderr
