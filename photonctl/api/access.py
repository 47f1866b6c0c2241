"""What a run may reach, and with what."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from photonctl.api.auth import ProjectPair
from photonctl.api.retry import Retrying
from photonctl.events import OnEvent, ignore
from photonctl.model.plan import Place
from photonctl.model.secret import Secret
from photonctl.own_credentials import forms_of

_EMBEDDED = "the embedded emulator"
LOGIN_HINT = (
    "To sign in:\n  photonctl login\n"
    "In a pipeline, set PHOTON_TOKEN to a session token of app.photon.codes."
)


class Access(Struct, frozen=True, kw_only=True):
    """Hosts and credentials of a run.

    Attributes:
        token: the dashboard's session token, or None.
        token_source: where it was found, for messages.
        pair: one project's credentials from the environment; used as they are.
        stored: Spectrum id → credentials kept from earlier runs.
        is_embedded: the hosts are an emulator that runs for this command only.
        rate: requests per second and project; 0 = no limit.
        parallelism: requests on their way to a host at the same time, and actions of a project.
        on_headers: called with the host and the headers of each answer.
        on_event: called after each answer, and before each wait.
        on_renewed: called with a project's name, Spectrum id and secret, once Spectrum has refused
            the secret that was known and the dashboard has shown another one.
    """

    dashboard_url: str
    spectrum_url: str
    token: Secret | None = None
    token_source: str = "the token"
    pair: ProjectPair | None = None
    stored: Mapping[str, ProjectPair] = field(default_factory=dict)
    is_embedded: bool = False
    rate: int = 5
    parallelism: int = 8
    retrying: Retrying = field(default_factory=Retrying)
    on_headers: Callable[[str, Mapping[str, str]], None] = lambda _, __: None
    on_event: OnEvent = ignore
    on_renewed: Callable[[str, str, Secret], None] = lambda _, __, ___: None

    @property
    def credential(self) -> str:
        """What opens the hosts, in words; "" for the embedded emulator, which takes no other."""
        if self.is_embedded:
            return ""
        if self.pair is not None:
            return "PHOTON_PROJECT_ID and PHOTON_PROJECT_SECRET"
        return self.token_source

    def credentials(self) -> list[str]:
        """Return the texts that no manifest may hold."""
        secrets = (self.token, self.pair.secret if self.pair else None)
        return [form for s in secrets if s is not None for form in forms_of(s.reveal())]

    def place(self, account: str | None) -> Place:
        """Return where a plan of this run belongs; the embedded emulator's port changes."""
        return Place(
            dashboard=_EMBEDDED if self.is_embedded else self.dashboard_url,
            spectrum=_EMBEDDED if self.is_embedded else self.spectrum_url,
            account=account,
            credential=self.credential,
        )
