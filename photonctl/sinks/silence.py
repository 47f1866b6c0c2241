"""What the clients of stores may log: nothing of a request or an answer, at any level.

Some write whole bodies into their debug logs, with the secrets in them. Logging has no way to keep
them from it that a program which set up logging by itself would respect, except where records are
made.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from photonctl.model.secret import repeats_secret

_is_silent = ContextVar("_is_silent", default=False)
_installing = Lock()
_LEFT_OUT = "(left out: a secret is handed over)"


@contextmanager
def silent() -> Iterator[None]:
    """Blank whatever is logged meanwhile, by this thread and by the tasks that it begins."""
    _install()
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


class _Factory:
    """Makes log records; those of a silent part of the program say nothing."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **kwargs)
        if _is_silent.get() or _repeats(record):
            record.msg, record.args = _LEFT_OUT, None
            record.exc_info = record.exc_text = record.stack_info = None
        return record


def _repeats(record: logging.LogRecord) -> bool:
    try:
        return repeats_secret(record.getMessage())
    except Exception:  # noqa: BLE001  # a message that can't be made shows nothing
        return True


def _install() -> None:
    with _installing:
        made_by = logging.getLogRecordFactory()
        if not isinstance(made_by, _Factory):
            logging.setLogRecordFactory(_Factory(made_by))
