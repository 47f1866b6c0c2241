"""Names are looked up where nobody has to wait for it."""

import asyncio
import gc
import socket
import threading

import pytest

from photonctl import loop


@pytest.mark.timeout(30)
def test_the_end_doesnt_wait_for_a_name_server(monkeypatch):
    never = threading.Event()

    async def ask():
        here, begun = asyncio.get_running_loop(), asyncio.Event()

        def silent(*_, **__):
            here.call_soon_threadsafe(begun.set)
            never.wait()

        monkeypatch.setattr(socket, "getaddrinfo", silent)
        async with asyncio.TaskGroup() as group:
            group.create_task(loop.addresses("bot.example.com"))
            await begun.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run(ask())
    never.set()


def test_addresses_are_those_of_this_machine():
    assert loop.run(loop.addresses("127.0.0.1")) == ["127.0.0.1"]


@pytest.mark.parametrize("problem", [socket.gaierror(-2, "unknown"), UnicodeError("label")])
def test_what_a_lookup_raises_is_raised(monkeypatch, problem):
    def fails(*_, **__):
        raise problem

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(type(problem)):
        loop.run(loop.addresses("bot.example.com"))


def test_a_task_that_a_signal_ended_is_no_news(caplog):
    gc.collect()  # what other tests left
    caplog.clear()

    async def ends():
        raise KeyboardInterrupt

    async def work():
        tasks = [asyncio.create_task(ends()), asyncio.create_task(asyncio.sleep(60))]
        await asyncio.wait(tasks)

    with pytest.raises(KeyboardInterrupt):
        loop.run(work())
    gc.collect()

    assert caplog.records == []


def test_a_task_that_failed_unheard_is_logged(caplog):
    async def fails():
        raise ValueError("why")

    async def work():
        asyncio.create_task(fails())  # noqa: RUF006  # nobody waits for it
        await asyncio.sleep(0)

    loop.run(work())
    gc.collect()

    assert "never retrieved" in caplog.text
