"""Tools of this field that do something alike, each in its own way; those that are installed."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from budgets import settle
from measure import TOKEN, Local, Result, local, ratio, timed

BIN = Path(os.environ.get("PEERS_BIN", Path(sys.executable).parent))
RESOURCE = 'resource "terraform_data" "user{n}" {{ input = "+1555{n:07d}" }}\n'
PLAY = """\
- hosts: localhost
  gather_facts: false
  module_defaults:
    uri:
      return_content: true
      force_basic_auth: true
  tasks:
    - uri:
        url: "%(url)s/api/projects/"
        headers: {Authorization: "Bearer %(token)s"}
    - uri:
        url: "%(url)s/api/projects/%(id)s"
        headers: {Authorization: "Bearer %(token)s"}
      register: project
    - uri:
        url: "%(url)s/projects/%(id)s/{{ item }}/"
        url_username: "%(id)s"
        url_password: "{{ project.json.projectSecret }}"
      loop: [users, webhooks]
"""
CURL = """\
auth='Authorization: Bearer %(token)s'
curl -fsS -H "$auth" %(url)s/api/projects/ > projects.json
curl -fsS -H "$auth" %(url)s/api/projects/%(id)s > project.json
secret=$(sed 's/.*"projectSecret": *"\\([^"]*\\)".*/\\1/' project.json)
curl -fsS -u "%(id)s:$secret" %(url)s/projects/%(id)s/users/ > users.json
curl -fsS -u "%(id)s:$secret" %(url)s/projects/%(id)s/webhooks/ > webhooks.json
"""
OCTODNS = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./zones}
  live: {class: octodns.provider.yaml.YamlProvider, directory: ./zones}
zones:
  example.com.: {sources: [config], targets: [live]}
"""


def peers(rounds: int) -> Iterator[Result]:
    """No-op plans beside others' no-op plans; ratios below 1 mean that ours is faster."""
    with local() as here:
        settle(here, 3)
        (project,) = here.projects()
        given = {"url": here.url, "token": TOKEN, "id": project["id"]}
        yield from _terraform(rounds, here)
        yield from _official(rounds, here)
        if shutil.which("curl"):
            (here.folder / "reads.sh").write_text(CURL % given)
            yield _beside(rounds, here, "four calls of curl", ["sh", "-e", "reads.sh"])
        playbook = BIN / "ansible-playbook"
        if playbook.exists():
            (here.folder / "play.yml").write_text(PLAY % given)
            python = f"ansible_python_interpreter={BIN / 'python'}"
            words = [str(playbook), "-i", "localhost,", "-c", "local", "-e", python, "play.yml"]
            yield _beside(rounds, here, "the same reads by Ansible's `uri`", words)
    with local() as here:
        settle(here, 1_000)
        yield from _octodns(rounds, here)


def _beside(
    rounds: int, here: Local, what: str, words: list[str], users: str = "3 users"
) -> Result:
    found = ratio(
        rounds,
        lambda: here.run("plan").seconds,
        lambda: timed(words, cwd=here.folder, env=here.env).seconds,
    )
    return Result(f"no-op plan, {users} ÷ {what}", found)


def _terraform(rounds: int, here: Local) -> Iterator[Result]:
    terraform = shutil.which("terraform")
    if terraform is None:
        return
    (here.folder / "main.tf").write_text("".join(RESOURCE.format(n=n) for n in range(4)))
    for words in (["init"], ["apply", "-auto-approve"]):
        timed([terraform, *words], cwd=here.folder, env=here.env)
    what = "`terraform plan` of 4 `terraform_data`, which asks no server"
    yield _beside(rounds, here, what, [terraform, "plan"])


def _official(rounds: int, here: Local) -> Iterator[Result]:
    cli = os.environ.get("PHOTON_CLI")
    if cli is None:
        return
    what = "Photon's own CLI, which only prints its version"
    yield _beside(rounds, here, what, ["node", cli, "--version"])


def _octodns(rounds: int, here: Local) -> Iterator[Result]:
    sync = BIN / "octodns-sync"
    if not sync.exists():
        return
    zones = here.folder / "zones"
    zones.mkdir()
    names = ((f"u{n:04d}", f"10.0.{n // 250}.{n % 250 + 1}") for n in range(1_000))
    rows = {name: {"type": "A", "value": address} for name, address in names}
    (zones / "example.com.yaml").write_text(f"---\n{json.dumps(rows, indent=1)}\n")
    (here.folder / "octodns.yaml").write_text(OCTODNS)
    what = "octoDNS comparing 1,000 records of a YAML file with itself"
    words = [str(sync), "--config-file", "octodns.yaml"]
    yield _beside(rounds, here, what, words, "1,000 users")
