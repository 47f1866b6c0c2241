"""The flags that commands share, and what the environment says to all of them."""

import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from photonctl.ci import ci_system
from photonctl.cli.console import Console
from photonctl.cli.options import ACCOUNT_OPTIONS, DEFAULT_MANIFEST, MANIFEST_OPTIONS
from photonctl.reach import Reach

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.api.retry import Retrying
    from photonctl.credentials.hosts import Hosts
    from photonctl.credentials.sources import Sources
    from photonctl.locks import LockRules
    from photonctl.manifest.load import Loaded
    from photonctl.model.secret import Secret
    from photonctl.model.state import DesiredProject

_FRESH = "the new token"
_WITHOUT_ACCOUNT = "To try photonctl without an account, add --emulator."
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every command knows: its console, and the shared flags."""

    console: Console
    files: tuple[str, ...]
    has_files: bool
    timeout: float
    token_file: str | None
    emulator: bool = False
    emulator_sinks: bool = False
    no_exec: bool = False
    no_env: bool = False
    env_allow: tuple[str, ...] = ()
    allow_outside: tuple[str, ...] = ()
    only_looks: bool = False
    parallelism: int = 8
    rate: int = 5

    @property
    def ci(self) -> str | None:
        """The CI system, whose disk is thrown away after this run; None = this isn't one."""
        return ci_system(os.environ)

    @property
    def keeps_apart(self) -> bool:
        """Do secrets go to the emulator's own folder, and to no other place?"""
        is_local = self.emulator or os.environ.get("PHOTONCTL_LOCAL_SECRETS") == "1"
        return is_local and not self.emulator_sinks

    @property
    def folder(self) -> Path:
        """The folder of the first manifest, where an embedded emulator keeps its state."""
        first = self.files[0]
        if first == "-":
            return Path()
        return Path(first) if Path(first).is_dir() else Path(first).parent

    @property
    def plan_key(self) -> str:
        """The key that marks plan files; "" = there is none."""
        return os.environ.get("PHOTONCTL_PLAN_KEY", "")

    @property
    def reach(self) -> Reach:
        """Where manifests may read and write files."""
        return Reach(tuple(Path(folder).resolve() for folder in self.allow_outside))

    def load(self, *, warns: bool = True) -> "Loaded":
        """Read the manifests.

        Args:
            warns: say what is doubtful about them; a plan says it, too.

        Raises:
            ManifestError: what is wrong with them.
        """
        from photonctl.credentials.stored import all_credentials
        from photonctl.manifest.load import load
        from photonctl.manifest.sources import read_sources
        from photonctl.manifest.trust import Trust

        trust = Trust(
            env=os.environ,
            names=frozenset(self.env_allow) if self.no_env or self.env_allow else None,
            reach=self.reach,
            credentials=lambda: all_credentials(os.environ, self.token_file),
        )
        sources, unread = read_sources(self.files, sys.stdin.buffer, trust.reach)
        loaded = load(sources, trust, unread)
        for project in loaded.projects if warns else ():
            for warning in project.warnings:
                self.console.warn(warning)
        return loaded

    def projects_if_any(self) -> "tuple[DesiredProject, ...]":
        """Return the declared projects; none where no manifest was named and none is there.

        Raises:
            ManifestError: what is wrong with them.
        """
        is_there = self.has_files or Path(self.files[0]).exists()
        return tuple(self.load().projects) if is_there else ()

    def sources(self) -> "tuple[Hosts, Sources]":
        """Return the hosts, and every place that may hold a credential for them.

        Raises:
            AmbiguousHosts, UsageError: see ``credentials.hosts``.
        """
        from photonctl.credentials.hosts import choose_hosts
        from photonctl.credentials.sources import Sources

        hosts = choose_hosts(os.environ)
        return hosts, Sources(
            os.environ,
            hosts,
            token_file=self.token_file,
            warn=self.console.warn,
            only_looks=self.only_looks,
        )

    def anonymous_access(self) -> "Access":
        """Return the hosts without any credential; no file is read.

        Raises:
            AmbiguousHosts, UsageError: see ``credentials.hosts``.
        """
        from photonctl.api.access import Access

        hosts, _ = self.sources()
        return Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            retrying=self._retrying(),
        )

    def lock(self, timeout_s: float) -> "LockRules":
        """Return how to wait for another apply of the same project on this machine."""
        from photonctl.locks import LockRules

        folder = None if self.emulator else self._locks()
        return LockRules(folder=folder, timeout_s=timeout_s, on_wait=self.console.warn)

    def _locks(self) -> Path | None:
        """Return where the locks of this machine are; None = there is no place for them."""
        from photonctl.files import home_folder
        from photonctl.state_folder import STATE_VARIABLE

        chosen = os.environ.get(STATE_VARIABLE)
        if chosen:
            return Path(chosen) / "locks"
        state = os.environ.get("XDG_STATE_HOME")
        home = home_folder(os.environ)
        if state or home is not None:
            base = Path(state) if state else Path(str(home), ".local", "state")
            return base / "photonctl" / "locks"
        self.console.warn(
            "there is no home folder for a lock, so another apply of this project can't be "
            "prevented; set XDG_STATE_HOME to a folder"
        )
        return None

    @contextmanager
    def access(self) -> "Iterator[Access]":
        """Yield hosts and credentials: from their sources, or of an embedded emulator.

        Raises:
            AuthError, AmbiguousHosts, UsageError: see ``credentials``.
        """
        from photonctl.api.access import Access

        if self.emulator:
            from photonctl.cli.embedded import embedded

            with embedded(self.folder) as local:
                yield Access(
                    dashboard_url=local.url,
                    spectrum_url=local.url,
                    token=local.token,
                    is_embedded=True,
                    rate=self.rate,
                    parallelism=self.parallelism,
                    retrying=self._retrying(),
                )
            return
        hosts, sources = self.sources()
        token, stored = sources.token(), sources.pairs_if_needed()

        def on_renewed(name: str, project_id: str, secret: "Secret") -> None:
            self.console.warn(
                f'the secret of the project "{name}" was regenerated elsewhere; it was read anew '
                "from the dashboard"
            )
            if project_id in stored:
                sources.file.keep_pair(hosts.spectrum, project_id, secret, name=name)

        yield Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            token=token.secret if token else None,
            token_source=f"the token from {token.source}" if token else "the token",
            pair=sources.pair(),
            stored=stored,
            rate=self.rate,
            parallelism=self.parallelism,
            retrying=self._retrying(),
            on_renewed=on_renewed,
        )

    def _retrying(self) -> "Retrying":
        from photonctl.api.retry import Retrying

        def on_wait(what: str, why: str, pause_s: float) -> None:
            self.console.say(f"{what}: {why}; trying again in {pause_s:.1f} s")

        return Retrying(limit_s=self.timeout, on_wait=on_wait)

    def with_access(self, run: "Callable[[Access], T]") -> T:
        """Run with hosts and credentials; where somebody can, let them sign in and run again.

        Only what fails before it has changed anything may be run: a token is ensured first.
        """
        from photonctl.errors import NotLoggedIn, TokenRejected

        with self.access() as access:
            try:
                return run(access)
            except (NotLoggedIn, TokenRejected) as error:
                if self.emulator or not self.console.is_interactive:
                    if isinstance(error, NotLoggedIn):
                        error.hint = f"{error.hint}\n{_WITHOUT_ACCOUNT}"
                    raise
                self.console.warn(str(error))
            from photonctl.cli.login import sign_in_and_keep

            signed_in = sign_in_and_keep(self, access)
            return run(replace(access, token=signed_in.token, token_source=_FRESH))


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags of manifests and accounts, and pass them on as ``settings``."""
    return _with_options(function, (*MANIFEST_OPTIONS, *ACCOUNT_OPTIONS))


def account_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that reads no manifest the flags of accounts."""
    return _with_options(function, ACCOUNT_OPTIONS)


def _with_options(function: Callable[..., Any], options: Sequence[Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(**flags: Any) -> Any:
        console = Console(
            verbosity=-1 if flags.pop("quiet") else flags.pop("verbose"),
            has_colour=not (flags.pop("no_color") or os.environ.get("NO_COLOR")),
        )
        flags.pop("verbose", None)
        Console.current = console
        files = flags.pop("files", ())
        names = (
            "timeout",
            "token_file",
            "emulator",
            "emulator_sinks",
            "no_exec",
            "no_env",
            "env_allow",
            "allow_outside",
            "parallelism",
            "rate",
        )
        given = {name: flags.pop(name) for name in names if name in flags}
        settings = Settings(
            console=console, files=files or (DEFAULT_MANIFEST,), has_files=bool(files), **given
        )
        return function(settings, **flags)

    for option in reversed(options):
        run = option(run)
    return run
