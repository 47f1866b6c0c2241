"""Start the command in a fork of a process that has imported it: a tenth of the time.

``python -m tests.support.warm SOCKET`` waits for requests: arguments, folder and environment as
JSON, and three file descriptors. Each is carried out by a child of its own, which is what a new
process would be, except that its modules are loaded. Tests of starting, of signals and of streams
start real processes.
"""

import array
import atexit
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from importlib import import_module
from pathlib import Path

_LARGEST = 2**20
_LOADED = (
    "anyio._backends._asyncio", "deepdiff.diff", "dotenv.parser", "encodings.idna", "filelock",
    "httpcore", "jinja2", "jsonschema", "referencing", "sqlite3", "starlette.requests",
    "tenacity", "uvicorn.lifespan.off", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
    "photonctl.emulator.app", "photonctl.emulator.server",
    "photonctl.api.account", "photonctl.cli.apply", "photonctl.cli.main", "photonctl.cli.outcome",
    "photonctl.cli.plan", "photonctl.cli.session", "photonctl.manifest.files",
    "photonctl.manifest.saved", "photonctl.reconciler", "photonctl.sinks.env_file",
    "photonctl.sinks.pair", "photonctl.views.json", "photonctl.views.text",
)  # fmt: skip
ROOT = Path(__file__).parents[2]


def run(args, *, cwd, env, stdin="", timeout):
    """Do what ``subprocess.run`` would, with text and captured output."""
    reading, writing = os.pipe()
    feeder = threading.Thread(target=_feed, args=(writing, stdin.encode()))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(timeout)
            wire.connect(_server())
            request = json.dumps({"args": args, "cwd": str(cwd), "env": env}).encode()
            fds = array.array("i", [reading, out.fileno(), err.fileno()])
            wire.sendmsg([len(request).to_bytes(4)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            wire.sendall(request)
            os.close(reading)
            feeder.start()
            code = int(wire.recv(16).decode() or "-9")
        feeder.join()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(args, code, out.read().decode(), err.read().decode())


def _feed(writing, data):
    with os.fdopen(writing, "wb") as pipe, contextlib.suppress(BrokenPipeError):
        pipe.write(data)


@cache
def _server():
    """Start the warm process of this test run; it ends with it."""
    path = Path(tempfile.mkdtemp(prefix="warm")) / "s"
    env = {"PATH": os.environ["PATH"], "HOME": str(path.parent)}
    kept = {k: v for k, v in os.environ.items() if k.startswith(("LANG", "LC_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.warm", str(path), str(os.getpid())],
        cwd=ROOT,
        env={**env, **kept},
        stdin=subprocess.DEVNULL,
    )
    atexit.register(lambda: (process.kill(), process.wait()))
    while not path.exists():
        time.sleep(0.01)  # polls another process; nothing is assumed of how long it takes
    return str(path)


def _serve(path, parent):
    for name in _LOADED:
        import_module(name)

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(64)
        listener.settimeout(1)
        while _is_alive(parent):
            try:
                wire, _ = listener.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listener.close()
                _handle(wire)
                os._exit(0)
            wire.close()


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _handle(wire):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    wire.settimeout(None)
    head, ancillary, _, _ = wire.recvmsg(4, socket.CMSG_SPACE(12))
    fds = array.array("i")
    fds.frombytes(ancillary[0][2])
    request = b""
    while len(request) < int.from_bytes(head):
        request += wire.recv(_LARGEST)
    asked = json.loads(request)
    child = os.fork()
    if child == 0:
        wire.close()
        _become(asked, fds)
    _, status = os.waitpid(child, 0)
    wire.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(asked, fds):
    """Be the command: its folder, environment, streams and arguments."""
    from photonctl.cli import main

    for target, source in enumerate(fds):
        os.dup2(source, target)
        os.close(source)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)))
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)),
        errors="backslashreplace",
        line_buffering=True,
    )
    sys.argv = ["photonctl", *asked["args"]]
    code = 1
    try:
        main.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
