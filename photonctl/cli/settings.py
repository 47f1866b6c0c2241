"""What every command is given: its console, and the shared flags."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.cli.console import Console
from photonctl.cli.options import DEFAULT_MANIFEST, OUTPUT
from photonctl.errors import ManifestError
from photonctl.own_credentials import environment

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.environment import Environment
    from photonctl.manifest.trust import Trust
    from photonctl.model.part import Part
    from photonctl.model.plan import Plan
    from photonctl.model.report import Report
    from photonctl.model.state import DesiredProject
    from photonctl.pipelines.base import Pipeline
    from photonctl.rules import Rules


W = TypeVar("W", "Plan", "Report")
_WELL = (None, 0, 1, 2)


class Settings(Struct, frozen=True, kw_only=True):
    """The console and the shared flags; a command that doesn't have a flag has its default."""

    console: Console
    files: tuple[str, ...] = (DEFAULT_MANIFEST,)
    has_files: bool = False
    timeout: float = 30.0
    no_rotate: bool = False
    token_file: str | None = None
    emulator: bool = False
    emulator_sinks: bool = False
    no_exec: bool = False
    no_env: bool = False
    env_allow: tuple[str, ...] = ()
    allow_outside: tuple[str, ...] = ()
    only_looks: bool = False
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    full: bool = False
    form: str = "text"
    redact: str | None = None
    expect: str | None = None
    ci: str = "none"
    shard: str | None = None
    parallelism: int = 8
    rate: int = 5
    broken: list[tuple[ManifestError, Sequence[str]]] = field(default_factory=list)

    @property
    def environment(self) -> "Environment":
        """What the environment says of hosts, credentials and rules."""
        from photonctl.cli.reporting import Reporter
        from photonctl.environment import Environment

        return Environment(
            environment(),
            token_file=self.token_file,
            on_event=Reporter(self.console),
            only_looks=self.only_looks,
        )

    def access(self) -> "Access":
        """Return hosts and credentials as they are now.

        Raises:
            AuthError, AmbiguousHosts, UsageError: see ``credentials``.
        """
        return self.environment.access(
            timeout_s=self.timeout, rate=self.rate, parallelism=self.parallelism
        )

    @property
    def trust(self) -> "Trust":
        """What manifests may use."""
        is_limited = self.no_env or self.env_allow
        return self.environment.trust(
            allow_outside=[Path(folder) for folder in self.allow_outside],
            names=frozenset(self.env_allow) if is_limited else None,
        )

    def part(self, desired: "Sequence[DesiredProject]") -> "Part":
        """Return what of these projects the run is about.

        Raises:
            UsageError: a flag names no kind, or what isn't declared.
        """
        from photonctl.choosing import part_of

        return part_of(self.only, self.exclude, self.replace, desired)

    @property
    def has_part(self) -> bool:
        """Is the run about a part, or are replacements asked for?"""
        return bool(self.only or self.exclude or self.replace)

    @property
    def pipeline(self) -> "Pipeline":
        """The CI system that is shown more than the log; by default none."""
        from photonctl.pipelines import pipeline_named

        return pipeline_named(self.ci, os.environ)

    def rules(self, lock_timeout_s: float = 30.0) -> "Rules":
        """Return what this command may do."""
        from msgspec.structs import replace

        from photonctl.locks import LockRules

        rules = self.environment.rules(allow_exec=not self.no_exec, lock_timeout_s=lock_timeout_s)
        if self.emulator:  # only this command can reach it
            rules = replace(rules, keeps_secrets_apart=True, lock=LockRules(folder=None))
        return replace(
            rules,
            keeps_secrets_apart=rules.keeps_secrets_apart and not self.emulator_sinks,
            rotates=not self.no_rotate,
        )

    @property
    def folder(self) -> Path:
        """The folder of the first manifest, where an embedded emulator keeps its state."""
        first = self.files[0]
        if first == "-":
            return Path()
        is_folder = os.path.isdir(first)  # noqa: PTH112  # takes a name of any length
        return Path(first) if is_folder else Path(first).parent

    def load(self, *, warns: bool = True, leaves_out: bool = False) -> "tuple[DesiredProject, ...]":
        """Read the manifests.

        Args:
            warns: report what is doubtful about them; a plan reports it, too.
            leaves_out: one of several that isn't valid is reported, and doesn't hold back others.

        Raises:
            ManifestError: what is wrong with them.
            RefusedError: a sink runs a program, and --no-exec was given.
        """
        from photonctl.manifest.files import check_files
        from photonctl.rules import ruled

        loaded = check_files(self.files, self.trust, leaves_out=leaves_out)
        if loaded.broken is not None:
            self._leave_out(loaded.broken, loaded.left_out)
        projects = ruled(self.rules(), loaded.projects)
        if self.shard is not None:
            from photonctl.sharding import only, shard_of

            shard = shard_of(self.shard, os.environ)
            count = len(projects)
            projects = only(projects, shard)
            self.console.say(f"Shard {shard}: {len(projects):,} of {count:,} projects.")
        if warns:
            self.console.warn_of([text for project in projects for text in project.warnings])
        return projects

    def _leave_out(self, error: ManifestError, names: Sequence[str]) -> None:
        self.broken.append((error, names))
        self.console.error(error)
        self.console.warn("These manifests are left out; the others are worked on.")
        if self.form == "text":
            from photonctl.cli.pipeline import show_findings

            show_findings(self, [*error.diagnostics, *error.warnings])

    def with_left_out(self, done: W) -> W:
        """Add the manifests that were left out, as projects that can't be planned."""
        from photonctl.model.plan import Unplanned

        why = "it isn't valid: photonctl validate says what is wrong"
        files = [file for _, names in self.broken for file in names]
        left: list[Unplanned] = [Unplanned(name=f, manifest=f, error=why) for f in files]
        return replace(done, unplanned=(*done.unplanned, *left))

    def projects_if_any(self) -> "tuple[DesiredProject, ...]":
        """Return the declared projects; none where no manifest was named and none is there.

        Raises:
            As ``load``.
        """
        is_there = self.has_files or os.path.exists(self.files[0])  # noqa: PTH110
        return self.load() if is_there else ()


def with_options(*groups: Sequence[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command groups of shared flags, and pass them on as ``settings``."""
    return functools.partial(_with_options, [*(o for group in groups for o in group), *OUTPUT])


def _worst(code: Any, broken: Sequence[tuple[ManifestError, Sequence[str]]]) -> Any:
    """Return a command's exit code; what was left out counts where nothing failed otherwise."""
    return max(error.exit_code for error, _ in broken) if broken and code in _WELL else code


def _with_options(options: Sequence[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(**flags: Any) -> Any:
        verbose, is_quiet = flags.pop("verbose"), flags.pop("quiet")
        console = Console(
            verbosity=-1 if is_quiet else verbose,
            has_colour=not (flags.pop("no_color") or os.environ.get("NO_COLOR")),
        )
        Console.current = console
        files = flags.pop("files", ())
        shared = set(Settings.__struct_fields__) & flags.keys()
        given = {name: flags.pop(name) for name in shared}
        if "form" in given and flags.pop("as_json", False):
            given["form"] = "json"
        settings = Settings(
            console=console, files=files or (DEFAULT_MANIFEST,), has_files=bool(files), **given
        )
        if settings.redact == "people":
            from photonctl.cli.viewing import redaction

            console.hide = redaction(settings).message
        try:
            return _worst(function(settings, **flags), settings.broken)
        except ManifestError as error:
            if settings.form == "text":
                from photonctl.cli.pipeline import show_findings

                show_findings(settings, [*error.diagnostics, *error.warnings])
            raise

    for option in reversed(options):
        run = option(run)
    return run
