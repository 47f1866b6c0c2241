"""What formatting changes, as a unified diff.

It changes lines where they are and takes blank ones out, so one walk over both texts finds it;
difflib compares each line with every other.
"""

import io
from collections import deque
from collections.abc import Iterator

from msgspec import Struct, field

_AROUND = 3
_MOST_SHOWN = 10_000  # more than anybody reads
_Line = tuple[str, str]


class _Hunk(Struct):
    """Lines to show together, and the number of lines before them in each text."""

    before: int
    after: int
    lines: list[_Line] = field(default_factory=list)
    is_cut: bool = False

    def count(self, other: str) -> int:
        """Count the lines that are kept, or marked otherwise than with ``other``."""
        return sum(mark != other for mark, _ in self.lines)

    def written(self) -> Iterator[str]:
        """Yield its lines after the one that says where they are."""
        old, new = self.count("+"), self.count("-")
        yield f"@@ -{_span(self.before, old)} +{_span(self.after, new)} @@"
        yield from (f"{mark}{line}" for mark, line in self.lines)


def changes(before: str, after: str) -> Iterator[str]:
    """Yield the hunks of a diff, line by line, without the two lines that name files.

    After 10,000 lines, which may end a hunk early, it ends with a line that says so.
    """
    shown = 0
    for hunk in _hunks(_compared(_lines(before), _lines(after))):
        shown += len(hunk.lines)
        yield from hunk.written()
        if shown >= _MOST_SHOWN or hunk.is_cut:
            yield "What changes after these lines isn't shown."
            return


def _lines(text: str) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in io.StringIO(text))


def _compared(before: Iterator[str], after: Iterator[str]) -> Iterator[_Line]:
    """Yield each line as kept, taken out, or added."""
    wanted = next(after, None)
    for line in before:
        if line == wanted:
            yield " ", line
            wanted = next(after, None)
        elif wanted is None or (not line.strip() and wanted.strip()):
            yield "-", line
        else:
            yield "-", line
            yield "+", wanted
            wanted = next(after, None)
    if wanted is not None:
        yield "+", wanted
    yield from (("+", line) for line in after)


def _hunks(lines: Iterator[_Line]) -> Iterator[_Hunk]:
    """Yield changed lines with some around them; a hunk that grows too long ends early."""
    around: deque[_Line] = deque(maxlen=_AROUND)
    hunk: _Hunk | None = None
    quiet = old = new = 0
    for mark, line in lines:
        if mark == " " and hunk is not None and quiet == 2 * _AROUND:
            around.extend(hunk.lines[-_AROUND:])
            del hunk.lines[-_AROUND:]
            yield hunk
            hunk = None
        if mark != " " and hunk is None:
            hunk = _Hunk(old - len(around), new - len(around), [*around])
            around.clear()
        if hunk is None:
            around.append((mark, line))
        else:
            hunk.lines.append((mark, line))
        quiet = quiet + 1 if mark == " " else 0
        old, new = old + (mark != "+"), new + (mark != "-")
        if hunk is not None and len(hunk.lines) >= _MOST_SHOWN:
            hunk.is_cut = True
            break
    if hunk is not None:
        del hunk.lines[len(hunk.lines) - max(0, quiet - _AROUND) :]
        yield hunk


def _span(before: int, count: int) -> str:
    """Write where lines are, from 1; of none, after which line they would be."""
    return f"{before + 1 if count else before},{count}"
