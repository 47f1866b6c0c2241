"""What isn't allowed where photonctl runs: programs, secrets on a disk that is thrown away."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from photonctl.errors import RefusedError
from photonctl.files import EMULATOR_FOLDER
from photonctl.locks import LockRules
from photonctl.model.filled import Filled, shown_text
from photonctl.model.places import targets
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.spec import PLUGIN, SecretRule, SinkSpec, runs_code
from photonctl.model.state import DesiredProject
from photonctl.planner.secrets import is_emulators, sink_refusals

_LONGEST_NAME, _DIGEST = 200, 32  # characters


class Rules(Struct, frozen=True, kw_only=True):
    """What a session may do; the defaults are the safest.

    Attributes:
        allow_exec: sinks may run commands and plugins.
        ci: the CI system whose disk is thrown away after the run; None = the disk stays.
        keeps_secrets_apart: secrets of a local Photon go to a folder of their own.
        lock: how to keep two applies of one project apart.
        state: where journals are; None = in ``.photonctl`` beside each manifest.
        rotates: secrets that are older than their manifest wants are rotated.
    """

    allow_exec: bool = False
    ci: str | None = None
    keeps_secrets_apart: bool = False
    lock: LockRules = field(default_factory=LockRules)
    state: Path | None = None
    rotates: bool = True


def ruled(rules: Rules, declared: Sequence[DesiredProject]) -> tuple[DesiredProject, ...]:
    """Return desired state under the rules of this session.

    Raises:
        RefusedError: a sink runs a command or a plugin, and that isn't allowed.
    """
    if not rules.keeps_secrets_apart:
        resources = (
            r for p in declared for by_key in p.resources.values() for r in by_key.values()
        )
        refuse_commands(rules, (r.secret.sink for r in resources if r.secret))
    found = [replace(p, policy=replace(p.policy, ci=rules.ci), state=rules.state) for p in declared]
    if not rules.rotates:
        found = [*map(_unrotated, found)]
    return tuple(map(in_emulator, found) if rules.keeps_secrets_apart else found)


def ruled_plan(rules: Rules, saved: Plan) -> Plan:
    """Return a plan, perhaps made elsewhere, with what isn't allowed here refused.

    Raises:
        RefusedError: a sink runs a command or a plugin, and that isn't allowed.
    """
    projects = []
    for project in saved.projects:
        _refuse_the_others_sinks(project, is_local=rules.keeps_secrets_apart)
        refuse_commands(rules, (a.sink for a in project.actions if a.sink))
        here = sink_refusals(project.actions, ci=rules.ci)
        refusals = tuple(dict.fromkeys((*project.refusals, *here)))
        projects.append(replace(project, refusals=refusals, state=rules.state))
    return replace(saved, projects=tuple(projects))


def _refuse_the_others_sinks(project: ProjectPlan, *, is_local: bool) -> None:
    """Refuse real places for secrets of a local Photon, and the local ones for real secrets."""
    sinks = [*(action.sink for action in project.actions), project.credentials]
    places = (place for sink in sinks if sink is not None for place in sink.places)
    other = next((place for place in places if is_emulators(place) is not is_local), None)
    if other is None:
        return
    if is_local:
        raise RefusedError(
            f"the plan stores secrets in {targets(other)}, and those of a local Photon "
            "are kept apart",
            hint="Make the plan again with --emulator, or apply it with --emulator-sinks.",
        )
    raise RefusedError(
        f"the plan stores secrets in {targets(other)}, where those of a local Photon are",
        hint="Make the plan again without --emulator, or apply it with --emulator.",
    )


def _unrotated(project: DesiredProject) -> DesiredProject:
    return _with_rules(project, lambda rule: replace(rule, rotation=None))


def _with_rules(
    project: DesiredProject, changed: Callable[[SecretRule], SecretRule]
) -> DesiredProject:
    """Return a project whose every secret is kept by another rule."""
    resources = {
        kind: {
            key: replace(d, secret=changed(d.secret)) if d.secret else d
            for key, d in declared.items()
        }
        for kind, declared in project.resources.items()
    }
    return replace(project, resources=resources)


def in_emulator(project: DesiredProject) -> DesiredProject:
    """Return a project whose every secret goes to a file of its own beside the emulator's state.

    A local secret must never take the place of a real one, nor reach the programs that keep those.
    """
    found = _with_rules(project, lambda rule: replace(rule, sink=_local(rule.sink)))
    credentials = _local(project.credentials) if project.credentials else None
    return replace(found, credentials=credentials)


def _local(sink: SinkSpec) -> SinkSpec:
    """Return what replaces a sink: one file for each place that the manifest names."""
    if sink.members:
        return replace(sink, members=tuple(map(_local, sink.members)))
    name = (
        sink.target
        if sink.type == "envFile"
        else "-".join((sink.type, sink.target, *sink.arguments))
    )
    parts = PurePosixPath(name).parts if sink.type == "envFile" else (name,)
    kept = (_file_name(part) for part in parts if part != "/")
    target = str(PurePosixPath(*EMULATOR_FOLDER, *kept))
    pieces = (sink.type, sink.target, *sink.arguments)
    if any(isinstance(piece, Filled) for piece in pieces):
        raw = sink.target if sink.type == "envFile" else "-".join(map(shown_text, pieces))
        target = Filled(target, str(PurePosixPath(*EMULATOR_FOLDER, shown_text(raw))))
    return SinkSpec(type="envFile", target=target, key=sink.key, is_default=sink.is_default)


def _file_name(part: str) -> str:
    """Return a name for what may be a whole command; a file system takes 255 bytes."""
    name = quote(part, safe="") if part != ".." else "%2E%2E"
    digest = hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - _DIGEST]}{digest}"


def refuse_commands(rules: Rules, sinks: Iterable[SinkSpec]) -> None:
    """Refuse sinks that run a command or a plugin, where that isn't allowed.

    Raises:
        RefusedError: there is one.
    """
    places = (place for sink in sinks for place in sink.places)
    sink = next(filter(runs_code, places), None)
    if not rules.allow_exec and sink is not None:
        what = (
            sink.target if sink.type == "exec" else f"the plugin {sink.type.removeprefix(PLUGIN)}"
        )
        raise RefusedError(
            f"--no-exec forbids the secret sink that runs {shown_text(what)}",
            hint="Declare another sink, for example secret: {envFile: .env}, or leave out "
            "--no-exec (in Python: allow_exec=True).",
        )
