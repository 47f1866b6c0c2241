"""Text for a terminal: safe to show, and coloured where that is wanted."""

import json
from collections.abc import Callable

from photonctl.model.filled import HIDDEN, Filled, shown
from photonctl.model.plan import FieldChange
from photonctl.model.spec import JsonValue
from photonctl.urls import shown_in_text, whole_url

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
    """Make text from a server or a manifest harmless.

    Control characters are shown, not sent; of a URL, what may be a secret is hidden. Every view
    shows foreign text by this.
    """
    return printable(shown_in_text(text))


def printable(text: str) -> str:
    """Show control characters, and a URL whole: only for one that is there to be opened."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def value(data: JsonValue) -> str:
    """Show a field's value; a missing one as ``(none)``."""
    hidden = shown(data)
    whole = whole_url(hidden) if isinstance(hidden, str) else hidden
    return "(none)" if data is None else safe(json.dumps(whole, ensure_ascii=False))


def before(change: FieldChange) -> str:
    """Show what a field was; hidden where what it will be is: both may be secrets."""
    is_filled = isinstance(change.after, Filled) and change.before is not None
    return HIDDEN if is_filled else value(change.before)
