"""A text that must never be shown."""

from typing import Never

_HIDDEN = "***"
_SHORTEST = 8  # a shorter text is part of too many others
_used: set[str] = set()


def note_used(text: str) -> None:
    """Remember a form in which a secret leaves this process, such as a header's."""
    if len(text) >= _SHORTEST:
        _used.add(text)


def without_secrets(text: str) -> str:
    """Hide every secret that was used in this run: a server may repeat what it was sent."""
    for secret in _used:
        if secret in text:
            text = text.replace(secret, _HIDDEN)
    return text


class Secret:
    """A credential or signing secret. Prints as ``***``; ``reveal`` is the only way in.

    Opened in an authorization header, a sink, the credential store and where a signature is
    checked, nowhere else: a test counts the places.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; from now on ``without_secrets`` knows it."""
        note_used(self._text)
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> bool:
        from hmac import compare_digest

        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> Never:
        msg = "a Secret can't be pickled or copied"
        raise TypeError(msg)
