"""Our commands beside what does the same without us, in one run: ratios, not seconds.

    python benchmarks/ratios.py                   # everything; some minutes
    python benchmarks/ratios.py start small       # some of it
    python benchmarks/ratios.py --quick           # exits with 1 above twice a budget

Needs an environment with photonctl and its extra ``emulator`` and nothing else: httpx loads rich
and trio where they are installed, which would change the peer.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BIN = Path(sys.executable).parent
PHOTONCTL, PYTHON = str(BIN / "photonctl"), sys.executable
TOKEN = "photon-emulator-token"  # the emulator's documented one
BUDGETS = {
    "--version ÷ python -c pass": 2.0,
    "--help ÷ python -c pass": 4.0,
    "no-op plan, 3 users ÷ the same reads in httpx": 1.3,
    "no-op plan, 1,000 users ÷ the same reads in httpx": 1.5,
    "no-op plan, 10,000 users ÷ CSafeLoader": 1.5,
    "no-op plan, 100,000 users ÷ CSafeLoader": 1.0,
    "peak memory of that ÷ the loader's": 0.5,
    "validate 100,000 CSV rows ÷ CSafeLoader": 0.25,
    "requests of a no-op plan": 4,
}
PEER = """\
import httpx
with httpx.Client(base_url={url!r}, headers={{"Authorization": "Bearer {token}"}}) as client:
    client.get("/api/projects/").json()
    project = client.get("/api/projects/{id}").json()
    pair = (project["id"], project["projectSecret"])
with httpx.Client(base_url={url!r}, auth=pair) as client:
    client.get(f"/projects/{{pair[0]}}/users/").json()
    client.get(f"/projects/{{pair[0]}}/webhooks/").json()
"""


def timed(words: list[str], **options: object) -> tuple[float, int]:
    """Return how long a command took, and its peak memory in KiB."""
    began = time.perf_counter()
    measured = ["/usr/bin/time", "-f", "%M", *words] if Path("/usr/bin/time").exists() else words
    done = subprocess.run(measured, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    took = time.perf_counter() - began
    assert done.returncode == 0, done.stderr[-500:]
    return took, int(done.stderr.split()[-1]) if measured is not words else 0


def ratio(rounds: int, ours: Callable[[], float], peers: Callable[[], float]) -> float:
    """Return the ratio of medians, measured in turns."""
    pairs = [(peers(), ours()) for _ in range(rounds)]
    return statistics.median(o for _, o in pairs) / statistics.median(p for p, _ in pairs)


class Local:
    """A folder with a manifest, and a local Photon that is as declared."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.env = {
            **os.environ,
            "PHOTON_DASHBOARD_HOST": url,
            "PHOTON_SPECTRUM_HOST": url,
            "PHOTON_TOKEN": TOKEN,
        }

    def run(self, *words: str) -> tuple[float, int]:
        return timed([PHOTONCTL, *words], cwd=self.folder, env=self.env)

    def requests(self, *words: str) -> int:
        before = len(httpx.get(f"{self.url}/__emulator__/log").json())
        self.run(*words)
        return len(httpx.get(f"{self.url}/__emulator__/log").json()) - before

    def project(self) -> str:
        rows = httpx.get(
            f"{self.url}/api/projects/", headers={"Authorization": f"Bearer {TOKEN}"}
        ).json()
        return str(rows[0]["id"])


def manifest(users: int) -> str:
    rows = "".join(
        f'  - phoneNumber: "+1555{n:07d}"\n    firstName: Ada{n}\n    lastName: Lovelace\n'
        f"    email: ada{n}@example.com\n"
        for n in range(users)
    )
    hook = "{url: https://bot.example.com/x, secret: {envFile: .env, key: A}}"
    return f"version: 1\nproject: {{name: bot}}\nusers:\n{rows}webhooks: [{hook}]\n"


@contextmanager
def local(users: int) -> Iterator[Local]:
    """Run a local Photon with that many users."""
    port = 9000 + os.getpid() % 900
    words = [PHOTONCTL, "emulator", "--port", str(port), "--rate", "0", "--calm"]
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
            (found.folder / "photon.yaml").write_text(manifest(users))
            found.run("apply", "-y", "-q", "--allow-changes", "--rate", "0", "--parallelism", "32")
            yield found
        finally:
            server.terminate()


def start(rounds: int) -> Iterator[tuple[str, float]]:
    """How long it takes until something is said."""
    for flag in ("--version", "--help"):
        yield (
            f"{flag} ÷ python -c pass",
            ratio(
                rounds * 3,
                lambda flag=flag: timed([PHOTONCTL, flag])[0],  # type: ignore[misc]
                lambda: timed([PYTHON, "-c", "pass"])[0],
            ),
        )


def small(rounds: int) -> Iterator[tuple[str, float]]:
    """Plans that find nothing to do."""
    for users in (3, 1_000):
        with local(users) as here:
            script = here.folder / "peer.py"
            script.write_text(PEER.format(url=here.url, token=TOKEN, id=here.project()))
            yield (
                f"no-op plan, {users:,} users ÷ the same reads in httpx",
                ratio(
                    rounds,
                    lambda here=here: here.run("plan")[0],  # type: ignore[misc]
                    lambda script=script: timed([PYTHON, str(script)])[0],  # type: ignore[misc]
                ),
            )
            if users == 3:
                yield "requests of a no-op plan", here.requests("plan")


def large(rounds: int, sizes: tuple[int, ...] = (10_000, 100_000)) -> Iterator[tuple[str, float]]:
    """Plans and checks of many users."""
    for users in sizes:
        with local(users) as here:
            load = "import yaml; yaml.load(open('photon.yaml'), yaml.CSafeLoader)"
            loader = [timed([PYTHON, "-c", load], cwd=here.folder) for _ in range(rounds)]
            plans = [here.run("plan") for _ in range(rounds)]
            medians = [statistics.median(t for t, _ in found) for found in (plans, loader)]
            yield f"no-op plan, {users:,} users ÷ CSafeLoader", medians[0] / medians[1]
            if users == 100_000:
                memory = [max(m for _, m in found) for found in (plans, loader)]
                yield "peak memory of that ÷ the loader's", memory[0] / max(memory[1], 1)
                yield "validate 100,000 CSV rows ÷ CSafeLoader", csv(here, rounds) / medians[1]


def csv(here: Local, rounds: int) -> float:
    rows = "".join(f"+1555{n:07d},Ada{n},Lovelace,ada{n}@example.com\n" for n in range(100_000))
    (here.folder / "team.csv").write_text(f"phoneNumber,firstName,lastName,email\n{rows}")
    text = "version: 1\nproject: {name: bot}\nusersFrom: [team.csv]\n"
    (here.folder / "csv.yaml").write_text(text)
    return statistics.median(here.run("validate", "-f", "csv.yaml")[0] for _ in range(rounds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="start, small, large")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    suites = {"start": start, "small": small, "large": large}
    parts = given.parts or (["start", "small"] if given.quick else list(suites))
    failed = False
    for part in parts:
        for name, found in suites[part](3 if given.quick else 7):
            budget = BUDGETS[name]
            is_over = found > budget * (1 if "requests" in name else 2)
            failed |= is_over
            print(f"{name}: {found:.2f} (budget {budget:g}){' !' if found > budget else ''}")
    return int(failed and given.quick)


if __name__ == "__main__":
    sys.exit(main())
