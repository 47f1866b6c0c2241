"""What is shown of what a command said: words that people write, and no form of a secret."""

import base64
import string
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.sinks.said import plain_words

SECRETS = st.text(string.ascii_letters + string.digits, min_size=32, max_size=64)
FORMS = {
    "itself": str,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of a part": lambda s: base64.b64encode(s[1:].encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "bytes": lambda s: s.encode().hex(" "),
    "words of bytes": lambda s: s.encode().hex(" ", 2),
    "numbers": lambda s: " ".join(map(str, s.encode())),
    "numbers between marks": lambda s: " - ".join(map(str, s.encode())),
    "numbers between words": lambda s: " byte ".join(map(str, s.encode())),
    "letters between marks": " = ".join,
    "hexadecimal between marks": lambda s: " / ".join(s.encode().hex()),
    "escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "percent": lambda s: quote_from_bytes(s.encode(), safe=""),
    "backwards": lambda s: s[::-1],
    "upper case": str.upper,
    "letter by letter": " ".join,
    "in threes": lambda s: " ".join(s[n : n + 3] for n in range(0, len(s), 3)),
    "in threes between marks": lambda s: " - ".join(s[n : n + 3] for n in range(0, len(s), 3)),
    "in fours": lambda s: "-".join(s[n : n + 4] for n in range(0, len(s), 4)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(SECRETS)
def test_no_form_of_a_secret_is_shown(form, secret):
    mixed = f"{secret}aZ9x"  # letters alone could be a word
    told = plain_words(f"it failed: {form(mixed)}", [mixed])

    # Some letters between marks may look like a word; far from what a secret could be found by.
    shown = told.removeprefix("it failed:").replace("byte", "")
    assert len([c for c in shown if c.isalnum()]) <= len(secret) // 2


@pytest.mark.parametrize(
    "said",
    [
        "not stored - see the log",
        "curl: (22) The requested URL returned error: 403",
        "ERROR: (gcloud.secrets.versions.add) PERMISSION_DENIED: it may not exist",
        "An error occurred (AccessDeniedException) when calling the PutSecretValue operation",
        "Error writing data to secret/data/bot: permission denied",
        "it can't be reached: no such host",
        "der Schlüssel läuft ab",
    ],
)
def test_words_that_people_write_are_shown(said):
    assert plain_words(said, ["whsec_BTtY5KLlb3f1yodMU2MzFlTLPqxrFmLn"]) == said


def test_what_every_standard_secret_begins_with_hides_no_word():
    secret = "whsec_RBtY5KLlb3f1yodMU2MzFlTLPqxrFmLn"  # "secR" is in "signingSecret" too

    assert plain_words(f'"signingSecret": "{secret}"', [secret]) == '"signingSecret": "…"'


def test_what_isnt_a_word_is_left_out_once_for_each_run_of_it():
    said = "failed for d2hzZWNfQlR0WTVL,\n d2hzZWNfQlR0WTVM at 10.20.30.40"

    assert plain_words(said, []) == "failed for … at …"


def test_marks_of_a_secret_arent_shown_either():
    assert "====" not in plain_words("it failed ==== here", ["abcd1234====efgh5678"])


def test_no_piece_of_a_secret_is_shown_across_marks():
    secret = "whsec_PvOYD/tpgTs9wXdXRcD0I3KJEbm8Hujs"
    told = plain_words(" - ".join(secret[n : n + 3] for n in range(0, 36, 3)), [secret])

    assert "tpg" not in told
    assert "Ebm" not in told
