"""The flags that commands share, and the environment: the only place that reads it."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photonctl.cli.console import Console

if TYPE_CHECKING:
    from photonctl.api.account import Access
    from photonctl.manifest.load import Loaded
    from photonctl.model.state import DesiredProject

_DEFAULT_MANIFEST = "photon.yaml"
_OPTIONS = (
    click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="PATH",
        type=click.Path(allow_dash=True),
        help="Manifest, folder of manifests, or - for standard input; repeatable.  "
        f"[default: {_DEFAULT_MANIFEST}]",
    ),
    click.option("--emulator", is_flag=True, help="Run against an embedded local Photon."),
    click.option("-v", "--verbose", count=True, help="Say more; -vv shows tracebacks."),
    click.option("-q", "--quiet", is_flag=True, help="Only results, warnings and errors."),
    click.option("--no-color", is_flag=True, help="No colour, also on a terminal (or NO_COLOR)."),
    click.option(
        "--parallelism",
        type=click.IntRange(1, 100),
        default=8,
        show_default=True,
        metavar="N",
        help="Actions in flight at the same time.",
    ),
    click.option(
        "--rate",
        type=click.IntRange(0, 1000),
        default=5,
        show_default=True,
        metavar="N",
        help="Requests per second and project; 0 = no limit.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="Longest wait for one answer.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every command knows: its console, and the shared flags."""

    console: Console
    files: tuple[str, ...]
    has_files: bool
    emulator: bool
    parallelism: int
    rate: int
    timeout: float

    @property
    def is_ci(self) -> bool:
        """Is the disk thrown away after this run (interface §5)?"""
        return os.environ.get("CI", "").lower() in ("true", "1")

    @property
    def folder(self) -> Path:
        """The folder of the first manifest, where an embedded emulator keeps its state."""
        first = self.files[0]
        if first == "-":
            return Path()
        return Path(first) if Path(first).is_dir() else Path(first).parent

    def load(self) -> "Loaded":
        """Read the manifests, and say what is doubtful about them.

        Raises:
            ManifestError: what is wrong with them.
        """
        from photonctl.manifest.load import load
        from photonctl.manifest.sources import read_sources

        sources, unread = read_sources(self.files, sys.stdin.buffer)
        loaded = load(sources, os.environ, unread)
        for warning in loaded.warnings:
            self.console.warn(str(warning))
        return loaded

    def adapted(self, loaded: "Loaded") -> "list[DesiredProject]":
        """Return the declared projects, with what this machine doesn't allow taken into account."""
        allows = not self.is_ci
        return [
            replace(project, policy=replace(project.policy, allows_default_sinks=allows))
            for project in loaded.projects
        ]

    @contextmanager
    def access(self) -> Iterator["Access"]:
        """Yield hosts and credentials: from the environment, or of an embedded emulator.

        Raises:
            AuthError, AmbiguousHosts, UsageError: see ``credentials``.
        """
        from photonctl.api.account import Access

        if self.emulator:
            from photonctl.cli.embedded import embedded

            with embedded(self.folder) as local:
                yield Access(
                    dashboard_url=local.url,
                    spectrum_url=local.url,
                    token=local.token,
                    rate=self.rate,
                    timeout_s=self.timeout,
                )
            return
        from photonctl.credentials.hosts import choose_hosts
        from photonctl.credentials.sources import find_pair, find_token, stored_pairs

        hosts = choose_hosts(os.environ)
        yield Access(
            dashboard_url=hosts.dashboard,
            spectrum_url=hosts.spectrum,
            token=find_token(os.environ, hosts),
            pair=find_pair(os.environ),
            stored=stored_pairs(os.environ),
            rate=self.rate,
            timeout_s=self.timeout,
        )


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared flags, and pass them on as ``settings``."""

    @functools.wraps(function)
    def run(  # noqa: PLR0913  # one per flag
        *,
        files: tuple[str, ...],
        emulator: bool,
        verbose: int,
        quiet: bool,
        no_color: bool,
        parallelism: int,
        rate: int,
        timeout: float,
        **rest: Any,
    ) -> Any:
        console = Console(
            verbosity=-1 if quiet else verbose,
            has_colour=not (no_color or os.environ.get("NO_COLOR")),
        )
        Console.current = console
        settings = Settings(
            console=console,
            files=files or (_DEFAULT_MANIFEST,),
            has_files=bool(files),
            emulator=emulator,
            parallelism=parallelism,
            rate=rate,
            timeout=timeout,
        )
        return function(settings, **rest)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run
