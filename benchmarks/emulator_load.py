"""10,000 requests from 16 connections: errors, lost writes, memory and requests per second.

    .venv/bin/python benchmarks/emulator_load.py [REQUESTS]

Each connection has a project of its own, and at the end its users and webhooks must be exactly
those whose creation was answered and whose deletion wasn't. State is in a file, as with --data.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

CONNECTIONS = 16
REQUESTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
SAMPLES = 8
PHOTONCTL = Path(sys.executable).with_name("photonctl")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [PHOTONCTL, "emulator", "--port=0", "--rate=0", "--data", f"{folder}/photon.db"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            url, token = (process.stdout.readline().partition("=")[2].strip() for _ in range(2))
            token = process.stdout.readline().partition("=")[2].strip()
            asyncio.run(load(url, token, process.pid))
        finally:
            process.terminate()
            process.wait()


async def load(url: str, token: str, pid: int) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    clients = [httpx.AsyncClient(base_url=url, timeout=60) for _ in range(CONNECTIONS)]
    workers = [Worker(client, bearer, index) for index, client in enumerate(clients)]
    for worker in workers:
        await worker.begin()
    memory = [resident_mib(pid)]
    took_s = 0.0
    for _ in range(SAMPLES):
        started = time.perf_counter()
        count = REQUESTS // CONNECTIONS // SAMPLES
        await asyncio.gather(*(worker.go(count) for worker in workers))
        took_s += time.perf_counter() - started
        memory.append(resident_mib(pid))
    lost = sum([await worker.lost() for worker in workers])
    errors = sum(worker.errors for worker in workers)
    done = sum(worker.count for worker in workers)
    for client in clients:
        await client.aclose()
    print(f"{done} requests from {CONNECTIONS} connections in {took_s:.1f} s "
          f"({done / took_s:.0f}/s): {errors} errors, {lost} lost writes")  # fmt: skip
    print("resident memory, MiB: " + " ".join(f"{mib:.1f}" for mib in memory))
    sys.exit(1 if errors or lost else 0)


class Worker:
    """One connection with one project."""

    def __init__(self, client: httpx.AsyncClient, bearer: dict[str, str], index: int) -> None:
        self.client, self.bearer, self.index = client, bearer, index
        self.count = self.errors = 0
        self.phones: set[str] = set()
        self.hooks: dict[str, str] = {}

    async def begin(self) -> None:
        body = {"name": f"bot-{self.index}", "platforms": ["imessage"]}
        made = await self.client.post("/api/projects/", json=body, headers=self.bearer)
        self.id = made.json()["id"]
        row = await self.client.get(f"/api/projects/{self.id}", headers=self.bearer)
        self.auth = (self.id, row.json()["projectSecret"])

    async def go(self, count: int) -> None:
        steps = (self.add_user, self.add_hook, self.read, self.update, self.drop_hook)
        for _ in range(count):
            step = steps[self.count % len(steps)]
            self.count += 1
            try:
                await step()
            except (httpx.HTTPError, ValueError, KeyError):
                self.errors += 1

    async def call(self, method: str, path: str, **kwargs: object) -> object:
        path = f"/projects/{self.id}{path}"
        answer = await self.client.request(method, path, auth=self.auth, **kwargs)
        return answer.raise_for_status().json()["data"]

    async def add_user(self) -> None:
        phone = f"+1{self.index:03d}{self.count:07d}".replace("+10", "+19")
        await self.call("POST", "/users/", json={"type": "shared", "phoneNumber": phone})
        self.phones.add(phone)

    async def add_hook(self) -> None:
        url = f"https://bot.example.com/{self.count}"
        made = await self.call("POST", "/webhooks/", json={"webhookUrl": url})
        self.hooks[made["id"]] = url

    async def read(self) -> None:
        await self.call("GET", "/users/", params={"limit": 20})

    async def update(self) -> None:
        await self.call("PATCH", "/profile", json={"firstName": f"Bot {self.count}"})

    async def drop_hook(self) -> None:
        if self.count % 2 and self.hooks:
            hook = next(iter(self.hooks))
            await self.call("DELETE", f"/webhooks/{hook}")
            del self.hooks[hook]
        else:
            await self.call("GET", "/webhooks/")

    async def lost(self) -> int:
        """Count what was answered and isn't there, or is there and shouldn't be."""
        users = await self.call("GET", "/users/")
        found = {u["phoneNumber"] for u in users["users"] if not u.get("meta")}
        hooks = {row["id"]: row["webhookUrl"] for row in await self.call("GET", "/webhooks/")}
        return len(found ^ self.phones) + len(hooks.items() ^ self.hooks.items())


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    main()
