"""What can't be run here: a fleet of 10,000 projects, applied on a clock that doesn't wait.

    python benchmarks/simulate.py                                  # 10,000 projects, 20 users each
    python benchmarks/simulate.py --projects 1000 --parallelism 64

Manifests, planner, executor, limiter and repetitions are the real ones. Only time is simulated (a
loop that jumps to the next timer instead of waiting), and Photon: it answers after a latency, fails
now and then, and counts who goes over its limit. Prints simulated time, requests, and real memory.
"""

import argparse
import asyncio
import gc
import json
import random
import resource
import selectors
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

import photonctl.api.connection
from photonctl import Access, Secret, Session
from photonctl.model.report import Report

URL = "https://photon.test"
LATENCY_S = (0.05, 0.25)
RATE = 5
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Jumping(selectors.SelectSelector):
    """Waits for nobody: where nothing is ready, time goes on to the next timer."""

    seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is not None:
            self.seconds += timeout
        return found if found or timeout is not None else super().select(None)


class Inline(ThreadPoolExecutor):
    """Does what would be done in a thread at once: no real thread waits in simulated time."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # as an executor does
            future.set_exception(error)
        return future


class LoopClock:
    """The simulated time."""

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Photon(httpx.AsyncBaseTransport):
    """Just enough of Photon for users of projects."""

    def __init__(self, failing: float) -> None:
        self.projects: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.seen: Counter[str] = Counter()
        self._failing = failing
        self._chance = random.Random(1)
        self._starts: dict[str, deque[float]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        clock = LoopClock()
        path = request.url.path.rstrip("/")
        self.seen["requests"] += 1
        is_over = path.startswith("/projects/") and self._is_over(path.split("/")[2], clock)
        await clock.sleep(self._chance.uniform(*LATENCY_S))
        if is_over:
            self.seen["429"] += 1
            return httpx.Response(429, json={"succeed": False, "message": "too many"})
        if request.method == "POST" and "/users" in path and self._chance.random() < self._failing:
            self.seen["503"] += 1
            return httpx.Response(503, json={"succeed": False, "message": "busy"})
        body = json.loads(request.content) if request.content else {}
        return httpx.Response(200, json=self._answer(request.method, path, body))

    def _is_over(self, project_id: str, clock: LoopClock) -> bool:
        starts = self._starts.setdefault(project_id, deque(maxlen=RATE))
        now = clock.monotonic()
        over = len(starts) == RATE and now - starts[0] < 1.0
        starts.append(now)
        return over

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        parts = path.split("/")[1:]
        if parts[:2] == ["api", "auth"]:
            return {"user": {"id": "u", "email": "owner@example.com"}, "session": {}}
        if parts == ["api", "projects"]:
            return self._create(body["name"]) if method == "POST" else list(self.projects.values())
        if parts[0] == "api":
            return self.projects.get(parts[2])
        if parts[2:] == ["users"] and method == "POST":
            return {"succeed": True, "data": self._put(parts[1], body)}
        rows = list(self.users[parts[1]].values())
        data = {"users": rows, "total": len(rows)} if parts[2:] == ["users"] else []
        return {"succeed": True, "data": data}

    def _create(self, name: str) -> dict[str, Any]:
        project_id = f"project-{len(self.projects)}"
        secret = f"spk_live_{len(self.projects):024d}"
        self.projects[project_id] = {
            "id": project_id, "name": name, "projectSecret": secret, "platforms": ["imessage"],
        }  # fmt: skip
        self.users[project_id] = {}
        return {"success": True, "id": project_id}

    def _put(self, project_id: str, body: dict[str, Any]) -> dict[str, Any]:
        rows = self.users[project_id]
        number = body["phoneNumber"]
        rows[number] = {
            "id": f"{project_id}-{len(rows)}", "assignedPhoneNumber": "+14155550000", **body,
        }  # fmt: skip
        return rows[number]


def write(folder: Path, projects: int, users: int) -> None:
    rows = "".join(f"  - phoneNumber: +1555{n:07d}\n" for n in range(users))
    for n in range(projects):
        text = (
            f"version: 1\nproject: {{name: bot-{n}}}\nusers:\n{rows}limits: {{maxCreates: 100}}\n"
        )
        (folder / f"{n:05d}.yaml").write_text(text)


async def apply(folder: Path, given: argparse.Namespace) -> Report:
    access = Access(
        dashboard_url=URL,
        spectrum_url=URL,
        token=Secret("simulated-token-0123456789"),
        rate=RATE,
        parallelism=given.parallelism,
    )
    async with Session(access, clock=LoopClock()) as session:
        return await session.apply(session.load(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--parallelism", type=int, default=8)
    parser.add_argument("--failing", type=float, default=0.01, help="of the requests that write")
    given = parser.parse_args()
    photon = Photon(given.failing)
    photonctl.api.connection.open_http = (  # type: ignore[assignment]
        lambda *_, **__: httpx.AsyncClient(transport=photon)
    )
    selector = Jumping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.seconds  # type: ignore[method-assign]
    loop.set_default_executor(Inline())
    gc.set_threshold(200_000, 20, 20)  # as the command does
    began = time.perf_counter()
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk would be waited for
    with tempfile.TemporaryDirectory(dir=place) as name:
        write(Path(name), given.projects, given.users)
        report = loop.run_until_complete(apply(Path(name), given))
    tell(given, photon, report, selector.seconds, time.perf_counter() - began)
    return int(not report.converged or photon.seen["429"] > 0)


def tell(
    given: argparse.Namespace, photon: Photon, report: Report, seconds: float, real_s: float
) -> None:
    made = sum(map(len, photon.users.values()))
    floor_s = (given.users + 2) / RATE
    took = timedelta(seconds=round(seconds))
    waited = sum(project.usage.waited_s for project in report.projects)
    print(f"{given.projects:,} projects, {given.users} users each, parallelism {given.parallelism}")
    print(f"simulated time: {took}; one project's floor {floor_s:.0f} s")
    print(f"requests: {photon.seen['requests']:,}; refused for the limit: {photon.seen['429']}")
    print(f"failed and sent again: {photon.seen['503']:,}; waited in sum: {waited:,.0f} s")
    print(f"users made: {made:,}; converged: {report.converged}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"real: {real_s:.0f} s of computing, {peak:,.0f} MiB at most")


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())
