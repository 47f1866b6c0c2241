"""Single decisions of the planner, one each."""

from dataclasses import replace

import pytest

from photonctl.model.plan import HoldReason, Verb
from photonctl.model.policy import Policy
from photonctl.model.spec import (
    UNSET,
    Declared,
    Live,
    OnMissingSecret,
    SecretRule,
    SinkSpec,
)
from photonctl.model.state import DesiredProject, Evidence, LiveProject, Stored
from photonctl.planner.diff import plan_project
from photonctl.resources.user import UserSpec
from photonctl.resources.webhook import WebhookSpec

URL = "https://bot.example.com/hook"
SINK = SinkSpec(type="envFile", target=".env", key="BOT")


def user(number, **fields):
    return UserSpec(phone_number=f"+1555000{number:04d}", **fields)


def desired(users=(), policy=None, webhook=None):
    resources = {"user": {u.phone_number: Declared(key=u.phone_number, spec=u) for u in users}}
    if webhook is not None:
        resources["webhook"] = {webhook.key: webhook}
    return DesiredProject(
        manifest="m.yaml", name="bot", resources=resources, policy=policy or Policy()
    )


def live(users=(), cap=None, **more):
    rows = {u.phone_number: Live(key=u.phone_number, spec=u, id=u.phone_number) for u in users}
    return LiveProject(id="p1", name="bot", shared_user_cap=cap, resources={"user": rows, **more})


def verbs(plan):
    return [(action.verb, action.key[-1]) for action in plan.actions]


def test_deletes_come_last():
    plan = plan_project(desired([user(1)]), live([user(2)]))

    assert verbs(plan) == [(Verb.CREATE, "1"), (Verb.DELETE, "2")]


def test_at_the_cap_deletes_make_room_first():
    plan = plan_project(desired([user(1), user(3)]), live([user(2), user(3)], cap=2))

    assert verbs(plan) == [(Verb.DELETE, "2"), (Verb.CREATE, "1")]
    assert "deleted before others are created" in plan.warnings[0]


def test_more_than_the_cap_is_foretold():
    plan = plan_project(desired([user(1), user(2), user(3)]), live([], cap=2))

    assert "3 shared users are more than the 2" in plan.warnings[0]


def test_dedicated_users_dont_count_against_the_cap():
    own_line = user(2, type="dedicated", assigned_phone_number="+16285550100")
    plan = plan_project(desired([user(1)]), live([own_line], cap=1))

    assert verbs(plan) == [(Verb.CREATE, "1"), (Verb.DELETE, "2")]


def test_a_field_that_cant_be_cleared_is_a_warning_and_no_action():
    plan = plan_project(desired([user(1, last_name=None)]), live([user(1, last_name="Lovelace")]))

    assert (plan.actions, plan.noop) == ((), 1)
    assert "lastName stays 'Lovelace'" in plan.warnings[0]


def test_only_what_differs_is_sent():
    plan = plan_project(
        desired([user(1, first_name="Ada", last_name="Byron")]),
        live([user(1, first_name="Ada", last_name="Lovelace", email=None)]),
    )

    (action,) = plan.actions
    assert action.spec == user(1, last_name="Byron")
    assert action.reason == "lastName differs"
    assert [(c.field, c.before, c.after) for c in action.changes] == [
        ("lastName", "Lovelace", "Byron")
    ]


def test_the_case_of_an_email_is_no_difference():
    plan = plan_project(
        desired([user(1, email="Ada@Example.com")]), live([user(1, email="ada@example.com")])
    )

    assert plan.actions == ()


def test_an_unset_field_is_never_compared():
    plan = plan_project(desired([user(1, first_name=UNSET)]), live([user(1, first_name="Ada")]))

    assert plan.actions == ()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(protect={"user": ("+1555000*",)}), HoldReason.PROTECTED),
        (Policy(ignore={"user": ("*@Example.com", "*@example.com")}), HoldReason.IGNORED),
        (Policy(prune={"user": False}), HoldReason.NOT_PRUNED),
        (
            Policy(protect={"user": ("*",)}, ignore={"user": ("*",)}, prune={}),
            HoldReason.PROTECTED,
        ),
    ],
)
def test_what_stays_and_why(policy, why):
    plan = plan_project(desired(policy=policy), live([user(1, email="a@example.com")]))

    assert plan.actions == ()
    assert [hold.why for hold in plan.holds] == [why]


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        (Policy(max_deletes=2), True),
        (Policy(max_deletes=3), False),
        (Policy(max_delete_percent=74), True),
        (Policy(max_delete_percent=75), False),
        (Policy(), False),
    ],
)
def test_limits(policy, refused):
    plan = plan_project(
        desired([user(9)], policy=policy), live([user(1), user(2), user(3), user(9)])
    )

    assert len(plan.actions) == 3
    assert [refusal.is_overridable for refusal in plan.refusals] == [True] * refused


def webhook(on_missing=OnMissingSecret.WARN, **fields):
    rule = SecretRule(sink=SINK, on_missing=on_missing)
    return Declared(key=URL, spec=WebhookSpec(webhook_url=URL, **fields), secret=rule)


def hooked(evidence, **fields):
    rows = {URL: Live(key=URL, spec=WebhookSpec(webhook_url=URL, **fields), id="w1")}
    return replace(live(webhook=rows), evidence={URL: evidence})


@pytest.mark.parametrize(
    ("stored", "on_missing", "verb"),
    [
        (Stored.ALL, OnMissingSecret.REPLACE, None),
        (Stored.UNKNOWN, OnMissingSecret.REPLACE, None),
        (Stored.NOTHING, OnMissingSecret.WARN, None),
        (Stored.NOTHING, OnMissingSecret.FAIL, None),
        (Stored.NOTHING, OnMissingSecret.ROTATE, Verb.UPDATE),
        (Stored.STANDARD, OnMissingSecret.ROTATE, None),
        (Stored.STANDARD, OnMissingSecret.REPLACE, Verb.REPLACE),
        (Stored.OTHER, OnMissingSecret.REPLACE, Verb.REPLACE),
        (Stored.OTHER, OnMissingSecret.ROTATE, Verb.UPDATE),
    ],
)
def test_what_a_missing_secret_leads_to(stored, on_missing, verb):
    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(Evidence(stored=stored)))

    assert [action.verb for action in plan.actions] == ([verb] if verb else [])
    assert all(action.sink == SINK for action in plan.actions)
    is_told = stored in (Stored.NOTHING, Stored.OTHER, Stored.STANDARD) and verb is None
    if on_missing is OnMissingSecret.WARN:
        assert bool(plan.warnings) is is_told
    if on_missing is OnMissingSecret.FAIL:
        assert [refusal.is_overridable for refusal in plan.refusals] == [False]


@pytest.mark.parametrize("on_missing", OnMissingSecret)
def test_an_interrupted_registration_is_always_replaced(on_missing):
    evidence = Evidence(stored=Stored.NOTHING, was_interrupted=True)

    (action,) = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence)).actions

    assert (action.verb, action.id) == (Verb.REPLACE, "w1")


@pytest.mark.parametrize("on_missing", OnMissingSecret)
@pytest.mark.parametrize("stored", [Stored.ALL, Stored.UNKNOWN])
def test_an_interrupted_rotation_is_always_made_again(on_missing, stored):
    evidence = Evidence(stored=stored, rotation_was_interrupted=True)

    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    (action,) = plan.actions
    assert (action.verb, action.id, action.sink) == (Verb.UPDATE, "w1", SINK)
    assert (plan.warnings, plan.refusals) == ((), ())


def test_a_rotation_mends_no_lost_legacy_secret():
    """So the manifest's rule about that one holds beside it."""
    evidence = Evidence(stored=Stored.NOTHING, rotation_was_interrupted=True)

    def of(on_missing):
        return plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    assert of(OnMissingSecret.REPLACE).actions[0].verb is Verb.REPLACE
    assert of(OnMissingSecret.FAIL).refusals
    assert of(OnMissingSecret.WARN).warnings
    assert of(OnMissingSecret.ROTATE).actions[0].verb is Verb.UPDATE


@pytest.mark.parametrize("on_missing", OnMissingSecret)
@pytest.mark.parametrize("was_interrupted", [False, True])
def test_a_secret_under_another_name_is_taken_from_there(on_missing, was_interrupted):
    """It isn't lost, so nothing is registered or rotated, whatever the rule."""
    evidence = Evidence(stored=Stored.ELSEWHERE, was_interrupted=was_interrupted)

    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    (action,) = plan.actions
    assert (action.verb, action.sink, action.changes[0].field) == (Verb.UPDATE, SINK, "secret")
    assert (plan.warnings, plan.refusals) == ((), ())


def test_an_intent_left_open_after_the_secret_was_stored_is_no_loss():
    evidence = Evidence(stored=Stored.ALL, was_interrupted=True)

    assert plan_project(desired(webhook=webhook()), hooked(evidence)).actions == ()


def test_a_field_that_the_server_doesnt_offer_is_reported():
    plan = plan_project(
        desired(webhook=webhook(enabled=False)), hooked(Evidence(stored=Stored.ALL))
    )

    assert plan.actions == ()
    assert "enabled isn't offered by this server" in plan.warnings[0]


def test_a_nullable_field_of_a_webhook_can_be_cleared():
    plan = plan_project(
        desired(webhook=webhook(failure_notification_email=None)),
        hooked(Evidence(stored=Stored.ALL), failure_notification_email="ops@example.com"),
    )

    assert [c.field for c in plan.actions[0].changes] == ["failureNotificationEmail"]
