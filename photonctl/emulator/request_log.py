"""What happened, without what must not be seen: headers are never kept, secrets never shown."""

import json
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from photonctl.emulator.answers import Invalid
from photonctl.emulator.call import parse_json

_MOST = 10_000
_LONGEST = 4096  # of a body; together with the above it bounds the memory
_TELLTALE = ("secret", "token", "password", "device_code")


class RequestLog:
    """The last requests, in order."""

    def __init__(self) -> None:
        # As text: a fifth of the memory that the objects would take.
        self._entries: deque[str] = deque(maxlen=_MOST)
        self._count = 0

    def add(self, method: str, path: str, status: int, fault: str | None, content: bytes) -> None:
        """Note one request. A status of 0 means that the connection was dropped."""
        self._count += 1
        entry = {
            "seq": self._count,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "path": path,
            "status": status,
            "fault": fault,
            "request": _json(content),
        }
        self._entries.append(json.dumps(entry))

    def entries(self, last: int = _MOST) -> list[dict[str, Any]]:
        """Return what is kept, or the last of it; oldest first."""
        skipped = max(0, len(self._entries) - last)
        return [json.loads(entry) for entry in islice(self._entries, skipped, None)]

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()


def _json(content: bytes) -> Any:
    if not content:
        return None
    if len(content) > _LONGEST:
        return f"({len(content)} bytes)"
    try:
        return _redacted(parse_json(content))
    except (Invalid, RecursionError):
        return "(no JSON)"


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "***" if any(word in key.lower() for word in _TELLTALE) else _redacted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_redacted(inner) for inner in value]
    return value
