import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = PROJECT["dependencies"]
EXTRAS = [
    line
    for extra in ("emulator", "keyring", "metrics", "socks")
    for line in PROJECT["optional-dependencies"][extra]
]


def locked(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    return {entry.split("==")[0]: entry for entry in entries}


def name_of(requirement):
    return re.split(r"[\[>=]", requirement)[0].lower()


def bound_of(requirement):
    return tuple(int(part) for part in requirement.split(">=")[1].split("."))


def version_of(entry):
    return tuple(int(part) for part in re.match(r"[^=]+==([\d.]+)", entry)[1].split("."))


def padded(version):
    return (*version, 0, 0, 0)[:3]


@pytest.mark.parametrize("lock", ["run", "dev", "minimum"])
def test_every_locked_package_has_hashes_and_no_address(lock):
    for entry in locked(lock).values():
        assert "--hash=sha256:" in entry
        assert "://" not in entry


@pytest.mark.parametrize(
    ("lock", "wanted"), [("run", RUNTIME), ("dev", RUNTIME + EXTRAS), ("minimum", RUNTIME + EXTRAS)]
)
def test_every_dependency_is_locked(lock, wanted):
    assert {name_of(requirement) for requirement in wanted} <= locked(lock).keys()


@pytest.mark.parametrize("requirement", RUNTIME + EXTRAS)
def test_the_minimum_is_what_the_project_allows(requirement):
    entry = locked("minimum")[name_of(requirement)]
    assert padded(version_of(entry)) == padded(bound_of(requirement))


@pytest.mark.parametrize("file", ["scripts/environment", "Dockerfile", "action.yml"])
def test_a_lock_is_installed_as_it_is(file):
    """Resolving again fails on the day a package of the lock has a newer release (pip 23)."""
    lines = [line for line in (ROOT / file).read_text().splitlines() if "--require-hashes" in line]
    assert lines
    assert all("--no-deps" in line for line in lines)
