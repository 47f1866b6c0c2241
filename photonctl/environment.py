"""What the environment says of hosts, credentials and rules. The only reader of variables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from photonctl.ci import ci_system
from photonctl.errors import PhotonctlError
from photonctl.events import OnEvent, SecretRenewed, Warned, ignore
from photonctl.files import home_folder
from photonctl.locks import LockRules
from photonctl.manifest.trust import Trust
from photonctl.model.secret import Secret
from photonctl.own_credentials import credential_files
from photonctl.reach import Reach, resolved
from photonctl.rules import Rules
from photonctl.state_folder import STATE_VARIABLE

if TYPE_CHECKING:  # reading a manifest must not load an HTTP client
    from photonctl.api.access import Access
    from photonctl.credentials.hosts import Hosts
    from photonctl.credentials.sources import Sources


class Environment:
    """Reads the variables that docs/credentials.md lists, and the files that they name."""

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        token_file: str | None = None,
        on_event: OnEvent = ignore,
        only_looks: bool = False,
    ) -> None:
        """Take the variables; ``only_looks``: change nothing, not even a mode."""
        self.env = env
        self._token_file = token_file
        self._on_event = on_event
        self._only_looks = only_looks

    @property
    def ci(self) -> str | None:
        """The CI system, whose disk is thrown away after this run; None = this isn't one."""
        return ci_system(self.env)

    @property
    def plan_key(self) -> str:
        """The key that marks plan files; "" = there is none."""
        return self.env.get("PHOTONCTL_PLAN_KEY", "")

    def sources(self) -> "tuple[Hosts, Sources]":
        """Return the hosts, and every place that may hold a credential for them.

        Raises:
            AmbiguousHosts, UsageError: see ``credentials.hosts``.
        """
        from photonctl.credentials.hosts import choose_hosts
        from photonctl.credentials.sources import Sources

        hosts = choose_hosts(self.env)
        return hosts, Sources(
            self.env,
            hosts,
            token_file=self._token_file,
            warn=lambda text: self._on_event(Warned(text=text)),
            only_looks=self._only_looks,
        )

    def anonymous_access(self, timeout_s: float = 30.0) -> "Access":
        """Return the hosts without any credential; no file is read.

        Raises:
            AmbiguousHosts, UsageError: see ``credentials.hosts``.
        """
        from photonctl.api.access import Access
        from photonctl.api.retry import Retrying

        hosts, _ = self.sources()
        return Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            retrying=Retrying(limit_s=timeout_s),
        )

    def access(self, *, timeout_s: float = 30.0, rate: int = 5, parallelism: int = 8) -> "Access":
        """Return hosts and credentials.

        Args:
            timeout_s: how long one request may take, with its retries.
            rate: requests per second and project; 0 = no limit.
            parallelism: requests in flight at the same time.

        Raises:
            AuthError, AmbiguousHosts, UsageError: see ``credentials``.
        """
        from photonctl.api.access import Access
        from photonctl.api.retry import Retrying

        hosts, sources = self.sources()
        token, stored = sources.token(), sources.pairs_if_needed()

        def on_renewed(name: str, project_id: str, secret: Secret) -> None:
            self._on_event(SecretRenewed(project=name))
            if project_id not in stored:
                return
            try:
                sources.file.keep_pair(hosts.spectrum, project_id, secret, name=name)
            except PhotonctlError as error:  # it is known all the same, and read again next time
                text = f"the new secret of {name} isn't kept for the next command: {error}"
                self._on_event(Warned(text=text))

        return Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            token=token.secret if token else None,
            token_source=f"the token from {token.source}" if token else "the token",
            pair=sources.pair(),
            stored=stored,
            rate=rate,
            parallelism=parallelism,
            retrying=Retrying(limit_s=timeout_s),
            on_renewed=on_renewed,
        )

    def trust(
        self, *, allow_outside: Sequence[Path] = (), names: frozenset[str] | None = None
    ) -> Trust:
        """Return what manifests may use.

        Args:
            allow_outside: folders that they may read and write beside their own.
            names: the variables that they may use; None = all except photonctl's own credentials.
        """
        from photonctl.credentials.stored import all_credentials

        return Trust(
            env=self.env,
            names=names,
            reach=Reach(
                allowed=tuple(folder.resolve() for folder in allow_outside),
                secrets=frozenset(resolved(Path(file)) for file in credential_files(self.env)),
            ),
            credentials=lambda: all_credentials(self.env, self._token_file),
        )

    def rules(self, *, allow_exec: bool, lock_timeout_s: float = 30.0) -> Rules:
        """Return what a session may do here."""
        return Rules(
            allow_exec=allow_exec,
            ci=self.ci,
            keeps_secrets_apart=self.env.get("PHOTONCTL_LOCAL_SECRETS") == "1",
            lock=LockRules(
                folder=self._locks(),
                also=self.state / "locks" if self.state is not None else None,
                timeout_s=lock_timeout_s,
            ),
            state=self.state,
        )

    @property
    def redact_key(self) -> str:
        """The key by which the same person gets the same mark in redacted outputs; "" = none."""
        return self.env.get("PHOTONCTL_REDACT_KEY", "")

    @property
    def state(self) -> Path | None:
        """Return the folder that is to take the place of every ``.photonctl``, if any."""
        chosen = self.env.get(STATE_VARIABLE)
        return Path(chosen).resolve() if chosen else None

    def _locks(self) -> Path | None:
        """Return where the locks of this machine are; None = there is no place for them.

        Wherever the journal is: two runs of one user must meet, whatever each has for it.
        """
        state = self.env.get("XDG_STATE_HOME")
        home = home_folder(self.env)
        if not state and home is None:
            return None
        base = Path(state) if state else Path(str(home), ".local", "state")
        return base / "photonctl" / "locks"
