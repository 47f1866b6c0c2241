"""5,000 creates, 40 updates, 12 replaces, 30 deletes and three refusals, in every view."""

import re

import pytest
from msgspec.structs import replace

from photonctl.cli.comment import _ROOM
from photonctl.commenting import LONGEST
from photonctl.kinds.user.rows import UserSpec
from photonctl.kinds.webhook.rows import WebhookSpec
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.plan import Plan, Verb
from photonctl.model.ref import ResourceRef
from photonctl.model.spec import Live
from photonctl.model.state import Evidence, LiveProject, Stored
from photonctl.planner.diff import plan_project
from photonctl.views import html, markdown, text
from photonctl.views.redact import Redaction
from photonctl.views.table import Viewing

URL = "https://bot{}.example.com/hook"
HEAD = "version: 1\nproject: {name: bot}\n"


@pytest.fixture(scope="module")
def plan():
    users = "".join(
        f"  - {{phoneNumber: +1555{n:07d}, firstName: Ada, email: ada{n}@example.com}}\n"
        for n in range(5_040)
    )
    hooks = "".join(
        f"  - {{url: '{URL.format(n)}', secret: {{envFile: .env, key: K{n}}}, "
        "onMissingSecret: replace}\n"
        for n in range(12)
    )
    limits = "{maxDeletes: 3, maxCreates: 10, maxReplaces: 5}"
    manifest = (
        f"version: 1\nproject: {{name: bot}}\nlimits: {limits}\nusers:\n{users}webhooks:\n{hooks}"
    )
    (desired,) = load([Source(name="photon.yaml", data=manifest.encode())], Trust()).projects

    def person(n):
        key = f"+1555{n:07d}"
        spec = UserSpec(phone_number=key, first_name="Grace", last_name="H", email=f"g{n}@e.org")
        return key, Live(key=key, spec=spec, id=f"u{n}")

    urls = [URL.format(n) for n in range(12)]
    hooked = {u: Live(key=u, spec=WebhookSpec(webhook_url=u), id=f"w{u[11:13]}") for u in urls}
    live = LiveProject(
        id="p1",
        name="bot",
        resources={
            "project": {"bot": Live(key="bot", spec=desired.resources["project"]["bot"].spec)},
            "user": dict(map(person, [*range(40), *range(9_000, 9_030)])),
            "webhook": hooked,
        },
        evidence={ResourceRef("webhook", u): Evidence(stored=Stored.NOTHING) for u in urls},
    )
    planned = plan_project(desired, live)
    counts = {name: planned.summary()[name] for name in ("create", "update", "replace", "delete")}
    assert counts == {"create": 5_000, "update": 40, "replace": 12, "delete": 30}
    assert len(planned.refusals) == 3
    return Plan(projects=(planned,))


def test_its_markdown_fits_and_names_every_delete_and_replacement(plan):
    shown = markdown.render_plan(plan)

    assert len(shown) < 60_000
    assert all(f"+1555{n:07d}" in shown for n in range(9_000, 9_030))
    assert all(f"bot{n}.example" in shown for n in range(12))
    assert "… and 4,995 more" in shown


def test_its_text_is_short(plan):
    assert len(text.render_plan(plan).splitlines()) < 200


def test_its_page_has_everything(plan):
    assert html.render_plan(plan).count('<li data-verb="') == 5_082


@pytest.mark.parametrize("most", [2_000, 5_000, 20_000, LONGEST - _ROOM])
def test_whatever_is_cut_is_counted(plan, most):
    shown = markdown.render_plan(plan, Viewing(is_full=True), most)

    assert len(shown) <= most
    rows = {
        verb: len(re.findall(rf"^\| {verb} \|", shown, re.MULTILINE))
        for verb in ("create", "update", "replace", "delete")
    }
    left = sum(int(n.replace(",", "")) for n in re.findall(r"… and ([\d,]+) more", shown))
    assert sum(rows.values()) + left == 5_082
    assert not rows["create"] or rows["delete"] == 30


def test_nobody_is_named_where_people_are_hidden(plan):
    for view in (text, markdown, html):
        shown = view.render_plan(plan, viewing=Viewing(redaction=Redaction(is_on=True)))
        assert not re.search(r"\+1555\d{5}|ada\d+@|\bAda\b|Grace|g\d+@", shown)


def test_projects_that_dont_fit_are_counted(plan):
    (whole,) = plan.projects
    deletes = [a for a in whole.actions if a.verb is Verb.DELETE]
    creates = [a for a in whole.actions if a.verb is Verb.CREATE][:1]
    many = [
        replace(whole, name=f"bot-{n}", actions=tuple(deletes[:1] if n % 10 else creates))
        for n in range(600)
    ]

    shown = markdown.render_plan(Plan(projects=tuple(many)), None, 60_000)

    headings = shown.count("\n### ")
    left = int(re.search(r"… and (\d+) more projects with changes", shown)[1])
    assert len(shown) <= 60_000
    assert headings + left == 600
    assert not re.search(r"### bot-\d*0:", shown.replace("\\", ""))


def hooks(count, size):
    """Return a plan of webhooks with long URLs, of which the last runs a command."""
    last = "secret: {exec: [bash, -c, steal]}"
    entries = "".join(
        f"  - url: https://bot{n}.example/{'x' * size}\n    "
        f"{last if n == count - 1 else f'secret: {{envFile: .env, key: K{n}}}'}\n"
        for n in range(count)
    )
    source = Source(name="photon.yaml", data=f"{HEAD}webhooks:\n{entries}".encode())
    (desired,) = load([source], Trust()).projects
    return Plan(projects=(plan_project(desired, LiveProject()),))


def test_a_text_that_hides_where_a_secret_goes_says_so():
    short, long = hooks(3, 10), hooks(120, 900)

    assert not markdown.render_within(short, None, LONGEST).is_short
    assert markdown.render_within(long, None, LONGEST).is_short
    assert not markdown.render_within(long, None, None).is_short


def replaced_by(count, size):
    """Return a plan that deletes one webhook and registers others."""
    entries = "".join(
        f"  - {{url: 'https://new{n}.example/{'x' * size}', allowUndeliverable: true}}\n"
        for n in range(count)
    )
    text = f"{HEAD}limits: false\nwebhooks:\n{entries}"
    source = Source(name="photon.yaml", data=text.encode())
    (desired,) = load([source], Trust()).projects
    url = "https://prod.example.com/h"
    live = LiveProject(
        id="p1",
        name="bot",
        resources={
            "project": {"bot": Live(key="bot", spec=desired.resources["project"]["bot"].spec)},
            "user": {},
            "webhook": {url: Live(key=url, spec=WebhookSpec(webhook_url=url), id="w1")},
        },
    )
    return Plan(projects=(plan_project(desired, live),))


@pytest.mark.parametrize(("count", "size"), [(449, 10), (40, 1_900), (2, 10)])
def test_a_text_that_hides_what_is_deleted_says_so(count, size):
    plan = replaced_by(count, size)

    assert any(action.verb is Verb.DELETE for action in plan.projects[0].actions)
    for most in (LONGEST, 20_000, 5_000):
        cut = markdown.render_within(plan, None, most)
        assert cut.is_short or "prod.example.com" in cut.text
    assert markdown.render_within(plan, None, LONGEST).is_short is (count > 2)
    assert not markdown.render_within(plan, None, None).is_short


def test_users_that_are_cut_hide_no_secret(plan):
    assert not markdown.render_within(plan, Viewing(is_full=True), LONGEST).is_short


def changed(count, before, after):
    """Return a plan that changes as many webhooks."""
    urls = [f"https://bot{n:03d}.example.com/h" for n in range(count)]
    entries = "".join(f"  - {{url: '{url}', {after(n)}}}\n" for n, url in enumerate(urls))
    source = Source(name="photon.yaml", data=f"{HEAD}webhooks:\n{entries}".encode())
    (desired,) = load([source], Trust()).projects
    spec = {"failure_notification_email": "a@example.com", "enabled": True, **before}
    live = LiveProject(
        id="p1",
        name="bot",
        resources={
            "project": {"bot": Live(key="bot", spec=desired.resources["project"]["bot"].spec)},
            "webhook": {
                u: Live(key=u, spec=WebhookSpec(webhook_url=u, **spec), id=u) for u in urls
            },
        },
        evidence={ResourceRef("webhook", url): Evidence(stored=Stored.ALL) for url in urls},
    )
    return Plan(projects=(plan_project(desired, live),))


def test_every_change_of_a_webhook_is_shown():
    def after(number):
        mail = "failureNotificationEmail: b@example.com"
        return f"{mail}, enabled: false" if number == 20 else mail

    plan = changed(21, {}, after)

    assert len(plan.projects[0].actions) == 21
    for view in (text, markdown, html):
        shown = view.render_plan(plan)
        assert "bot020" in shown
        assert "enabled" in shown
    assert not markdown.render_within(plan, None, LONGEST).is_short
    assert markdown.render_within(plan, None, 2_000).is_short


def test_a_project_that_changes_is_named_or_nothing_is_approved(plan):
    (whole,) = plan.projects
    creates = tuple(a for a in whole.actions if a.verb is Verb.CREATE)[:1]
    quiet = [replace(whole, name=f"quiet-{n}", actions=(), holds=(), warnings=(), refusals=())
             for n in range(900)]  # fmt: skip
    bots = [
        replace(whole, name=f"bot-{n}", actions=creates, holds=(), warnings=(), refusals=())
        for n in range(3)
    ]

    cut = markdown.render_within(Plan(projects=(*quiet, *bots)), None, 6_000)

    assert not cut.is_short
    assert all(f"bot-{n}" in cut.text.replace("\\", "") for n in range(3))
    many = [replace(bots[0], name=f"bot-{n}") for n in range(900)]
    assert markdown.render_within(Plan(projects=tuple(many)), None, 6_000).is_short


@pytest.mark.parametrize("count", [100, 300, 600])
def test_names_of_projects_outlast_what_may_be_counted(plan, count):
    (whole,) = plan.projects
    creates = tuple(a for a in whole.actions if a.verb is Verb.CREATE)[:1]
    alone = replace(whole, actions=creates, holds=(), warnings=(), refusals=())
    many = tuple(replace(alone, name=f"bot-{n}") for n in range(count))

    cut = markdown.render_within(Plan(projects=many), None, LONGEST)

    assert not cut.is_short
    assert all(f"| bot-{n} |" in cut.text.replace("\\", "") for n in range(count))
