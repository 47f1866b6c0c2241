"""Idle connections: looked at seldom, and their end is seen all the same."""

import asyncio
import socket

import httpcore
import pytest

from photonctl.api import pool


class Pair(httpcore.AsyncMockStream):
    """A stream over one end of a pair of sockets."""

    def __init__(self, end):
        super().__init__([b"an answer"])
        self.end = end

    def get_extra_info(self, info):
        return self.end if info == "socket" else super().get_extra_info(info)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("photonctl.api.pool.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def is_over(stream):
    return stream.get_extra_info("is_readable")


def test_a_connection_that_was_just_used_counts_as_open(ends, clock):
    near, far = ends
    stream = pool._Stream(Pair(near))
    far.close()

    assert not is_over(stream)
    clock[0] += 1
    assert is_over(stream)


def test_an_answer_makes_it_fresh_again(ends, clock):
    near, far = ends
    stream = pool._Stream(Pair(near))
    clock[0] += 1
    assert not is_over(stream)

    assert asyncio.run(stream.read(100)) == b"an answer"
    far.close()

    assert not is_over(stream)
    clock[0] += 1
    assert is_over(stream)


def test_what_else_is_asked_is_answered_as_before(ends, clock):
    stream = pool._Stream(Pair(ends[0]))

    assert stream.get_extra_info("socket") is ends[0]
