"""Single decisions of the planner, one each."""

import json
from bisect import bisect_left

import pytest
from msgspec.structs import replace

from photonctl.api.hook_rows import read_webhooks
from photonctl.api.parsing import parse_json
from photonctl.api.transport import LARGEST_LIST
from photonctl.kinds import kind_named
from photonctl.kinds.project.kind import ProjectSpec
from photonctl.kinds.user.kind import UserSpec
from photonctl.kinds.webhook.kind import WebhookSpec
from photonctl.model.filled import Filled
from photonctl.model.plan import HoldReason, SecretStep, Verb
from photonctl.model.policy import NO_LIMITS, Limits, Policy
from photonctl.model.reason import Why, reason_text
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import (
    UNSET,
    Declared,
    Live,
    OnMissingSecret,
    SecretRule,
    SinkSpec,
)
from photonctl.model.state import DesiredProject, Evidence, HeldPair, LiveProject, Occupied, Stored
from photonctl.planner.destruction import emptied, plan_removal
from photonctl.planner.diff import plan_project

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
    assert "lastName stays as it is" in plan.warnings[0]


def test_only_what_differs_is_sent():
    plan = plan_project(
        desired([user(1, first_name="Ada", last_name="Byron")]),
        live([user(1, first_name="Ada", last_name="Lovelace", email=None)]),
    )

    (action,) = plan.actions
    assert action.spec == user(1, last_name="Byron")
    assert reason_text(action.reason) == "lastName differs"
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
    ("limits", "refused"),
    [
        (Limits(max_deletes=2), True),
        (Limits(max_deletes=3), False),
        (Limits(max_delete_percent=74), True),
        (Limits(max_delete_percent=75), False),
        (NO_LIMITS, False),
    ],
)
def test_limits_on_deletes(limits, refused):
    plan = plan_project(
        desired([user(9)], policy=Policy(limits=limits)),
        live([user(1), user(2), user(3), user(9)]),
    )

    assert len(plan.actions) == 3
    assert [refusal.lifted_by for refusal in plan.refusals] == ["--allow-deletes"] * refused


@pytest.mark.parametrize(
    ("deleted", "kept", "refused"),
    [(3, 0, False), (4, 0, True), (4, 9, True), (4, 10, False), (30, 70, False), (31, 69, True)],
)
def test_without_limits_more_than_3_are_refused_if_they_are_more_than_30_percent(
    deleted, kept, refused
):
    users = [user(number) for number in range(deleted + kept)]

    plan = plan_project(desired(users[deleted:]), live(users))

    assert bool(plan.refusals) is refused
    for refusal in plan.refusals:
        assert f"{deleted} of {deleted + kept} live users" in refusal.message
        assert "--allow-deletes" in refusal.hint


def test_each_kind_is_counted_by_itself():
    hooks = {f"https://b.example.com/{n}": None for n in range(3)}
    rows = {url: Live(key=url, spec=WebhookSpec(webhook_url=url), id=url) for url in hooks}
    wanted = replace(desired(), resources={"user": {}, "webhook": {}})

    plan = plan_project(wanted, live([user(1), user(2), user(3)], webhook=rows))

    assert len(plan.actions) == 6
    assert plan.refusals == ()


def test_a_refusal_names_the_tables_that_may_have_shrunk():
    wanted = replace(desired([user(9)]), origins={"user": (("users", 1), ("team.csv", 0))})

    (refusal,) = plan_project(wanted, live([user(n) for n in range(1, 10)])).refusals

    assert "1 in users, 0 in team.csv" in refusal.message


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        (Limits(max_creates=1), ["limits.maxCreates: 1"]),
        (Limits(max_updates=0), ["limits.maxUpdates: 0"]),
        (Limits(max_creates=2, max_updates=1, max_replaces=0), []),
    ],
)
def test_limits_on_other_changes_are_lifted_by_another_flag(limits, refused):
    plan = plan_project(
        desired([user(1), user(2), user(3, first_name="Ada")], policy=Policy(limits=limits)),
        live([user(3, first_name="Bob")]),
    )

    assert [refusal.lifted_by for refusal in plan.refusals] == ["--allow-changes"] * len(refused)
    assert all(text in r.message for text, r in zip(refused, plan.refusals, strict=True))


def test_an_observed_project_is_planned_and_never_applied():
    plan = plan_project(desired([user(1)], policy=Policy(is_observed=True)), live())

    assert [refusal.lifted_by for refusal in plan.refusals] == [None]
    assert verbs(plan) == [(Verb.CREATE, "1")]


@pytest.mark.parametrize(
    "pattern",
    ["boss@example.com", "BOSS@*", "+1 555-000-0001", "+1 (555) 000.0001", "+1\u2011555\u00a0000*",
     "+1555000[0-1]*"],
)  # fmt: skip
@pytest.mark.parametrize("section", ["protect", "ignore"])
def test_protection_is_generous_about_spelling(section, pattern):
    policy = Policy(**{section: {"user": (pattern,)}})

    plan = plan_project(desired(policy=policy), live([user(1, email="Boss@Example.com")]))

    assert plan.actions == ()


@pytest.mark.parametrize(
    "pattern",
    ["https://BOT.example.com:443/hook", "https://bot.example.com/hook/",
     "https://bot.example.com/a/../h%6Fok", "https://*.example.com/*"],
)  # fmt: skip
def test_a_url_is_protected_however_it_is_spelled(pattern):
    wanted = replace(
        desired(policy=Policy(protect={"webhook": (pattern,)})), resources={"webhook": {}}
    )
    rows = {URL: Live(key=URL, spec=WebhookSpec(webhook_url=URL), id="w1")}

    assert plan_project(wanted, live(webhook=rows)).actions == ()


def test_an_entry_that_matches_nothing_is_a_warning_where_something_is_deleted():
    policy = Policy(protect={"user": ("+15550000001", "+15559999999")})

    quiet = plan_project(desired([user(1)], policy=policy), live([user(1)]))
    plan = plan_project(desired([user(1)], policy=policy), live([user(1), user(2)]))

    assert quiet.warnings == ()
    (warning,) = plan.warnings
    assert "1 of 2 entries about users match nothing" in warning


def test_no_more_is_deleted_early_than_the_cap_needs():
    old, new = [user(n) for n in range(1, 6)], [user(n) for n in range(6, 8)]

    plan = plan_project(desired(new), live(old, cap=5))

    assert verbs(plan) == [
        (Verb.DELETE, "1"),
        (Verb.DELETE, "2"),
        (Verb.CREATE, "6"),
        (Verb.CREATE, "7"),
        (Verb.DELETE, "3"),
        (Verb.DELETE, "4"),
        (Verb.DELETE, "5"),
    ]


def test_a_delete_says_whom_it_concerns():
    plan = plan_project(desired(), live([user(1, first_name="Ada", email="ada@example.com")]))

    assert [action.who for action in plan.actions] == ["Ada <ada@example.com>"]


def test_a_project_that_one_could_take_for_a_live_one_is_refused():
    wanted = replace(
        desired(),
        resources={"project": {"bot": Declared(key="bot", spec=ProjectSpec(name="bot"))}},
    )

    (refusal,) = plan_project(wanted, LiveProject(look_alikes=(("Bot", "p9"),))).refusals

    assert '"Bot" (p9)' in refusal.message
    assert "id: p9" in refusal.hint


def webhook(on_missing=OnMissingSecret.WARN, **fields):
    rule = SecretRule(sink=SINK, on_missing=on_missing)
    return Declared(key=URL, spec=WebhookSpec(webhook_url=URL, **fields), secret=rule)


def hooked(evidence, **fields):
    rows = {URL: Live(key=URL, spec=WebhookSpec(webhook_url=URL, **fields), id="w1")}
    return replace(live(webhook=rows), evidence={ResourceRef("webhook", URL): evidence})


def others(stored_id=None, **more):
    """A place that holds another secret."""
    held = Occupied(place=SINK, stored_id=stored_id, **more)
    return Evidence(stored=Stored.OTHER, stored_id=stored_id, occupied=(held,))


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
    is_other = stored is Stored.OTHER
    evidence = others("w0", is_ours=True) if is_other else Evidence(stored=stored)
    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    assert [action.verb for action in plan.actions] == ([verb] if verb else [])
    assert all(action.sink == SINK for action in plan.actions)
    is_told = stored in (Stored.NOTHING, Stored.OTHER, Stored.STANDARD) and verb is None
    if on_missing is OnMissingSecret.WARN:
        assert bool(plan.warnings) is is_told
    if on_missing is OnMissingSecret.FAIL:
        assert [refusal.lifted_by for refusal in plan.refusals] == [None]


@pytest.mark.parametrize("on_missing", OnMissingSecret)
def test_an_interrupted_registration_is_always_replaced(on_missing):
    evidence = Evidence(stored=Stored.NOTHING, was_interrupted=True)

    (action,) = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence)).actions

    assert (action.verb, action.id) == (Verb.REPLACE, "w1")


@pytest.mark.parametrize(("schema", "why"), [("raw-inbound.v1", []), (None, [Why.INTERRUPTED])])
def test_a_rotation_ends_a_registration_whose_deliveries_it_signs(schema, why):
    evidence = Evidence(stored=Stored.STANDARD, was_interrupted=True)
    declared = webhook(OnMissingSecret.ROTATE, schema_version=schema)

    plan = plan_project(desired(webhook=declared), hooked(evidence, schema_version=schema))

    assert [action.reason.why for action in plan.actions] == why


@pytest.mark.parametrize("on_missing", OnMissingSecret)
@pytest.mark.parametrize("stored", [Stored.ALL, Stored.UNKNOWN])
def test_an_interrupted_rotation_is_always_made_again(on_missing, stored):
    evidence = Evidence(stored=stored, rotation_was_interrupted=True)

    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    (action,) = plan.actions
    assert (action.verb, action.id, action.sink) == (Verb.UPDATE, "w1", SINK)
    assert plan.refusals == ()
    assert len(plan.warnings) == 1
    assert "may end at once" in plan.warnings[0]


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


@pytest.mark.parametrize(
    ("stored", "steps", "is_refused"),
    [
        (Stored.ALL, (), False),
        (Stored.STANDARD, (), False),
        (Stored.SIGNING, (SecretStep.ROTATE,), False),
        (Stored.ELSEWHERE, (SecretStep.COPY, SecretStep.ROTATE), False),
        (Stored.UNREADABLE, (), True),
    ],
)
def test_what_signs_from_now_on_is_stored_before(stored, steps, is_refused):
    declared = webhook(OnMissingSecret.ROTATE, schema_version="raw-inbound.v1")
    evidence = Evidence(stored=stored, problem="locked" if stored is Stored.UNREADABLE else "")

    plan = plan_project(desired(webhook=declared), hooked(evidence, schema_version="x.v1"))

    (action,) = plan.actions
    assert action.secret_steps == steps
    assert bool(plan.refusals) is is_refused


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


@pytest.mark.parametrize(
    ("evidence", "lifted_by"),
    [
        (others(), "--replace-stored BOT"),
        (others("w0"), "--replace-stored BOT"),
        (others("w0", stored_of="b"), None),
    ],
)
@pytest.mark.parametrize("is_live", [True, False])
def test_a_secret_that_isnt_known_to_be_this_projects_is_not_overwritten(
    evidence, lifted_by, is_live
):
    state = (
        hooked(evidence)
        if is_live
        else replace(live(webhook={}), evidence={ResourceRef("webhook", URL): evidence})
    )

    plan = plan_project(desired(webhook=webhook(OnMissingSecret.REPLACE)), state)

    assert [refusal.lifted_by for refusal in plan.refusals] == [lifted_by]


def test_each_place_is_judged_by_itself():
    ours = Occupied(place=SINK, stored_id="w0", is_ours=True)
    victim = SinkSpec(type="vault", target="secret/bot", key="VICTIM")
    theirs = Occupied(place=victim, stored_id="w8", stored_of="another")
    unknown = Occupied(place=SinkSpec(type="vault", target="secret/x", key="X"))
    evidence = Evidence(stored=Stored.OTHER, stored_id="w0", occupied=(ours, theirs, unknown))

    plan = plan_project(
        desired(webhook=webhook()),
        replace(live(webhook={}), evidence={ResourceRef("webhook", URL): evidence}),
    )

    assert [refusal.lifted_by for refusal in plan.refusals] == [None, "--replace-stored X"]
    assert "VICTIM in secret/bot" in plan.refusals[0].message


def test_a_place_that_cant_be_read_gets_no_secret():
    evidence = Evidence(stored=Stored.UNREADABLE, problem="secret/bot can't be read: sealed")

    plan = plan_project(
        desired(webhook=webhook()),
        replace(live(webhook={}), evidence={ResourceRef("webhook", URL): evidence}),
    )

    (refusal,) = plan.refusals
    assert (refusal.lifted_by, "sealed" in refusal.message) == (None, True)


@pytest.mark.parametrize(
    ("held", "lifted_by"),
    [
        (HeldPair(place=SINK, of="p-9"), "--replace-stored PHOTON_PROJECT_SECRET"),
        (HeldPair(place=SINK, of=""), "--replace-stored PHOTON_PROJECT_SECRET"),
        (HeldPair(place=SINK, problem="it is sealed"), None),
    ],
)
def test_every_place_of_anothers_credentials_is_refused(held, lifted_by):
    state = replace(live(), credentials=(HeldPair(place=SINK), held, held))

    plan = plan_project(replace(desired(), credentials=SINK), state)

    assert [refusal.lifted_by for refusal in plan.refusals] == [lifted_by, lifted_by]
    assert "isn't valid at this host" in " ".join(plan.warnings)


def test_a_secret_of_our_own_dead_registration_is_overwritten():
    evidence = others("w0", is_ours=True)

    plan = plan_project(
        desired(webhook=webhook()),
        replace(live(webhook={}), evidence={ResourceRef("webhook", URL): evidence}),
    )

    assert plan.refusals == ()
    assert "holds the secret of w0" in plan.warnings[0]


def test_a_secret_without_an_id_is_of_unknown_origin_and_the_line_to_add_is_named():
    evidence = others()

    (warning,) = plan_project(desired(webhook=webhook()), hooked(evidence)).warnings

    assert "unknown origin" in warning
    assert "BOT_WEBHOOK_ID=w1" in warning


def test_a_webhook_that_somebody_else_registered_again_is_told():
    evidence = others("w0", is_ours=True)
    rows = {
        URL: Live(
            key=URL, spec=WebhookSpec(webhook_url=URL), id="w1", created_at="2026-11-25T08:00Z"
        )
    }
    state = replace(live(webhook=rows), evidence={ResourceRef("webhook", URL): evidence})

    (warning,) = plan_project(desired(webhook=webhook()), state).warnings

    assert "somebody else registered it again at 2026-11-25T08:00Z, as w1" in warning
    assert "onMissingSecret: replace" in warning


def test_a_protected_webhook_is_never_replaced():
    wanted = desired(
        webhook=webhook(OnMissingSecret.REPLACE), policy=Policy(protect={"webhook": (URL + "/",)})
    )

    plan = plan_project(wanted, hooked(Evidence(stored=Stored.NOTHING)))

    assert plan.actions == ()
    assert "protect: names it" in plan.warnings[0]


@pytest.mark.parametrize(
    ("declared", "have", "is_raised"),
    [
        ("raw-inbound.v1", "normalized-events.v1", True),
        ("normalized-events.v1", "raw-inbound.v1", False),
    ],
)
def test_a_schema_version_is_raised_and_never_lowered(declared, have, is_raised):
    plan = plan_project(
        desired(webhook=webhook(schema_version=declared)),
        hooked(Evidence(stored=Stored.ALL), schema_version=have),
    )

    assert [action.verb for action in plan.actions] == [Verb.UPDATE] * is_raised
    assert any("can't be lowered" in warning for warning in plan.warnings) is not is_raised


def test_urls_that_differ_in_what_is_hidden_are_told_apart():
    urls = [f"https://bot.example.com/hook?token={word}" for word in ("one", "two")]
    rows = {url: Live(key=url, spec=WebhookSpec(webhook_url=url), id=url) for url in urls}
    wanted = replace(desired(), resources={"webhook": {}})

    plan = plan_project(wanted, live(webhook=rows))

    assert [action.label for action in plan.actions] == [
        "https://bot.example.com/hook?token=*** [1]",
        "https://bot.example.com/hook?token=*** [2]",
    ]


def test_a_url_that_the_server_spells_in_another_way_stays_and_is_told():
    rows = {URL: Live(key=URL, spec=WebhookSpec(webhook_url=URL + "/"), id="w1")}
    state = replace(
        live(webhook=rows), evidence={ResourceRef("webhook", URL): Evidence(stored=Stored.ALL)}
    )

    plan = plan_project(desired(webhook=webhook()), state)

    assert plan.actions == ()
    assert "Declare that spelling" in plan.warnings[0]


@pytest.mark.parametrize("on_missing", OnMissingSecret)
def test_a_sink_that_cant_be_read_costs_no_secret_and_is_told(on_missing):
    evidence = Evidence(stored=Stored.UNREADABLE, was_interrupted=True)

    plan = plan_project(desired(webhook=webhook(on_missing)), hooked(evidence))

    assert plan.actions == ()
    assert "BOT in .env can't be read" in plan.warnings[0]


def test_no_warning_says_a_number_that_was_filled_in():
    number = user(1).phone_number
    spec = UserSpec(phone_number=Filled(number, "${env:WHO}"), email=None)
    declared = Declared(key=number, spec=spec, label="${env:WHO}")
    wanted = DesiredProject(
        manifest="m", name="bot", policy=Policy(), resources={"user": {number: declared}}
    )

    plan = plan_project(wanted, live([user(1, email="ada@example.com")]))

    assert "${env:WHO}" in plan.warnings[0]
    assert number not in " ".join(plan.warnings)


@pytest.mark.parametrize("section", ["protect", "ignore"])
def test_patterns_for_more_people_than_can_be_compared_are_refused(section):
    def planned(count, patterns):
        policy = Policy(**{section: {"user": patterns}}, limits=NO_LIMITS)
        people = [user(n, email=f"u{n}@example.org") for n in range(count)]
        return plan_project(desired(policy=policy), live(people))

    many = tuple(f"*{n}@example.com" for n in range(200))
    (refusal,) = planned(9_000, many).refusals
    assert "too many patterns" in refusal.message
    assert not planned(9_000, many).actions
    assert not planned(100, many).refusals
    assert len(planned(9_000, ("*",)).holds) == 9_000


@pytest.mark.parametrize("part", ["${abc}", "${env:A}"])
@pytest.mark.parametrize("pattern", ["https://bot.example.com/@/*", "*/@/x", "*@*"])
def test_a_live_url_is_protected_as_it_is_spelled(part, pattern):
    url = f"https://bot.example.com/{part}/x"
    row = Live(key=url, spec=WebhookSpec(webhook_url=url), id="w-1")
    policy = Policy(protect={"webhook": (pattern.replace("@", part),)}, prune={"webhook": True})
    wanted = DesiredProject(manifest="m", name="bot", policy=policy, resources={"webhook": {}})

    plan = plan_project(wanted, live(webhook={url: row}))

    assert [hold.why for hold in plan.holds] == [HoldReason.PROTECTED]
    assert not plan.actions


def test_patterns_of_many_pieces_count_as_many():
    patterns = tuple(f"*?*?*?*?*\u00c9{n}.7*" for n in range(200))
    wild = Policy(protect={"user": patterns}, ignore={"user": patterns}, limits=NO_LIMITS)

    def refusals(count):
        people = [user(n, email=f"u{n}@example.org") for n in range(count)]
        return plan_project(desired(policy=wild), live(people)).refusals

    assert not refusals(200)
    assert refusals(1_000)


@pytest.mark.parametrize("planner", [plan_project, plan_removal])
@pytest.mark.parametrize("name", ["bot", "production"])
def test_a_pinned_project_of_another_name_loses_nothing_unseen(planner, name):
    wanted = emptied(replace(desired(), id="p1"))
    here = replace(live([user(1)]), name=name)

    refusals = [refusal.message for refusal in planner(wanted, here).refusals]

    assert any('is called "production"' in one for one in refusals) is (name == "production")


@pytest.mark.parametrize("users", [[], [1]])
def test_an_observed_project_isnt_deleted(users):
    wanted = emptied(desired(policy=Policy(is_observed=True)))
    here = live([user(n) for n in users])

    (refusal,) = plan_removal(wanted, here).refusals

    assert "mode: observe" in refusal.message


LONG = "a" * 499 + "\U0001f600"


def test_users_that_couldnt_be_read_back_beside_live_ones_are_not_created():
    there = [user(n, first_name=LONG, last_name=LONG) for n in range(820)]
    more = [user(n + 5_000, first_name=LONG, last_name=LONG) for n in range(820)]
    empty = replace(live(), resources={"user": {}})

    def refused(wanted, here):
        plan = plan_project(desired(wanted, policy=Policy(limits=NO_LIMITS)), here)
        return [refusal.message for refusal in plan.refusals]

    assert refused(there, empty) == []
    assert any("can't be read back" in one for one in refused(more, live(there)))
    assert any("can't be read back" in one for one in refused([*there, *more], live(there)))
    assert refused([], live(there)) == []


@pytest.mark.parametrize("name", ["a" * 500, None])
def test_a_text_counts_as_what_it_takes_and_not_by_its_letters(name):
    """As the list is read: a character may take four bytes."""
    wide = "\U0001f600" * 499
    rest = [user(n, first_name="a" * 500, last_name="a" * 500) for n in range(5_000, 5_300)]
    there = [user(n, first_name=name, last_name=name) for n in range(1_100)]
    wanted = [user(n, first_name=wide, last_name=wide) for n in range(1_100)]

    plan = plan_project(desired(wanted, policy=Policy(limits=NO_LIMITS)), live([*there, *rest]))

    assert any("can't be read back" in refusal.message for refusal in plan.refusals)


def live_hooks(count, url="https://old.example.com/{}"):
    rows = (url.format(n) for n in range(count))
    return {
        u: Live(key=u, id=f"w{n}", spec=WebhookSpec(webhook_url=u, enabled=True))
        for n, u in enumerate(rows)
    }


@pytest.mark.parametrize(("more", "is_refused"), [(1, False), (2, True)])
def test_webhooks_that_couldnt_be_read_back_beside_live_ones_are_not_created(more, is_refused):
    new = {
        url: Declared(key=url, spec=WebhookSpec(webhook_url=url), at=("webhooks", n))
        for n, url in enumerate(f"https://bot.example.com/{n}" for n in range(more))
    }
    wanted = replace(desired(policy=Policy(limits=NO_LIMITS)), resources={"webhook": new})

    plan = plan_project(wanted, live(webhook=live_hooks(19_999)))

    assert any("can't be read back" in r.message for r in plan.refusals) is is_refused


def test_what_only_changes_makes_no_list_longer():
    odd = "https://\u043e\u0431\u0440\u0430\u0431\u043e\u0442\u0447\u0438\u043a{}.example/"
    rows = live_hooks(800, odd)
    changed = {
        key: Declared(key=key, spec=WebhookSpec(webhook_url=key, enabled=False), at=("webhooks", n))
        for n, key in enumerate(rows)
    }
    wanted = replace(desired(policy=Policy(limits=NO_LIMITS)), resources={"webhook": changed})

    plan = plan_project(wanted, live(webhook=rows))

    assert len(plan.actions) == 800
    assert not plan.refusals


@pytest.mark.parametrize(
    ("url", "types"),
    [
        ("https://bot.example.com/{}/" + "a" * 1_900 + "\U0001f600", ()),
        ("https://" + ".".join(["\u00fc" * 40] * 4) + ".x{}.example.com/", ()),
        ("https://bot.example.com/{}", ()),
        ("https://bot.example.com/{}/" + "\u00e9" * 330, ()),
        ("https://bot.example.com/{}", tuple(f"{n:02d}" for n in range(100))),
        ("https://bot.example.com/{}", tuple("abcdefghijklmnopqrstuvwxyz")),
    ],
)
def test_as_many_webhooks_as_are_planned_are_read_back(forgetful, url, types):
    kind = kind_named("webhook")
    specs = [WebhookSpec(webhook_url=url.format(n), event_types=types) for n in range(21_000)]
    steps = range(0, 21_000, 50)
    most = steps[bisect_left(steps, True, key=lambda n: bool(kind.unreadable_list(specs[:n], n)))]  # noqa: FBT003
    most -= 50
    rows = [
        {
            "id": f"123e4567-e89b-12d3-a456-{number:012d}",
            "projectId": "123e4567-e89b-12d3-a456-426614174000",
            "webhookUrl": spec.webhook_url,
            "failureNotificationEmail": None,
            "eventTypes": list(types),
            "enabled": True,
            "schemaVersion": "normalized-events.v1",
            "createdAt": "2026-11-30T12:00:00.000Z",
            "updatedAt": "2026-11-30T12:00:00.000Z",
        }
        for number, spec in enumerate(specs[:most])
    ]

    body = json.dumps({"data": rows}).encode()

    assert len(body) <= LARGEST_LIST  # bytes
    assert len(read_webhooks(parse_json(body))) == most > 0
