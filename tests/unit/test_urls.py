"""What makes two webhook URLs the same, and which ones Photon would never deliver to."""

import pytest

from photonctl.urls import normalise_url, undeliverable_reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://Bot.Example.COM/hook", "https://bot.example.com/hook"),
        ("https://bot.example.com:443/hook", "https://bot.example.com/hook"),
        ("https://bot.example.com", "https://bot.example.com/"),
        ("https://bot.example.com.", "https://bot.example.com/"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]"),
    ],
)
def test_spellings_of_one_url_compare_equal(one: str, other: str) -> None:
    assert normalise_url(one) == normalise_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/Hook", "https://a.example/hook"),
        ("https://a.example/hook", "https://a.example/hook/"),
        ("https://a.example/?a=1", "https://a.example/?a=2"),
        ("https://a.example:8443/", "https://a.example/"),
        ("https://u@a.example/", "https://a.example/"),
    ],
)
def test_urls_that_a_server_tells_apart_stay_apart(one: str, other: str) -> None:
    assert normalise_url(one) != normalise_url(other)


@pytest.mark.parametrize(
    "url", ["hook", "/hook", "https://", "https://a b/", "https://a:99999/", "https://a:0/"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        normalise_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.com/",
        "https://localhost/",
        "https://x.localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://10.0.0.8/",
        "https://192.168.1.1:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://metadata.google.internal/",
    ],
)
def test_an_address_that_is_not_public_is_undeliverable(url: str) -> None:
    assert undeliverable_reason(url)


@pytest.mark.parametrize(
    "url", ["https://bot.example.com/", "https://8.8.8.8/", "https://[2606:4700::1111]/"]
)
def test_a_public_https_url_is_deliverable(url: str) -> None:
    assert undeliverable_reason(url) is None
