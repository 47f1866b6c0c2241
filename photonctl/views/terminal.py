"""Text for a terminal: safe to show, and coloured where that is wanted."""

import json
from collections.abc import Callable

from photonctl.model.spec import JsonValue

Paint = Callable[[str, str], str]
"""(text, colour) → the text in that colour, or as it is."""

_CODES = {"green": "32", "red": "31", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}


def plain(text: str, colour: str) -> str:
    """Leave the text as it is."""
    del colour
    return text


def coloured(text: str, colour: str) -> str:
    """Wrap the text in ANSI codes."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def safe(text: str) -> str:
    """Make text from a server or a manifest harmless: control characters shown, not sent."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def value(data: JsonValue) -> str:
    """Show a field's value; a missing one as ``(none)``."""
    return "(none)" if data is None else safe(json.dumps(data, ensure_ascii=False))
