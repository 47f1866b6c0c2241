"""What a reviewer reads of a plan: in which order, how much of it, and who is recognisable."""

import re

import pytest
from msgspec.structs import replace

from photonctl.kinds.values import Personal
from photonctl.model.plan import Place, Plan, ProjectPlan, Unplanned, Verb
from photonctl.views import html, json, markdown, text
from photonctl.views.redact import Redaction, names_of
from photonctl.views.table import Viewing, table
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

PROJECT = "version: 1\nproject: {name: bot}\n"
PEOPLE = re.compile(r"\+1555\d{7}|ada\d*@|Lovelace|\bAda\b")
VIEWS = (text, markdown, html)


def users(*numbers, more=""):
    return "".join(
        f"  - {{phoneNumber: +1555123{n:04d}{more.replace('%', str(n))}}}\n" for n in numbers
    )


@pytest.fixture
def engine(tmp_path):
    account = FakeAccount(tier="enterprise")
    account.add("bot")
    return Engine(tmp_path, account)


def test_what_a_reviewer_must_not_miss_comes_first(engine):
    engine.apply(f"{PROJECT}users:\n{users(*range(1, 9))}")
    people = users(1, more=", firstName: Ada") + users(20)
    plan = engine.plan(f"{PROJECT}limits: {{maxDeletes: 1}}\nusers:\n{people}")

    groups = table(plan, Viewing()).sheets[0].groups
    shown = text.render_plan(plan)

    assert [group.verb for group in groups] == [Verb.DELETE, Verb.UPDATE, Verb.CREATE]
    places = [
        shown.index(word) for word in ("Refused by apply", "  - user", "  ~ user", "  + user")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("count", [20, 21])
def test_many_alike_fold_unless_all_are_asked_for(engine, count):
    plan = engine.plan(f"{PROJECT}users:\n{users(*range(count))}")

    (group,) = table(plan, Viewing()).sheets[0].groups
    (whole,) = table(plan, Viewing(is_full=True)).sheets[0].groups

    assert (len(group.rows), group.hidden) == ((20, 0) if count == 20 else (5, 16))
    assert (len(whole.rows), whole.hidden) == (count, 0)
    assert ("16 more" in markdown.render_plan(plan)) is (count == 21)


def test_deletes_and_what_gets_a_secret_never_fold(engine):
    engine.apply(f"{PROJECT}users:\n{users(*range(1, 31))}")
    hooks = ", ".join(f"'https://b{n}.example.com/'" for n in range(30))
    plan = engine.plan(f"{PROJECT}users: []\nwebhooks: [{hooks}]\n")

    groups = table(plan, Viewing()).sheets[0].groups

    assert [len(group.rows) for group in groups] == [30, 30]


def test_of_several_projects_only_those_with_changes_are_unfolded(engine):
    engine.account.add("calm")
    both = f"{PROJECT}users:\n{users(1)}---\nversion: 1\nproject: {{name: calm}}\n"
    plan = engine.plan(both)

    assert "calm" in markdown.render_plan(plan).partition("###")[0]
    assert markdown.render_plan(plan).count("###") == 1
    first, second, *rest = text.render_plan(plan).splitlines()
    assert first.endswith(": +1")
    assert second.endswith(": no changes")
    assert "calm" not in "\n".join(rest)
    assert "All 2 projects: 1 to create" in text.render_plan(plan)
    assert html.render_plan(plan).count("<h2") == 1


@pytest.mark.parametrize("view", VIEWS)
def test_people_are_hidden_by_their_fields(engine, view):
    old = ", firstName: Ada, lastName: Lovelace, email: ada%@old.example"
    engine.apply(f"{PROJECT}users:\n{users(1, 2, more=old)}")
    more = "protect: {users: ['+15551230099', 'ada9@example.com']}\n"
    new = old.replace("old", "new")
    plan = engine.plan(f"{PROJECT}{more}users:\n{users(1, 3, more=new)}")

    shown = view.render_plan(plan, viewing=Viewing(redaction=Redaction(is_on=True)))

    assert not PEOPLE.search(shown)
    assert "+1555•••0001" in shown
    assert "A… L…" in shown
    assert PEOPLE.search(view.render_plan(plan))


def test_a_url_isnt_taken_for_a_person(engine):
    hook = "https://bot.example.com/ada@example.com/+15550000001"
    plan = engine.plan(f"{PROJECT}webhooks: ['{hook}']\n")

    assert hook in text.render_plan(plan, viewing=Viewing(redaction=Redaction(is_on=True)))


def test_with_a_key_the_same_person_has_the_same_mark():
    marked = Redaction(is_on=True, key="k")
    first, again, other = (marked.message(f"user +1555000000{n}") for n in (1, 1, 2))

    assert first == again != other
    assert re.fullmatch(r"user \+1555•••0001~[0-9a-f]{4}", first)
    assert Redaction(is_on=True, key="another").message("user +15550000001") != first


def test_no_plan_says_that_nothing_changes():
    assert text.render_plan(Plan(projects=())) == ""


@pytest.mark.parametrize("key", ["", "k"])
def test_the_json_of_a_plan_hides_people_too(engine, key):
    old = ", firstName: Ada, lastName: Lovelace, email: ada%@old.example"
    engine.apply(f"{PROJECT}users:\n{users(1, 2, more=old)}")
    more = "protect: {users: ['+15551230099', 'ada9@example.com']}\n"
    plan = engine.plan(f"{PROJECT}{more}users:\n{users(1, 3, more=old.replace('old', 'new'))}")

    shown = json.render_plan(plan, viewing=Viewing(redaction=Redaction(is_on=True, key=key)))

    assert not PEOPLE.search(shown)
    assert '"isRedacted": true' in shown


@pytest.mark.parametrize(
    ("text_", "hidden"),
    [
        ("+1 999 123 4567", "+1999•••4567"),
        ("(555) 123-9876", "555•••876"),
        ("+1-555-000-9999", "+1555•••9999"),
        ("ada!nguyen@example.com", "a•••@example.com"),
        ("weird/o'h&ara@example.com", "w•••@example.com"),
        ("at 2026-11-25 17:30", "at 2026-11-25 17:30"),
        ("id 6a4d2e8c-1234-5678-9012-123456789012", "id 6a4d2e8c-1234-5678-9012-123456789012"),
        ("412 requests, about 1 min 23 s", "412 requests, about 1 min 23 s"),
    ],
)
def test_in_messages_numbers_and_addresses_are_known_by_their_form(text_, hidden):
    assert Redaction(is_on=True).message(text_) == hidden


@pytest.mark.parametrize(
    ("who", "hidden"),
    [
        ("Ada Lovelace <ada@example.com>", "A… L… <a•••@example.com>"),
        ("Evil <Smithson", "E… <…"),
        ("<xy@example.com>", "<x•••@example.com>"),
    ],
)
def test_a_name_with_a_bracket_is_no_address(who, hidden):
    assert Redaction(is_on=True).who(who) == hidden


@pytest.mark.parametrize("view", VIEWS)
def test_the_account_and_unread_projects_name_nobody(engine, view):
    plan = engine.plan(f"{PROJECT}users:\n{users(1)}")
    place = Place(
        dashboard="https://d.example", spectrum="https://s.example", account="me@a.example"
    )
    project = replace(plan.projects[0], place=place)
    unread = Unplanned(name="x", manifest="m.yaml", error="ada7@example.com +1 555 123 0001")
    whole = Plan(projects=(project,), unplanned=(unread,))

    shown = view.render_plan(whole, viewing=Viewing(redaction=Redaction(is_on=True)))

    assert not re.search(r"me\\?@a|ada7|555 123|5551230001", shown)


def test_a_warning_that_is_said_once_is_never_folded_away():
    once = "photon.yaml:30:5: the host isn't written in ASCII"
    many = [
        f"photon.yaml:{n}:5: Photon would never deliver to https://10.0.0.{n}/" for n in range(30)
    ]
    project = ProjectPlan(name="bot", id=None, manifest="m", fingerprint="", warnings=(*many, once))

    shown = text.render_plan(Plan(projects=(project,)))

    assert once in shown
    assert "… and 25 more like the last" in shown
    assert len(shown.splitlines()) < 20


def test_hiding_people_costs_little_more_with_many_names():
    names = names_of(f"Name{n} Other{n}" for n in range(40_000))
    hidden = Redaction(is_on=True, names=names)

    assert hidden.message("Name39999 and Ada and x" * 10_000).startswith("N… and Ada")
    assert hidden.message("a" * 200_000 + "@") == "a" * 200_000 + "@"


@pytest.mark.parametrize("name", ["GH-1", "%1", '%"a b"', "www.evil.example", ":x:", ":+1:"])
def test_nothing_in_markdown_refers_to_anything(name):
    assert name not in markdown.escape(f"a {name} b")
    assert markdown.escape("a photon.yaml 100% b") == "a photon.yaml 100% b"


def test_no_name_of_an_emoji_becomes_one():
    """Escaped marks are bare ones by the time that a forge looks for these."""
    shown = markdown.escape("http://a.example:80/:white_check_mark: :e-mail::x:").replace("\\", "")

    assert not re.search(r":[\w+-]+:", shown)
    assert shown.replace("&#8203;", "") == "http://a.example:80/:white_check_mark: :e-mail::x:"


@pytest.mark.parametrize(
    ("text_", "what", "hidden"),
    [
        ("王", Personal.NAME, "…"),
        ("王伟", Personal.NAME, "王…"),
        ("J Doe", Personal.NAME, "… D…"),
        ("q@example.com", Personal.EMAIL, "•••@example.com"),
        ("qq@example.com", Personal.EMAIL, "q•••@example.com"),
        ("${env:M:-jane.doe}@c.example", Personal.EMAIL, "${env:M:-j•••}•••@c.example"),
        ("jo${env:M:-jane@d.example}", Personal.EMAIL, "j•••${env:M:-j•••@d.example}"),
        ("${env:M-jane.doe}@c.example", Personal.EMAIL, "${env:M-j•••}•••@c.example"),
        ("jo@c.example${env:M:-.evil}", Personal.EMAIL, "j•••@c.example${env:M:-.evil}"),
        ("jo@c.example${env:M:-jane@corp}", Personal.EMAIL, "j•••@c.example${env:M:-j•••@corp}"),
        ("${env:M}@c.example", Personal.EMAIL, "${env:M}•••@c.example"),
    ],
)
def test_a_field_is_hidden_as_far_as_it_names_somebody(text_, what, hidden):
    assert Redaction(is_on=True).field(text_, what) == hidden


def test_a_name_of_one_letter_is_hidden_in_messages_where_it_is_a_word():
    names = names_of(["王 伟", "J Doe"])

    shown = Redaction(is_on=True, names=names).message("王 伟: Plan J of Doe failed")

    assert shown == "… …: Plan J of D… failed"


@pytest.mark.parametrize("view", [text, markdown, html, json])
def test_no_name_blanks_what_a_plan_says_or_is_told_by_it(engine, view):
    """The author of a pull request chooses names, and words of messages."""
    engine.apply(
        "version: 1\nproject: {name: bot, platforms: [imessage]}\nusers:\n"
        "  - {phoneNumber: +14155550001, firstName: Grace}\nwebhooks: ['https://a.example.com/']\n"
    )
    words = "users to create are more than limits Refused by apply matches nothing"
    (plan,) = engine.plan(
        "version: 1\nproject: {name: bot, platforms: [imessage]}\n"
        f"users: [{{phoneNumber: +14155550002, firstName: '{words}'}}]\nwebhooks: []\n"
        "limits: {maxCreates: 0}\nprotect: {webhooks: ['*Grace Ada Alan*']}\n"
    ).projects

    how = Viewing(redaction=Redaction(is_on=True))
    shown = view.render_plan(Plan(projects=(plan,)), viewing=how)

    assert all(refusal.message in shown for refusal in plan.refusals)
    assert "Grace Ada Alan" in shown
    assert shown.count("Grace") == 1  # the pattern's, not the live user's
    assert "matches nothing" in shown
