"""Intents of one webhook's secret: where the secret will be, or else in the journal.

A store that keeps records knows of an unfinished step on every machine. For other sinks the
journal does, on this one.
"""

import os
from datetime import datetime

from photonctl.errors import SinkError
from photonctl.journal import Journal, rotation_of
from photonctl.model.held import REGISTRATION, ROTATION, Intent
from photonctl.model.spec import Origin
from photonctl.sinks import KeepsRecords, Sink, each

_RUNS = ("GITHUB_RUN_ID", "CI_JOB_ID", "BUILD_BUILDID", "BUILDKITE_BUILD_ID", "CIRCLE_BUILD_NUM")


class Intents:
    """What was begun for one webhook and not finished."""

    def __init__(self, journal: Journal, sink: Sink | None, origin: Origin, key: str) -> None:
        """Take where intents are kept, and whose they are; ``key``: the webhook's."""
        self._journal = journal
        self._origin = origin
        self._keys = {REGISTRATION: key, ROTATION: rotation_of(key)}
        found = each(sink) if sink is not None else ()
        self._stores = [place for place in found if isinstance(place, KeepsRecords)]

    def is_open(self, step: str) -> bool:
        """Was a step begun and not finished?

        Raises:
            SinkError: a store can't say so.
        """
        if not self._stores:
            return self._journal.has_intent(self._origin.project_id, self._keys[step])
        records = (store.record() for store in self._stores)
        return any(r is not None and r.was_asked_by(self._origin, step) for r in records)

    def open(self, step: str, at: datetime) -> None:
        """Note that a secret is about to be asked for; it is safe when this returns.

        Raises:
            SinkNotWritable: it can't be noted, so nothing may be sent.
        """
        if not self._stores:
            self._journal.open_intent(self._origin.project_id, self._keys[step])
            return
        for store in self._stores:
            store.open_intent(Intent(step=step, origin=self._origin, at=at, run=this_run()))
        self._journal.say(self._keys[step], is_open=True)

    def close(self, *steps: str) -> None:
        """Note that the secret is stored, or that there is none.

        Raises:
            OSError: an intent stays, and the next plan replaces the secret needlessly.
        """
        keys = [self._keys[step] for step in steps]
        if not self._stores:
            self._journal.close_intents(self._origin.project_id, *keys)
            return
        for store in self._stores:
            try:
                store.close_intent()
            except SinkError as error:
                raise OSError(str(error)) from None
        for key in keys:
            self._journal.say(key, is_open=False)


def keeps_intents(sink: Sink) -> bool:
    """Does a sink hold intents itself, so that no journal is needed?"""
    return any(isinstance(place, KeepsRecords) for place in each(sink))


def this_run() -> str:
    """Name this run, so that a person finds out where a step was begun."""
    import platform  # only where a step is begun

    named = (os.environ.get(name) for name in _RUNS)
    return next(filter(None, named), None) or f"{platform.node()}:{os.getpid()}"
