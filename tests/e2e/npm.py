"""Other people's programs, from npm."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

BUILD = Path(__file__).parents[2] / "build"


def npm_package(*specs: str) -> Path:
    """Install packages into build/, once, and return their node_modules; skip without npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm isn't there")
    folder = BUILD / "npm" / re.sub(r"[^a-z0-9.]+", "-", "+".join(specs)).strip("-")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            begun = folder.with_name(f"{folder.name}.begun")
            shutil.rmtree(begun, ignore_errors=True)
            flags = ("--no-save", "--no-audit", "--no-fund")
            done = subprocess.run(
                [npm, "install", "--prefix", begun, *flags, *specs],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            begun.rename(folder)
    return folder / "node_modules"
