"""Times on the command line: 90s, 30m, 24h, 7d."""

from photonctl.errors import UsageError
from photonctl.model.duration import seconds_of

_WEEK_S = 604_800


def seconds(text: str, flag: str, most: int = _WEEK_S) -> int:
    """Read a time, in seconds where it has no unit.

    Raises:
        UsageError: it is none, or longer than ``most`` seconds.
    """
    found = seconds_of(text)
    if found is None or found > most:
        raise UsageError(
            f'{flag} "{text}" is no time from 0 to {most // 86_400} days',
            hint="Write it like 90s, 30m, 24h or 7d.",
        )
    return found
