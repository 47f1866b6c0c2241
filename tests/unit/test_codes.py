"""Codes of messages: stable, explained, and in the docs."""

import re
from pathlib import Path

import pytest

from photonctl.codes import MEANINGS, Code, code_named

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/codes.md").read_text()


@pytest.mark.parametrize("code", Code)
def test_a_code_is_explained_in_the_docs(code):
    meaning = MEANINGS[code]

    assert f"## {code.value}\n\n**{meaning.title}.** {meaning.text}\n" in f"{DOCS}\n"
    assert re.fullmatch(r"PH\d{3}", code.value)


def test_the_docs_explain_no_other_code():
    assert re.findall(r"^## (\w+)", DOCS, re.MULTILINE) == [code.value for code in Code]


def test_a_code_is_found_in_any_case():
    assert code_named("ph012") is Code.DECLARED_TWICE
    assert code_named("PH999") is None
