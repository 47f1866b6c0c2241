"""Text that a server sent, as it may be shown."""

from photonctl.model.secret import repeats_secret
from photonctl.texts import is_seen

LONGEST_READ = 10_000
REPEATED = "an explanation that repeats a secret, so it isn't shown"


def one_line(text: str, longest: int) -> str:
    """Return a server's text in one line of so many printable characters at most.

    Secrets are looked for before it is cut: half a secret is still one.
    """
    if repeats_secret(text[:LONGEST_READ]):
        return REPEATED
    shown = "".join(c if is_seen(c) else " " for c in text[:longest])
    return f"{shown}…" if len(text) > longest else shown
