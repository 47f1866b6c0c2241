"""Start and stop the emulator: in a thread for tests and ``--emulator``, or in the foreground."""

import base64
import hmac
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from photonctl.emulator.faults import BadFault, Faults
from photonctl.emulator.store import NotOurs, Store
from photonctl.emulator.variants import VARIANTS

DEFAULT_TOKEN = "photon-emulator-token"  # public: it opens this emulator only
_START_LIMIT_S = 20.0
_YEAR_2100 = 4_102_444_800.0


class EmulatorError(Exception):
    """The emulator can't run."""


class DataInUse(EmulatorError):
    """Another emulator has the data file open."""


class DataUnreadable(EmulatorError):
    """The data file isn't an emulator's, or can't be opened."""


class WrongFault(EmulatorError):
    """A fault can't be read."""


class UnknownVariant(EmulatorError):
    """A variant has another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an emulator is set up.

    Attributes:
        data: the SQLite file; None = in memory.
        port: 0 = any free one.
        token: the session token of its one account; public.
        generation: whose API shapes it speaks.
        plan: the tier of new projects, which caps shared users.
        rate: requests per second and project on Spectrum; 0 = no limit.
        seed: repeats a run's unpleasantness; None = drawn.
        calm: no unpleasantness.
        faults: see ``faults.py``.
        owner_phone: the account's number, enrolled in new projects; None = it has none.
        approve_logins: device logins need nobody.
        device_interval_s, code_lifetime_s, token_lifetime_s: of device logins.
        token_shape: see ``variants.TOKEN_SHAPES``.
        variants: see ``variants.VARIANTS``.
        deliver_anywhere: webhook deliveries also leave this machine.
        is_private: nobody is served without credentials: no page, no device login.
    """

    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    token: str = DEFAULT_TOKEN
    generation: Literal["2026-06", "2026-09"] = "2026-09"
    plan: Literal["free", "pro", "business"] = "business"
    rate: int = 5
    seed: int | None = None
    calm: bool = False
    faults: tuple[str, ...] = ()
    owner_phone: str | None = "+15550000001"
    approve_logins: bool = False
    device_interval_s: float = 5
    code_lifetime_s: float = 1800
    token_lifetime_s: float = 7 * 24 * 60 * 60
    token_shape: str = "access_token"
    variants: tuple[str, ...] = ()
    deliver_anywhere: bool = False
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An emulator that listens."""

    url: str
    token: str
    seed: int


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Run an emulator in a thread; it listens when the block is entered.

    Raises:
        DataInUse, DataUnreadable, WrongFault, EmulatorError: it can't run.
    """
    from filelock import FileLock, Timeout

    if settings.data is None:
        with _serving(settings) as found:
            yield found
        return
    lock = FileLock(f"{settings.data}.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise DataInUse(f"another emulator is using {settings.data}") from error
    except OSError as error:
        raise DataUnreadable(f"{settings.data} can't be locked: {error.strerror}") from error
    try:
        with _serving(settings) as found:
            yield found
    finally:
        lock.release()


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Run an emulator until SIGINT or SIGTERM.

    Raises:
        EmulatorError: as ``running``.
    """
    stop = threading.Event()

    def on_signal(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with running(settings) as found:
            on_ready(found.url)
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _serving(settings: Settings) -> Iterator[Running]:
    import uvicorn

    from photonctl.emulator.app import App
    from photonctl.emulator.call import DeviceRules, Rules
    from photonctl.emulator.deliver import Deliverer
    from photonctl.emulator.guard import Guard
    from photonctl.emulator.opening import Limit
    from photonctl.emulator.quirks import Quirks
    from photonctl.emulator.request_log import RequestLog

    seed = random.randrange(2**32) if settings.seed is None else settings.seed  # noqa: S311
    store = _open_store(settings)
    try:
        app = App(
            store,
            Rules(
                generation=settings.generation,
                tier=settings.plan,
                owner_phone=settings.owner_phone,
                device=DeviceRules(
                    interval_s=settings.device_interval_s,
                    code_lifetime_s=settings.code_lifetime_s,
                    token_lifetime_s=settings.token_lifetime_s,
                    approves_by_itself=settings.approve_logins,
                    token_shape=settings.token_shape,
                ),
                variants=_variants(settings),
            ),
            Quirks(seed, calm=settings.calm),
            limit=Limit(settings.rate),
            faults=_faults(settings),
            log=RequestLog(),
            deliverer=Deliverer(store, anywhere=settings.deliver_anywhere),
            guard=Guard(settings.host, opens=_opener(store, settings)),
        )
        config = uvicorn.Config(
            app, log_level="critical", access_log=False, lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        with _listening(settings) as listener:
            thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
            thread.start()
            _wait_until_started(server, thread)
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            yield Running(url=f"http://{shown}:{port}", token=settings.token, seed=seed)
            server.should_exit = True
            server.force_exit = True  # an idle kept-alive connection is nothing to wait for
            thread.join()
    finally:
        store.close()


def _opener(store: Store, settings: Settings) -> Callable[[str], bool] | None:
    """Return what recognises the credentials of this run; None = anybody is served."""
    if not settings.is_private:
        return None

    def opens(header: str) -> bool:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(value.encode(), settings.token.encode())
        if scheme.lower() != "basic":
            return False
        with store.transaction() as db:
            rows = db.execute("SELECT spectrum_id, secret FROM projects WHERE deleted_at IS NULL")
            pairs = [f"{row['spectrum_id']}:{row['secret']}".encode() for row in rows]
        try:
            given = base64.b64decode(value, validate=True)
        except ValueError:
            return False
        return any(hmac.compare_digest(given, pair) for pair in pairs)

    return opens


def _open_store(settings: Settings) -> Store:
    try:
        store = Store(settings.data)
    except (NotOurs, OSError) as error:
        raise DataUnreadable(f"{settings.data} can't be used: {error}") from error
    with store.transaction() as db:
        # The token works in every run, also after a sign-out; those of other runs don't.
        db.execute("DELETE FROM sessions WHERE expires_at = ?", (_YEAR_2100,))
        if settings.is_private:
            db.execute("DELETE FROM sessions")
        row = (settings.token, _YEAR_2100)
        db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, 1, 0)", row)
    return store


def _faults(settings: Settings) -> Faults:
    try:
        return Faults(settings.faults)
    except BadFault as error:
        raise WrongFault(str(error)) from error


def _variants(settings: Settings) -> frozenset[str]:
    unknown = set(settings.variants) - set(VARIANTS)
    if unknown:
        raise UnknownVariant(f"there is no variant {min(unknown)!r}; known: {', '.join(VARIANTS)}")
    return frozenset(settings.variants)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: without,
    # each answer that goes out in two pieces waits 40 ms for the client's delayed ACK.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen()
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise EmulatorError(f"can't listen on {where}: {error.strerror or error}") from error
        yield listener


def _wait_until_started(server: object, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not getattr(server, "started", False):
        if not thread.is_alive() or time.monotonic() > deadline:
            raise EmulatorError("the server didn't start")
        time.sleep(0.002)
