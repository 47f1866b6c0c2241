"""One apply at a time per project on a machine. Between machines, the CI system must see to it."""

import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from photonctl.clock import Clock
from photonctl.errors import ApiError, PhotonctlError, RefusedError
from photonctl.files import make_private, open_private, read_bounded
from photonctl.port import AccountPort
from photonctl.state_folder import refuse_foreign
from photonctl.texts import nfc

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from filelock import FileLock

_ASK_AGAIN_S = 0.1
_LARGEST_OWNER = 4096
_LOCKS_OF_A_PROJECT, _OTHER_FILES, _FEWEST_OTHERS = 2, 256, 64

NO_LOCK = (
    "there is no folder for a lock, so another apply of this project can't be prevented; set "
    "XDG_STATE_HOME to a folder"
)


class LockRules(Struct, frozen=True, kw_only=True):
    """How to wait for another apply.

    Attributes:
        folder: where the locks of this user and machine are; None = there are none.
        also: a second folder, which others may share; None = there is none.
        timeout_s: how long to wait.
    """

    folder: Path | None = None
    also: Path | None = None
    timeout_s: float = 30.0


class Named(Protocol):
    """What names a project: a manifest, a plan, or the account's list."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def id(self) -> str | None:
        """Its id, if that is declared or known."""
        ...


def name_locks(projects: Iterable[Named], host: str) -> list[str]:
    """Name the locks of projects that may not be live yet."""
    return [f'"{nfc(project.name)}" at {host}' for project in projects]


async def id_locks(projects: Sequence[Named], account: AccountPort) -> list[str]:
    """Name the locks of live projects by their ids: manifests may give one two names.

    Where the account can't be asked, what is declared is all that is known.
    """
    from photonctl.concurrent import together  # which loads asyncio

    is_only = len(projects) == 1

    async def id_of(project: Named) -> str | None:
        try:
            found = await account.lock_id(project.name, project.id, is_only=is_only)
        except ApiError:
            raise
        except PhotonctlError:  # this one can't be found, which the plan says
            found = None
        return found or project.id

    try:
        found = await together(*map(id_of, projects))
    except ApiError:  # whatever is next asks again, and says so
        account.forget_projects()
        found = [project.id for project in projects]
    return [f"project {one}" for one in found if one is not None]


@asynccontextmanager
async def one_at_a_time(
    names: Iterable[str], rules: LockRules, clock: Clock, on_wait: Callable[[str], None]
) -> AsyncIterator[bool]:
    """Hold the locks of projects, by whatever names them on this machine; yield: are they held?

    In the order of folders and names, so that two applies of the same projects can't wait for each
    other. Where no lock can be made (a read-only home) the run goes on without it.

    Raises:
        RefusedError: another apply held one for too long; says whose it is, and for how long. Or
            there are more than the system allows.
    """
    wanted = sorted(set(names))
    _allow_files(len(wanted), sum(one is not None for one in (rules.folder, rules.also)))
    folders = _usable(rules)
    async with AsyncExitStack() as stack:
        held = [
            [await stack.enter_async_context(_held(one, n, rules, clock, on_wait)) for n in wanted]
            for one in folders
        ]
        yield any(map(all, held))


def _allow_files(count: int, folders: int) -> None:
    """Let this process open a file for each lock: systems allow 256 or 1,024 until it asks.

    Raises:
        RefusedError: the system doesn't allow that many.
    """
    if resource is None:
        return
    needed = _LOCKS_OF_A_PROJECT * count * folders
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed + _OTHER_FILES:
        more = needed + _OTHER_FILES
        with suppress(ValueError, OSError):  # more than the system has for one process
            most = more if hard == resource.RLIM_INFINITY else min(more, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        if soft < needed + _FEWEST_OTHERS:
            raise RefusedError(
                f"this run locks {count:,} projects, and the system lets it open {soft:,} files",
                hint="Run a part of them at a time, such as --shard 1/2 and then --shard 2/2; or "
                f"allow more files:\n  ulimit -n {more}",
            )


@asynccontextmanager
async def _held(
    folder: Path, name: str, rules: LockRules, clock: Clock, on_wait: Callable[[str], None]
) -> AsyncIterator[bool]:
    from filelock import FileLock

    path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
    owner = path.with_suffix(".owner")
    try:
        lock = FileLock(path, mode=0o600)
        await _acquire(lock, owner, rules, clock, on_wait)
    except OSError:
        yield False
        return
    with lock:
        with suppress(OSError):
            owner.unlink(missing_ok=True)  # of one that was killed
            content = {"pid": os.getpid(), "since": clock.now().timestamp()}
            with open_private(owner) as file:
                file.write(json.dumps(content).encode())
        try:
            yield True
        finally:
            owner.unlink(missing_ok=True)
            lock.release()


def _usable(rules: LockRules) -> list[Path]:
    """Make the folders of locks, each once, whatever names it.

    Raises:
        RefusedError: somebody else could write the only one that there is.
    """
    found: list[Path] = []
    refused: RefusedError | None = None
    for folder in filter(None, (rules.folder, rules.also)):
        try:
            _prepare(folder)
            if not any(folder.samefile(one) for one in found):
                found.append(folder)
        except RefusedError as error:
            refused = error
        except OSError:  # it can't be made
            continue
    if refused is not None and not found:
        raise refused
    return found


def _prepare(folder: Path) -> None:
    for one in (folder.parent, folder):  # who can write the first can replace the second
        make_private(one)
        refuse_foreign(one, "the folder of locks")


async def _acquire(
    lock: "FileLock", owner: Path, rules: LockRules, clock: Clock, on_wait: Callable[[str], None]
) -> None:
    """Take a lock, asking again now and then: a wait in a thread could not be interrupted."""
    from filelock import Timeout

    ends_at = clock.monotonic() + rules.timeout_s
    has_said = False
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            whose = _whose(owner, clock)
        else:
            return
        if clock.monotonic() >= ends_at:
            raise RefusedError(
                f"{whose}; waited for {rules.timeout_s:.0f} s. Nothing was changed.",
                hint="Wait until it has ended, or wait longer with --lock-timeout SECONDS.",
            )
        if not has_said:
            on_wait(f"{whose}; waiting for up to {rules.timeout_s:.0f} s")
            has_said = True
        await clock.sleep(_ASK_AGAIN_S)


def _whose(owner: Path, clock: Clock) -> str:
    """Say who holds a lock, as far as it is known."""
    try:
        detail = json.loads(read_bounded(owner, _LARGEST_OWNER))
        pid, age_s = int(detail["pid"]), clock.now().timestamp() - float(detail["since"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError, OverflowError):
        return "another apply of this project is running"
    return f"process {pid} has been applying this project for {age_s:.0f} s"
