"""What the doctor says of webhook hosts, without a network."""

import asyncio
from datetime import UTC, datetime

import pytest

from photonctl import doctor
from photonctl.kinds.webhook.kind import WebhookKind, WebhookSpec
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.model.secret import Secret
from photonctl.model.spec import Declared
from photonctl.reach import Reach
from photonctl.sinks.variables import look_at

NOW = datetime(2026, 11, 25, tzinfo=UTC)
URL = "https://bot.example.com/hook?token=S3CRET"


def looked_up(found, *, may_be_undeliverable=False):
    async def resolve(host):
        assert host == "bot.example.com"
        if isinstance(found, OSError):
            raise found
        return found

    webhook = Declared(
        key=URL,
        label="https://bot.example.com/hook?token=***",
        spec=WebhookSpec(webhook_url=URL),
        may_be_undeliverable=may_be_undeliverable,
    )
    return examined(webhook, resolve)


def examined(webhook, resolve):
    (finding,) = asyncio.run(doctor._urls([(WebhookKind(), webhook, webhook.key)], resolve))
    return finding


def test_a_name_is_looked_up_once_however_many_webhooks_it_has():
    asked = []

    async def resolve(host):
        asked.append(host)
        return ["93.184.215.14"]

    urls = [f"https://{host}.example.com/{n}" for host in "ab" for n in range(100)]
    hooks = [Declared(key=url, spec=WebhookSpec(webhook_url=url)) for url in urls]
    receivers = [(WebhookKind(), hook, hook.key) for hook in hooks]

    found = asyncio.run(doctor._urls(receivers, resolve))

    assert all(finding.is_well for finding in found)
    assert sorted(asked) == ["a.example.com", "b.example.com"]


def test_names_that_nobody_answers_for_hold_nothing_up(monkeypatch):
    monkeypatch.setattr(doctor, "_LONGEST_S", 0.0)

    asked = []

    async def resolve(host):
        asked.append(host)
        await asyncio.Event().wait()

    urls = [f"https://{n}.example.com/" for n in range(100)]
    hooks = [Declared(key=url, spec=WebhookSpec(webhook_url=url)) for url in urls]

    found = asyncio.run(doctor._urls([(WebhookKind(), hook, hook.key) for hook in hooks], resolve))

    assert all("doesn't resolve on this machine" in finding.message for finding in found)
    assert asked == []


def test_a_host_with_public_addresses_is_well_and_no_delivery_is_promised():
    finding = looked_up(["93.184.215.14", "2606:2800:21f:cb07::1"])

    assert finding.is_well
    assert "Only a delivery shows whether deliveries arrive" in finding.message
    assert "S3CRET" not in finding.name


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fd00::1",
     "::ffff:192.168.1.2"],
)  # fmt: skip
def test_a_host_with_any_private_address_is_not_well(address):
    finding = looked_up(["93.184.215.14", address])

    assert not finding.is_well
    assert address in finding.message
    assert "allowUndeliverable" in finding.fix


def test_a_host_that_doesnt_resolve_here_is_shown():
    finding = looked_up(OSError(-2, "Name or service not known"))

    assert finding.is_well
    assert "bot.example.com doesn't resolve on this machine" in finding.message
    assert "Photon drops events" in finding.message


@pytest.mark.parametrize(
    "written",
    ["${env:URL}", "https://${env:NAME}.attacker.example/hook", "https://${env:HOST}/hook"],
)
def test_no_name_server_is_asked_for_a_host_that_was_filled_in(written):
    """It may be a secret, and whoever proposes a manifest may run the server for its domain."""

    async def resolve(host):
        pytest.fail(f"{host} was looked up")

    url = "https://s3cret.attacker.example/hook"
    finding = examined(Declared(key=url, label=written, spec=WebhookSpec(webhook_url=url)), resolve)

    assert finding.is_well
    assert "filled in" in finding.message
    assert "s3cret" not in finding.name + finding.message


def test_what_is_allowed_on_purpose_is_well():
    finding = looked_up(["10.0.0.7"], may_be_undeliverable=True)

    assert finding.is_well
    assert "as allowed" in finding.message


@pytest.mark.parametrize(
    ("name", "text", "is_well"),
    [
        ("deprecation", "@1798761600", True),
        ("sunset", "Fri, 01 Jan 2027 00:00:00 GMT", False),
        ("sunset", "Fri, 01 Jan 2021 00:00:00 GMT", False),
        ("sunset", "Sat, 01 Jan 2028 00:00:00 GMT", True),
        ("sunset", "some day", True),
        ("link", '<https://photon.codes/docs/migrate>; rel="deprecation"', True),
    ],
)
def test_what_a_host_says_of_its_end_is_shown(name, text, is_well):
    finding = doctor._notice("spectrum.photon.codes", name, text, NOW)

    assert finding.is_well is is_well
    assert text in finding.message


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_part_of_a_secret_in_such_a_header_is_not_shown(cut):
    token = Secret("tok-5f3a1b77c2-of-doctor")
    text = "x" * (300 - len(token.reveal()) + cut) + token.reveal()

    said = doctor._notice("spectrum.photon.codes", "sunset", text, NOW).message

    assert token.reveal()[:-cut] not in said


def looked_at(folder, text):
    source = Source(name=str(folder / "photon.yaml"), data=text.encode())
    (project,) = load([source], Trust(reach=Reach((folder,)))).projects
    return doctor._sinks(project, ())


PLACES = {
    "a secret": "project: {name: bot}\nwebhooks: [{url: 'https://b.example.com/h', "
    "secret: {envFile: @@, key: K}}]\n",
    "credentials": "project: {name: bot, credentials: {envFile: @@}}\n",
}


@pytest.mark.parametrize("text", PLACES.values(), ids=PLACES)
def test_what_an_apply_would_refuse_to_write_is_not_well(tmp_path, text):
    (tmp_path / "there.env").write_text("A=1\n")
    (tmp_path / "text.env").write_text("no variables\n")
    (tmp_path / "open.env").write_text("A='never closed\n")

    def is_well(name):
        (finding,) = looked_at(tmp_path, f"version: 1\n{text.replace('@@', name)}")
        return finding.is_well

    assert is_well("there.env")
    assert is_well("new.env")
    assert not is_well("text.env")
    assert not is_well("open.env")
    assert not is_well("nowhere/x.env")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["open.env", "text.env", "there.env"]


def test_the_emulators_own_folder_may_be_made_later(tmp_path):
    path = tmp_path / ".photonctl" / "emulator" / ".env"

    look_at(path)

    assert not path.parent.exists()
