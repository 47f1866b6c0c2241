"""A value changes, and no other byte of the JSON text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.credentials.splice import splice

NAMES = st.sampled_from(["a", "b", "pool", "photon", "é", 'q"uote'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
LAYOUTS = st.sampled_from(
    [
        {},
        {"indent": 2},
        {"indent": "\t", "sort_keys": True},
        {"separators": (",", ":")},
        {"separators": (" , ", " : "), "ensure_ascii": False},
    ]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3)


def put(data, path, value):
    name, *rest = path
    if not rest:
        return {**data, name: value}
    inner = data.get(name)
    return {**data, name: put(inner if isinstance(inner, dict) else {}, rest, value)}


@given(OBJECTS, LAYOUTS, PATHS, VALUES)
def test_it_reads_as_if_the_value_were_set(data, layout, path, value):
    text = json.dumps(data, **layout)

    assert json.loads(splice(text, path, value)) == put(data, path, value)


@given(OBJECTS, LAYOUTS, NAMES, VALUES)
def test_what_stands_around_the_value_stays_byte_for_byte(data, layout, name, value):
    marked = {**data, name: "MARK"}
    before, _, after = json.dumps(marked, **layout).partition('"MARK"')

    changed = splice(before + '"MARK"' + after, [name], value)

    assert changed.startswith(before)
    assert changed.endswith(after)


@given(OBJECTS, LAYOUTS, PATHS, VALUES, VALUES)
def test_the_last_write_wins(data, layout, path, one, other):
    text = json.dumps(data, **layout)

    assert json.loads(splice(splice(text, path, one), path, other)) == put(data, path, other)


def test_of_a_repeated_key_the_one_that_readers_take_is_changed():
    assert json.loads(splice('{"a": 1, "b": 2, "a": 3}', ["a"], 4)) == {"a": 4, "b": 2}


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"a": }'])
def test_no_object_is_an_error(text):
    with pytest.raises(ValueError, match=r".*"):
        splice(text, ["a"], 1)
