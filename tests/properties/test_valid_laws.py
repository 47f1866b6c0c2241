"""Surely valid is valid: the short way never accepts what jsonschema refuses."""

import copy

import yaml
from hypothesis import given
from hypothesis import strategies as st

from photonctl.manifest.schema import _check, _schema
from photonctl.manifest.valid import compiled

GOOD = """\
version: 1
project:
  name: bot
  id: p-1
  location: United States
  platforms: [imessage]
  profile: {firstName: A, lastName: B}
  credentials: {envFile: .env}
users:
  - {phoneNumber: "+15551234567", firstName: Ada, lastName: null, email: a@example.com}
  - {phoneNumber: "+15551234568", type: dedicated, assignedPhoneNumber: "+16285550100"}
usersFrom: [team.csv, {file: b.csv, allowEmpty: true}]
webhooks:
  - https://bot.example.com/hook
  - {url: https://b.example.com/, secret: {envFile: .env, key: K}, enabled: true}
  - {url: https://c.example.com/, secret: {exec: [./keep, x]}, eventTypes: [message.received]}
prune: {users: true, webhooks: false}
ignore: {users: ["+1999*"], webhooks: []}
protect: {users: ["+15551234567"]}
limits: {maxDeletes: 10, maxDeletePercent: 30}
mode: manage
"""
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 200),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", " ", "x", "+15551234567", "shared", "fail", ".env", "a@b.c", "x" * 10_001]
    ),
    st.lists(st.sampled_from(["a", "a", 1, None]), max_size=3),
    st.dictionaries(
        st.sampled_from(["name", "url", "file", "key", "envFile"]), st.text(max_size=3)
    ),
)


def places(value, at=()):
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, item in items:
        yield from places(item, (*at, step))


DOCUMENT = yaml.safe_load(GOOD)
PLACES = list(places(DOCUMENT))


def changed(at, value, how):
    document = copy.deepcopy(DOCUMENT)
    if not at:
        return value
    holder = document
    for step in at[:-1]:
        holder = holder[step]
    if how == "remove":
        del holder[at[-1]]
    elif how == "add" and isinstance(holder, dict):
        holder["other"] = value
    else:
        holder[at[-1]] = value
    return document


def test_a_manifest_with_everything_takes_the_short_way():
    assert compiled(_schema())(DOCUMENT)
    assert _check(DOCUMENT, _schema()) == []


@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["set", "remove", "add"]))
def test_what_is_surely_valid_has_no_problem(at, value, how):
    document = changed(at, value, how)

    if compiled(_schema())(document):
        assert _check(document, _schema()) == []


@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["set", "remove", "add"]))
def test_what_has_no_problem_mostly_takes_the_short_way(at, value, how):
    document = changed(at, value, how)

    if _check(document, _schema()) == [] and not isinstance(value, float):
        assert compiled(_schema())(document)


def test_a_keyword_that_isnt_known_is_never_surely_valid():
    assert not compiled({"type": "string", "format": "uri"})("x")
    assert not compiled({"not": {"type": "string"}})(1)
    assert not compiled({"additionalProperties": {"type": "string"}})({"a": "b"})
