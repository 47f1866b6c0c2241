"""Shards are disjoint, their union is all, and one more moves only what it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.errors import UsageError
from photonctl.sharding import Shard, shard_of

NAMES = st.lists(st.text(max_size=20), unique=True, max_size=60)


def placed(names, count):
    return {name: [n for n in range(1, count + 1) if Shard(n, count).has(name)] for name in names}


@given(NAMES, st.integers(1, 12))
def test_each_project_falls_to_exactly_one_shard(names, count):
    assert all(len(found) == 1 for found in placed(names, count).values())


@given(NAMES, st.integers(1, 12))
def test_one_shard_more_takes_and_moves_nothing_else(names, count):
    before, after = placed(names, count), placed(names, count + 1)

    assert all(after[name] in (before[name], [count + 1]) for name in names)


def test_one_shard_more_takes_its_share():
    names = [f"project-{n}" for n in range(4_000)]
    taken = sum(Shard(5, 5).has(name) for name in names)

    assert 600 < taken < 1_000  # a fifth is 800


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "3"}, "1/3"),
        ({"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3"}, "3/3"),
        ({"BUILDKITE_PARALLEL_JOB": "1", "BUILDKITE_PARALLEL_JOB_COUNT": "2"}, "2/2"),
    ],
)
def test_a_system_says_which_one_this_is(env, found):
    assert str(shard_of("auto", env)) == found


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1", "a/b", "1/3/5", "-1/3", "1/99999", "auto"])
def test_anything_else_is_no_shard(text):
    with pytest.raises(UsageError):
        shard_of(text, {"JOB_COMPLETION_INDEX": "x", "JOB_COMPLETIONS": "3"})
