"""Headless Chromium, from the system's packages: nothing is downloaded."""

import os
import shutil
from contextlib import contextmanager

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tests.emulator.conftest import newer, start  # noqa: F401  # the same emulators

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # A test's browser talks to the test's server only.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--window-size=1000,900",
)
NO_JAVASCRIPT = {"profile.managed_default_content_settings.javascript": 2}


@contextmanager
def chromium(**preferences):
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver aren't there; scripts/browser installs them")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.add_experimental_option("prefs", preferences)
    browser = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        yield browser
    finally:
        browser.quit()


@pytest.fixture(scope="session")
def _browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(_browser):
    """A browser in light colours and of the usual width."""
    emulate(_browser, "light")
    yield _browser
    _browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture(scope="session")
def browser_without_javascript():
    with chromium(**NO_JAVASCRIPT) as browser:
        yield browser


def emulate(browser, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def narrow(browser, width):
    metrics = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def contrasts(browser, selector):
    """Return each matching element's contrast to what is behind it (WCAG 2.2, 1.4.3)."""
    found = browser.execute_script(
        """
        const solid = (node) => {
          const colour = getComputedStyle(node).backgroundColor;
          return colour === "rgba(0, 0, 0, 0)" && node.parentElement
            ? solid(node.parentElement) : colour;
        };
        return [...document.querySelectorAll(arguments[0])].map(
          (node) => [getComputedStyle(node).color, solid(node)]);
        """,
        selector,
    )
    assert found, f"nothing matches {selector}"
    return [_ratio(*pair) for pair in found]


def _ratio(one, other):
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour):
    channels = [int(part) / 255 for part in colour.partition("(")[2].strip(")").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
