"""What a watch measures, for Prometheus: over HTTP, or in a file for node_exporter."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6, SHUT_RDWR, socket
from threading import BoundedSemaphore, Thread, Timer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from photonctl import __version__
from photonctl.errors import RefusedError, UsageError
from photonctl.events import ActionFinished, Event, Paced, RequestFinished, Waiting
from photonctl.extras import install_command
from photonctl.files import write_public
from photonctl.hosts import is_loopback
from photonctl.model.filled import shown_text
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.report import Report, Status
from photonctl.watching import Round

if TYPE_CHECKING:
    from io import BufferedReader

try:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest
    from prometheus_client import Counter as Counted
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
except ImportError:
    raise UsageError(
        "the library for metrics isn't installed",
        hint=f"Install it with:\n  {install_command('metrics')}",
    ) from None


_MAKING_ROOM_S = 0.5
_MOST_AT_ONCE = 16
_LONGEST_S = 10.0
_LONGEST_HEAD = 8_192  # bytes
_ODD = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Metrics:
    """Counts a watch's events and rounds."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"photonctl_{name}", text, labels, registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counted:
            return Counted(f"photonctl_{name}", text, labels, registry=registry)

        gauge("info", "The version that runs.", "version").labels(__version__).set(1)
        self._rounds = counter("rounds", "Rounds of plan or apply.", "result")
        self._last = gauge("last_success_timestamp_seconds", "When a round last went well.")
        self._drift = gauge("drift_resources", "What differs from the manifest.", "project")
        self._unread = gauge("unplanned_projects", "Projects that could not be planned.")
        self._actions = counter("actions", "Actions carried out.", "kind", "action", "status")
        self._requests = counter("requests", "Requests answered.", "status")
        self._paced = counter("limiter_wait_seconds", "Waiting for the limit of requests.")
        self._waited = counter("retry_wait_seconds", "Waiting before a request is sent again.")
        self._token = gauge("token_valid", "1 = Photon accepts the token.")
        self._expiry = gauge("token_expiry_timestamp_seconds", "When the token expires.")

    def event(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RequestFinished(status=status):
                self._requests.labels(str(status)).inc()
            case Paced(seconds=seconds):
                self._paced.inc(seconds)
            case Waiting(seconds=seconds):
                self._waited.inc(seconds)
            case ActionFinished(outcome=outcome):
                action, end = outcome.action, outcome.status.value
                self._actions.labels(action.kind, action.verb.value, end).inc()
            case _:
                pass

    def round(self, ended: Round, now: datetime) -> None:
        """Count a round, and note how far each project is from its manifest."""
        self._rounds.labels("ok" if ended.is_well else "failed").inc()
        if ended.is_well:
            self._last.set(now.timestamp())
        if ended.found is None:
            return
        self._unread.set(len(ended.found.unplanned))
        self._drift.clear()
        for name, count in _drift(ended.found).items():
            self._drift.labels(name).set(count)

    def token(self, *, is_valid: bool, expires_at: datetime | None) -> None:
        """Note whether Photon accepts the token, and until when."""
        self._token.set(int(is_valid))
        if expires_at is not None:
            self._expiry.set(expires_at.timestamp())

    def text(self) -> bytes:
        """Return it in Prometheus' own format."""
        return bytes(generate_latest(self._registry))

    def write(self, path: Path) -> None:
        """Write a file for node_exporter's textfile collector, which never reads half of it.

        Raises:
            RefusedError: it can't be written.
        """
        try:
            write_public(path, self.text())
        except OSError as error:
            raise RefusedError(f"{path} can't be written: {error.strerror}") from error


def _drift(found: Plan | Report) -> dict[str, int]:
    """Count by names as they are shown, which several projects may have."""
    counts = Counter[str]()
    for project in found.projects:
        if isinstance(project, ProjectPlan):
            counts[shown_text(project.name)] += len(project.actions) or len(project.refusals)
        else:
            undone = sum(outcome.status is not Status.OK for outcome in project.outcomes)
            counts[shown_text(project.plan.name)] += undone
    return counts


class MetricsServer(ThreadingHTTPServer):
    """Answers ``/metrics`` and ``/healthz`` until it is closed."""

    daemon_threads = True
    request_queue_size = 64  # who comes while others are answered isn't left to try again

    def __init__(
        self,
        metrics: Metrics,
        address: str,
        is_alive: Callable[[], bool],
        *,
        longest_s: float = _LONGEST_S,
    ) -> None:
        """Begin to answer.

        Who connects shares this process's file handles and threads with an apply: there are
        few places, and none is held for long.

        Args:
            metrics: what is answered.
            address: ``HOST:PORT``; an IPv6 host in brackets.
            is_alive: is a round under way, or has one ended not long ago?
            longest_s: after so many seconds a connection is cut, whatever it does.

        Raises:
            UsageError: it is no address, or another program has it.
        """
        self.metrics = metrics
        self.is_alive = is_alive
        self._longest_s = longest_s
        self._places = BoundedSemaphore(_MOST_AT_ONCE)
        self._open: dict[socket, None] = {}  # the oldest first
        try:
            at = urlsplit(f"//{address}")
            if ":" in (at.hostname or ""):
                self.address_family = AF_INET6
            super().__init__((at.hostname or "", at.port or 0), _Handler)
        except (ValueError, OSError) as error:
            reason = getattr(error, "strerror", None) or "it is no address"
            raise UsageError(
                f"--listen {address}: {reason}",
                hint="Write HOST:PORT, for example --listen 127.0.0.1:9464",
            ) from None
        Thread(target=self.serve_forever, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; where there is no place, the oldest connection ends for it."""
        if not self._places.acquire(blocking=False):
            for oldest in list(self._open)[:1]:
                _cut(oldest)
            if not self._places.acquire(timeout=_MAKING_ROOM_S):
                self.shutdown_request(request)
                return
        self._open[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._open.pop(request, None)
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, within a time."""
        end = Timer(self._longest_s, _cut, (request,))
        end.daemon = True
        try:
            end.start()
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._open.pop(request, None)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who connects must not be able to write into a log."""

    def is_for(self, host: str) -> bool:
        """May a request of this ``Host`` be answered? On loopback, a page's name may not."""
        at = self.server_address[0]
        name = urlsplit(f"//{host}").hostname or ""
        return not is_loopback(str(at)) or is_loopback(name)

    def end(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()


def _cut(request: socket) -> None:
    with suppress(OSError):  # it has ended
        request.shutdown(SHUT_RDWR)


class _Head:
    """The head of a request, as long as any is; the library's parser takes what it is given."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = _LONGEST_HEAD
        self.is_cut = False

    def readline(self, _: int = -1) -> bytes:
        """Read a line; nothing more where one is odd, or all of them are too long."""
        line = bytes(self._file.readline(self._left))
        self._left -= len(line)
        if not line.endswith(b"\n") or _ODD.search(line.rstrip(b"\r\n")):
            self._left, self.is_cut = 0, True
            return b""
        return line

    def close(self) -> None:
        """Close the connection's file."""
        self._file.close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0  # seconds
    server: MetricsServer

    def setup(self) -> None:
        """Bound what is read before anything is parsed."""
        super().setup()
        self._head = _Head(self.rfile)
        self.rfile = cast("BufferedReader", self._head)

    def parse_request(self) -> bool:
        """Answer only what came whole."""
        is_whole = super().parse_request()
        return is_whole and not self._head.is_cut

    def do_GET(self) -> None:  # as the standard library calls it
        if not self.server.is_for(self.headers.get("Host", "")):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"another host's name\n")
            return
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, self.server.metrics.text())
        elif path == "/healthz":
            is_well = self.server.is_alive()
            status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "text/plain", b"ok\n" if is_well else b"stuck\n")
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics and /healthz\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: what is scraped every few seconds isn't news."""
