"""A text that must never be shown."""

import hashlib
from typing import Never

_HIDDEN = "***"
_SHORTEST = 8  # a shorter text is part of too many others
_LONG = 16
_PIECE = 14  # longer than what secrets begin with, such as spk_live_
_BLOCK = _PIECE // 2  # each piece holds one of these whole, beside a first one
_FEW = 16
_PER_HIT = 32  # characters of a text for one more look: a usual text has hardly any
_used: set[str] = set()
_size = [0]
_sent: set[str] = set()
_sessions: set[str] = set()
_given: set[str] = set()
_MOST_GIVEN = 200
_ByStart = dict[str, dict[int, set[str]]]
"""First characters → length → secrets."""
_by_start: _ByStart = {}
_in_messages: _ByStart = {}
"""Those that are looked for in a server's messages only: what sinks hold, or a failure gave away.
"""
_by_block: dict[str, list[tuple[str, int]]] = {}
"""A block of a long secret → the secrets that have it, and where."""
_NONE: dict[int, set[str]] = {}


def note_secret(text: str) -> None:
    """Remember a text that no output may show, such as what a header holds."""
    if len(text) >= _SHORTEST and text not in _used:
        _used.add(text)
        _size[0] += len(text)
        _index(_by_start, text)
        for start in range(_BLOCK, len(text) - _BLOCK + 1, _BLOCK) if len(text) >= _LONG else ():
            _by_block.setdefault(text[start : start + _BLOCK], []).append((text, start))


def _index(by_start: _ByStart, text: str) -> None:
    by_start.setdefault(text[:_SHORTEST], {}).setdefault(len(text), set()).add(text)


def noted_size() -> int:
    """Return how many characters are remembered; each takes some 50 bytes of memory."""
    return _size[0]


def note_credential(text: str) -> None:
    """Remember a secret that requests carry: no answer can hold it as something new."""
    note_secret(text)
    if len(text) >= _SHORTEST:
        _sent.add(text)


def note_session(token: str) -> None:
    """Remember the dashboard's token: no answer can hold it as a project's secret either."""
    note_credential(token)
    _sessions.add(token)


def note_given(text: str) -> None:
    """Remember what a failure gives away: no message of a server is shown that repeats it.

    A few of them: each costs time for every later message, and the server chooses how many.
    """
    if len(text) >= _LONG and len(_given) < _MOST_GIVEN:
        _given.add(text)
        _index(_in_messages, text)


def is_session(text: str) -> bool:
    """Is this the dashboard's token of this run?"""
    return text in _sessions


def repeats_secret(message: str) -> bool:
    """Does a server's message hold a secret of this run, or one that a sink holds?

    Only messages are compared with what sinks hold: the author of an env file chooses that text.
    """
    shown = "".join(c for c in message if c.isprintable() and not c.isspace())
    return any(
        any(_holds(known, text) for known in (_by_start, _in_messages)) or _holds_piece(text)
        for text in (message, shown)
    )


def _holds_piece(text: str) -> bool:
    """Is a good piece of a long secret in a text? Who quotes a header may cut it."""
    budget = _FEW + len(text) // _PER_HIT
    for place in range(len(text) - _BLOCK + 1):
        for secret, start in _by_block.get(text[place : place + _BLOCK], ()):
            budget -= 1
            if budget < 0 or _shared(text, place, secret, start) >= _PIECE:
                return True
    return False


def _shared(text: str, place: int, secret: str, start: int) -> int:
    """How many characters, up to a piece's, are the same around a block that both have?"""
    size = _BLOCK
    left = right = 0
    while (
        size < _PIECE
        and min(place, start) > left
        and (text[place - left - 1] == secret[start - left - 1])
    ):
        left, size = left + 1, size + 1
    ends = len(text) - place - _BLOCK, len(secret) - start - _BLOCK
    while (
        size < _PIECE
        and min(ends) > right
        and (text[place + _BLOCK + right] == secret[start + _BLOCK + right])
    ):
        right, size = right + 1, size + 1
    return size


def is_credential(text: str) -> bool:
    """Do requests of this run carry this?"""
    return text in _sent


def holds_secret(text: str) -> bool:
    """Is a secret of this run a part of a text? A server may repeat what it was sent, or has sent.

    Such a text is refused or left out whole. Hiding the secret alone would let one who chooses a
    secret choose what disappears from a plan.
    """
    return _holds(_by_start, text)


def _holds(by_start: _ByStart, text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    if len(by_start) <= _FEW:  # looked for by what they begin with: a whole one may take long
        for start in by_start:  # asked of every text of a list; a generator costs more
            if start in text:
                break
        else:
            return False
    # A server chooses what they begin with: who makes this costly is refused, too.
    budget = _FEW + len(text) // _PER_HIT
    for place in range(len(text) - _SHORTEST + 1):
        for size, secrets in by_start.get(text[place : place + _SHORTEST], _NONE).items():
            budget -= 1
            if budget < 0 or text[place : place + size] in secrets:
                return True
    return False


class Secret:
    """A credential or signing secret. Prints as ``***``; ``reveal`` is the only way in.

    Opened in an authorization header, a sink, the credential store and where a signature is
    checked, nowhere else: a test counts the places.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str, *, is_noted: bool = True) -> None:
        """Take a text; ``is_noted``: no output may hold it.

        Not noted is what a file beside a manifest holds: its author chose the text. It is left
        out of a server's messages only.
        """
        self._text = text
        if is_noted:
            note_secret(text)
        elif len(text) >= _LONG:
            _index(_in_messages, text)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def digest(self) -> str:
        """Return a text by which the same secret is known again, and that opens nothing."""
        return hashlib.sha256(self._text.encode(errors="replace")).hexdigest()[:32]

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
