"""Times as people write them: 90s, 30m, 24h, 7d."""

import re

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"([0-9]{1,7})([smhd]?)")


def seconds_of(text: str) -> int | None:
    """Return seconds, which is also the unit where there is none; None = it is no time."""
    match = _FORM.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def duration_text(seconds: float) -> str:
    """Write a time in the largest unit that it is a whole number of."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{int(seconds)}s"
