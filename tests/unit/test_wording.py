"""Plain English: one common word for each thing (docs/glossary.md), in texts, help and docs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = {
    "anew": "again, or rotate",
    "mend": "fix",
    "mended": "fixed",
    "mends": "fixes",
    "whoever": "name who it is",
    "but for": "except",
    "for good": "permanently",
    "stands": "is",
    "slip of the hand": "typing error",
    "is told": "is reported",
    "judges": "endpoints",
}
PATTERN = re.compile(rf"\b({'|'.join(BANNED)})\b", re.IGNORECASE)
MODULES = sorted(ROOT.joinpath("photonctl").rglob("*.py"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md"), *ROOT.glob("schemas/*.json")]
)


@pytest.mark.parametrize(
    "path", [*MODULES, *DOCUMENTS], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_text_says_it_in_common_words(path):
    lines = path.read_text().splitlines()
    found = [(n, m[1]) for n, line in enumerate(lines, 1) for m in [PATTERN.search(line)] if m]

    assert found == [], [BANNED[word.lower()] for _, word in found]
