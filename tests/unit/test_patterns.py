"""Patterns of ``protect`` and ``ignore``: as fnmatch has them, and in a time that is bounded."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.kinds.patterns import Patterns, longest_loose

PATTERNS = st.text(alphabet="ab*?[]!-]", max_size=12)
TEXTS = st.text(alphabet="ab]!-[", max_size=12)


@given(PATTERNS, TEXTS)
def test_a_pattern_means_what_it_means_in_a_shell(pattern, text):
    assert Patterns([pattern]).match([text]) == (fnmatchcase(text, pattern) or text == pattern)


@pytest.mark.parametrize(
    ("pattern", "length"),
    [("*abc*", 0), ("a?c", 3), ("*[a-z]bc*d?", 3), ("?" * 70, 70), ("a[bc", 0)],
)
def test_the_longest_piece_that_is_not_literal_is_known(pattern, length):
    assert longest_loose(pattern) == length


def test_what_outputs_hide_cant_be_found_out_by_wildcards():
    patterns = Patterns(["https://b.ch/*token=h*"])
    url = "https://b.ch/h?token=hunter2"

    assert not patterns.match((url,), ("https://b.ch/h?token=***",))
    assert Patterns(["https://b.ch/*token=*"]).match((url,), ("https://b.ch/h?token=***",))
    assert Patterns([url]).match((url,), ("https://b.ch/h?token=***",))
