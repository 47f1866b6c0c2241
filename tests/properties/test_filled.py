"""Could an expression have given a text? The answer is that of a pattern, without its cost."""

import re

from hypothesis import given
from hypothesis import strategies as st

from photonctl.model.filled import could_be

PIECES = st.lists(st.sampled_from(["a", "B", "ab", "/", "${env:X}", "***", "$${"]), max_size=8)


@given(raw=PIECES.map("".join), text=st.text("aAbB/${x", max_size=10))
def test_it_answers_as_a_pattern_would(raw, text):
    parts = re.split(r"(?<!\$)\$\{env:X\}", raw)
    literal = [re.escape(p.replace("$${", "${")).replace(r"\*\*\*", ".*") for p in parts]
    matches = re.fullmatch(".*".join(literal), text, re.DOTALL | re.IGNORECASE) is not None

    assert could_be(text, raw) is (len(parts) > 1 and matches)


def test_many_beginnings_of_expressions_cost_no_more_than_their_length():
    """To look for the end of each would take hours."""
    assert not could_be("a", "${env:" * 500_000)


def test_many_expressions_cost_no_more_than_their_length():
    """A pattern of 40 wildcards would not end within a day."""
    assert not could_be("https://a.example/?" + "ab" * 2000, "${env:A}ab" * 40 + "c")


def test_many_pieces_around_expressions_cost_no_more_than_their_length():
    """To copy the rest of the text for each piece would take hours."""
    raw = "${env:A}" + "x***" * 1_000_000 + "${env:A}"

    assert could_be("x" * 4_000_000 + "\U0001f600", raw)
