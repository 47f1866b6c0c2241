"""The text of an env file: setting variables in it, and leaving every other byte alone. Pure."""

import re
from collections.abc import Mapping
from io import StringIO

_LEAD = re.compile(r"\s*(?:export[^\S\r\n]+)?")
_PLAIN = re.compile(r"[A-Za-z0-9_./+=:@%,-]*", re.ASCII)


def refuse_other(text: str) -> None:
    """Refuse a file that is anything but variables, such as a table without a suffix.

    Raises:
        ValueError: no line of it assigns a variable.
    """
    from dotenv.parser import parse_stream

    found = [b for b in parse_stream(StringIO(text)) if b.error or b.key is not None]
    if found and all(b.error or b.value is None for b in found):
        msg = "it isn't a file of variables: no line of it is NAME=value"
        raise ValueError(msg)


def edit(text: str, values: Mapping[str, str | None]) -> str:
    """Return the text of an env file with the variables set; None removes one."""
    from dotenv.parser import parse_stream

    newline = "\r\n" if "\r\n" in text else "\n"
    pending = dict(values)
    parts: list[str] = []
    for binding in parse_stream(StringIO(text, newline="")):
        original = binding.original.string
        if binding.key is None or binding.key not in values:
            parts.append(original)
            continue
        value = pending.pop(binding.key, None)
        if value is not None:
            parts.append(_reassigned(original, binding.key, value, newline))
    edited = "".join(parts)
    added = [
        f"{key}={_quoted(value)}{newline}" for key, value in pending.items() if value is not None
    ]
    needs_newline = added and edited and not edited.endswith(("\n", "\r"))
    return edited + (newline if needs_newline else "") + "".join(added)


def _reassigned(original: str, key: str, value: str, newline: str) -> str:
    """Replace an assignment, keeping what is before it: blank lines, indent, ``export``."""
    lead = _LEAD.match(original)
    ending = newline if original.endswith(("\n", "\r")) else ""
    return f"{lead.group() if lead else ''}{key}={_quoted(value)}{ending}"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
