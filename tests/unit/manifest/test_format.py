"""``photonctl fmt``: the usual form, the same meaning, every comment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.manifest.changes import changes
from photonctl.manifest.decode import NotYaml
from photonctl.manifest.format import formatted
from photonctl.manifest.read import parse


def fmt(text):
    return formatted(text.encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "users:\n- phoneNumber: +15551234567 # Ada\n",
            'users:\n- phoneNumber: "+15551234567" # Ada\n',
        ),
        ("users: [{phoneNumber: +15551234567}]\n", 'users: [{phoneNumber: "+15551234567"}]\n'),
        ("- {phoneNumber: '+1 (415) 555-0102'}\n", '- {phoneNumber: "+14155550102"}\n'),
        (
            "- {phoneNumber: +1.415.555.0102, type: dedicated}\n",
            '- {phoneNumber: "+14155550102", type: dedicated}\n',
        ),
        ("- assignedPhoneNumber: +44 20 7183 8750\n", '- assignedPhoneNumber: "+442071838750"\n'),
        ("- phoneNumber: 415 555 0102\n", "- phoneNumber: 415 555 0102\n"),
        ("- phoneNumber: +1415abc\n", "- phoneNumber: +1415abc\n"),
        ("- firstName: +15551234567\n", "- firstName: +15551234567\n"),
        ("a: 1   \n\n\n\n# b\nb: 2\t\n\n\n", "a: 1\n\n# b\nb: 2\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("\ufeffa: 1", "a: 1\n"),
        ("a: |\n  x  \n\n\n\n  y\nb: +1", "a: |\n  x  \n\n\n\n  y\nb: +1"),
        (
            "- phoneNumber: &n +15551234567\n- phoneNumber: *n\n",
            "- phoneNumber: &n +15551234567\n- phoneNumber: *n\n",
        ),
        (
            "é: 1\nu: [{phoneNumber: +15551234567}] # é +1\n",
            'é: 1\nu: [{phoneNumber: "+15551234567"}] # é +1\n',
        ),
        (
            "x: [a, {k: [b]}, c]\ny: {phoneNumber: [+15551234567]}\n",
            "x: [a, {k: [b]}, c]\ny: {phoneNumber: [+15551234567]}\n",
        ),
        ("- phoneNumber: ${env:N}\n", "- phoneNumber: ${env:N}\n"),
    ],
)
def test_the_usual_form(before, after):
    assert fmt(before) == after
    assert fmt(after) == after


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: !!python/object x\n", "\x01"])
def test_what_cant_be_read_isnt_written(text):
    with pytest.raises(NotYaml):
        fmt(text)


NUMBERS = st.sampled_from(
    ["+15551234567", "'+1 415-555-0102'", "12345678", '"${env:A}"', '"+442071838750"']
)
COMMENTS = st.sampled_from(["", "  # a comment: +15551234567", " #x", "   "])
BLANKS = st.sampled_from(["", "\n", "\n\n\n", "# between\n"])
ROWS = st.lists(st.tuples(NUMBERS, COMMENTS, BLANKS), max_size=6)


@given(ROWS, st.booleans())
def test_nothing_but_numbers_means_something_else(rows, is_flow):
    row = "  - {{phoneNumber: {}}}{}\n{}" if is_flow else "  - phoneNumber: {}{}\n{}"
    text = "version: 1\nusers:\n" + "".join(row.format(*r) for r in rows)
    after = fmt(text)

    before_rows, after_rows = (parse(t).documents[0]["users"] or [] for t in (text, after))
    assert len(before_rows) == len(after_rows)
    assert [str(r["phoneNumber"]).replace(" ", "").replace("-", "") for r in before_rows] == [
        str(r["phoneNumber"]) for r in after_rows
    ]
    assert after.count("#") == text.count("#")
    assert fmt(after) == after


def patched(before, hunks):
    """Do what a unified diff says, as ``patch`` does."""
    old, found, place = before.splitlines(), [], 0
    for line in hunks:
        if line.startswith("@@"):
            start, count = map(int, line.split()[1].removeprefix("-").split(","))
            first = start - 1 if count else start
            found += old[place:first]
            place = first
        elif line[0] == "+":
            found.append(line[1:])
        else:
            assert old[place] == line[1:]
            place += 1
            found += [line[1:]] if line[0] == " " else []
    return [*found, *old[place:]]


LINES = st.lists(st.sampled_from(["", "  ", "a", "b ", "b", "- +15551234567"]), max_size=40)


@given(LINES, LINES)
def test_a_diff_leads_from_one_text_to_the_other(before, after):
    text = "\n".join(before)

    assert patched(text, changes(text, "\n".join(after))) == "\n".join(after).splitlines()


def test_a_diff_shows_three_lines_around_a_change():
    before = "\n".join(f"# {n}" for n in range(20)) + " "
    after = "\n".join(f"# {n}" for n in range(20))

    assert list(changes(before, after)) == [
        "@@ -17,4 +17,4 @@", " # 16", " # 17", " # 18", "-# 19 ", "+# 19",
    ]  # fmt: skip


def test_a_diff_that_is_cut_says_so_wherever_that_is():
    for length in range(9_990, 10_010):
        lines = [*["a "] * length, *["same"] * 5, *["b "] * 3]
        after = [*["a"] * length, *["same"] * 5, *["b"] * 3]

        shown = list(changes("\n".join(lines), "\n".join(after)))

        assert shown[-1] == "What changes after these lines isn't shown." or "+b" in shown


def test_white_space_goes_also_where_no_number_can_be_rewritten():
    text = b"version: 1   \nusers:\n  - phoneNumber: &a +1 415 555 0102   \n\n\n\n"

    assert formatted(text) == "version: 1\nusers:\n  - phoneNumber: &a +1 415 555 0102\n"


def test_a_number_that_is_missing_at_the_end_is_left_out():
    assert formatted(b"version: 1\n? phoneNumber") == "version: 1\n? phoneNumber\n"
