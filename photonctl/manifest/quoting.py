"""What an error may quote of a manifest or a table, which may be a file of something else."""

import re
from functools import lru_cache

from msgspec.structs import replace

from photonctl.codes import MEANINGS
from photonctl.errors import Diagnostic
from photonctl.own_credentials import holds_one

_LONGEST_MESSAGE = 5_000
_BLANK = r"[^\S\n]"
_ASSIGNMENT = re.compile(
    rf"(?:^|\"){_BLANK}*+(?:export{_BLANK}++)?+[A-Za-z_][\w.-]*+{_BLANK}*+={_BLANK}*+[^\s=]",
    re.MULTILINE,
)


def quotable(error: Diagnostic, credentials: frozenset[str]) -> Diagnostic:
    """Leave out a line with a credential in it, out of a file of variables, or that never ends."""
    if _is_hidden(error.source, credentials):
        error = replace(error, source="")
    if len(error.message) > _LONGEST_MESSAGE:  # cut, it might show the first half of a secret
        title = MEANINGS[error.code].title
        return replace(error, message=f"{title}; what it is about is too long to be shown.")
    if holds_one(error.message, credentials):
        error = replace(
            error, message="this holds a credential of photonctl or of this run. Remove it."
        )
    elif _ASSIGNMENT.search(error.message):
        message = "this line assigns a variable, so it isn't shown. Is this a file of variables?"
        error = replace(error, message=message)
    return error


@lru_cache(maxsize=20_000)  # a line may have many errors
def _is_hidden(line: str, credentials: frozenset[str]) -> bool:
    return holds_one(line, credentials) or _ASSIGNMENT.search(line) is not None
