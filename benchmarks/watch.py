"""A watch that applies for two minutes, while Photon fails now and then: is its memory flat?

    python benchmarks/watch.py            # two minutes
    python benchmarks/watch.py 600        # seconds

Prints memory and open files every ten seconds, and how many rounds went well. Exits with 1 if
memory grew by more than a tenth after the first quarter, or files were left open.
"""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from measure import PHOTONCTL, local

FAULTS = [
    "GET /projects/*/users/ : 503 : 6",  # one round fails; a request is tried five times
    "GET /api/projects/ : 500 : 1",
    "POST /projects/*/users/ : drop-after : 2",
    "GET /projects/*/users/ : 429 : 2 : skip 12",
]


def resident_kib(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def main() -> int:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    users = "".join(f"  - phoneNumber: +1555123{n:04d}\n" for n in range(50))
    text = f"version: 1\nproject: {{name: watched}}\nusers:\n{users}"
    words = [PHOTONCTL, "watch", "--apply", "--every", "1s", "-q", "--metrics", "m.prom"]
    with local(rate=5) as here:
        (here.folder / "photon.yaml").write_text(text)
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(words, cwd=here.folder, env=here.env, stdout=nowhere) as watch:
            samples = look(watch.pid, here.url, here.folder, seconds)
            watch.send_signal(signal.SIGTERM)
            code = watch.wait()
    settled = samples[len(samples) // 4 :]
    grew = max(m for m, _ in settled) / settled[0][0]
    files = max(f for _, f in settled) - settled[0][1]
    print(f"exit code {code}; memory after the first quarter: x {grew:.2f}; files left: {files}")
    return int(code != 0 or grew > 1.1 or files > 3)


def look(pid: int, url: str, folder: Path, seconds: int) -> list[tuple[int, int]]:
    samples = []
    for n in range(seconds // 10):
        if n % 3 == 0:
            httpx.post(f"{url}/__emulator__/faults", json={"faults": FAULTS})
        time.sleep(10)
        samples.append((resident_kib(pid), len(list(Path(f"/proc/{pid}/fd").iterdir()))))
        text = (folder / "m.prom").read_text()
        rounds = re.findall(r'photonctl_rounds_total\{result="(\w+)"\} (\S+)', text)
        said = ", ".join(f"{count} {name}" for name, count in rounds)
        print(f"{(n + 1) * 10} s: {samples[-1][0] / 1024:.1f} MiB, {samples[-1][1]} files; {said}")
    return samples


if __name__ == "__main__":
    sys.exit(main())
