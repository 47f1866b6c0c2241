"""The console at ``/``, in a real browser."""

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import contrasts, emulate, narrow
from tests.browser.test_device_page import READABLE, see

ADA = {"type": "shared", "phoneNumber": "+15551234567", "firstName": "Ada"}
EVIL = "<img src=x onerror=\"document.title='hacked'\">"


def text_of(browser, selector):
    """Read an element, again if the page was just replaced by its refresh."""
    wait = WebDriverWait(browser, 15, ignored_exceptions=[WebDriverException])
    return wait.until(lambda _: [see(browser, selector).text])[0]


def shown(browser):
    return text_of(browser, "main")


def wait_for(browser, text):
    WebDriverWait(browser, 15).until(lambda _: text in shown(browser))


def test_it_shows_what_is_there_and_never_a_secret(browser, newer):
    row, spectrum = newer.project("support-bot")
    spectrum("POST", "/users/", json=ADA)
    hook = spectrum("POST", "/webhooks/", json={"webhookUrl": "https://a.test/hook"}).json()["data"]

    browser.get(f"{newer.url}/")

    assert text_of(browser, "h2") == "support-bot"
    for text in (row["id"], "business plan", "imessage", "Users (2)", "+15551234567", "Ada"):
        assert text in shown(browser)
    for text in ("Webhooks (1)", "https://a.test/hook", "active", "owner@emulator.example"):
        assert text in shown(browser)
    assert f"POST /projects/{row['id']}/webhooks/" in shown(browser)
    secrets = (row["projectSecret"], hook["signingSecret"], hook["standardSigningSecret"])
    assert not any(secret in browser.page_source for secret in secrets)


def test_it_refreshes_itself_and_can_be_paused(browser, newer):
    browser.get(f"{newer.url}/")
    assert "No project yet" in shown(browser)

    newer.create("one")
    wait_for(browser, "one")
    pause = see(browser, "#pause")
    pause.click()
    assert pause.get_attribute("aria-pressed") == "true"
    newer.create("two")
    before = shown(browser)
    pause.click()
    wait_for(browser, "two")

    assert "two" not in before


def test_a_failed_request_stands_out(browser, start):
    photon = start(faults=("GET /api/health : 503", "GET /api/info : drop-before"))
    photon.dashboard("GET", "/health")
    with pytest.raises(Exception, match="disconnected"):
        photon.dashboard("GET", "/info")

    browser.get(f"{photon.url}/")

    bad = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "td.bad")]
    assert bad == ["dropped (drop-before)", "503 (503)"]


def test_names_are_text_and_never_markup(browser, newer):
    _, spectrum = newer.project(EVIL)
    spectrum("POST", "/users/", json={**ADA, "firstName": EVIL})
    spectrum("GET", "/nowhere", params={"q": EVIL})

    browser.get(f"{newer.url}/")

    assert text_of(browser, "h2") == EVIL
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert "hacked" not in browser.title


def test_it_works_without_javascript(browser_without_javascript, newer):
    newer.create("bot")
    browser = browser_without_javascript

    browser.get(f"{newer.url}/")

    assert text_of(browser, "h2") == "bot"
    assert not see(browser, "#pause").is_displayed()
    newer.create("later")
    wait_for(browser, "later")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser, newer, scheme):
    emulate(browser, scheme)
    _, spectrum = newer.project()
    spectrum("GET", "/nowhere")
    browser.get(f"{newer.url}/")

    found = contrasts(browser, "h1, h2, h3, th, td, code, .dim, .tag, .bad, button")

    assert min(found) >= READABLE


def test_a_screen_reader_finds_its_way(browser, newer):
    newer.create("bot")
    browser.get(f"{newer.url}/")

    assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
    sections = browser.find_elements(By.TAG_NAME, "section")
    assert sections[0].accessible_name == "bot"
    headers = browser.find_elements(By.TAG_NAME, "th")
    assert {header.get_attribute("scope") for header in headers} == {"col"}


def test_a_narrow_screen_scrolls_tables_alone(browser, newer):
    narrow(browser, 320)
    newer.project("bot")
    browser.get(f"{newer.url}/")

    assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
