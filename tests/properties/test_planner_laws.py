"""Laws of the planner, over random manifests and live states."""

import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from photonctl.model.plan import Plan, Verb
from photonctl.model.spec import UNSET
from photonctl.planfile import plan_from_json, plan_to_json
from photonctl.planner.destruction import emptied
from photonctl.planner.diff import plan_project
from photonctl.views import html, markdown, text
from photonctl.views import json as json_view
from tests.properties.server_model import carry_out
from tests.properties.strategies import desired_projects, live_projects


def after(live, actions):
    for serial, action in enumerate(actions):
        live = carry_out(live, action, serial)
    return live


@given(desired_projects(), live_projects())
def test_planning_again_after_an_apply_is_empty(desired, live):
    plan = plan_project(desired, live)

    again = plan_project(desired, after(live, plan.actions))

    assert again.actions == ()


@given(desired_projects(), live_projects(), st.data())
def test_an_apply_that_stops_anywhere_is_continued_by_the_next(desired, live, data):
    plan = plan_project(desired, live)
    done = data.draw(st.integers(0, len(plan.actions)))
    stopped = after(live, plan.actions[:done])

    rest = plan_project(desired, stopped)

    assert plan_project(desired, after(stopped, rest.actions)).actions == ()


@given(desired_projects(), live_projects(), st.randoms())
def test_the_order_of_manifest_and_lists_changes_nothing(desired, live, dice):
    def shuffled(by_kind):
        return {
            kind: dict(dice.sample(list(rows.items()), len(rows)))
            for kind, rows in dice.sample(list(by_kind.items()), len(by_kind))
        }

    plan = plan_project(desired, live)
    other = plan_project(
        replace(desired, resources=shuffled(desired.resources)),
        replace(live, resources=shuffled(live.resources)),
    )

    assert replace(other, kinds=()) == replace(plan, kinds=())


@given(desired_projects(), live_projects())
def test_what_is_held_is_never_deleted(desired, live):
    for plan in (plan_project(desired, live), plan_project(emptied(desired), live)):
        deleted = {(a.kind, a.key) for a in plan.actions if a.verb is Verb.DELETE}
        users = live.resources.get("user", {})
        protected = desired.policy.protect["user"]

        assert not deleted & {(hold.kind, hold.key) for hold in plan.holds}
        assert not any(users[key].is_owner for kind, key in deleted if kind == "user")
        assert not any(
            users[key].spec.phone_number in protected for kind, key in deleted if kind == "user"
        )


@given(desired_projects(), live_projects())
def test_a_kind_that_isnt_declared_is_never_touched(desired, live):
    plan = plan_project(desired, live)

    assert {action.kind for action in plan.actions} <= set(desired.resources)


@given(desired_projects(), live_projects())
def test_every_declared_resource_is_counted_once(desired, live):
    plan = plan_project(desired, live)
    declared = {(k, key) for k, rows in desired.resources.items() for key in rows}
    acted = [(a.kind, a.key) for a in plan.actions if a.verb is not Verb.DELETE]

    assert len(acted) == len(set(acted))
    assert plan.noop + len(acted) == len(declared)
    assert all(action.reason for action in plan.actions)


@given(desired_projects(), live_projects())
def test_users_are_never_replaced(desired, live):
    plan = plan_project(desired, live)

    assert not [a for a in plan.actions if a.kind == "user" and a.verb is Verb.REPLACE]


@given(desired_projects(), live_projects())
def test_the_order_is_that_of_the_interface(desired, live):
    plan = plan_project(desired, live)
    stages = [
        action.kind if action.kind in ("project", "platform", "profile") else action.verb.value
        for action in plan.actions
        if action.verb is not Verb.DELETE
    ]
    order = ["project", "platform", "profile", "create", "update", "replace"]

    assert stages == sorted(stages, key=order.index)
    deletes = [i for i, a in enumerate(plan.actions) if a.verb is Verb.DELETE]
    creates = [i for i, a in enumerate(plan.actions) if a.verb is Verb.CREATE and a.kind == "user"]
    if any(a.kind == "user" for a in plan.actions if a.verb is Verb.DELETE) and creates:
        is_early = any("deleted before" in warning for warning in plan.warnings)
        assert (deletes[0] < creates[0]) is is_early


@given(desired_projects(), live_projects())
def test_a_plan_file_survives_its_round_trip(desired, live):
    plan = Plan(projects=(plan_project(desired, live),))

    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


@given(desired_projects(), live_projects())
def test_every_view_shows_every_action(desired, live):
    plan = Plan(projects=(plan_project(desired, live),))

    for view in (text, json_view, markdown, html):
        shown = view.render_plan(plan).replace("\\", "").replace("&quot;", '"')
        assert all(action.key in shown for action in plan.projects[0].actions)


@given(desired_projects(), live_projects())
def test_a_field_that_isnt_mentioned_never_changes(desired, live):
    plan = plan_project(desired, live)

    for action in plan.actions:
        if action.verb is Verb.UPDATE and action.kind == "user":
            spec = desired.resources["user"][action.key].spec
            values = {"firstName": spec.first_name, "lastName": spec.last_name, "email": spec.email}
            assert all(values[change.field] is not UNSET for change in action.changes)
