"""Text for a terminal: safe to show, and coloured where that is wanted."""

from collections.abc import Callable

from photonctl.texts import printable
from photonctl.urls import shown_in_text

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
