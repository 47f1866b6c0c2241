"""What formatting changes, as a unified diff.

It changes lines where they are and takes blank ones out, so one walk over both texts finds it;
difflib compares each line with every other.
"""

from collections.abc import Iterator, Sequence

_AROUND = 3
_Line = tuple[str, str]


def changes(before: str, after: str) -> Iterator[str]:
    """Yield the hunks of a diff, line by line, without the two lines that name files."""
    lines = list(_compared(before.splitlines(), after.splitlines()))
    olds = news = done = 0
    for start, end in _hunks(lines):
        kept = start - done  # they are in both
        olds, news = olds + kept, news + kept
        hunk, done = lines[start:end], end
        old, new = (sum(mark != other for mark, _ in hunk) for other in "+-")
        yield f"@@ -{_span(olds, old)} +{_span(news, new)} @@"
        yield from (f"{mark}{line}" for mark, line in hunk)
        olds, news = olds + old, news + new


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[_Line]:
    """Yield each line as kept, taken out, or added."""
    place = 0
    for line in before:
        wanted = after[place] if place < len(after) else None
        if line == wanted:
            yield " ", line
            place += 1
        elif wanted is None or (not line.strip() and wanted.strip()):
            yield "-", line
        else:
            yield "-", line
            yield "+", wanted
            place += 1
    yield from (("+", line) for line in after[place:])


def _hunks(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """Yield from where to where changed lines are, with some around them."""
    start = end = None
    for place, (mark, _) in enumerate(lines):
        if mark == " ":
            continue
        if start is not None and end is not None and place - _AROUND > end:
            yield start, end
            start = None
        start = max(0, place - _AROUND) if start is None else start
        end = min(len(lines), place + 1 + _AROUND)
    if start is not None and end is not None:
        yield start, end


def _span(before: int, count: int) -> str:
    """Write where lines are, from 1; of none, after which line they would be."""
    return f"{before + 1 if count else before},{count}"
