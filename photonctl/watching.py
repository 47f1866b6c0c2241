"""Planning or applying again and again, until somebody stops it."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from msgspec import Struct

from photonctl.clock import Clock
from photonctl.errors import PhotonctlError
from photonctl.model.plan import Plan
from photonctl.model.report import Report

_JITTER = 0.1  # of the time between two rounds, so that many watchers don't ask at once
_MOST_DOUBLINGS = 3
_LONGEST_S = 3600.0

Work = Callable[[], Awaitable[Plan | Report]]


class Round(Struct, frozen=True, kw_only=True):
    """What one plan or apply came to.

    Attributes:
        found: None = it failed as a whole, with ``error``.
        pause_s: how long it is until the next one.
    """

    found: Plan | Report | None
    error: PhotonctlError | None
    pause_s: float

    @property
    def is_well(self) -> bool:
        """Was everything read, and, after an apply, done?"""
        return self.found is not None and _is_well(self.found)


def pause_s(every_s: float, failures: int, jitter: float) -> float:
    """Return how long to wait for the next round.

    Args:
        every_s: the time between two rounds that go well.
        failures: how many rounds in a row have failed; each doubles the time, up to eight times or
            an hour.
        jitter: from 0 to 1.
    """
    longest = max(every_s, min(every_s * 2**_MOST_DOUBLINGS, _LONGEST_S))
    base: float = min(every_s * 2**failures, longest)
    return base * (1 - _JITTER + 2 * _JITTER * jitter)


async def watch(  # noqa: PLR0913  # what the world is like, so that tests can make another
    work: Work,
    *,
    every_s: float,
    clock: Clock,
    stop: asyncio.Event,
    on_round: Callable[[Round], None],
    is_changing: Callable[[], bool] = lambda: False,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Work again and again; a failure is reported, and doesn't end it.

    Args:
        work: plans or applies once. Only what is no PhotonctlError ends the watch.
        every_s: see ``pause_s``.
        clock: what the pauses are waited by.
        stop: once it is set there is no other round, and one that only reads ends at once.
        on_round: called after each round.
        is_changing: has the round begun to change anything? Then it goes on to its end.
        jitter: returns a number from 0 to 1.
    """
    failures = 0
    while not stop.is_set():
        found, error = None, None
        try:
            found = await _unless_stopped(work, stop, is_changing)
        except PhotonctlError as problem:
            error = problem
        if found is None and error is None:
            return
        failures = 0 if found is not None and _is_well(found) else failures + 1
        pause = pause_s(every_s, failures, jitter())
        try:
            on_round(Round(found=found, error=error, pause_s=pause))
        except PhotonctlError as problem:  # as of an output that would show a secret
            failures = max(1, failures)
            pause = pause_s(every_s, failures, jitter())
            on_round(Round(found=None, error=problem, pause_s=pause))
        await _until(stop, clock, pause)


async def _unless_stopped(
    work: Work, stop: asyncio.Event, is_changing: Callable[[], bool]
) -> Plan | Report | None:
    """Work; None = it was to be stopped before anything was changed."""
    working, stopping = asyncio.ensure_future(work()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done() or is_changing():
            return await working
        return None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait((working,))


def _is_well(found: Plan | Report) -> bool:
    if not isinstance(found, Plan):
        return found.converged
    # What is refused without an action differs too, and nothing else would say so.
    return not found.unplanned and all(p.actions or p.is_as_declared for p in found.projects)


async def _until(stop: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait, but no longer than until it is to be stopped."""
    waits = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
