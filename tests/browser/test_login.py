"""``photonctl login``, approved by a person in a real browser."""

from photonctl.testing import local_photon
from tests.browser.test_device_page import press, see
from tests.e2e.test_sign_in import Login, without_token


def test_a_person_approves_in_the_browser_and_the_command_is_signed_in(browser, bare_cli):
    with local_photon(device_interval_s=0) as photon:
        cli = without_token(bare_cli, photon)
        login = Login(cli, "--no-browser")
        browser.get(login.url)
        code = login.url.partition("user_code=")[2]
        assert f"{code[:4]}-{code[4:]}" in see(browser, "main").text
        press(browser, "Approve")

        status, out, _ = login.end()

        assert (status, "Olive Owner" in out) == (0, True)
        assert "Olive Owner" in cli.ok("whoami")
