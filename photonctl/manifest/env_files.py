"""How large the env files of a run are together: every plan reads them."""

from pathlib import Path
from stat import S_ISREG

from msgspec import Struct, field

from photonctl.files import read_bounded

_MOST_BYTES, _MOST_LINES = 32 * 2**20, 500_000
_FEW_BYTES = 2**20  # whose lines needn't be counted
_LARGEST = 2**19  # a larger one isn't read

TOO_MUCH = (
    f"the env files of this run are larger than {_MOST_BYTES // 2**20} MiB together, or have more "
    f"than {_MOST_LINES:,} lines. Name other files, or split the manifest."
)


class EnvFiles(Struct):
    """Which ones there are, and how large they are together."""

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
        if self._bytes > _FEW_BYTES:
            self._lines += sum(map(_lines_in, self._uncounted))
            self._uncounted.clear()
        return self._bytes <= _MOST_BYTES and self._lines <= _MOST_LINES


def _size_of(path: Path) -> int:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return 0
    return found.st_size if S_ISREG(found.st_mode) and found.st_size <= _LARGEST else 0


def _lines_in(path: Path) -> int:
    try:
        data = read_bounded(path, _LARGEST)
    except (OSError, ValueError):
        return 0
    return max(data.count(b"\n"), data.count(b"\r"))
