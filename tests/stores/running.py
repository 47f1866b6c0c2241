"""Each store's stand-in, with the environment that its own clients read."""

import base64
import json
from contextlib import contextmanager

import httpx

from tests.stores.github import GithubStandIn
from tests.stores.gitlab import GitlabStandIn
from tests.stores.kube import running_cluster
from tests.stores.vault import VaultStandIn


class Store:
    """A running store: where a manifest's sink goes, and what is in it.

    Attributes:
        word, target: of the sink in a manifest.
        env: what the store's own clients read.
        secret: returns a value by its name, or None.
        requests: returns how many were answered.
        stand_in: the server, where it can be told to fail.
        reset: empties it.
    """

    def __init__(self, word, target, env, secret, requests, stand_in, reset):
        self.word = word
        self.target = target
        self.env = env
        self.secret = secret
        self.requests = requests
        self.stand_in = stand_in
        self.reset = reset

    def forget_notes(self):
        """Remove what photonctl noted beside the secret BOT."""
        match self.word:
            case "kubernetes":
                for found in self.stand_in.objects.values():
                    found.last.raw["metadata"]["annotations"].clear()
            case "githubActions":
                self.stand_in.set_variable("acme/bot", "BOT_WEBHOOK_STATE", "")
            case _:
                self.stand_in.set_variable("acme/bot", "BOT_WEBHOOK_STATE", "-")

    def sink(self, key="BOT"):
        return f"{{{self.word}: {self.target}, key: {key}}}"


@contextmanager
def running_vault():
    with VaultStandIn() as stand:

        def secret(name):
            return (stand.data("secret", "bot") or {}).get(name)

        def reset():
            stand.mount("secret").secrets.clear()

        yield Store(
            "vault",
            "secret/bot",
            {"VAULT_ADDR": stand.url, "VAULT_TOKEN": stand.token},
            secret,
            stand.count,
            stand,
            reset,
        )


@contextmanager
def running_github(environment=None):
    target = "acme/bot" if environment is None else f"acme/bot/{environment}"
    with GithubStandIn() as stand:

        def reset():
            stand._repositories.clear()
            stand.add_repository("acme/bot", environments=("prod",))

        reset()
        yield Store(
            "githubActions",
            target,
            {"GITHUB_API_URL": stand.url, "GH_TOKEN": stand.token},
            lambda name: (
                stand.secret("acme/bot", name, environment=environment)
                or stand.variable("acme/bot", name, environment=environment)
            ),
            stand.count,
            stand,
            reset,
        )


@contextmanager
def running_gitlab():
    with GitlabStandIn() as stand:

        def reset():
            stand._projects.clear()
            stand.add_project("acme/bot", 7)

        reset()
        yield Store(
            "gitlabVariable",
            "acme/bot",
            {"CI_API_V4_URL": f"{stand.url}/api/v4", "GITLAB_TOKEN": stand.token},
            lambda name: (stand.variable("acme/bot", name) or {}).get("value"),
            stand.count,
            stand,
            reset,
        )


@contextmanager
def running_aws():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"

    def reset():
        httpx.post(f"{url}/moto-api/reset")

    reset()  # it keeps its state from one server to the next
    env = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def secret(name):
        import boto3

        client = boto3.client(
            "secretsmanager",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        try:
            found = client.get_secret_value(SecretId="prod/bot", VersionStage="AWSCURRENT")
        except client.exceptions.ResourceNotFoundException:
            return None
        return json.loads(found["SecretString"]).get(name)

    try:
        yield Store("awsSecretsManager", "prod/bot", env, secret, int, server, reset)
    finally:
        server.stop()


@contextmanager
def running_kubernetes(folder):
    with running_cluster(folder) as (cluster, config):

        def secret(name):
            found = cluster.found("bots", "photon") or {}
            data = found.get("data") or {}
            return base64.b64decode(data[name]).decode() if name in data else None

        env = {"KUBECONFIG": str(config)}
        yield Store("kubernetes", "bots/photon", env, secret, cluster.count, cluster, cluster.clear)


@contextmanager
def running(word, folder):
    """Run the stand-in of one kind of store."""
    start = {
        "awsSecretsManager": running_aws,
        "kubernetes": lambda: running_kubernetes(folder),
        "vault": running_vault,
        "githubActions": running_github,
        "gitlabVariable": running_gitlab,
    }[word]
    with start() as store:
        yield store


@contextmanager
def entered(word, folder, monkeypatch):
    """Run a stand-in, and let this process's clients find it."""
    with running(word, folder) as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield store
