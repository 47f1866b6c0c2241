import httpx
import pytest

from photonctl.emulator.server import DEFAULT_TOKEN, Settings, running

NEWER = "2026-09"
OLDER = "2026-06"


class Client:
    """Raw HTTP: the emulator is held against the contract, not against our client."""

    def __init__(self, url, http):
        self.url = url
        self.http = http
        self.bearer = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}

    def dashboard(self, method, path, **kwargs):
        kwargs.setdefault("headers", self.bearer)
        return self.http.request(method, f"{self.url}/api{path}", **kwargs)

    def create(self, name="bot", **body):
        sent = {"name": name, "spectrum": True, "platforms": ["imessage"], **body}
        return self.dashboard("POST", "/projects/", json=sent).json()

    def project(self, name="bot", **body):
        """Create a project, and return its row and a function for its Spectrum routes."""
        created = self.create(name, **body)
        row = self.dashboard("GET", f"/projects/{created['id']}").json()
        spectrum_id = row.get("spectrumProjectId", row["id"])
        auth = (spectrum_id, row["projectSecret"])

        def spectrum(method, path, **kwargs):
            kwargs.setdefault("auth", auth)
            return self.http.request(method, f"{self.url}/projects/{spectrum_id}{path}", **kwargs)

        return row, spectrum


@pytest.fixture
def start():
    """Return a function that starts an emulator with the given settings."""
    with httpx.Client() as http:
        from contextlib import ExitStack

        with ExitStack() as stack:

            def run(**settings):
                settings.setdefault("rate", 0)
                found = stack.enter_context(running(Settings(**settings)))
                return Client(found.url, http)

            yield run


@pytest.fixture(params=[OLDER, NEWER])
def generation(request):
    return request.param


@pytest.fixture
def photon(start, generation):
    """An emulator of each API generation."""
    return start(generation=generation)


@pytest.fixture
def newer(start):
    return start(generation=NEWER)


@pytest.fixture
def older(start):
    return start(generation=OLDER)
