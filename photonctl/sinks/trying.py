"""Steps of a store: each is tried again if that may help, within a time, and nothing is logged."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from threading import Lock
from typing import TypeVar

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from photonctl.deadline import GaveUp, within
from photonctl.errors import GivesNobodyError, SinkError, SinkNotWritable
from photonctl.sinks.service import StoreProblem
from photonctl.sinks.silence import silent

T = TypeVar("T")
_TRIES = 3
_LONGEST_WAIT_S = 2.0


class OvertakenError(Exception):
    """Another run has asked for the same secret since this one did."""


def asked(step: Callable[[], T], *, is_read: bool = False) -> T:
    """Do a step of a store, again if that may help, within a time; nothing of it is logged."""
    tries = Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(0.2, max=_LONGEST_WAIT_S),
        retry=retry_if_exception(lambda e: isinstance(e, StoreProblem) and e.passes),
        reraise=True,
    )
    problem: StoreProblem
    with silent():
        try:
            return within(lambda: tries(step), is_read=is_read)
        except OvertakenError:
            raise
        except StoreProblem as error:
            problem = StoreProblem(
                str(error), error.hint, passes=error.passes, is_denied=error.is_denied
            )
        except GaveUp as error:
            problem = StoreProblem(str(error), "Try again later.")
        except Exception as error:  # noqa: BLE001
            why = f"its client failed with an unexpected {type(error).__name__}"
            problem = StoreProblem(why, "Check the store's address and credentials.")
    raise problem  # out here it carries no error of a client, which may quote what was sent


def read_from(shown: str, step: Callable[[], T]) -> T:
    """Do a step that changes nothing; ``shown``: the place, as messages name it.

    Raises:
        SinkError: it can't be read.
        GivesNobodyError: the store refuses, now and later.
    """
    try:
        return asked(step, is_read=True)
    except StoreProblem as error:
        kind = GivesNobodyError if error.is_denied else SinkError
        raise kind(f"{shown} can't be read: {error}", hint=error.hint) from None


def write_to(shown: str, step: Callable[[], None]) -> None:
    """Do a step that stores something.

    Raises:
        SinkError: it isn't stored.
        OvertakenError: somebody else stores something there.
    """
    try:
        with _locks[shown]:
            asked(step)
    except StoreProblem as error:
        msg = f"the secret could not be stored in {shown}: {error}"
        raise SinkError(msg, hint=error.hint) from None


def prove_in(shown: str, step: Callable[[], object], *, changes: bool = False) -> None:
    """Do a step before anything is asked for; ``changes``: it writes a note.

    Raises:
        SinkNotWritable: nothing can be stored there.
    """
    try:
        with _locks[shown] if changes else nullcontext():
            asked(step)
    except StoreProblem as error:
        msg = f"{shown} can't be written: {error}"
        raise SinkNotWritable(msg, hint=f"{error.hint} Nothing was changed.") from None


_locks: defaultdict[str, Lock] = defaultdict(Lock)
"""By place: webhooks whose secrets share one don't change it at once."""
