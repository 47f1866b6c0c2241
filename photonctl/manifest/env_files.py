"""How much the env files of a run cost together: every plan reads them."""

import re
from pathlib import Path
from stat import S_ISREG

from msgspec import Struct, field

from photonctl.files import read_bounded

_MOST_BYTES, _MOST_LINES = 32 * 2**20, 500_000
_FEW_BYTES = 2**16  # whose lines needn't be counted
_LARGEST = 2**19  # a larger one isn't read
# What takes as long as so many usual lines: another one, and so many of its bytes.
_UNUSUAL, _BYTES = 25, 4
_USUAL = re.compile(
    rb"""^(?:
        (?:export[ ])?[A-Za-z_][\w.-]*=(?:[^\s'"\#]\S*(?:[ ][^\s\#]+)*|'[^'\\\r\n]*'|"[^"\\\r\n]*")?
      | \#[^\r\n]*
    )\r?$""",
    re.VERBOSE | re.MULTILINE,
)

# What is white space in a text, and not in bytes: no line with it is read as a usual one.
_ODD_SPACE = re.compile(
    rb"[\x1c-\x1f]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
)

TOO_MUCH = (
    f"the env files of this run are larger than {_MOST_BYTES // 2**20} MiB together, or have more "
    f"than {_MOST_LINES:,} lines; one that isn't NAME=value counts as {_UNUSUAL}. Name other "
    "files, or split the manifest."
)


class EnvFiles(Struct):
    """Which ones there are, and what they cost together."""

    _known: set[Path] = field(default_factory=set)
    _uncounted: list[Path] = field(default_factory=list)
    _bytes: int = 0
    _lines: int = 0

    def take(self, path: Path) -> bool:
        """Count a file, once; False = these are more than any run needs.

        ``path``: where it is once links are resolved, or would be.
        """
        if path in self._known:
            return True
        self._known.add(path)
        self._bytes += _size_of(path)
        self._uncounted.append(path)
        if self._bytes > _MOST_BYTES:
            return False
        if self._bytes > _FEW_BYTES:
            self._lines += sum(map(_lines_in, self._uncounted))
            self._uncounted.clear()
        return self._lines <= _MOST_LINES


def _size_of(path: Path) -> int:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0
    return found.st_size if S_ISREG(found.st_mode) and found.st_size <= _LARGEST else 0


def _lines_in(path: Path) -> int:
    """Return how many usual lines would take as long to read."""
    try:
        data = read_bounded(path, _LARGEST)
    except (OSError, ValueError):
        return 0
    returns = data.count(b"\r") - data.count(b"\r\n")  # each ends a line, and none is usual
    unusual = _USUAL.sub(b"", data)
    count = returns + sum(map(bool, unusual.split(b"\n"))) + len(_ODD_SPACE.findall(data))
    return data.count(b"\n") + _UNUSUAL * count + len(unusual.strip()) // _BYTES
