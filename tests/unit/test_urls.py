"""What makes two webhook URLs the same, and which ones Photon would never deliver to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photonctl.hosts import ascii_host
from photonctl.model.filled import Filled
from photonctl.urls import (
    is_host_shown,
    is_respelled,
    normalise_url,
    shown_in_text,
    shown_live,
    shown_url,
    undeliverable_reason,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HTTPS://Bot.Example.COM/hook", "https://bot.example.com/hook"),
        ("https://bot.example.com:443/hook", "https://bot.example.com/hook"),
        ("https://bot.example.com", "https://bot.example.com/"),
        ("https://bot.example.com.", "https://bot.example.com/"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://B\u00dcCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example/%7euser", "https://a.example/~user"),
        ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
        ("https://a.example/a/./b/../c", "https://a.example/a/c"),
        ("https://a.example/a/..", "https://a.example/"),
        ("https://a.example/caf\u00e9", "https://a.example/caf%C3%A9"),
        ("https://a.example/?q=%61", "https://a.example/?q=a"),
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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/hook", "https://a.example/hook"),
        ("https://u:p@a.example/hook", "https://***@a.example/hook"),
        ("https://u@a.example", "https://***@a.example"),
        ("https://a.example/h?token=x&mode=&y", "https://a.example/h?token=***&mode=&***"),
        ("https://a.example/h?token=a=b", "https://a.example/h?token=***"),
        ("https://a.example/h#frag", "https://a.example/h#***"),
        ("https://a.example/h?token=***", "https://a.example/h?token=***"),
    ],
)
def test_what_may_be_a_secret_in_a_url_is_hidden(url, shown):
    assert shown_url(url) == shown
    assert shown_in_text(f'see "{url}" and <{url}>') == f'see "{shown}" and <{shown}>'


@pytest.mark.parametrize(
    "other",
    ["https://a.example/Hook/", "https://a.example/hook", "https://A.example:443//hook?"],
)
def test_a_server_may_respell_a_url(other):
    assert is_respelled("https://a.example/hook", other)


@pytest.mark.parametrize("other", ["https://a.example/v2", "https://b.example/hook"])
def test_another_url_is_no_other_spelling(other):
    assert not is_respelled("https://a.example/hook", other)


@pytest.mark.parametrize(
    ("url", "raw", "is_shown"),
    [
        ("https://bot.example.com/x", "https://bot.${env:D}.com/x", True),
        ("https://bot.evil.com/", "https://${env:A}.example.com/", False),
        ("https://a.b.c.example.com/", "https://${env:A}.b.${env:B}.example.com/", True),
        ("https://x.example.com:8443/", "https://${env:A}.example.com:8443/", True),
        ("https://example.com:9/", "https://${env:A}:9/", True),
        ("https://example.com:9/", "https://e${env:A}/", True),
        ("https://u@example.com/", "https://${env:A}example.com/", False),
        ("https://ab.com/", "https://a${env:A}b.com/", True),
        ("https://a.com/", "https://a${env:A}a.com/", False),
    ],
)
def test_what_is_written_around_expressions_is_around_what_they_gave(url, raw, is_shown):
    assert is_host_shown(url, raw) is is_shown


def test_a_long_host_is_compared_at_once():
    raw = "https://a${env:X}a${env:Y}a${env:Z}ab/"

    assert not is_host_shown(f"https://{'a' * 100_000}/", raw)


@pytest.mark.parametrize("end", [":", ",", ".", ": its secret", "?"])
def test_the_mark_behind_a_url_stays(end):
    assert shown_in_text(f"webhook https://x.de/?t=abc{end}") == f"webhook https://x.de/?t=***{end}"


def test_a_host_that_dns_cant_know_is_looked_at_once(monkeypatch):
    import idna

    tries = []
    encode = idna.encode
    monkeypatch.setattr(idna, "encode", lambda *a, **k: tries.append(a) or encode(*a, **k))
    for _ in range(5):
        for host in ("\u00e4" * 60 + ".example", "\u00e4" * 70 + ".x", "\u00e4." * 200 + "example"):
            with pytest.raises(ValueError, match="DNS"):
                ascii_host(host)

    assert len(tries) == 1  # longer ones aren't even encoded


@pytest.mark.parametrize("host", ["..", "a..b", ".a", "a..", "."])
def test_a_host_with_an_empty_part_is_none(host):
    with pytest.raises(ValueError, match=r"empty part|absolute URL"):
        normalise_url(f"https://{host}/hook")


def test_a_host_may_end_with_a_dot():
    assert normalise_url("https://b.example./hook") == "https://b.example/hook"


@pytest.mark.parametrize(
    "expression",
    [
        "${file:@good.example/hook?}",
        "${env:CI:-@good.example/hook?}",
        "${env:USER:-#}",
        "${env:USER:-/hook?}",
        "${env:A:-://u:p@x?a=b#c}",
        "${env:A}${env:B:-?}",
    ],
)
def test_what_is_in_an_expression_is_no_part_of_a_url(expression):
    for url in (
        f"https://evil{expression}.example.net/",
        f"https://evil{expression}.example.net/a?b=***",
    ):
        assert shown_url(Filled("https://evil.example.net/", url)) == url
        assert shown_in_text(f'webhook "{url}": no') == f'webhook "{url}": no'
    raw = f"https://u:p@a{expression}.example/?k={expression}&s=x#f"
    assert shown_url(Filled("https://u:p@a.example/?k=1&s=x#f", raw)) == (
        f"https://***@a{expression}.example/?k={expression}&s=***#***"
    )
    assert shown_in_text(f"{expression}@evil.example") == f"{expression}@evil.example"


LITERAL = "https://bot.example.com${env:PORT:-:443@evil.example/}hook"


def test_what_only_looks_like_an_expression_hides_no_host():
    """It is a part of the URL: what is before the ``@`` is a user's name, and the rest the host."""
    shown = "https://***@evil.example/}hook"
    assert shown_url(LITERAL) == shown
    assert shown_live(LITERAL) == shown
    escaped = LITERAL.replace("${", "$${")
    assert shown_in_text(f'webhook "{escaped}"') == f'webhook "{shown}"'
    assert shown_url(Filled(LITERAL, f"{escaped}${{env:X:-}}")) == f"{shown}${{env:X:-}}"
    assert shown_url("https://b.example/${env:A}") == "https://b.example/$${env:A}"


@pytest.mark.parametrize(
    "host",
    ["bot%2eexample.com", "bot.ex%D0%B0mple.com", "127%2e0.0.1", "a^b.com", "a|b.com", "a$b.c"],
)
def test_a_host_with_what_no_host_has_is_none(host):
    """A program that decodes it sends to another one than is shown."""
    for ask in (normalise_url, undeliverable_reason):
        with pytest.raises(ValueError, match="no host has"):
            ask(f"https://{host}/h")


@pytest.mark.parametrize(
    "host", ["a_b.example.com", "xn--bcher-kva.de", "[2606:4700::1]", "1.1.1.1"]
)
def test_usual_hosts_are_hosts(host):
    assert normalise_url(f"https://{host}/h") == f"https://{host}/h"


HOST_PIECES = st.sampled_from(
    ["b\u043et.", "${env:X:-evil.example}", "a", "${file:h}", "\u00fc", ".ch"]
)


@given(
    st.lists(HOST_PIECES, min_size=1, max_size=6), st.sampled_from(["", ":8080", "/\u00e4", "?a=b"])
)
def test_each_expression_is_shown_whatever_is_around_it(pieces, end):
    raw = f"https://{''.join(pieces)}{end}"
    shown = shown_url(Filled("https://x.example/", raw))

    for expression in ("${env:X:-evil.example}", "${file:h}"):
        assert shown.count(expression) == raw.count(expression)
    assert "\\x00" not in shown
    assert "\0" not in shown
