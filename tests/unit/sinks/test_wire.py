"""What the clients of stores send goes through photonctl's own network, with its bounds."""

import base64
import json
import socketserver
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from photonctl.deadline import THREAD
from photonctl.errors import SinkError
from photonctl.model.spec import STORES, SinkSpec
from photonctl.sinks import open_sink
from tests.stores.kube import kubeconfig

VAULT = SinkSpec(type="vault", target="secret/bot", key="BOT")
METADATA = {"versions": {}, "custom_metadata": {"photonctl.bot": ""}, "current_version": 0}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.fixture
def of_cluster(tmp_path, monkeypatch):
    """Open the store of a cluster that a kubeconfig describes; ``own.key`` is in ``tmp_path``."""

    def opened(config):
        text = json.dumps(config).replace('"own.key"', json.dumps(str(tmp_path / "own.key")))
        (tmp_path / "kubeconfig").write_text(text)
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        return open_sink(SinkSpec(type="kubernetes", target="acme/bot", key="BOT"), tmp_path)

    return opened


@contextmanager
def answering(handler, tls=None):
    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


class NeverEnds(socketserver.StreamRequestHandler):
    def handle(self):
        self.request.recv(65_536)
        with suppress(OSError):
            while True:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)


class OfVault(BaseHTTPRequestHandler):
    asked: list = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(dict(self.headers))
        body = json.dumps({"data": METADATA}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("word", STORES)
def test_a_store_that_never_begins_its_answer_keeps_nothing_busy(word, tmp_path, monkeypatch):
    with answering(NeverEnds) as port:
        url = f"http://127.0.0.1:{port}"
        (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig(url)))
        settings = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "CI_API_V4_URL": url,
            "GITHUB_API_URL": url,
            "GITLAB_TOKEN": "glpat-0123456789",
            "GH_TOKEN": "ghp_0123456789",
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "VAULT_ADDR": url,
            "VAULT_TOKEN": "hvs.0123456789",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        sink = open_sink(SinkSpec(type=word, target="acme/bot", key="BOT"), tmp_path)

        with pytest.raises(SinkError):
            sink.record()

    assert not [thread for thread in threading.enumerate() if thread.name == THREAD]


def test_a_vault_that_asks_for_a_certificate_gets_the_one_that_is_named(
    certificate, tmp_path, monkeypatch
):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    tls.load_cert_chain(certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    monkeypatch.setenv("VAULT_TOKEN", "hvs.0123456789")
    monkeypatch.setenv("VAULT_CACERT", str(certificate))
    with answering(OfVault, tls) as port:
        monkeypatch.setenv("VAULT_ADDR", f"https://localhost:{port}")

        with pytest.raises(SinkError, match="can't be reached"):
            open_sink(VAULT, tmp_path).record()

        monkeypatch.setenv("VAULT_CLIENT_CERT", str(certificate))
        assert open_sink(VAULT, tmp_path).record() is None


@pytest.mark.parametrize("name", ["VAULT_CLIENT_CERT", "VAULT_CACERT", "VAULT_CAPATH"])
def test_a_certificate_that_isnt_there_is_said_by_its_variable(name, tmp_path, monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", "https://localhost:1")
    monkeypatch.setenv("VAULT_TOKEN", "hvs.0123456789")
    monkeypatch.setenv(name, str(tmp_path / "none.pem"))

    with pytest.raises(SinkError, match=name):
        open_sink(VAULT, tmp_path).record()


def test_only_the_token_that_is_meant_for_vault_is_sent(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hunter2-hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", "hvs.0123456789")
    OfVault.asked.clear()
    with answering(OfVault) as port:
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
        open_sink(VAULT, tmp_path).record()

    assert OfVault.asked[0]["X-Vault-Token"] == "hvs.0123456789"
    assert "Authorization" not in OfVault.asked[0]


def test_a_clusters_key_is_not_left_in_a_temporary_file(
    certificate, of_cluster, tmp_path, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    data = base64.b64encode(certificate.read_bytes()).decode()
    config = kubeconfig("https://localhost:1")
    config["users"][0]["user"] = {"client-key-data": data, "client-certificate-data": data}
    config["clusters"][0]["cluster"]["certificate-authority-data"] = data
    sink = of_cluster(config)

    with pytest.raises(SinkError, match="can't be reached"):
        sink.record()

    assert not list(temporary.iterdir())


PLUGIN = """#!/bin/sh
echo '{"status": {"clientCertificateData": "-----C", "clientKeyData": "A"}}'
"""


@pytest.mark.parametrize(
    ("user", "cluster", "has_folder"),
    [
        ({"client-key": "own.key", "client-key-data": "A"}, {}, True),
        ({"client-key": "own.key", "client-key-data": "-----K"}, {}, False),
        ({"client-key": "own.key", "exec": "plugin"}, {}, True),
        ({"client-certificate": "own.key", "client-certificate-data": "-----C"}, {}, False),
        ({}, {"certificate-authority": "own.key", "certificate-authority-data": "-----C"}, False),
    ],
)
def test_a_clusters_own_key_stays_where_no_copy_can_be_made(
    user, cluster, has_folder, of_cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("" if has_folder else "none")))
    (tmp_path / "own.key").write_text("the only copy")
    (tmp_path / "plugin").write_text(PLUGIN)
    (tmp_path / "plugin").chmod(0o700)
    if "exec" in user:
        version = "client.authentication.k8s.io/v1"
        user = {**user, "exec": {"apiVersion": version, "command": str(tmp_path / "plugin")}}
    config = kubeconfig("https://localhost:1")
    config["users"][0]["user"] = user
    config["clusters"][0]["cluster"] |= cluster
    sink = of_cluster(config)

    with pytest.raises(SinkError):
        sink.record()

    assert (tmp_path / "own.key").read_text() == "the only copy"


def test_a_proxy_of_a_cluster_without_tls_is_refused(of_cluster):
    config = kubeconfig("http://127.0.0.1:1")
    config["clusters"][0]["cluster"]["proxy-url"] = "http://127.0.0.1:2"
    sink = of_cluster(config)

    with pytest.raises(SinkError, match="proxy-url"):
        sink.record()


def test_a_clusters_own_key_stays(certificate, of_cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    config = kubeconfig("https://localhost:1")
    config["users"][0]["user"] = {
        "client-key": str(certificate),
        "client-certificate": str(certificate),
    }
    sink = of_cluster(config)

    with pytest.raises(SinkError, match="can't be reached"):
        sink.record()

    assert certificate.exists()


class Refuses(BaseHTTPRequestHandler):
    def do_POST(self):
        body = b'{"__type": "ResourceNotFoundException"}'
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_bundle_that_aws_clients_read_is_trusted(certificate, tmp_path, monkeypatch):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    spec = SinkSpec(type="awsSecretsManager", target="prod/bot", key="BOT")
    with answering(Refuses, tls) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{port}")

        with pytest.raises(SinkError, match="can't be reached"):
            open_sink(spec, tmp_path).record()

        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        assert open_sink(spec, tmp_path).record() is None
