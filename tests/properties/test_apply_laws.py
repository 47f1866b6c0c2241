"""Laws of an apply: the executor, against a Photon of which any requests may fail."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from photonctl.executor import run
from photonctl.model.plan import Verb
from photonctl.model.policy import Policy
from photonctl.model.report import Status
from photonctl.planner.diff import plan_project
from tests.properties.strategies import desired_projects, live_projects
from tests.support.clock import FakeClock
from tests.support.fake_photon import (
    FAILURES,
    FakeAccount,
    FakeContext,
    FakeJournal,
    photon_of,
)

phone_spellings = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.upper(),
        lambda text: f"{text[:2]} {text[2:5]}-{text[5:]}" if text.startswith("+") else text,
        lambda text: f"{text[:-1]}*",
    ]
)
url_spellings = st.sampled_from(
    [
        lambda url: url,
        lambda url: f"{url}/",
        lambda url: f"{url[:-1]}*",
        lambda url: url.replace("https://", "HTTPS://").replace(".example.com", ".Example.COM:443"),
        lambda url: url.replace("/hook", "/x/../h%6Fok"),
    ]
)
failing = st.dictionaries(st.integers(0, 12), st.sampled_from(FAILURES), max_size=6)


def applied(plan, live, fails, *, has_broken_sink=False):
    """Return what became of each action, and the Photon that it happened to."""
    photon = photon_of(live, fails)
    ctx = FakeContext(
        account=FakeAccount(),
        plan=plan,
        journal=FakeJournal(),
        clock=FakeClock(),
        project=photon,
    )
    ctx.has_broken_sink = has_broken_sink

    async def apply():
        return await run.run_actions(
            ctx, slots=asyncio.Semaphore(3), stop=asyncio.Event(), on_step=lambda _: None
        )

    return asyncio.run(apply()), photon


@given(desired_projects(), live_projects(), failing, st.booleans())
def test_nothing_is_deleted_whose_successor_wasnt_created(desired, live, fails, has_broken_sink):
    if live.id is None:
        return
    plan = plan_project(desired, live)

    outcomes, photon = applied(plan, live, fails, has_broken_sink=has_broken_sink)

    for kind in ("user", "webhook"):
        before = [o for o in outcomes if o.action.kind == kind and o.action.verb is not Verb.DELETE]
        is_all_done = all(o.status is Status.OK and not o.awaits_confirmation for o in before)
        deletes = {a.id for a in plan.actions if a.kind == kind and a.verb is Verb.DELETE}
        deleted = deletes & {resource_id for of, resource_id in photon.deleted if of == kind}
        if not is_all_done:
            assert len(deleted) <= early_deletes(plan, live, kind)


def early_deletes(plan, live, kind):
    """Return how many deletes the cap needs before the creates."""
    if kind != "user" or live.shared_user_cap is None:
        return 0
    shared = [row for row in live.resources["user"].values() if row.spec.type == "shared"]
    creates = [
        a
        for a in plan.actions
        if a.kind == "user" and a.verb is Verb.CREATE and a.spec.type == "shared"
    ]
    return max(0, len(shared) + len(creates) - live.shared_user_cap) if creates else 0


@given(desired_projects(), live_projects(), failing, phone_spellings, url_spellings, st.data())
def test_what_is_protected_is_never_deleted_however_it_is_spelled(
    desired, live, fails, spell, spell_url, data
):
    if live.id is None:
        return
    rows = [row for kind in ("user", "webhook") for row in live.resources[kind].values()]
    chosen = data.draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    users = [row for row in chosen if row.id.startswith("u-")]
    hooks = [row for row in chosen if row.id.startswith("w-")]
    texts = [row.spec.phone_number for row in users]
    texts += [row.spec.email for row in users if isinstance(row.spec.email, str)]
    protect = {
        "user": tuple(spell(text) for text in texts),
        "webhook": tuple(spell_url(row.key) for row in hooks),
    }
    policy = replace(desired.policy, protect=protect)
    plan = plan_project(replace(desired, policy=policy), live)

    _, photon = applied(plan, live, fails)

    kept = {("user", row.id) for row in users}
    kept |= {("webhook", row.id) for row in hooks}
    assert not kept & set(photon.deleted)


@given(desired_projects(), live_projects())
def test_an_apply_without_failures_ends_as_declared(desired, live):
    if live.id is None:
        return
    plan = plan_project(replace(desired, policy=Policy(prune=desired.policy.prune)), live)
    if live.shared_user_cap is not None:
        return  # creates above the cap fail, as the plan has said

    outcomes, _ = applied(plan, live, {})

    assert [outcome.error for outcome in outcomes if outcome.status is not Status.OK] == []
