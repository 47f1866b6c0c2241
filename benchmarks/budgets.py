"""The budgets: each is a ratio with what does the same without us, measured in the same run."""

import statistics
from collections.abc import Callable, Iterator

from measure import PHOTONCTL, PYTHON, TOKEN, Local, Result, Run, local, manifest, ratio, timed

READS = """\
import httpx
with httpx.Client(base_url={url!r}, headers={{"Authorization": "Bearer {token}"}}) as client:
    client.get("/api/projects/").json()
    project = client.get("/api/projects/{id}").json()
    pair = (project["id"], project["projectSecret"])
with httpx.Client(base_url={url!r}, auth=pair) as client:
    client.get(f"/projects/{{pair[0]}}/users/").json()
    client.get(f"/projects/{{pair[0]}}/webhooks/").json()
"""
FLEET_READS = """\
import asyncio, httpx
async def main():
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url={url!r}, limits=limits, timeout=60) as client:
        bearer = {{"Authorization": "Bearer {token}"}}
        rows = (await client.get("/api/projects/", headers=bearer)).json()
        async def one(row):
            project = (await client.get("/api/projects/" + row["id"], headers=bearer)).json()
            pair = (project["id"], project["projectSecret"])
            for kind in ("users", "webhooks"):
                (await client.get(f"/projects/{{pair[0]}}/{{kind}}/", auth=pair)).json()
        await asyncio.gather(*map(one, rows))
asyncio.run(main())
"""
POSTS = """\
import asyncio, httpx
async def main():
    bearer = {{"Authorization": "Bearer {token}"}}
    async with httpx.AsyncClient(base_url={url!r}, timeout=60) as client:
        made = (await client.post("/api/projects/", headers=bearer, json={{
            "name": "peer", "location": "United States", "platforms": ["imessage"]}})).json()
        project = (await client.get("/api/projects/" + made["id"], headers=bearer)).json()
        pair, slots = (project["id"], project["projectSecret"]), asyncio.Semaphore(8)
        async def one(n):
            async with slots:
                body = {{"type": "shared", "phoneNumber": f"+1555{{n:07d}}", "lastName": "Lovelace",
                         "firstName": f"Ada{{n}}", "email": f"ada{{n}}@example.com"}}
                answer = await client.post(f"/projects/{{pair[0]}}/users/", auth=pair, json=body)
                assert answer.status_code < 300, answer.text
        await asyncio.gather(*(one(n) for n in range({count})))
asyncio.run(main())
"""
LOAD = "import yaml; yaml.load(open('photon.yaml'), yaml.CSafeLoader)"


def start(rounds: int) -> Iterator[Result]:
    """How long it takes until something is said."""
    for flag, budget in (("--version", 2.0), ("--help", 4.0)):
        found = ratio(
            rounds * 3,
            lambda flag=flag: timed([PHOTONCTL, flag]).seconds,  # type: ignore[misc]
            lambda: timed([PYTHON, "-c", "pass"]).seconds,
        )
        yield Result(f"`photonctl {flag}` ÷ `python -c pass`", found, budget)


def small(rounds: int) -> Iterator[Result]:
    """Plans that find nothing to do."""
    for users, budget in ((3, 1.3), (1_000, 1.5)):
        with local() as here:
            settle(here, users)
            (project,) = here.projects()
            text = READS.format(url=here.url, token=TOKEN, id=project["id"])
            peer = here.script("peer.py", text)
            found = ratio(rounds, lambda here=here: here.run("plan").seconds, peer)  # type: ignore[misc]
            yield Result(f"no-op plan, {users:,} users ÷ the same reads in httpx", found, budget)
            yield Result(f"requests of a no-op plan, {users:,} users", here.requests("plan"), 4)
            pinned = manifest(users).replace("name: bot}", f"name: bot, id: {project['id']}}}")
            (here.folder / "photon.yaml").write_text(pinned)
            count = here.requests("plan")
            yield Result(f"requests of it for a pinned project, {users:,} users", count, 3)


def large(rounds: int) -> Iterator[Result]:
    """Plans and checks of many users."""
    seconds = {}
    for users, budget in ((10_000, 1.5), (100_000, 1.0)):
        with local() as here:
            settle(here, users)
            loads, plans = in_turns(rounds, here, lambda here=here: here.run("plan"))  # type: ignore[misc]
            seconds[users] = median(plans)
            note = f"{median(plans):.2f} s : {median(loads):.2f} s"
            found = median(plans) / median(loads)
            yield Result(f"no-op plan, {users:,} users ÷ `CSafeLoader`", found, budget, note)
            if users == 10_000:
                yield emptied(here, rounds)
            if users == 100_000:
                peaks = [max(run.kib for run in runs) / 1024 for runs in (plans, loads)]
                note = f"{peaks[0]:.0f} MiB : {peaks[1]:.0f} MiB"
                if peaks[1]:
                    found = peaks[0] / peaks[1]
                    yield Result("peak memory of that ÷ the loader's", found, 0.5, note)
                yield Result("requests of that", here.requests("plan"), 4)
                yield csv(here, rounds)
    growth = seconds[100_000] / seconds[10_000]
    yield Result("growth of a plan, 10,000 → 100,000 users", growth, 10)


def emptied(here: Local, rounds: int) -> Result:
    """A plan that deletes every user and stores credentials: each row of it is drawn."""
    project = "project: {name: bot, credentials: {envFile: .env.bot}}"
    text = f"version: 1\n{project}\nusers: []\nlimits: false\n"
    (here.folder / "emptied.yaml").write_text(text)
    words = ("plan", "-f", "emptied.yaml")
    found = ratio(rounds, lambda: here.run(*words).seconds, lambda: here.run("plan").seconds)
    return Result("plan that deletes 10,000 users ÷ a no-op plan of them", found, 1.5)


def csv(here: Local, rounds: int) -> Result:
    rows = "".join(f"+1555{n:07d},Ada{n},Lovelace,ada{n}@example.com\n" for n in range(100_000))
    (here.folder / "team.csv").write_text(f"phoneNumber,firstName,lastName,email\n{rows}")
    text = "version: 1\nproject: {name: bot}\nusersFrom: [team.csv]\n"
    (here.folder / "csv.yaml").write_text(text)
    loads, checks = in_turns(rounds, here, lambda: here.run("validate", "-f", "csv.yaml"))
    note = f"{median(checks):.2f} s : {median(loads):.2f} s"
    found = median(checks) / median(loads)
    return Result("`validate` of 100,000 CSV rows ÷ `CSafeLoader`", found, 0.25, note)


def applies(rounds: int) -> Iterator[Result]:
    """Applies that write much: within the limit, and without one."""
    with local(rate=5) as here:
        (here.folder / "photon.yaml").write_text("version: 1\nproject: {name: bot}\n")
        here.run("apply", "-y")
        (here.folder / "photon.yaml").write_text(manifest(100))
        took = here.run("apply", "-y", "--allow-changes").seconds
        log = [row for row in here.log() if str(row["path"]).startswith("/projects/")]
        # A burst of five, then five more in each second: what the limit itself takes.
        floor = (len(log) - 5) / 5
        note = f"{took:.1f} s : {floor:.1f} s"
        yield Result("`apply` of 100 users at 5/s ÷ the limit's floor", took / floor, 1.06, note)
        refused = sum(row["status"] == 429 for row in log)
        yield Result("requests of it refused for the limit", refused, 0)
    ours, theirs = [], []
    for _ in range(max(1, rounds // 2)):
        with local() as here:
            (here.folder / "photon.yaml").write_text(manifest(2_000))
            words = ("apply", "-y", "-q", "--allow-changes", "--rate", "0")
            ours.append(here.run(*words).seconds)
        with local() as here:
            text = POSTS.format(url=here.url, token=TOKEN, count=2_000)
            theirs.append(here.script("peer.py", text)())
    found = statistics.median(ours) / statistics.median(theirs)
    note = f"{statistics.median(ours):.1f} s : {statistics.median(theirs):.1f} s"
    what = "`apply` of 2,000 users, no limit ÷ httpx posting them, 8 at a time"
    yield Result(what, found, 1.15, note)


def fleet(rounds: int) -> Iterator[Result]:
    """200 projects that are as declared."""
    with local() as here:
        for n in range(200):
            folder = here.folder / "fleet"
            folder.mkdir(exist_ok=True)
            (folder / f"{n}.yaml").write_text(manifest(1, f"bot-{n}"))
        here.run("apply", "-y", "-q", "-f", "fleet", "--rate", "0")
        peer = here.script("peer.py", FLEET_READS.format(url=here.url, token=TOKEN))
        took: list[float] = []

        def ours() -> float:
            took.append(here.run("plan", "-f", "fleet").seconds)
            return took[-1]

        found = ratio(rounds, ours, peer)
        yield Result("200 unchanged projects ÷ the same reads in httpx", found, 1.3)
        yield Result("seconds for these", statistics.median(took), 1.0)


def settle(here: Local, users: int) -> None:
    """Make a project that is as its manifest says."""
    (here.folder / "photon.yaml").write_text(manifest(users))
    here.run("apply", "-y", "-q", "--allow-changes", "--rate", "0", "--parallelism", "32")


def in_turns(rounds: int, here: Local, ours: Callable[[], Run]) -> tuple[list[Run], list[Run]]:
    """Return the runs of PyYAML's loader and ours."""
    found = [(timed([PYTHON, "-c", LOAD], cwd=here.folder), ours()) for _ in range(rounds)]
    return [load for load, _ in found], [run for _, run in found]


def median(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


SUITES = {"start": start, "small": small, "fleet": fleet, "applies": applies, "large": large}
