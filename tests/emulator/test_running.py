"""The emulator as a program: its state, its faults, its log and its unpleasantness."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import httpx
import pytest

from photonctl.emulator.server import (
    DataInUse,
    DataUnreadable,
    EmulatorError,
    Settings,
    WrongFault,
    running,
    serve,
)
from tests.conftest import photon_process

ADA = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada"}


def control(photon, method, path, **kwargs):
    return photon.http.request(method, f"{photon.url}/__emulator__{path}", **kwargs)


def test_state_survives_a_restart_in_a_private_file(start, tmp_path):
    data = tmp_path / "photon.db"
    with running(Settings(data=data)) as first:
        headers = {"Authorization": f"Bearer {first.token}"}
        httpx.post(f"{first.url}/api/projects/", json={"name": "kept"}, headers=headers)

    (row,) = start(data=data).dashboard("GET", "/projects/").json()

    assert row["name"] == "kept"
    assert stat.S_IMODE(data.stat().st_mode) == 0o600


def test_a_kill_in_the_middle_of_writes_loses_nothing_that_was_answered(tmp_path, start):
    data = tmp_path / "photon.db"
    script = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from photonctl.emulator.server import Settings, serve\n"
        "serve(Settings(data=Path(sys.argv[1]), rate=0), lambda url: print(url, flush=True))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", script, str(data)],
        stdout=subprocess.PIPE,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("COV")},
    )
    url = process.stdout.readline().strip()
    answered = []

    def write():
        headers = {"Authorization": "Bearer photon-emulator-token"}
        with httpx.Client(headers=headers) as client:
            try:
                while True:
                    created = client.post(f"{url}/api/projects/", json={"name": "x"}).json()
                    answered.append(created["id"])
                    if len(answered) == 20:
                        process.kill()
            except httpx.HTTPError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(timeout=60)
    process.communicate(timeout=20)

    rows = start(data=data).dashboard("GET", "/projects/").json()

    assert len(answered) >= 20
    assert set(answered) <= {row["id"] for row in rows}


def test_two_emulators_on_one_file_are_refused(start, tmp_path):
    data = tmp_path / "photon.db"
    start(data=data)

    with pytest.raises(DataInUse, match="another emulator"), running(Settings(data=data)):
        pytest.fail("the second one ran")


@pytest.mark.parametrize("kind", ["text", "sqlite", "folder"])
def test_something_else_isnt_overwritten(tmp_path, kind):
    data = tmp_path / "photon.db"
    if kind == "text":
        data.write_text("this is somebody's file, and no database at all")
    elif kind == "sqlite":
        with sqlite3.connect(data) as db:
            db.execute("CREATE TABLE mine (x)")
        db.close()
    else:
        data.mkdir()
    before = data.read_bytes() if data.is_file() else None

    with pytest.raises(DataUnreadable), running(Settings(data=data)):
        pytest.fail("it ran")

    assert (data.read_bytes() if data.is_file() else None) == before


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE projects ADD COLUMN extra TEXT GENERATED ALWAYS AS (hex(zeroblob(9))) VIRTUAL",
        "CREATE TABLE more (x)",
        "CREATE VIEW seen AS SELECT * FROM users",
        "CREATE TRIGGER pulled AFTER INSERT ON users BEGIN DELETE FROM users; END",
        "CREATE INDEX slow ON users (hex(phone))",
        "DROP INDEX users_of",
    ],
)
def test_a_file_whose_tables_are_others_isnt_used(tmp_path, change):
    """It may be a stranger's: what its schema computes costs what it likes."""
    data = tmp_path / "photon.db"
    with running(Settings(data=data)):
        pass
    with running(Settings(data=data)):
        pass
    with sqlite3.connect(data) as db:
        db.execute(change)
    db.close()

    with pytest.raises(DataUnreadable, match="aren't those"), running(Settings(data=data)):
        pytest.fail("it ran")


def test_a_taken_port_is_said_to_be_taken(start):
    port = int(start().url.rpartition(":")[2])

    with pytest.raises(EmulatorError, match="can't listen"), running(Settings(port=port)):
        pytest.fail("it ran")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_a_signal(number):
    urls = []

    def on_ready(url):
        urls.append(httpx.get(f"{url}/api/health").json())
        os.kill(os.getpid(), number)

    serve(Settings(), on_ready)

    assert urls == [{"status": "ok"}]


def test_calm_lists_are_in_order_and_others_arent(start):
    def phones(photon):
        _, spectrum = photon.project()
        for index in range(12):
            body = {"type": "shared", "phoneNumber": f"+155500001{index:02d}"}
            spectrum("POST", "/users/", json=body)
        rows = spectrum("GET", "/users/").json()["data"]["users"]
        return [row["phoneNumber"] for row in rows], rows[0]

    calm, row = phones(start(calm=True))
    wild, odd_row = phones(start(seed=1))
    repeated, _ = phones(start(seed=1))

    assert calm == ["+15550000001"] + [f"+155500001{index:02d}" for index in range(12)]
    assert "revision" not in row
    assert sorted(wild) == sorted(calm)
    assert wild != calm
    assert wild == repeated
    assert "revision" in odd_row


@pytest.mark.parametrize(
    ("kind", "status", "is_done"),
    [
        ("401", 401, False),
        ("429", 429, False),
        ("429-retry-after", 429, False),
        ("500", 500, False),
        ("502", 502, False),
        ("503", 503, False),
        ("html", 502, False),
        ("html-200", 200, False),
        ("not-json", 200, False),
        ("error-200", 200, False),
        ("succeed-false", 200, False),
        ("unknown-list", 200, False),
        ("null", 200, False),
        ("redirect", 307, False),
        ("slow=0.01", 200, True),
        ("slow-after=0.01", 200, True),
        ("drop-before", None, False),
        ("drop-after", None, True),
        ("truncated", None, True),
    ],
)
def test_each_kind_of_fault(start, kind, status, is_done):
    photon = start(faults=(f"POST /projects/*/users/ : {kind}",))
    _, spectrum = photon.project()

    if status is None:
        with pytest.raises(httpx.RemoteProtocolError):
            spectrum("POST", "/users", json=ADA)
    else:
        assert spectrum("POST", "/users", json=ADA).status_code == status

    rows = spectrum("GET", "/users/").json()["data"]["users"]
    assert (ADA["phoneNumber"] in {row["phoneNumber"] for row in rows}) is is_done
    assert spectrum("POST", "/users/", json=ADA).status_code == 200  # once only


def test_faults_are_counted_skipped_and_cleared(newer):
    def statuses(count):
        return [newer.dashboard("GET", "/health").status_code for _ in range(count)]

    def add(fault):
        return control(newer, "POST", "/faults", json={"faults": [fault]}).status_code

    assert add("* /api/health : 503 : 2 : skip 1") == 200
    assert statuses(4) == [200, 503, 503, 200]
    assert add("GET /api/* : 500 : *") == 200
    assert statuses(3) == [500] * 3
    control(newer, "DELETE", "/faults")
    assert statuses(1) == [200]


@pytest.mark.parametrize("fault", ["", "GET", "GET /x", "GET /x : nonsense", "GET /x : 500 : many"])
def test_a_fault_that_cant_be_read_shows_the_form(newer, fault):
    answer = control(newer, "POST", "/faults", json={"faults": [fault]})

    assert answer.status_code == 422
    assert "METHOD PATH-GLOB : KIND" in answer.json()["error"]
    with pytest.raises(WrongFault), running(Settings(faults=(fault,))):
        pytest.fail("it ran")


def test_the_log_tells_what_happened_and_no_secret(newer):
    row, spectrum = newer.project()
    spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/", "signingSecret": "mine"})

    log = control(newer, "GET", "/log")

    assert [(e["method"], e["status"]) for e in log.json()][-1] == ("POST", 200)
    assert log.json()[-1]["request"] == {"webhookUrl": "https://a.test/", "signingSecret": "***"}
    assert "mine" not in log.text
    assert row["projectSecret"] not in log.text
    assert control(newer, "DELETE", "/log").status_code == 200
    assert control(newer, "GET", "/log").json() == []


def test_several_run_side_by_side():
    with running(Settings()) as one, running(Settings()) as two:
        assert one.url != two.url


def test_the_command_prints_what_to_export():
    with photon_process() as photon:
        assert httpx.get(f"{photon.url}/api/health").json() == {"status": "ok"}


@pytest.mark.parametrize(("kind", "is_done"), [("hang-before", False), ("hang-after", True)])
def test_a_request_that_hangs_is_in_the_log_at_once_and_ends_with_its_client(newer, kind, is_done):
    _, spectrum = newer.project()
    control(newer, "POST", "/faults", json={"faults": [f"POST /projects/*/users/ : {kind}"]})

    with pytest.raises(httpx.ReadTimeout):
        spectrum("POST", "/users/", json=ADA, timeout=0.3)

    last = control(newer, "GET", "/log").json()[-1]
    assert (last["status"], last["fault"]) == (0, kind)
    rows = spectrum("GET", "/users/").json()["data"]["users"]
    assert (ADA["phoneNumber"] in {row["phoneNumber"] for row in rows}) is is_done
