"""The person's side of a device login, in a real browser."""

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import contrasts, emulate, narrow
from tests.emulator.test_device import begin, error, poll

READABLE = 4.5


@pytest.fixture
def photon(start):
    return start(device_interval_s=0)


def see(browser, selector):
    """Find an element, waiting for the page that has it."""
    wait = WebDriverWait(browser, 10, ignored_exceptions=[WebDriverException])
    return wait.until(lambda _: browser.find_element(By.CSS_SELECTOR, selector))


def press(browser, name):
    """Press the button, and wait for the next page."""
    (button,) = [b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == name]
    button.click()
    leave(browser, button)


def leave(browser, element):
    """Wait until the page of this element is gone; in between Chromium knows neither page."""
    wait = WebDriverWait(browser, 10, ignored_exceptions=[WebDriverException])
    wait.until(staleness_of(element))


def test_approving(browser, photon):
    code = begin(photon)
    browser.get(code["verification_uri_complete"])

    assert "photon-cli" in see(browser, "main").text
    assert code["user_code"][:4] + "-" + code["user_code"][4:] in see(browser, "main").text
    press(browser, "Approve")

    assert "Approved" in see(browser, "[role=status]").text
    assert poll(photon, code["device_code"]).json()["access_token"]


def test_denying(browser, photon):
    code = begin(photon)
    browser.get(code["verification_uri_complete"])

    press(browser, "Deny")

    assert "Denied" in see(browser, "[role=status]").text
    assert error(poll(photon, code["device_code"])) == "access_denied"


def test_a_wrong_code_is_told_and_the_right_one_can_follow(browser, photon):
    code = begin(photon)
    browser.get(f"{photon.url}/device")
    see(browser, "input").send_keys("WRNG-CDE2")
    press(browser, "Go on")

    assert "WRNGCDE2" in see(browser, "[role=alert]").text
    assert browser.switch_to.active_element.get_attribute("id") == "code"
    typed = code["user_code"].lower()
    see(browser, "input").send_keys(f"{typed[:4]}-{typed[4:]}")
    press(browser, "Go on")
    press(browser, "Approve")
    assert poll(photon, code["device_code"]).status_code == 200


def test_an_expired_code_is_told(browser, start):
    photon = start(device_interval_s=0, code_lifetime_s=0)
    code = begin(photon)

    browser.get(code["verification_uri_complete"])

    assert "expired" in see(browser, "[role=alert]").text
    assert error(poll(photon, code["device_code"])) == "expired_token"


def test_a_code_is_approved_once(browser, photon):
    code = begin(photon)
    browser.get(code["verification_uri_complete"])
    press(browser, "Deny")

    browser.get(code["verification_uri_complete"])

    assert "no open request" in see(browser, "[role=alert]").text


def test_a_keyboard_is_enough(browser, photon):
    code = begin(photon)
    browser.get(f"{photon.url}/device")
    field = browser.switch_to.active_element
    field.send_keys(code["user_code"], Keys.ENTER)
    leave(browser, field)

    see(browser, "body").send_keys(Keys.TAB)
    button = browser.switch_to.active_element
    assert button.text == "Approve"
    assert button.value_of_css_property("outline-style") == "solid"
    button.send_keys(Keys.ENTER)
    leave(browser, button)

    assert poll(photon, code["device_code"]).status_code == 200


def test_it_works_without_javascript(browser_without_javascript, photon):
    browser = browser_without_javascript
    browser.get("data:text/html,<title>off</title><script>document.title = 'on'</script>")
    assert browser.title == "off"
    code = begin(photon)

    browser.get(code["verification_uri_complete"])
    press(browser, "Approve")

    assert poll(photon, code["device_code"]).status_code == 200


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser, photon, scheme):
    emulate(browser, scheme)
    browser.get(begin(photon)["verification_uri_complete"])
    approval = contrasts(browser, "h1, p, code, button, footer")
    browser.get(f"{photon.url}/device?user_code=WRNGCDE2")
    question = contrasts(browser, "h1, [role=alert], label, input, button, footer")

    assert min(approval + question) >= READABLE
    is_dark = browser.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    assert is_dark is (scheme == "dark")


@pytest.mark.parametrize("page", ["/device", "/device?user_code=WRNGCDE2", "{approve}"])
def test_a_screen_reader_finds_its_way(browser, photon, page):
    browser.get(photon.url + page if page[0] == "/" else begin(photon)["verification_uri_complete"])

    assert see(browser, "html").get_attribute("lang") == "en"
    assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
    controls = browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden]), button")
    assert controls
    assert all(control.accessible_name for control in controls)


@pytest.mark.parametrize("page", ["/device", "{approve}"])
def test_nothing_is_cut_off_on_a_narrow_screen(browser, photon, page):
    narrow(browser, 320)
    browser.get(photon.url + page if page[0] == "/" else begin(photon)["verification_uri_complete"])

    assert browser.execute_script("return document.documentElement.scrollWidth") <= 320
