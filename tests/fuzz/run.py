"""Damage good inputs at random: every reader ends with a value or with an error of its own.

Prints the seed, the number of inputs, the slowest one and the peak memory. A finding is written to
``fuzz-finding``, and ends the run.
"""

import json
import random
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from photonctl.api.hook_rows import read_registered_webhook, read_webhooks
from photonctl.api.parsing import parse_json
from photonctl.api.rows import read_project, read_projects, read_session, read_users
from photonctl.errors import PhotonctlError
from photonctl.manifest.load import load
from photonctl.manifest.saved import check_plan
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan
from photonctl.model.state import LiveProject
from photonctl.planner.diff import plan_project
from photonctl.reach import Reach
from photonctl.sealed import plan_from_text, plan_to_text, sealed
from photonctl.sinks.env_text import edit
from photonctl.sinks.variables import read_variables
from photonctl.views import html, markdown, text
from photonctl.views import json as json_view

SLOWEST_S = 2.0
MOST_MIB = 300
MANIFEST = """\
version: 1
project: {name: bot, platforms: [imessage], profile: {firstName: Ada}, credentials: {envFile: .env}}
users:
  - {phoneNumber: +15551234567, firstName: "${env:A:-Ada}", email: ada@example.com}
  - &u {phoneNumber: +15551234568, type: dedicated, assignedPhoneNumber: +15551234569}
usersFrom: [team.csv]
webhooks:
  - https://bot.example.com/hook?token=${env:B}
  - url: https://b\u00fccher.example/h
    secret: {exec: [./keep, --to, x]}
    eventTypes: [messages]
protect: {users: ["+1555*"]}
limits: {maxDeletes: 3}
---
version: 1
project: {name: other, id: p1}
"""
TABLE = 'phoneNumber,firstName,email\n+15551230001,"A, b",\n+15551230002,Bob,bob@example.com\n'
ENV = "A=1\nexport B='x y'\n# c\nBOT=\"a\\nb\"\nBOT_WEBHOOK_ID=w1\n"
ANSWER = {
    "data": {"users": [{"id": "u1", "phoneNumber": "+15551230001", "meta": {}}], "total": 1},
    "user": {"id": "x"},
    "projects": [{"id": "p1", "name": "bot", "projectSecret": "s", "platforms": ["imessage"]}],
    "id": "w1",
    "webhookUrl": "https://b.example.com/",
    "signingSecret": "ab",
}
PIECES = [
    *("\0", "\n", "\r", "\t", "\u2028", "\u202e", "\ufeff", "\ud7ff", "\U0001f600", "\x1b[2J"),
    *("*", "&a ", "!!python/x ", "---\n", "|", "- ", ": ", ",", "#", "%", "'", '"', "\\", "~"),
    *("${env:A}", "${file:/etc/passwd}", "${file:team.csv}", "$${", "${", "}", "[" * 60, "{" * 60),
    *("::x::", "##[x]", "../", "<b>", "null", "true", "1e999", "-0", "9" * 400),
]


def damaged(dice: random.Random, content: str) -> str:
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        place, other = sorted(dice.choices(range(len(content) + 1), k=2))
        match dice.randrange(5):
            case 0:
                content = content[:place] + dice.choice(PIECES) + content[place:]
            case 1:
                content = content[:place] + content[min(other, place + 20) :]
            case 2:
                content = content[:place] + content[place:other][:200] * dice.randrange(1, 30)
            case 3:
                content = content[:place] + chr(dice.randrange(0x10000)) + content[place + 1 :]
            case _:
                content = content[:place] + content[place:other][::-1] + content[other:]
    return content


def read_manifest(given: str, folder: Path) -> None:
    data = given.encode("utf-8", "surrogatepass")
    trust = Trust(env={"A": "a", "B": "tok"}, credentials=lambda: ["credential-1"])
    found = load([Source(name=str(folder / "m.yaml"), data=data)], trust)
    plan = Plan(projects=tuple(plan_project(project, LiveProject()) for project in found.projects))
    for view in (text, markdown, html, json_view):
        view.render_plan(plan)
    check_plan(plan_from_text(plan_to_text(plan)), Reach((folder,)))


def read_table(given: str, folder: Path) -> None:
    (folder / "team.csv").write_bytes(given.encode("utf-8", "surrogatepass"))
    read_manifest(MANIFEST, folder)


def read_plan(given: str, folder: Path) -> None:
    try:
        forged = json.dumps(sealed(json.loads(given)))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        forged = given  # nothing that could be marked
    check_plan(plan_from_text(forged), Reach((folder,)))


def read_answer(given: str, folder: Path) -> None:
    value = parse_json(given.encode("utf-8", "surrogatepass"))
    for read in (read_users, read_project, read_projects, read_session, read_webhooks,
                 read_registered_webhook):  # fmt: skip
        try:
            read(value)
        except PhotonctlError:
            continue


def read_env(given: str, folder: Path) -> None:
    path = folder / "some.env"
    path.write_bytes(given.encode("utf-8", "surrogatepass"))
    read_variables(path)
    edit(given, {"BOT": "new", "OTHER": None})


def main(seconds: float, seed: int) -> int:
    dice = random.Random(seed)
    count, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "team.csv").write_text(TABLE)
        good = [(read_manifest, MANIFEST), (read_table, TABLE), (read_answer, json.dumps(ANSWER)),
                (read_env, ENV)]  # fmt: skip
        found = load([Source(name=str(folder / "m.yaml"), data=MANIFEST.encode())],
                     Trust(env={"A": "a", "B": "tok"}))  # fmt: skip
        plans = tuple(plan_project(project, LiveProject()) for project in found.projects)
        good.append((read_plan, plan_to_text(Plan(projects=plans))))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            read, content = dice.choice(good)
            given = damaged(dice, content)
            (folder / "team.csv").write_text(TABLE)
            began = time.process_time()
            try:
                read(given, folder)
            except PhotonctlError:
                pass
            except ValueError:
                if read not in (read_answer, read_env):  # theirs is documented
                    return _found(read, given, seed)
            except BaseException:
                return _found(read, given, seed)
            took, count = time.process_time() - began, count + 1
            slowest = max(slowest, took)
            if took > SLOWEST_S or _peak() > MOST_MIB:
                return _found(read, given, seed)
    print(f"seed {seed}: {count:,} inputs, slowest {slowest:.2f} s, peak {_peak():.0f} MiB")
    return 0


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _found(read, given: str, seed: int) -> int:
    traceback.print_exc()
    Path("fuzz-finding").write_bytes(given.encode("utf-8", "surrogatepass"))
    print(f"seed {seed}: {read.__name__} ended badly; its input is in fuzz-finding")
    return 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
