"""What is exported is a manifest, and a plan of it is empty but for what is known nowhere."""

import asyncio
import json

import pytest

from photonctl.exporter import export
from photonctl.manifest.load import load
from photonctl.manifest.sources import Source
from photonctl.manifest.trust import Trust
from photonctl.port import WebhookRow
from tests.support.engine import Engine
from tests.support.fake_photon import FakeAccount

BASE = "https://bot.example.com/hook"
LIVE = {
    "one URL in two projects": {"a": [BASE], "b": [BASE]},
    "another query": {"a": [f"{BASE}?a=1", f"{BASE}?a=2", BASE]},
    "signs that no name has": {"a": [f"{BASE}/x-y", f"{BASE}/x.y", f"{BASE}/x_y"]},
    "a name that is derived": {"a": [BASE, f"{BASE}_standard", f"{BASE}/webhook/id"]},
    "what looks like an expression": {"a": [f"{BASE}/${{env:TENANT}}", f"{BASE}/${{file:x}}"]},
    "a number at the end": {"a": [f"{BASE}?1", f"{BASE}?2", f"{BASE}/2"]},
    "long paths": {"a": [f"{BASE}/{'x' * 300}?1", f"{BASE}/{'x' * 300}?2"]},
}


def exported(account, folder):
    documents = asyncio.run(export(account, None, folder))
    text = "---\n".join(f"{json.dumps(document)}\n" for document in documents)
    source = Source(name=str(folder / "photon.yaml"), data=text.encode())
    return load([source], Trust()).projects


@pytest.mark.parametrize("live", LIVE.values(), ids=LIVE)
def test_an_export_is_valid_whatever_is_live(tmp_path, live):
    account = FakeAccount()
    for name, urls in live.items():
        project = account.add(name)
        for number, url in enumerate(urls):
            row = WebhookRow(id=f"{name}{number}", webhook_url=url)
            project.hook_rows[row.id] = row

    projects = exported(account, tmp_path)

    keys = [hook.secret.sink.key for p in projects for hook in p.resources["webhook"].values()]
    assert len(set(keys)) == sum(map(len, live.values()))


def test_names_of_many_webhooks_that_differ_in_their_query_are_found_at_once(tmp_path):
    account = FakeAccount()
    project = account.add("bot")
    for number in range(20_000):
        row = WebhookRow(id=f"w{number}", webhook_url=f"{BASE}?{number}")
        project.hook_rows[row.id] = row

    (document,) = asyncio.run(export(account, None, tmp_path))

    named = [hook for hook in document["webhooks"] if isinstance(hook, dict)]
    assert len({hook["secret"]["key"] for hook in named}) == len(named) == 19_999


def test_an_export_beside_the_env_file_finds_its_secrets(tmp_path):
    engine = Engine(tmp_path, FakeAccount())
    text = (
        "version: 1\nproject: {name: a}\nwebhooks:\n"
        f"- {{url: '{BASE}?a', secret: {{envFile: .env, key: PHOTON_WEBHOOK_SECRET_2}}}}\n"
        f"- '{BASE}?b'\n"
    )
    assert engine.apply(text).converged

    (project,) = exported(engine.account, tmp_path)

    found = {hook.key: hook.secret.sink.key for hook in project.resources["webhook"].values()}
    assert found[f"{BASE}?a"] == "PHOTON_WEBHOOK_SECRET_2"
    assert len(set(found.values())) == 2
