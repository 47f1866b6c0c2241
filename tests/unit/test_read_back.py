"""What a manifest may declare, photonctl reads when Photon lists it: else nothing could undo it."""

import json

import pytest

from photonctl.api.hook_rows import read_webhooks
from photonctl.api.rows import read_users
from photonctl.errors import ManifestError
from photonctl.kinds.values import too_much_text
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.spec import spec_to_json
from photonctl.urls import normalise_url

pytestmark = pytest.mark.usefixtures("forgetful")  # secrets of other tests repeat a letter, too
HEAD = {"version": 1, "project": {"name": "bot"}}
GREEK = "\u03b1\u03b2\u03b3\u03b4" * 5
LETTERS = {"ASCII": "a", "Greek": "\u03b1", "emoji": "\U0001f600"}


def declared(kind, **sections):
    data = json.dumps({**HEAD, **sections}, ensure_ascii=False).encode()
    (project,) = load([Source(name="m.yaml", data=data)], Trust()).projects
    return project.resources[kind].values()


def url(letter, length, name=""):
    return f"https://bot.example.com/{name}".ljust(length, letter)


def refused(kind, **sections):
    try:
        declared(kind, **sections)
    except ManifestError as error:
        return "\n".join(diagnostic.message for diagnostic in error.diagnostics)
    return None


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("length", [100, 200, 350, 500, 1_000, 1_999, 2_000])
def test_a_url_that_may_be_declared_is_read_in_whatever_form_photon_has_it(letter, length):
    given = url(letter, length)
    why = refused("webhook", webhooks=[given])
    if why is not None:
        assert "more than 2,000 characters" in why
        assert len(normalise_url(given)) > 2_000
        return

    for form in (given, normalise_url(given), f"{normalise_url(given)}/"):
        (row,) = read_webhooks([{"id": "w1", "webhookUrl": form}])
        assert row.webhook_url == form


@pytest.mark.parametrize("length", [2_001, 4_000, 20_000])
def test_a_longer_url_is_refused(length):
    assert "The most is 2,000" in refused("webhook", webhooks=[url("a", length)])


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("count", [10, 1_000, 4_000])
@pytest.mark.parametrize("length", [20, 300, 500])
def test_users_that_may_be_declared_are_read(letter, count, length):
    users = [
        {
            "phoneNumber": f"+1555{number:07d}",
            "firstName": letter * length,
            "lastName": letter * length,
        }
        for number in range(count)
    ]
    why = refused("user", users=users)
    if why is not None:
        assert "more text than a list" in why
        assert count * length > 250_000
        return

    rows = [
        {"id": f"u{number}", **spec_to_json(user.spec)}
        for number, user in enumerate(declared("user", users=users))
    ]
    assert len(read_users(rows)[0]) == count


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("length", [60, 160, 200, 1_000])
def test_webhooks_that_may_be_declared_are_read(letter, length):
    urls = [url(letter, length, f"{number}/") for number in range(1_000)]
    why = refused("webhook", webhooks=urls)
    if why is not None:
        assert "more text than a list" in why or "more than 2,000 characters" in why
        return

    assert (
        len(read_webhooks([{"id": f"w{n}", "webhookUrl": u} for n, u in enumerate(urls)])) == 1_000
    )


@pytest.mark.parametrize("count", [10, 300, 600, 1_000])
def test_webhooks_of_hosts_that_arent_ascii_and_may_be_declared_are_read(count):
    hosts = [f"{GREEK}{number}.example.com" for number in range(count)]
    urls = [f"https://{host}/" for host in hosts]
    why = refused("webhook", webhooks=urls)
    if why is not None:
        assert "hosts that aren't ASCII" in why
        assert count >= 300
        return

    for form in (str, str.upper, normalise_url):
        rows = [{"id": f"w{n}", "webhookUrl": form(url)} for n, url in enumerate(urls)]
        assert len(read_webhooks(rows)) == count


def test_no_more_users_may_be_declared_than_are_read():
    assert "at most 190,000" in too_much_text((), 190_001)
    assert too_much_text((), 190_000) is None
