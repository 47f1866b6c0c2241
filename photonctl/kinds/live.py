"""Which operations belong to which kind. Importing this loads sinks and the journal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from photonctl.kinds.operations import Operations
from photonctl.kinds.platform.operations import PlatformOperations
from photonctl.kinds.profile.operations import ProfileOperations
from photonctl.kinds.project.operations import ProjectOperations
from photonctl.kinds.user.operations import UserOperations
from photonctl.kinds.webhook.operations import WebhookOperations

_OPERATIONS: dict[str, Operations[Any]] = {
    "project": ProjectOperations(),
    "platform": PlatformOperations(),
    "profile": ProfileOperations(),
    "user": UserOperations(),
    "webhook": WebhookOperations(),
}


def operations_of(name: str) -> Operations[Any]:
    """Return the operations of a kind by its name in plans.

    Raises:
        KeyError: there is none.
    """
    return _OPERATIONS[name]


@contextmanager
def operated_by(name: str, operations: Operations[Any]) -> Iterator[None]:
    """Know one more kind's operations for a while; for tests of what a new kind needs."""
    _OPERATIONS[name] = operations
    try:
        yield
    finally:
        del _OPERATIONS[name]
