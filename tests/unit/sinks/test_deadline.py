"""A call that nobody waits for any more sends nothing more."""

import asyncio
import threading
from threading import Thread

import pytest

from photonctl.deadline import THREAD, GaveUp, give_up, within
from photonctl.network import transport
from photonctl.sinks.service import StoreProblem

LONG_S = 60.0


def _give_up_on(step, has_begun, is_late):
    """Wait for a step no longer than until it has begun; then let it go on to its end."""

    def nobody_waits():
        has_begun.wait(LONG_S)
        give_up()

    before = set(threading.enumerate())
    Thread(target=nobody_waits, daemon=True).start()
    with pytest.raises(GaveUp):
        within(step, is_read=True, seconds=LONG_S)
    is_late.set()
    for thread in set(threading.enumerate()) - before:
        if thread.name == THREAD:
            thread.join(LONG_S)


def test_what_a_call_raises_is_raised_where_it_was_made():
    def fails():
        raise StoreProblem("no permission", "Ask.")

    with pytest.raises(StoreProblem, match="no permission"):
        within(fails, is_read=False)
    assert within(lambda: 7, is_read=True) == 7


def test_a_call_that_goes_on_all_the_same_sends_nothing_more(fresh):
    has_begun, is_late, said = threading.Event(), threading.Event(), []
    service = fresh()._service

    def step():
        has_begun.set()
        is_late.wait(LONG_S)
        try:
            service.write_asked("asked=registration")
        except GaveUp as problem:
            said.append(str(problem))

    _give_up_on(step, has_begun, is_late)

    assert said == ["nobody waits for it any more"]
    assert fresh().record() is None


def test_what_was_given_up_while_it_connected_sends_nothing(fresh, monkeypatch):
    has_begun, is_late, said = threading.Event(), threading.Event(), []
    service = fresh()._service
    connect = transport.connect

    async def slow(*where):
        opened = await connect(*where)
        has_begun.set()
        await asyncio.to_thread(is_late.wait, LONG_S)
        return opened

    def step():
        try:
            service.write_asked("asked=registration")
        except GaveUp as problem:
            said.append(str(problem))

    monkeypatch.setattr(transport, "connect", slow)
    _give_up_on(step, has_begun, is_late)
    monkeypatch.undo()

    assert said == ["nobody waits for it any more"]
