"""What the stand-ins share: a server in a thread, a record of what it was asked, and faults."""

import contextlib
import json
import re
import socket
import socketserver
import threading
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl, unquote

DROPPED = 0  # the status in ``requests`` of a request whose connection was closed instead


@dataclass
class Request:
    """One request; ``segments`` are the parts of its path, each decoded for itself."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def segments(self) -> list[str]:
        return [unquote(part) for part in self.target.partition("?")[0].split("/")[1:]]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def number(self, name: str, default: int) -> int:
        """Give a number of the query, or the default where it is none."""
        text = self.query.get(name, "")
        return int(text) if text.isdecimal() and int(text) else default


@dataclass
class Answer:
    """One answer: a body of JSON, or bytes as they are, or none."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Refusal(Exception):
    """Ends a request with an answer from wherever it is thrown."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.answer = Answer(status, body)


@dataclass
class Fault:
    """What happens to the next requests that match."""

    method: str
    path: re.Pattern[str]
    answer: Answer | None
    after: bool
    drop: bool
    times: int
    skip: int

    def takes(self, request: Request) -> bool:
        """Is this request one to spoil? Counts it."""
        if not self.times or self.method not in ("*", request.method):
            return False
        if not self.path.search(request.target):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Clock:
    """A clock that moves by one second a write, so that each write has a time of its own."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def tick(self, ending: str = "Z") -> str:
        self.now += timedelta(seconds=1)
        return self.now.strftime("%Y-%m-%dT%H:%M:%S") + ending


class StandIn:
    """A service on a free port of 127.0.0.1 while the block lasts; a subclass answers.

    ``requests`` has (method, target with its query, status) of each request in order, where the
    status is ``DROPPED`` if there was no answer. ``received`` has each request as text, headers
    and body included. Both, and the state, may be read while the service runs.
    """

    token: str

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.requests: list[tuple[str, str, int]] = []
        self.received: list[str] = []
        self.crashes: list[str] = []  # tracebacks of the stand-in itself; the block's end fails
        self._faults: list[Fault] = []

    def __enter__(self) -> Self:
        self._server = _Server(self)
        # Looks often whether it shall end, so that closing is quick.
        loop = {"poll_interval": 0.02}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=loop, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        self._thread.join()
        if self.crashes and error is None:
            raise AssertionError("the stand-in itself failed:\n" + "\n".join(self.crashes))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, method: str = "*", path_regex: str = "") -> int:
        """Count the requests so far, all of them or those that match."""
        with self.lock:
            rows = list(self.requests)
        return sum(method in ("*", row[0]) and bool(re.search(path_regex, row[1])) for row in rows)

    def fault(
        self,
        method: str,
        path_regex: str,
        *,
        status: int | None = None,
        body: object = b"",
        headers: dict[str, str] | None = None,
        after: bool = False,
        drop: bool = False,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Spoil the next ``times`` requests that match, after ``skip`` that are let through.

        Args:
            method: The method, or ``*`` for all.
            path_regex: Searched for in the target as it was sent, with its query.
            status: The status to answer with. Needed unless ``drop``.
            body: Bytes as they are, a string, or anything else as JSON.
            headers: More headers of the answer, such as Retry-After.
            after: Carry the request out first.
            drop: Close the connection without an answer.
            times: How many requests.
            skip: How many to let through first.
        """
        if (status is None) != drop:
            raise ValueError("a fault has either a status or drop=True")
        plain = body.encode() if isinstance(body, str) else body
        answer = None if status is None else Answer(status, plain, dict(headers or {}))
        with self.lock:
            pattern = re.compile(path_regex)
            self._faults.append(Fault(method, pattern, answer, after, drop, times, skip))

    def clear_faults(self) -> None:
        with self.lock:
            self._faults.clear()

    def answer(self, request: Request) -> Answer:
        """Carry a request out. Called with the lock held; may throw a Refusal."""
        raise NotImplementedError

    def serve(self, request: Request, text: str) -> Answer | None:
        """Answer and record a request; None is a connection to close."""
        with self.lock:
            self.received.append(text)
            fault = next((one for one in self._faults if one.takes(request)), None)
            answer: Answer | None = None
            if fault is None or fault.after:
                answer = self._carried_out(request)
            if fault is not None:
                answer = fault.answer
            status = DROPPED if answer is None else answer.status
            self.requests.append((request.method, request.target, status))
            return answer

    def _carried_out(self, request: Request) -> Answer:
        try:
            return self.answer(request)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 -- told at the end of the block, where a test sees it
            self.crashes.append(traceback.format_exc())
            return Answer(500, {"message": "the stand-in failed"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, stand: StandIn) -> None:
        self.stand = stand
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        # Without HTTPServer's search for the machine's name, which may ask a name server.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        # Connections that clients kept open end here too, as with a server that was stopped.
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece

    def _serve(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.close_connection = True
            self.send_error(411)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client died on the way
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        text = f"{self.requestline}\n{self.headers}{body.decode(errors='replace')}"
        stand = cast("_Server", self.server).stand
        answer = stand.serve(Request(self.command, self.path, headers, body), text)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        content = answer.encoded()
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json"} if content else {}
        for name, value in (headers | answer.headers).items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and answer.status != 204:
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_LIST = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the library's name
        """Nothing on standard error."""


def json_object(request: Request, refusal: Refusal) -> dict[str, Any]:
    """Give the body, which must be a JSON object; an empty one counts as ``{}``."""
    try:
        found = json.loads(request.body or b"{}")
    except ValueError:
        raise refusal from None
    if not isinstance(found, dict):
        raise refusal
    return found
