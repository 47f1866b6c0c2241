"""What a command that was given secrets has said, as it may be shown: plain words, nothing else.

A command may quote what it was given as it is, in Base64, as numbers or in pieces, so there is no
looking for a secret in it. Words that people write are shown instead, and "…" for the rest.
"""

import re
from collections.abc import Iterator, Sequence

from photonctl.model.spec import STANDARD_PREFIX
from photonctl.texts import RUN, is_word

_LONGEST = 500
_LONGEST_NUMBER, _MOST_NUMBERS = 3, 2  # an exit code, a status: more may spell a secret
_PIECE = 4  # that many characters of a secret in a row are shown nowhere
_RUN = re.compile(f"({RUN})")
HIDDEN = "…"
_SEVERAL = re.compile(rf"{HIDDEN}(?:\W{{0,9}}{HIDDEN})+")


def plain_words(text: str, secrets: Sequence[str]) -> str:
    """Return the end of a text, with "…" for what isn't a plain word.

    Args:
        text: what was said.
        secrets: what was given; a word with a piece of one isn't plain either.
    """
    parts = _RUN.split(" ".join(text.split()))
    runs = parts[1::2]
    parts[1::2] = [
        run if is_shown else HIDDEN
        for run, is_shown in zip(runs, _shown(runs, secrets), strict=True)
    ]
    return _SEVERAL.sub(HIDDEN, "".join(parts))[-_LONGEST:]


def _shown(runs: Sequence[str], secrets: Sequence[str]) -> Iterator[bool]:
    """Say of each run whether it is shown: a word, or one of a few numbers between two words."""
    left, has_piece = _MOST_NUMBERS, _pieces_in(runs, secrets)
    plain = [is_word(run) and not has_piece[place] for place, run in enumerate(runs)]
    for place, run in enumerate(runs):
        beside = plain[max(0, place - 1) : place] + plain[place + 1 : place + 2]
        number = run.rstrip(".")
        is_number = number.isdecimal() and len(number) <= _LONGEST_NUMBER and all(beside)
        is_number &= not (plain[place] or has_piece[place])
        left -= is_number
        is_mark = not (has_piece[place] or any(map(str.isalnum, run)))
        yield plain[place] or is_mark or (is_number and left >= 0)


def _pieces_in(runs: Sequence[str], secrets: Sequence[str]) -> list[bool]:
    """Say of each run whether a piece of a secret is in it, or begins or ends in it.

    As it is written, and also without the marks that may be between its letters.
    """
    found = [False] * len(runs)
    hidden = [secret.removeprefix(STANDARD_PREFIX) for secret in secrets]
    _mark_pieces(found, runs, hidden)
    _mark_pieces(found, _bare(runs), _bare(hidden))
    return found


def _bare(texts: Sequence[str]) -> list[str]:
    return ["".join(filter(str.isalnum, text)) for text in texts]


def _mark_pieces(found: list[bool], runs: Sequence[str], secrets: Sequence[str]) -> None:
    pieces = {
        secret[place : place + _PIECE].casefold()
        for secret in secrets
        for place in range(max(1, len(secret) - _PIECE + 1))
    }
    owners = [place for place, run in enumerate(runs) for _ in run]
    text = "".join(runs)
    for place in range(len(text) - _PIECE + 1):
        if text[place : place + _PIECE].casefold() in pieces:
            for owner in owners[place : place + _PIECE]:
                found[owner] = True
