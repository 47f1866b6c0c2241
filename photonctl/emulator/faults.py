"""Faults on demand: ``METHOD PATH-GLOB : KIND [: COUNT] [: skip N]``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

_FORM = re.compile(
    r"\s*(?P<method>\*|[A-Za-z]+)\s+(?P<glob>\S+)\s*:\s*(?P<kind>[a-z0-9-]+)(=(?P<value>[0-9.]+))?"
    r"(\s*:\s*(?P<count>\d+|\*))?(\s*:\s*skip\s+(?P<skip>\d+))?\s*"
)
BEFORE = ("drop-before", "401", "429", "429-retry-after", "500", "502", "503", "html", "not-json",
          "error-200", "succeed-false", "unknown-list", "null", "redirect", "html-200")  # fmt: skip
"""Nothing is carried out."""
AFTER = ("drop-after", "truncated")
"""It is carried out, and the answer is lost."""
HANG = ("hang-before", "hang-after")
"""Until the client is gone, which is in the log: not carried out, or carried out."""
SLOW = "slow"
SLOW_AFTER = "slow-after"
"""Late: before it is carried out, or between that and the answer."""


class BadFault(Exception):
    """The text of a fault can't be read."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault, and how often it is still to happen; None = always."""

    method: str
    glob: str
    kind: str
    value: float
    left: int | None
    skip: int

    def applies(self, method: str, path: str) -> bool:
        """Does it concern this request, in either slash form?"""
        paths = {path, path.rstrip("/"), path.rstrip("/") + "/"}
        return self.method in ("*", method) and any(fnmatchcase(p, self.glob) for p in paths)


class Faults:
    """The faults that are still to happen."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._faults = [_parse(text) for text in texts]

    def add(self, texts: Iterable[str]) -> None:
        """Add more.

        Raises:
            BadFault: one can't be read; none is added.
        """
        self._faults += [_parse(text) for text in texts]

    def clear(self) -> None:
        """Forget all."""
        self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that happens to this request, and count it."""
        for fault in self._faults:
            if not fault.applies(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is None:
                return fault
            if fault.left:
                fault.left -= 1
                return fault
        return None


def _parse(text: str) -> Fault:
    match = _FORM.fullmatch(text)
    kinds = (*BEFORE, *AFTER, *HANG, SLOW, SLOW_AFTER)
    if match is None or match["kind"] not in kinds:
        raise BadFault(
            f"{text!r} is no fault. Write METHOD PATH-GLOB : KIND [: COUNT] [: skip N], "
            f"for example 'POST /projects/*/users/ : drop-after : 3'. Kinds: {', '.join(kinds)}."
        )
    count = match["count"] or "1"
    return Fault(
        method=match["method"].upper(),
        glob=match["glob"],
        kind=match["kind"],
        value=float(match["value"] or 1),
        left=None if count == "*" else int(count),
        skip=int(match["skip"] or 0),
    )
