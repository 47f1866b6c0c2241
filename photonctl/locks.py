"""One apply at a time per project on a machine; between machines it is the CI system's matter."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from photonctl.errors import RefusedError
from photonctl.files import create_private
from photonctl.model.plan import ProjectPlan
from photonctl.model.state import DesiredProject
from photonctl.state_folder import refuse_foreign


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRules:
    """How to wait for another apply.

    Attributes:
        folder: where the locks of this machine are; None = there are none.
        timeout_s: how long to wait.
        on_wait: told who is waited for.
    """

    folder: Path | None = None
    timeout_s: float = 30.0
    on_wait: Callable[[str], None] = lambda _: None


def lock_names(
    projects: Iterable[DesiredProject | ProjectPlan], spectrum_url: str
) -> Iterator[str]:
    """Name projects on this machine: each by its name at a host, and by its id, if one is known."""
    for project in projects:
        yield f'"{project.name}" at {spectrum_url}'
        if project.id is not None:  # two manifests may give it two names
            yield f"project {project.id}"


@contextmanager
def one_at_a_time(names: Iterable[str], rules: LockRules) -> Iterator[None]:
    """Hold the locks of projects, by whatever names them on this machine.

    In the order of the names, so that two applies of the same projects can't wait for each other.
    Where a lock can't be made (a read-only home) the run goes on without it.

    Raises:
        RefusedError: another apply held one for too long; says whose it is, and for how long.
    """
    with ExitStack() as stack:
        for name in sorted(set(names)):
            if rules.folder is not None:
                stack.enter_context(_held(rules.folder, name, rules))
        yield


@contextmanager
def _held(folder: Path, name: str, rules: LockRules) -> Iterator[None]:
    from filelock import FileLock, Timeout

    path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
    owner = path.with_suffix(".owner")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_foreign(folder, "the folder of locks")
        lock = FileLock(path, mode=0o600)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            rules.on_wait(f"{_whose(owner)}; waiting for up to {rules.timeout_s:.0f} s")
            lock.acquire(timeout=rules.timeout_s)
    except Timeout:
        raise RefusedError(
            f"{_whose(owner)}; it was waited for {rules.timeout_s:.0f} s. Nothing was changed.",
            hint="Wait until it has ended, or wait longer with --lock-timeout SECONDS.",
        ) from None
    except OSError:
        yield
        return
    with lock:
        with suppress(OSError):
            told = {"pid": os.getpid(), "since": time.time()}
            create_private(owner, json.dumps(told).encode())
        try:
            yield
        finally:
            owner.unlink(missing_ok=True)
            lock.release()


def _whose(owner: Path) -> str:
    """Say who holds a lock, as far as it is known."""
    try:
        told = json.loads(owner.read_text())
        age_s = time.time() - float(told["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another apply of this project is running"
    return f"process {told['pid']} has been applying this project for {age_s:.0f} s"
