"""The page of a plan, as somebody opens it: filters, folds, colours, a narrow screen, no script."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from photonctl.views.html import render_plan
from tests.browser.conftest import contrasts, emulate, narrow
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

PROJECT = "version: 1\nproject: {name: support-bot}\nlimits: {maxDeletes: 1}\n"
HOOK = "webhooks: ['https://bot.example.com/a-very/" + "long-path/" * 20 + "']\n"


def users(numbers, more=""):
    return "".join(
        f"  - {{phoneNumber: +1555{n:07d}{more.replace('%', str(n))}}}\n" for n in numbers
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return a page with few actions, and one with five thousand."""
    folder = tmp_path_factory.mktemp("pages")
    account = FakeAccount(tier="enterprise")
    account.add("support-bot")
    engine = Engine(folder, account)
    before = users(range(100, 106), ", firstName: Bob")
    engine.apply(f"{PROJECT}users:\n{before}")
    kept = users(range(102, 106), ", firstName: Robert")
    paths = {}
    for name, count in (("few", 30), ("many", 5_000)):
        new = users(range(1_000, 1_000 + count), ", email: 'u%." + "long." * 20 + "@example.com'")
        plan = engine.plan(f"{PROJECT}users:\n{kept}{new}{HOOK}")
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(render_plan(plan))
    return {name: path.as_uri() for name, path in paths.items()}


def rows(browser):
    return browser.find_elements(By.CSS_SELECTOR, ".rows > li")


def visible(browser):
    script = (
        "return [...document.querySelectorAll('.rows > li:not([hidden])')].map(r => r.dataset.verb)"
    )
    return browser.execute_script(script)


def test_actions_are_filtered_and_searched(browser, pages):
    browser.get(pages["few"])
    form = browser.find_element(By.TAG_NAME, "form")
    status = form.find_element(By.TAG_NAME, "output")
    assert status.text == f"{len(rows(browser))} of {len(rows(browser))}"

    Select(form.find_element(By.NAME, "verb")).select_by_visible_text("delete")
    wait(browser, lambda: status.text == "2 of 37")
    assert visible(browser) == ["delete", "delete"]

    Select(form.find_element(By.NAME, "verb")).select_by_index(0)
    form.find_element(By.NAME, "text").send_keys("robert 0000103")
    wait(browser, lambda: status.text == "1 of 37")
    assert visible(browser) == ["update"]


def wait(browser, what):
    WebDriverWait(browser, 20).until(lambda _: what())


def test_the_keyboard_is_enough(browser, pages):
    browser.get(pages["few"])
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    names = []
    for _ in range(8):
        active = browser.switch_to.active_element
        names.append(active.get_attribute("name") or active.tag_name)
        if active.tag_name == "summary":
            break
        active.send_keys(Keys.TAB)
    assert names[:3] == ["verb", "kind", "text"]
    group = browser.switch_to.active_element.find_element(By.XPATH, "..")
    browser.switch_to.active_element.send_keys(Keys.ENTER)

    assert group.get_attribute("open") is None


@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser, pages, width, scheme):
    emulate(browser, scheme)
    narrow(browser, width)
    browser.get(pages["few"])

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_dark_is_dark(browser, pages):
    def background(scheme):
        emulate(browser, scheme)
        browser.get(pages["few"])
        script = "return getComputedStyle(document.documentElement).backgroundColor"
        return browser.execute_script(script)

    assert background("light") != background("dark")


def test_the_summary_stays_in_sight(browser, pages):
    browser.get(pages["many"])
    browser.execute_script("window.scrollTo(0, 20000)")

    top = browser.execute_script(
        "return document.querySelector('header').getBoundingClientRect().top"
    )
    assert top == 0


def test_five_thousand_actions_are_all_there_and_searched(browser, pages):
    browser.get(pages["many"])
    status = browser.find_element(By.TAG_NAME, "output")
    assert status.text == "5,007 of 5,007"

    browser.find_element(By.NAME, "text").send_keys("0005999")
    wait(browser, lambda: status.text == "1 of 5,007")


def test_without_javascript_it_is_complete(browser_without_javascript, pages):
    browser = browser_without_javascript
    browser.get(pages["few"])

    shown = browser.find_element(By.TAG_NAME, "main").text
    assert len(rows(browser)) == 37
    assert not browser.find_element(By.TAG_NAME, "form").is_displayed()
    assert "Refused by apply" in shown
    assert "+15550001029" in shown


def test_an_assistant_hears_what_an_action_does(browser, pages):
    browser.get(pages["few"])
    signs = browser.find_elements(By.CSS_SELECTOR, ".rows .sign")

    assert [sign.accessible_name for sign in signs[:3]] == ["delete", "delete", "update"]
    assert browser.find_element(By.NAME, "text").accessible_name == "Search the actions"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Plan"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(browser, pages, scheme):
    emulate(browser, scheme)
    browser.get(pages["few"])

    for selector in (
        ".why",
        ".sign",
        "summary",
        "dt",
        "del",
        "ins",
        ".alerts li",
        ".where",
        ".counts li",
    ):
        assert min(contrasts(browser, selector)) >= 4.5, selector
