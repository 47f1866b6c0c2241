import pytest

from photonctl.texts import look_alike, nfc, printable, text_problem


@pytest.mark.parametrize(
    "text",
    [
        "Ada",
        "",
        "a b",
        "Café",
        "Zoë 中文",
        "❤️",
        "1️⃣",
        "👩‍👩‍👧",
        "-x",
        "a‌b",
        "❤️ Ada",
        "Press 1️⃣ or #️⃣",
        "\u2139\ufe0f Info",
        "↔️x",
        "〰️",
    ],
)
def test_what_people_write_is_fine(text):
    assert text_problem(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bot\n", "ends with a line break (U+000A)"),
        ("bot\r\n", "ends with a carriage return (U+000D)"),
        ("bot\r", "ends with a carriage return (U+000D)"),
        ("a\nb", "contains a line break (U+000A)"),
        ("a\x07b", "contains a control character (U+0007)"),
        ("bot\u2028", "ends with an invisible character (U+2028)"),
        ("a\x85b", "contains a control character (U+0085)"),
        (" bot", "begins with a space (U+0020)"),
        ("bot ", "ends with a space (U+0020)"),
        ("bot\t", "ends with a tab (U+0009)"),
        ("bot\xa0", "ends with a no-break space (U+00A0)"),
        ("\ufeffbot", "begins with a byte order mark (U+FEFF)"),
        ("bot\u200b", "ends with a zero-width space (U+200B)"),
        ("bot\u2060", "ends with an invisible character (U+2060)"),
        ("bot\xad", "ends with an invisible character (U+00AD)"),
        ("bot\u3164", "ends with an invisible character (U+3164)"),
        ("bot\u2800", "ends with an invisible character (U+2800)"),
        ("A\ufe0fda", "contains an invisible character (U+FE0F)"),
        ("+1555\ufe0f30001", "contains an invisible character (U+FE0F)"),
        ("\ufe0eAda", "begins with an invisible character (U+FE0E)"),
        ("é\ufe0fa", "contains an invisible character (U+FE0F)"),
        ("bot\ufe0f", "ends with an invisible character (U+FE0F)"),
        ("bot\u202e", "ends with an invisible character (U+202E)"),
        ("bot\u3000", "ends with an invisible character (U+3000)"),
        (" ", "begins with a space (U+0020)"),
    ],
)
def test_what_nobody_can_see_is_named(text, told):
    assert text_problem(text) == told


def test_composed_and_decomposed_letters_are_one_text():
    assert nfc("Cafe\u0301") == nfc("Caf\xe9")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Support Bot", "support-bot".replace("-", "")),
        ("support bot", "support  bot"),
        ("bot", "BOT"),
        ("ﬁnance", "finance"),
        ("\uff42\uff4f\uff54", "bot"),
        ("bot\u200b", "bot"),
        ("Straße", "STRASSE"),
        ("㌖", "キロメートル"),
    ],
)
def test_names_that_look_alike(one, other):
    assert look_alike(one) == look_alike(other)


@pytest.mark.parametrize("blank", ["\U0001d159", "\U00016fe4", "\U0001bc9d", "\u2062"])
def test_what_no_font_shows_is_said(blank):
    assert text_problem(f"bot{blank}") is not None
    assert look_alike(f"bot{blank}") == look_alike("bot")


def test_more_accents_than_any_language_has_are_not_put_in_order():
    accents = "".join(chr(0x300 + n % 80) for n in range(900))

    assert nfc(f"a{accents}") == f"a{accents}"
    assert nfc("e\u0301" * 400) == "\u00e9" * 400


def test_names_that_dont_look_alike():
    assert look_alike("support-bot") != look_alike("support_bot")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\ufe0fda@b.example", "a\\ufe0fda@b.example"),
        ("1\ufe0f2", "1\\ufe0f2"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("\ufe0f", "\\ufe0f"),
    ],
)
def test_a_selector_that_changes_no_emoji_is_escaped(text, shown):
    assert printable(text) == shown
