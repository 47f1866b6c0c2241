"""No cassette holds anything that looks like a credential."""

import re

import pytest

from tests.replay.conftest import CASSETTES

LOOKS_SECRET = re.compile(
    r"spk_live_|whsec_|\b[0-9a-f]{64}\b|photon-emulator-token|pho_[A-Za-z0-9]"
    r"|(?i:authorization|bearer [A-Za-z0-9]|set-cookie|set-auth-token)"
    r"|(?i:secret|token)\"?: ?\"?(?!scrubbed|null|\\?\"?$)[A-Za-z0-9_-]{6,}"
)


@pytest.mark.parametrize("cassette", sorted(CASSETTES.rglob("*.yaml")), ids=lambda p: p.stem)
def test_a_cassette_holds_no_secret(cassette):
    assert not LOOKS_SECRET.search(cassette.read_text(encoding="utf-8"))


def test_there_are_cassettes_of_both_generations():
    generations = {path.stem.rpartition(".")[2] for path in CASSETTES.glob("*.yaml")}

    assert generations >= {"2026-06", "2026-09"}


@pytest.mark.parametrize(
    "text",
    ['{"projectSecret": "spk_live_abc"}', '"signingSecret": "' + "0af9" * 16, "Bearer abcdefgh"],
)
def test_the_scan_would_find_one(text):
    assert LOOKS_SECRET.search(text)
