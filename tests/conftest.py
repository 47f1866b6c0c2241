"""What tests of several layers share: a local Photon, in this process or as one of its own."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import hypothesis
import pytest

from tests.support import warm

# Laws hold however fast the machine is.
hypothesis.settings.register_profile("photonctl", deadline=None)
hypothesis.settings.load_profile("photonctl")
# A shell starts what it puts in the background with SIGINT ignored, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
PHOTONCTL = Path(sys.executable).with_name("photonctl")
GENERATIONS = ("2026-06", "2026-09")


def _needs_a_start(env):
    """Does an environment have what Python reads when it starts, or what measures coverage?"""
    changed = any(k.startswith(("LC_", "LANG")) and env[k] != os.environ.get(k) for k in env)
    return changed or any(name.startswith(("PYTHON", "COV")) for name in env)


@dataclass(frozen=True)
class Photon:
    """A local Photon in a process of its own, and its control endpoints."""

    url: str
    token: str

    def add_faults(self, *faults: str) -> None:
        answer = httpx.post(f"{self.url}/__emulator__/faults", json={"faults": faults})
        assert answer.status_code == 200, answer.text

    def clear(self) -> None:
        httpx.delete(f"{self.url}/__emulator__/faults")
        httpx.delete(f"{self.url}/__emulator__/log")

    def log(self) -> list[dict]:
        return httpx.get(f"{self.url}/__emulator__/log").json()

    def dashboard(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.url}/api", headers=headers)

    def spectrum(self, name: str) -> httpx.Client:
        """Open the project of this name, as somebody behind photonctl's back would."""
        with self.dashboard() as dashboard:
            rows = dashboard.get("/projects/").json()
            (project_id,) = [row["id"] for row in rows if row["name"] == name]
            project = dashboard.get(f"/projects/{project_id}").json()
        spectrum_id = project.get("spectrumProjectId", project["id"])
        return httpx.Client(
            base_url=f"{self.url}/projects/{spectrum_id}",
            auth=(spectrum_id, project["projectSecret"]),
        )


@contextmanager
def photon_process(*flags: str) -> Iterator[Photon]:
    """Run ``photonctl emulator`` on a free port until the block ends."""
    process = subprocess.Popen(
        [PHOTONCTL, "emulator", "--port", "0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        said = dict(
            re.fullmatch(r"export (\w+)=(.*)\n", process.stdout.readline()).groups()
            for _ in range(3)
        )
        yield Photon(url=said["PHOTON_SPECTRUM_HOST"], token=said["PHOTON_TOKEN"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def photon_of():
    """Return a function: API generation → its local Photon, one process for the whole session."""
    with ExitStack() as stack:

        @cache
        def start(generation: str) -> Photon:
            flags = ("--rate", "0", "--api-generation", generation)
            return stack.enter_context(photon_process(*flags))

        yield start


def fresh(photon: Photon) -> Photon:
    """Return it without the faults and the log of the test before."""
    photon.clear()
    return photon


@pytest.fixture(params=GENERATIONS)
def photon(request, photon_of):
    """A local Photon of each API generation in turn."""
    return fresh(photon_of(request.param))


@pytest.fixture
def newer_photon(photon_of):
    """A local Photon of the newer API generation."""
    return fresh(photon_of("2026-09"))


@pytest.fixture
def older_photon(photon_of):
    """A local Photon of the older API generation."""
    return fresh(photon_of("2026-06"))


@dataclass
class Cli:
    """The installed command in a folder of its own, with an environment of its own."""

    folder: Path
    env: dict[str, str]

    def run(self, *args: str, stdin: str = "", env: dict | None = None, is_new: bool = False):
        """Run the command; ``is_new``: in a process that has loaded nothing (see ``warm.py``)."""
        whole = {**self.env, **(env or {})}
        if not is_new and not _needs_a_start(whole):
            return warm.run(args, cwd=self.folder, env=whole, stdin=stdin, timeout=110)
        return subprocess.run(
            [PHOTONCTL, *args],
            cwd=self.folder,
            env=whole,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def ok(self, *args: str, **kwargs) -> str:
        """Run and expect success; return standard output."""
        done = self.run(*args, **kwargs)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, *args: str):
        """Run beside the test; it is ended when the block is left."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a child inherits what nohup does
        process = subprocess.Popen(
            [PHOTONCTL, *args],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C reaches what a command has begun, too
        )
        signal.signal(signal.SIGHUP, before)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def write(self, text: str, name: str = "photon.yaml") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def env_file(self, name: str = ".env") -> dict[str, str]:
        from dotenv import dotenv_values

        return dotenv_values(self.folder / name)


def wait_for(what, limit_s=60):
    """Poll until something is true."""
    deadline = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return found


def bare_environment(home: Path) -> dict[str, str]:
    """Return an environment without credentials or switches; coverage's own variables stay."""
    kept = {k: v for k, v in os.environ.items() if k.startswith(("COV", "LANG", "LC_"))}
    return {**kept, "HOME": str(home), "PATH": os.environ["PATH"]}


@pytest.fixture
def bare_cli(tmp_path):
    """The command without credentials."""
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    return Cli(folder, bare_environment(home))


def connected(cli: Cli, photon: Photon) -> Cli:
    """Return the command with hosts and token of a local Photon."""
    hosts = {
        "PHOTON_DASHBOARD_HOST": photon.url,
        "PHOTON_SPECTRUM_HOST": photon.url,
        "PHOTON_TOKEN": photon.token,
    }
    return Cli(cli.folder, {**cli.env, **hosts})


@pytest.fixture
def cli(bare_cli, photon):
    """The command against a local Photon of each API generation."""
    return connected(bare_cli, photon)


@pytest.fixture
def newer_cli(bare_cli, newer_photon):
    """The command against a local Photon of the newer API generation."""
    return connected(bare_cli, newer_photon)


@pytest.fixture
def name(request):
    """A project name of the test's own."""
    return f"p-{request.node.originalname[:50]}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def older_cli(bare_cli, older_photon):
    """The command against a local Photon of the older API generation."""
    return connected(bare_cli, older_photon)


def pytest_terminal_summary(terminalreporter):
    """Print how many positions and cases of the matrices passed."""
    passed = terminalreporter.stats.get("passed", ())
    for what in ("crash positions", "full disks", "fault cases"):
        found = [dict(report.user_properties).get(what, 0) for report in passed]
        if any(found):
            terminalreporter.write_line(f"{sum(found)} {what} passed")
