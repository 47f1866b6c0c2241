"""Run the suite: ratios with peers in the same run, never seconds alone.

scripts/benchmark                 # everything; a quarter of an hour. Writes RESULTS.md
scripts/benchmark start small     # some of it
scripts/benchmark --quick         # a minute; exits with 1 above twice a budget, or a request

"""

import argparse
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from budgets import SUITES
from measure import Result
from peers import peers

HERE = Path(__file__).parent
QUICK = ("start", "small")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join([*SUITES, "peers"]))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    suites = {**SUITES, "peers": peers}
    parts = given.parts or (QUICK if given.quick else list(suites))
    found: dict[str, list[Result]] = {}
    for part in parts:
        found[part] = []
        for result in suites[part](3 if given.quick else 7):
            found[part].append(result)
            print(line(result), flush=True)
    if not given.parts and not given.quick:
        write(found)
    every = [result for results in found.values() for result in results]
    return int(given.quick and any(result.is_gross for result in every))


def line(result: Result) -> str:
    budget = "" if result.budget is None else f" (budget {result.budget:g})"
    note = f"  [{result.note}]" if result.note else ""
    return f"{result.what}: {result.value:.2f}{budget}{'' if result.is_met else ' !'}{note}"


def write(found: dict[str, list[Result]]) -> None:
    rows = [
        f"| {r.what} | {r.value:.2f} | {'' if r.budget is None else f'≤ {r.budget:g}'} | "
        f"{'' if r.budget is None else 'yes' if r.is_met else '**no**'} | {r.note} |"
        for results in found.values()
        for r in results
    ]
    written = f"Written by `scripts/benchmark` on {datetime.now(UTC):%Y-%m-%d}, at {commit()}."
    how = (
        "Client and server are on it together. Figures are ratios of medians, measured in turns in "
        "one run; seconds are of this machine."
    )
    head = ["| what | measured | budget | met | ours : the other |", "|---|---|---|---|---|"]
    text = "\n".join(["# Results", "", f"{written} {machine()} {how}", "", *head, *rows, ""])
    (HERE / "RESULTS.md").write_text(text)


def machine() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    name = model[1].strip() if model else platform.machine()
    version = platform.python_version()
    return f"{name}, {os.cpu_count()} cores, Python {version}, {platform.system()}."


def commit() -> str:
    words = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "an unknown commit"


if __name__ == "__main__":
    sys.exit(main())
