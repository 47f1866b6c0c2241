"""A kind that nobody outside this file knows: declared, planned, applied, exported, destroyed."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from photonctl.errors import ManifestError
from photonctl.kinds import kinds, level, registered
from photonctl.kinds.base import Kind
from photonctl.kinds.live import operated_by
from photonctl.kinds.operations import Effect, Operations
from photonctl.model.plan import HoldReason, Verb
from photonctl.model.spec import UNSET, Declared, Live, Spec, Text
from photonctl.sealed import plan_from_text, plan_to_text
from photonctl.views import html, json, markdown, text
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount


class ShelfSpec(Spec, frozen=True, kw_only=True):
    title: str
    colour: Text = UNSET


class ShelfKind(Kind[ShelfSpec]):
    """Where a user's books are: it needs users, and comes after them."""

    name = "shelf"
    section = "shelves"
    needs = frozenset({"user"})
    spec_type = ShelfSpec
    key_field = "title"
    in_place = frozenset({"colour"})
    prune_default = True
    is_emptied_by_destroy = True
    is_shown = True
    schema: ClassVar = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["title"],
            "additionalProperties": False,
            "properties": {"title": {"type": "string"}, "colour": {"type": "string"}},
        },
    }

    def declare(self, document, *, is_alone) -> Iterator[Declared[ShelfSpec]] | None:
        rows = document.get("shelves")
        if not isinstance(rows, list):
            return None
        return (
            Declared(
                key=row.get("title", ""),
                spec=ShelfSpec(title=row.get("title", ""), colour=row.get("colour", UNSET)),
                at=("shelves", index),
            )
            for index, row in enumerate(rows)
            if isinstance(row, dict)
        )

    def render(self, live, document, *, is_alone):
        document["shelves"] = [{"title": row.key} for row in live]


class ShelfOperations(Operations[ShelfSpec]):
    """Shelves are in memory, by their title."""

    def __init__(self):
        self.shelves = {}
        self.log = []

    async def observe(self, project, declared):
        return [Live(key=key, spec=spec, id=f"shelf-{key}") for key, spec in self.shelves.items()]

    async def create(self, ctx, action, spec):
        self.log.append(("create", action.key, len(ctx.api.user_rows)))
        self.shelves[action.key] = spec
        return Effect(id=f"shelf-{action.key}")

    async def update(self, ctx, action, spec):
        self.shelves[action.key] = spec
        return Effect()

    async def delete(self, ctx, action):
        self.log.append(("delete", action.key, len(ctx.api.user_rows)))
        del self.shelves[action.key]
        return Effect()


HEAD = "version: 1\nproject: {name: bot}\n"
USER = "users: [{phoneNumber: +15551230001}]\n"


@pytest.fixture
def shelves():
    operations = ShelfOperations()
    with registered(ShelfKind()), operated_by("shelf", operations):
        yield operations


@pytest.fixture
def engine(tmp_path, shelves):
    account = FakeAccount()
    account.add("bot")
    return Engine(tmp_path, account)


def test_it_comes_after_what_it_needs(shelves):
    names = [kind.name for kind in kinds()]

    assert names.index("shelf") > names.index("user")
    assert level("shelf") == level("user") + 1


def test_it_is_planned_applied_changed_and_deleted(engine, shelves):
    text = HEAD + USER + "shelves: [{title: a, colour: red}, {title: b}]\n"
    assert engine.apply(text).converged
    assert [entry for entry in shelves.log if entry[0] == "create"] == [
        ("create", "a", 2),
        ("create", "b", 2),
    ]
    assert engine.plan(text).has_changes is False

    (project,) = engine.plan(HEAD + "users: []\nshelves: [{title: a, colour: blue}]\n").projects
    assert [(action.verb, action.kind, action.key) for action in project.actions] == [
        (Verb.UPDATE, "shelf", "a"),
        (Verb.DELETE, "shelf", "b"),  # before the user that it needs
        (Verb.DELETE, "user", "+15551230001"),
    ]
    assert engine.apply(HEAD + "users: []\nshelves: [{title: a, colour: blue}]\n").converged
    assert shelves.shelves["a"].colour == "blue"


def test_its_plan_is_shown_saved_and_read_back(engine):
    plan = engine.plan(HEAD + "shelves: [{title: a, colour: red}]\n")

    for view in (text, json, markdown, html):
        assert "shelf" in view.render_plan(plan)
    assert plan_from_text(plan_to_text(plan)) == plan
    assert engine.apply_plan(plan).converged


def test_protect_ignore_and_limits_hold_for_it(engine, shelves):
    engine.apply(HEAD + "shelves: [" + ",".join(f"{{title: s{n}}}" for n in range(6)) + "]\n")

    kept = engine.plan(HEAD + "shelves: []\nprotect: {shelves: ['s*']}\n").projects[0]
    gone = engine.plan(HEAD + "shelves: []\n").projects[0]

    assert {hold.why for hold in kept.holds} == {HoldReason.PROTECTED}
    assert [refusal.lifted_by for refusal in gone.refusals] == ["--allow-deletes"]


def test_it_is_emptied_by_destroy(engine, shelves):
    text = HEAD + "shelves: [{title: a}]\n"
    engine.apply(text)

    assert engine.destroy(text).converged
    assert shelves.shelves == {}


def test_its_declarations_are_checked_like_any_others(engine):
    with pytest.raises(ManifestError) as caught:
        engine.load(HEAD + "shelves: [{titel: a}]\n")

    assert any('Did you mean "title"' in d.message for d in caught.value.diagnostics)
