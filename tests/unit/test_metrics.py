"""The listener of a watch: it never takes much of the process that applies."""

import os
import socket
import struct
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO

import pytest

from photonctl.files import write_public
from photonctl.metrics import Metrics, MetricsServer, _Head
from photonctl.model.plan import Plan
from photonctl.watching import Round
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount


@pytest.fixture
def server():
    started = MetricsServer(Metrics(), "127.0.0.1:0", lambda: True, longest_s=0.2)
    yield started
    started.end()


def test_whoever_connects_and_says_nothing_takes_few_threads_and_for_no_long_time(server):
    before = threading.active_count()
    idle = [socket.create_connection(server.server_address[:2]) for _ in range(200)]
    for one in idle:
        one.settimeout(20)

    ended = [one.recv(1) for one in idle]  # every one is closed by the server

    assert ended == [b""] * len(idle)
    assert threading.active_count() <= before + 2 * 16
    url = "http://127.0.0.1:{1}/healthz".format(*server.server_address)
    assert urllib.request.urlopen(url, timeout=20).status == 200
    for one in idle:
        one.close()


def test_who_holds_every_place_holds_up_no_probe():
    slow = MetricsServer(Metrics(), "127.0.0.1:0", lambda: True, longest_s=60)
    idle = [socket.create_connection(slow.server_address[:2]) for _ in range(40)]

    url = "http://127.0.0.1:{1}/healthz".format(*slow.server_address)
    assert urllib.request.urlopen(url, timeout=20).status == 200

    for one in idle:
        one.close()
    slow.end()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil"])
def test_a_page_with_a_name_of_its_own_reads_nothing(server, host):
    url = "http://127.0.0.1:{1}/metrics".format(*server.server_address)
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=20)


def test_a_page_with_a_name_of_its_own_reads_nothing_at_any_address_of_loopback():
    other = MetricsServer(Metrics(), "127.0.0.2:0", lambda: True)

    assert not other.is_for("evil.example:80")
    assert other.is_for("127.0.0.2:80")
    assert other.is_for("localhost")
    other.end()


def test_who_breaks_a_connection_writes_nothing_into_the_log(server, capfd):
    for _ in range(5):
        one = socket.create_connection(server.server_address[:2])
        one.sendall(b"GET /metr")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    url = "http://127.0.0.1:{1}/healthz".format(*server.server_address)
    assert urllib.request.urlopen(url, timeout=20).status == 200
    server.handle_error(None, None)

    assert capfd.readouterr().err == ""


def test_a_file_of_metrics_never_goes_where_a_link_leads(tmp_path):
    kept, file = tmp_path / "kept", tmp_path / "photonctl.prom"
    kept.write_text("precious")
    file.symlink_to(kept)

    Metrics().write(file)

    assert kept.read_text() == "precious"
    assert "photonctl" in file.read_text()
    assert not file.is_symlink()


def test_no_other_name_of_a_public_file_is_known_before(tmp_path, monkeypatch):
    names = set()
    replace = os.replace
    monkeypatch.setattr("pathlib.Path.replace", lambda a, b: (names.add(a.name), replace(a, b)))

    for _ in range(3):
        write_public(tmp_path / "m.prom", b"x")

    assert len(names) == 3
    assert (tmp_path / "m.prom").stat().st_mode & 0o777 == 0o644


def test_projects_that_are_shown_alike_are_counted_together(tmp_path):
    engine = Engine(tmp_path, FakeAccount())
    head = "version: 1\nproject: {name: bot}\n"
    plans = [
        *engine.plan(
            "version: 1\nproject: {name: bot}\nusers: [{phoneNumber: +15551234567}]\n"
        ).projects,
        *engine.plan(head).projects,
    ]
    for order in (plans, plans[::-1]):
        metrics = Metrics()
        found = Plan(projects=tuple(order))
        metrics.round(Round(found=found, error=None, pause_s=0), datetime.now(UTC))
        count = sum(len(plan.actions) for plan in plans)
        assert f'photonctl_drift_resources{{project="bot"}} {count}.0' in metrics.text().decode()


ODD_HEADS = {
    "many returns": b"A:" + b"\rB:" * 2_000 + b"\r\n",
    "a long line": b"A: " + b"x" * 9_000 + b"\r\n",
    "many lines": b"A: x\r\n" * 2_000,
    "a control character": b"A: \x0b\r\n",
    "no end": b"A: x",
}


@pytest.mark.parametrize("head", ODD_HEADS)
def test_a_head_that_no_program_sends_is_no_request(server, head):
    with socket.create_connection(server.server_address[:2]) as one:
        one.settimeout(20)
        one.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n" + ODD_HEADS[head] + b"\r\n")
        found = b""
        with suppress(OSError):  # what wasn't read is still on its way
            one.shutdown(socket.SHUT_WR)
            found = one.recv(100)

    assert b" 200 " not in found


def test_nothing_is_parsed_of_a_head_that_is_too_long():
    head = _Head(BytesIO(b"A: x\n" * 100_000))

    lines = list(iter(head.readline, b""))

    assert sum(map(len, lines)) <= 8_192
    assert head.is_cut
