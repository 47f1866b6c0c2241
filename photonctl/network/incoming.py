"""What has arrived on a connection, until h11 gets it: heads whole and plain, bodies in pieces.

h11's patterns take the square of a line's length where blanks come before a byte that no line may
hold, and no time limit ends a pattern.
"""

import re

import h11

LARGEST_EVENT = 4 * 2**10
"""Bytes of what h11 may wait for: the line of a chunk, and what comes after the last one."""
_LARGEST_HEAD = 100 * 2**10
_END = re.compile(rb"\n\r?\n")
_ODD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")


class Incoming:
    """Bytes in their order."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0

    def __bool__(self) -> bool:
        return bool(self._data)

    def add(self, data: bytes) -> None:
        """Keep what has arrived."""
        self._data += data

    def head(self) -> bytes:
        """Take the next head, of an answer or of what announces one; nothing = it isn't whole yet.

        Raises:
            h11.RemoteProtocolError: it is too large, or holds a byte that no head does.
        """
        found = _END.search(self._data, max(0, self._searched - 2))
        self._searched = len(self._data)
        if (found.end() if found else self._searched) > _LARGEST_HEAD:
            raise h11.RemoteProtocolError("the head of the answer doesn't end")
        if found is None:
            return b""
        head = self._take(found.end())
        if _ODD.search(head):
            raise h11.RemoteProtocolError("the head of the answer holds a control character")
        return head

    def piece(self) -> bytes:
        """Take what may be a part of a body in chunks."""
        return self._take(LARGEST_EVENT)

    def rest(self) -> bytes:
        """Take all there is."""
        taken, self._data = bytes(self._data), bytearray()
        return taken

    def _take(self, size: int) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[:size]
        self._searched = 0
        return taken
