"""A call that nobody waits for any more ends, also where the server goes on talking."""

import socket
import threading
from threading import Thread

import pytest

from photonctl.model.spec import SinkSpec
from photonctl.sinks import open_sink
from photonctl.sinks.deadline import THREAD, give_up, within
from photonctl.sinks.service import StoreProblem

LONG_S = 60.0
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000


def talk(connection, has_begun):
    with connection:
        connection.recv(65_536)
        while True:
            try:
                connection.sendall(CONTINUE)
            except OSError:
                return
            has_begun.set()


@pytest.fixture
def talking():
    """Serve what never ends; returns the URL, and an event: it has begun."""
    has_begun = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                Thread(target=talk, args=(connection, has_begun), daemon=True).start()

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", has_begun
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("word", "target"), [("vault", "secret/bot"), ("awsSecretsManager", "prod/bot")]
)
def test_a_server_that_only_says_that_an_answer_will_come_keeps_nothing_busy(
    talking, tmp_path, monkeypatch, word, target
):
    url, has_begun = talking
    for name, value in {
        "VAULT_ADDR": url, "VAULT_TOKEN": "hvs.0123456789", "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIA0123456789", "AWS_SECRET_ACCESS_KEY": "aws-0123456789",
        "AWS_DEFAULT_REGION": "eu-west-1", "HOME": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    service = open_sink(SinkSpec(type=word, target=target, key="BOT"), tmp_path)._service
    before = set(threading.enumerate())

    def nobody_waits():
        has_begun.wait(LONG_S)
        give_up()

    Thread(target=nobody_waits, daemon=True).start()
    with pytest.raises(StoreProblem, match="doesn't answer"):
        within(service.notes, is_read=True, seconds=LONG_S)

    calls = [t for t in set(threading.enumerate()) - before if t.name == THREAD]
    for call in calls:
        call.join(LONG_S)
    assert not any(call.is_alive() for call in calls)


def test_what_a_call_raises_is_raised_where_it_was_made():
    def fails():
        raise StoreProblem("no permission", "Ask.")

    with pytest.raises(StoreProblem, match="no permission"):
        within(fails, is_read=False)
    assert within(lambda: 7, is_read=True) == 7


def test_a_call_that_goes_on_all_the_same_sends_nothing_more(fresh):
    """What ends it may be swallowed on its way, as asyncio's callbacks do."""
    has_begun, late, said = threading.Event(), [], []
    service = fresh()._service

    def step():
        try:
            has_begun.set()
            while not late:  # no lock, which the exception could leave held
                pass
        except BaseException:  # noqa: BLE001
            while not late:
                pass
        try:
            service.write_asked("asked=registration")
        except StoreProblem as problem:
            said.append(str(problem))

    def nobody_waits():
        has_begun.wait(LONG_S)
        give_up()

    before = set(threading.enumerate())
    Thread(target=nobody_waits, daemon=True).start()
    with pytest.raises(StoreProblem):
        within(step, is_read=True, seconds=LONG_S)
    late.append(True)
    for thread in set(threading.enumerate()) - before:
        if thread.name == THREAD:
            thread.join(LONG_S)

    assert said == ["nobody waits for it any more"]
    assert fresh().record() is None
