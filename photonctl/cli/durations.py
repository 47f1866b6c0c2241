"""Times on the command line: 90s, 30m, 24h, 7d."""

import re

from photonctl.errors import UsageError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_WEEK_S = 604_800


def seconds(text: str, flag: str, most: int = _WEEK_S) -> int:
    """Read a time, in seconds where it has no unit.

    Raises:
        UsageError: it is none, or longer than ``most`` seconds.
    """
    match = re.fullmatch(r"([0-9]{1,7})([smhd]?)", text)
    found = int(match[1]) * _UNITS[match[2]] if match else most + 1
    if found > most:
        raise UsageError(
            f'{flag} "{text}" is no time from 0 to {most // 86_400} days',
            hint="Write it like 90s, 30m, 24h or 7d.",
        )
    return found
