"""Steps of a store: each is tried again if that may help, within a time, and nothing is logged."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from photonctl.deadline import GaveUp, within
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
            problem = StoreProblem(str(error), error.hint, passes=error.passes)
        except GaveUp as error:
            problem = StoreProblem(str(error), "Try again later.")
        except Exception as error:  # noqa: BLE001
            why = f"its client failed with an unexpected {type(error).__name__}"
            problem = StoreProblem(why, "Check the store's address and credentials.")
    raise problem  # out here it carries no error of a client, which may quote what was sent
