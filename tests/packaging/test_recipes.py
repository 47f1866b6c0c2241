"""The recipes of docs/secrets.md do what they say, each against its store's stand-in."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.running import running

DOCS = Path(__file__).parents[2] / "docs" / "secrets.md"
TITLES = {
    "AWS Secrets Manager": "awsSecretsManager",
    "Kubernetes": "kubernetes",
    "Vault and OpenBao": "vault",
    "GitHub Actions": "githubActions",
    "GitLab": "gitlabVariable",
}


def recipe(title):
    """Return a recipe's sink and the commands of ours in it."""
    text = DOCS.read_text().partition(f"### {title}\n")[2].partition("\n### ")[0]
    (sink,) = re.findall(r"```yaml\nsecret: (.*)\n```", text)
    commands = re.findall(r"^photonctl (.*)$", text, re.MULTILINE)
    return sink, [command.partition("#")[0].split() for command in commands]


@pytest.mark.parametrize("title", TITLES)
def test_a_recipe_works_as_it_is_written(title, newer_cli, name, tmp_path):
    sink, commands = recipe(title)
    with running(TITLES[title], tmp_path) as store:
        cli = replace(newer_cli, env={**newer_cli.env, **store.env})
        cli.write(
            f"version: 1\nproject: {{name: {name}}}\n"
            f"webhooks: [{{url: 'https://bot.example.com/hook', secret: {sink}}}]\n"
        )
        said = [cli.ok(*command) for command in commands]

        assert store.secret("BOT_SECRET")
        assert "verifies deliveries now" in said[-1]


def test_every_store_has_a_recipe():
    assert {recipe(title)[0].partition(":")[0].strip("{") for title in TITLES} == set(
        TITLES.values()
    )
