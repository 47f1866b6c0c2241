"""Measuring: whole processes, in turns with their peers, and a local Photon to measure against."""

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

BIN = Path(sys.executable).parent
PHOTONCTL, PYTHON = str(BIN / "photonctl"), sys.executable
PEER = os.environ.get("PEER_PYTHON", PYTHON)
"""A Python with httpx and nothing else: where rich or trio are installed, httpx loads them, too."""
TOKEN = "photon-emulator-token"  # the emulator's documented one
GNU_TIME = Path("/usr/bin/time")


class Run(NamedTuple):
    """What a process took: seconds, and KiB at its peak (0 without GNU time)."""

    seconds: float
    kib: int


class Result(NamedTuple):
    """One figure. ``budget``: the most it may be; None = it is only compared."""

    what: str
    value: float
    budget: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.budget is None or self.value <= self.budget

    @property
    def is_gross(self) -> bool:
        """Is it what no noise explains? Requests are counted, so they have none."""
        slack = 1 if "requests" in self.what else 2
        return self.budget is not None and self.value > slack * self.budget


def timed(words: list[str], codes: tuple[int, ...] = (0,), **options: object) -> Run:
    """Run a process to its end."""
    measured = [str(GNU_TIME), "-f", "peak %M", *words] if GNU_TIME.exists() else words
    began = time.perf_counter()
    done = subprocess.run(measured, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    took = time.perf_counter() - began
    assert done.returncode in codes, f"{words}: {done.returncode}\n{done.stderr[-800:]}"
    found = re.search(r"^peak (\d+)$", done.stderr, re.MULTILINE)
    return Run(took, int(found[1]) if found else 0)


def ratio(rounds: int, ours: Callable[[], float], peers: Callable[[], float]) -> float:
    """Return the ratio of medians, measured in turns after one that isn't counted."""
    peers(), ours()
    pairs = [(peers(), ours()) for _ in range(rounds)]
    return statistics.median(o for _, o in pairs) / statistics.median(p for p, _ in pairs)


class Local:
    """A folder with manifests, and a local Photon."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.env = {
            **os.environ,
            "PHOTON_DASHBOARD_HOST": url,
            "PHOTON_SPECTRUM_HOST": url,
            "PHOTON_TOKEN": TOKEN,
            "HOME": str(folder),
        }

    def run(self, *words: str) -> Run:
        """Run photonctl here."""
        return timed([PHOTONCTL, *words], cwd=self.folder, env=self.env)

    def script(self, name: str, text: str) -> Callable[[], float]:
        """Write a peer's program; return what runs it."""
        path = self.folder / name
        path.write_text(text)
        return lambda: timed([PEER, str(path)], cwd=self.folder, env=self.env).seconds

    def requests(self, *words: str) -> int:
        """Return how many requests a command makes."""
        before = self.log()[-1]["seq"]
        self.run(*words)
        return sum(row["seq"] > before for row in self.log())  # type: ignore[operator]

    def log(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = httpx.get(f"{self.url}/__emulator__/log").json()
        return rows

    def projects(self) -> list[dict[str, str]]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        rows: list[dict[str, str]] = httpx.get(f"{self.url}/api/projects/", headers=headers).json()
        return rows


@contextmanager
def local(*, rate: int = 0) -> Iterator[Local]:
    """Run a local Photon; ``rate``: requests per second and project, 0 = no limit."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [PHOTONCTL, "emulator", "--port", str(port), "--rate", str(rate), "--calm"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server,
    ):
        try:
            found = Local(f"http://127.0.0.1:{port}", Path(folder))
            for _ in range(200):
                try:
                    httpx.get(found.url)
                    break
                except httpx.HTTPError:
                    time.sleep(0.05)
            yield found
        finally:
            server.terminate()


def users_yaml(count: int) -> str:
    """Return users in YAML, with a name and an e-mail each."""
    return "".join(
        f'  - phoneNumber: "+1555{n:07d}"\n    firstName: Ada{n}\n    lastName: Lovelace\n'
        f"    email: ada{n}@example.com\n"
        for n in range(count)
    )


def manifest(users: int, name: str = "bot") -> str:
    """Return a manifest with so many users and a webhook."""
    hook = f"{{url: https://{name}.example.com/x, secret: {{envFile: .env, key: K_{name}}}}}"
    head = f"version: 1\nproject: {{name: {name}}}\n"
    return f"{head}users:\n{users_yaml(users)}webhooks: [{hook}]\n".replace("K_bot-", "K_bot_")
