"""Editing env files: what is asked changes, and no other byte does."""

from io import StringIO

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import example, given
from hypothesis import strategies as st

from photonctl.sinks.env_text import edit, lines_of

keys = st.sampled_from(["BOT", "BOT_STANDARD", "OTHER", "PATH_X"])
values = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n#$'\"\\ "))
lines = st.one_of(
    st.just(""),
    st.just("# BOT=commented"),
    st.builds("{}={}".format, keys, st.sampled_from(["x", "'a b'", '"a # b"', "$HOME", ""])),
    st.builds("export {}={}".format, keys, st.sampled_from(["x", "'a\nBOT=b'"])),
    st.builds("  {} = {}  # why".format, keys, st.just("x")),
)
files = st.builds(
    lambda parts, newline, ends: newline.join(parts) + (newline if ends else ""),
    st.lists(lines, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)


def read(text):
    return dotenv_values(stream=StringIO(text), interpolate=False)


@given(files, keys, values)
def test_what_is_set_reads_back(text, key, value):
    assert read(edit(text, {key: value}))[key] == value


@given(files, keys, values)
def test_other_variables_keep_their_values(text, key, value):
    before, after = read(text), read(edit(text, {key: value}))

    assert {k: v for k, v in after.items() if k != key} == {
        k: v for k, v in before.items() if k != key
    }


@example("BOT=x\r\n", "BOT", "\n")
@given(files, keys, values)
def test_setting_the_same_again_changes_no_byte(text, key, value):
    once = edit(text, {key: value})

    assert edit(once, {key: value}) == once


@given(files)
def test_setting_nothing_changes_no_byte(text):
    assert edit(text, {}) == text
    assert edit(text, {"NOT_THERE": None}) == text


@given(files, keys)
def test_what_is_removed_is_gone(text, key):
    assert key not in read(edit(text, {key: None}))


@given(files, st.sampled_from(["NEW_ONE", "NEW_TWO"]), values)
def test_what_is_new_is_appended(text, key, value):
    assert edit(text, {key: value}).startswith(text)


pieces = st.sampled_from([
    "A", "=", "export", "export ", " ", "\t", "\n", "\r\n", "\r", "'", '"', "\\", "#", " # ", "b",
    "é", "\ufeff", "\u2028", "\x1c", "-", ".", "9", "$B", "A=x\n", "B='y z'\n", 'export C="w"\n',
])  # fmt: skip


@given(st.lists(pieces, max_size=30).map("".join))
def test_lines_are_what_the_parser_of_most_programs_reads(text):
    found = [line for line in lines_of(text) if line.key is not None or line.is_error]
    marked = "\n" + text.removeprefix("\ufeff")  # a second mark is no mark
    read = parse_stream(StringIO(marked, newline=""))
    expected = [b for b in read if b.key is not None or b.error]

    assert [(line.key, line.value) for line in found] == [(b.key, b.value) for b in expected]
    assert "".join(line.text for line in lines_of(text)) == text
