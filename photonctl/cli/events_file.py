"""``--events FILE``: what a run does, as it does it, for programs that watch."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from photonctl.cli.output import refuse_to_overwrite
from photonctl.cli.settings import Settings
from photonctl.cli.viewing import redaction
from photonctl.errors import RefusedError
from photonctl.events import Event
from photonctl.files import open_private
from photonctl.model.report import Report
from photonctl.model.secret import holds_secret
from photonctl.views.events import EventLines

_HIDDEN = '{"event": "warning", "at": "", "text": "an event that holds a secret is left out"}'
_BEGINNING = b'{"event": "begin"'


class EventsFile:
    """Writes each event at once; nobody reading it any more doesn't stop the run."""

    def __init__(self, out: TextIO | None, lines: EventLines) -> None:
        """``out``: None = events aren't wanted."""
        self._out = out
        self._lines = lines
        self._write(lines.begin(datetime.now(UTC)))

    def event(self, event: Event) -> None:
        """Write an event."""
        if self._out is not None:
            self._write(self._lines.event(event, datetime.now(UTC)))

    def report(self, report: Report) -> None:
        """Write how it ended."""
        self._write(self._lines.report(report, datetime.now(UTC)))

    def _write(self, line: str) -> None:
        if self._out is None:
            return
        try:
            self._out.write(f"{_HIDDEN if holds_secret(line) else line}\n")
            self._out.flush()
        except OSError:
            self._out = None


@contextmanager
def events_file(settings: Settings, name: str | None) -> Iterator[EventsFile]:
    """Open the file that events are written to; ``-`` is standard output.

    Raises:
        RefusedError: it can't be written.
    """
    lines = EventLines(redaction(settings), settings.environment.plan_key)
    if name is None or name == "-":
        yield EventsFile(sys.stdout if name else None, lines)
        return
    path = Path(name)
    try:
        refuse_to_overwrite(path, _BEGINNING, "--events")
        out = io.TextIOWrapper(open_private(path), encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"{name} can't be written: {error.strerror}") from error
    with out:
        yield EventsFile(out, lines)
