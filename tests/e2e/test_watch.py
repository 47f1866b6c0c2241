"""``photonctl watch`` as a process: what it reports, what it survives, how it ends."""

import re
import signal
import urllib.error
import urllib.request
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread

import pytest

from tests.conftest import wait_for

MANIFEST = "version: 1\nproject: {{name: {name}}}\nusers: [{{phoneNumber: +15551230001}}]\n"


class Watched:
    """A watch that runs, and what it has said."""

    def __init__(self, process):
        self.process = process
        self.said = ""
        self._lines = Queue()
        for stream in (process.stdout, process.stderr):
            Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            self._lines.put(line)

    def says(self, pattern):
        """Wait until it says something; return the match."""

        def found():
            try:
                while True:
                    self.said += self._lines.get_nowait()
            except Empty:
                pass
            return re.search(pattern, self.said)

        return wait_for(found)

    def rounds(self, count=1):
        """Wait for so many rounds from now on."""
        self.said = ""
        return self.says(rf"(?s)(UTC: (well|not well);.*){{{count}}}")


@pytest.fixture
def watching(newer_cli):
    @contextmanager
    def start(*args):
        with newer_cli.running("watch", "--every", "1s", *args) as process:
            yield Watched(process)

    return start


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def metric(text, name):
    found = re.search(rf"^{re.escape(name)} (.+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


def test_a_watch_reports_drift_serves_metrics_and_ends_well(watching, newer_cli, name):
    newer_cli.write(MANIFEST.format(name=name))
    with watching("--listen", "127.0.0.1:0", "--metrics", "m.prom") as watched:
        url = watched.says(r"Metrics: (http://\S+)/metrics")[1]
        watched.says("UTC: well")

        metrics = get(f"{url}/metrics")
        assert metric(metrics, f'photonctl_drift_resources{{project="{name}"}}') == 2
        assert metric(metrics, 'photonctl_requests_total{status="200"}') >= 2
        assert metric(metrics, "photonctl_token_valid") == 1
        assert metric(metrics, "photonctl_last_success_timestamp_seconds") > 1e9
        assert get(f"{url}/healthz") == "ok\n"
        with pytest.raises(urllib.error.HTTPError):
            get(f"{url}/")
        assert "photonctl_rounds_total" in (newer_cli.folder / "m.prom").read_text()

        watched.process.send_signal(signal.SIGTERM)
        assert watched.process.wait(30) == 0


def test_a_changed_manifest_is_applied_and_a_broken_one_reported(watching, newer_cli, name):
    newer_cli.write(MANIFEST.format(name=name))
    with watching("--apply") as watched:
        watched.says(r"user \+15551230001: created")
        newer_cli.write("projekt: x\n")
        watched.says("not well")
        newer_cli.write(MANIFEST.format(name=name).replace("0001}", "0001, firstName: Ada}"))
        watched.says(r"user \+15551230001: updated")


@pytest.mark.parametrize("more", [[], ["--apply"]])
def test_a_fleet_isnt_well_while_one_of_its_manifests_is_broken(watching, newer_cli, name, more):
    (newer_cli.folder / "fleet").mkdir()
    (newer_cli.folder / "fleet/good.yaml").write_text(MANIFEST.format(name=name))
    (newer_cli.folder / "fleet/z.yaml").write_text("projekt: x\n")

    with watching("-f", "fleet", "--metrics", "m.prom", *more) as watched:
        watched.says("not well")

    assert metric((newer_cli.folder / "m.prom").read_text(), "photonctl_unplanned_projects") == 1


def test_limits_hold_in_a_watch(watching, newer_cli, name):
    users = "".join(f"  - phoneNumber: +1555123{n:04d}\n" for n in range(5))
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\nusers:\n{users}")
    newer_cli.ok("apply", "-y")
    newer_cli.write(f"version: 1\nproject: {{name: {name}}}\nusers: []\n")
    with watching("--apply") as watched:
        watched.says("--allow-deletes")
        watched.rounds()

    assert "5 to delete" in newer_cli.ok("plan")


def test_a_token_that_expires_and_comes_back_and_a_new_project_secret(
    watching, newer_cli, newer_photon, name
):
    newer_cli.write(MANIFEST.format(name=name))
    newer_cli.ok("apply", "-y")
    token = newer_cli.env.pop("PHOTON_TOKEN")
    (newer_cli.folder / "token").write_text(token)
    (newer_cli.folder / "token").chmod(0o600)
    with watching("--token-file", "token") as watched:
        watched.says("UTC: well")

        # The project's secret is regenerated elsewhere: it is read again.
        newer_cli.ok("project", "rotate-secret", "--project", name, "-y", "--token-file", "token")
        assert "not well" not in watched.rounds(2)[0]

        # The token expires: what the project's own secret opens is read all the same.
        newer_photon.add_faults("GET /api/* : 401 : *")
        watched.says("Photon doesn't know the token")
        assert "not well" not in watched.rounds(2)[0]
        newer_photon.clear()

        # A wrong one in its place changes nothing, and a good one is taken without a restart.
        (newer_cli.folder / "token").write_text("wrong-token-0123456789")
        assert "not well" not in watched.rounds(3)[0]
        (newer_cli.folder / "token").write_text(token)
        watched.rounds(2)
        assert "doesn't know" not in watched.rounds(2)[0]


@pytest.mark.parametrize("flags", [["--listen", "nowhere"], ["--every", "x"], ["--listen", "a:b"]])
def test_what_is_no_address_or_time_is_wrong_usage(newer_cli, name, flags):
    newer_cli.write(MANIFEST.format(name=name))

    assert newer_cli.run("watch", *flags).returncode == 64
