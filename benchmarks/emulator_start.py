"""How long a local Photon takes to be there: as a pytest fixture, and as a command.

.venv/bin/python benchmarks/emulator_start.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from photonctl.testing import local_photon

ROUNDS = 10
PHOTONCTL = Path(sys.executable).with_name("photonctl")


def main() -> None:
    first, *others = [timed(in_this_process) for _ in range(ROUNDS)]
    print(f"fixture, the first of a process: {first:.3f} s")
    print(f"fixture, each other: median {statistics.median(others):.3f} s, "
          f"longest {max(others):.3f} s")  # fmt: skip
    command = [timed(as_command) for _ in range(ROUNDS)]
    print(f"command: median {statistics.median(command):.3f} s, longest {max(command):.3f} s")


def timed(start: object) -> float:
    begun = time.perf_counter()
    end = start()
    took_s = time.perf_counter() - begun
    end()
    return took_s


def in_this_process() -> object:
    context = local_photon()
    photon = context.__enter__()
    httpx.get(f"{photon.url}/api/health").raise_for_status()
    return lambda: context.__exit__(None, None, None)


def as_command() -> object:
    process = subprocess.Popen(
        [PHOTONCTL, "emulator", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    url = process.stdout.readline().partition("=")[2].strip()
    httpx.get(f"{url}/api/health").raise_for_status()

    def end() -> None:
        process.terminate()
        process.communicate()

    return end


if __name__ == "__main__":
    main()
