"""Showing how far a run is: a live display on a terminal, a line now and then in a pipe."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from photonctl.cli.console import Console
from photonctl.cli.progress import Progress, Track, duration
from photonctl.events import Event
from photonctl.views.terminal import safe

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_EVERY_S = 5.0
_SOON_S = 0.4  # what is done by then needs no display
_MOST_ROWS = 8


class Lines:
    """Says how far a run is every few seconds, when something happens."""

    def __init__(self, progress: Progress, say: Callable[[str], None]) -> None:
        self._progress = progress
        self._say = say
        self._said_at = progress.now()

    def show(self) -> None:
        """Say it, unless that was done a moment ago."""
        now = self._progress.now()
        if self._progress.whole is None:
            self._said_at = now
        elif now - self._said_at >= _EVERY_S:
            self._said_at = now
            self._say(safe(self._progress.line()))

    def stop(self) -> None:
        """Say nothing more."""


class Display:
    """Bars at the end of a terminal; what the console writes meanwhile goes above them."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress = progress
        self._console = console
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._soon: asyncio.TimerHandle | None = None

    def show(self) -> None:
        """Draw it as it is now; take it away while nothing is being done."""
        if self._progress.whole is None:
            self.stop()
        elif self._bars is not None:
            self._draw(self._bars)
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(_SOON_S, self._begin)

    def stop(self) -> None:
        """Take it away."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._console.above = None

    def _begin(self) -> None:
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bars

        console = self._console
        terminal = Terminal(
            file=console.err, highlight=False, markup=False, no_color=not console.has_colour
        )
        words = [TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("pace", "note")]
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            *words,
            console=terminal,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._tasks = {}
        console.above = partial(_print_above, terminal)
        self._draw(self._bars)
        self._bars.start()

    def _draw(self, bars: "Bars") -> None:
        whole = self._progress.whole
        assert whole is not None
        under_way = [t for t in self._progress.projects.values() if t.is_begun][:_MOST_ROWS]
        shown = {track.name: track for track in under_way}
        for name in self._tasks.keys() - shown.keys() - {""}:
            bars.remove_task(self._tasks.pop(name))
        waits_for = self._progress.waits_for
        self._put(bars, "", whole, f"waiting for {waits_for}" if waits_for else "")
        for name, track in shown.items():
            self._put(bars, name, track, "")

    def _put(self, bars: "Bars", key: str, track: Track, note: str) -> None:
        if key not in self._tasks:
            self._tasks[key] = bars.add_task("", total=track.total, pace="", note="")
        now = self._progress.now()
        left_s = track.left_s(now)
        pace = "" if left_s is None else f"{track.rate(now):.1f}/s, {duration(left_s)} left"
        bars.update(
            self._tasks[key],
            description=safe(track.name if key else f"{track.name}…"),
            completed=track.done,
            total=track.total,
            pace=pace,
            note=safe(note),
        )


def _print_above(terminal: "Terminal", text: str) -> None:
    from rich.text import Text

    terminal.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)


@contextmanager
def shown_progress(console: Console) -> Iterator[tuple[Progress, Callable[[Event], None]]]:
    """Show how far a run is while it works; yields what is called with its events."""
    progress = Progress(time.monotonic)
    show: Lines | Display
    if console.can_draw(console.err):
        show = Display(progress, console)
    else:
        show = Lines(progress, console.say)

    def take(event: Event) -> None:
        progress.take(event)
        if console.verbosity >= 0:
            show.show()

    try:
        yield progress, take
    finally:
        show.stop()
