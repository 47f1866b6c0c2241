"""For other people's tests: a local Photon as a pytest fixture, or as a context manager.

The fixture is there as soon as ``photonctl[emulator]`` is installed::

    def test_our_manifest_converges(photon_emulator, monkeypatch):
        for name, value in photon_emulator.environment.items():
            monkeypatch.setenv(name, value)
        subprocess.run(["photonctl", "apply", "-y"], check=True)
        assert photon_emulator.webhooks("support-bot") == ["https://bot.example.com/hook"]

    @pytest.mark.photon_emulator(plan="free", faults=["POST /projects/*/users/ : 503"])
    def test_with_another_photon(photon_emulator): ...

Secrets of this Photon go to ``.photonctl/emulator/`` beside the manifest, whatever sinks it
declares: they must not take the place of real ones. ``emulator_sinks=True`` uses the declared ones.

Public: ``LocalPhoton``, ``local_photon`` and the fixture. Needs the extra ``emulator``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

_MARKER = (
    "photon_emulator(**settings): how this test's local Photon is set up, e.g. plan='free'; "
    "see photonctl.testing.local_photon."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPhoton:
    """A local Photon that listens on a port of loopback.

    Attributes:
        url: of dashboard and Spectrum alike.
        token: a session token that opens it; public.
        emulator_sinks: secrets go where the manifest says.
    """

    url: str
    token: str
    emulator_sinks: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point photonctl, and what runs it, at this Photon."""
        return {
            "PHOTON_DASHBOARD_HOST": self.url,
            "PHOTON_SPECTRUM_HOST": self.url,
            "PHOTON_TOKEN": self.token,
            "PHOTONCTL_LOCAL_SECRETS": "0" if self.emulator_sinks else "1",
        }

    def projects(self) -> list[dict[str, Any]]:
        """Return the live projects, as the dashboard lists them (contract §3.2)."""
        with self._client() as client:
            found: list[dict[str, Any]] = client.get("/api/projects/").json()
            return found

    def users(self, project: str) -> list[dict[str, Any]]:
        """Return a project's users, the owner among them (contract §4.3).

        Raises:
            LookupError: there is no such project, or several.
        """
        with self._client() as client:
            found = client.get(f"/api/projects/{self._id(project)}/spectrum/users").json()
        users: list[dict[str, Any]] = found["users"] if isinstance(found, dict) else found
        return users

    def webhooks(self, project: str) -> list[str]:
        """Return the URLs of a project's webhooks, sorted; raises as ``users``."""
        with self._client() as client:
            rows = client.get(f"/api/projects/{self._id(project)}/webhooks").json()
        return sorted(row["webhookUrl"] for row in rows)

    def requests(self) -> list[dict[str, Any]]:
        """Return every request so far, without headers and secrets."""
        with self._client() as client:
            log: list[dict[str, Any]] = client.get("/__emulator__/log").json()
            return log

    def add_faults(self, *faults: str) -> None:
        """Let some requests fail, e.g. ``POST /projects/*/users/ : drop-after : 3``.

        Raises:
            ValueError: one can't be read.
        """
        with self._client() as client:
            answer = client.post("/__emulator__/faults", json={"faults": faults})
        if answer.is_error:
            raise ValueError(answer.json()["error"])

    def deliver(self, **order: Any) -> list[dict[str, Any]]:
        """Send a signed event to every enabled webhook on this machine.

        Args:
            order: ``project`` (its id or name), ``to`` (a URL instead of the registered ones),
                ``text``, ``scale`` (of the waits between attempts; 0.01 by default).

        Returns:
            For each webhook ``webhookId``, ``webhookUrl``, ``delivered`` and ``attempts``.

        Raises:
            ValueError: what was asked for can't be delivered.
        """
        with self._client() as client:
            answer = client.post("/__emulator__/deliver", json=order, timeout=None)
        if answer.is_error:
            raise ValueError(answer.json()["error"])
        deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
        return deliveries

    def _client(self) -> "httpx.Client":
        import httpx

        bearer = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=bearer, trust_env=False)

    def _id(self, project: str) -> str:
        ids = [row["id"] for row in self.projects() if project in (row["id"], row["name"])]
        if len(ids) != 1:
            raise LookupError(f"{len(ids)} live projects are called {project!r}")
        return str(ids[0])


@contextmanager
def local_photon(
    *, faults: Sequence[str] = (), emulator_sinks: bool = False, **settings: Any
) -> Iterator[LocalPhoton]:
    """Run a local Photon, in memory, until the block ends.

    Args:
        faults: see ``LocalPhoton.add_faults``.
        emulator_sinks: see ``LocalPhoton``.
        settings: any of ``photonctl.emulator.server.Settings``, for example ``generation``,
            ``plan``, ``rate`` (0 here: no limit), ``data``, ``seed``, ``calm``, ``variants``.

    Raises:
        EmulatorError: it can't run; the message says why.
        ImportError: the extra ``emulator`` isn't installed.
    """
    if not all(find_spec(name) for name in ("jinja2", "starlette", "uvicorn")):
        from photonctl.extras import install_command

        raise ImportError(f"a local Photon needs more libraries: {install_command('emulator')}")
    from photonctl.emulator.server import Settings, running

    with running(Settings(**{"rate": 0, **settings}, faults=tuple(faults))) as found:
        yield LocalPhoton(url=found.url, token=found.token, emulator_sinks=emulator_sinks)


@pytest.fixture
def photon_emulator(request: pytest.FixtureRequest) -> Iterator[LocalPhoton]:
    """A local Photon of this test's own; ``@pytest.mark.photon_emulator(…)`` sets it up."""
    marker = request.node.get_closest_marker("photon_emulator")
    with local_photon(**(marker.kwargs if marker else {})) as photon:
        yield photon


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)
