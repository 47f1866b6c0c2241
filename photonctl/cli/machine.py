"""What isn't allowed where the command runs: other commands, secrets on a disk that is new."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote

from photonctl.cli.settings import Settings
from photonctl.errors import RefusedError
from photonctl.model.filled import Filled, shown_text
from photonctl.model.plan import Plan, ProjectPlan
from photonctl.model.spec import SinkSpec, runs_code
from photonctl.model.state import DesiredProject
from photonctl.planner.secrets import EMULATOR_FOLDER, is_emulators, sink_refusals


def adapted(settings: Settings, declared: Sequence[DesiredProject]) -> list[DesiredProject]:
    """Return desired state with what isn't allowed here taken into account.

    Raises:
        RefusedError: a sink runs a command, and --no-exec was given.
    """
    if not settings.keeps_apart:
        webhooks = (w for p in declared for w in p.resources.get("webhook", {}).values())
        refuse_commands(settings, (w.secret.sink for w in webhooks if w.secret))
    adapted = [replace(p, policy=replace(p.policy, ci=settings.ci)) for p in declared]
    return [in_emulator(project) for project in adapted] if settings.keeps_apart else adapted


def adapted_plan(settings: Settings, saved: Plan) -> Plan:
    """Return a plan, perhaps made elsewhere, with what isn't allowed here refused.

    Raises:
        RefusedError: a sink runs a command, and --no-exec was given.
    """
    projects = []
    for project in saved.projects:
        if settings.keeps_apart:
            _refuse_real_sinks(project)
        refuse_commands(settings, (a.sink for a in project.actions if a.sink))
        here = sink_refusals(project.actions, ci=settings.ci)
        refusals = tuple(dict.fromkeys((*project.refusals, *here)))
        projects.append(replace(project, refusals=refusals))
    return replace(saved, projects=tuple(projects))


def _refuse_real_sinks(project: ProjectPlan) -> None:
    sinks = [*(action.sink for action in project.actions), project.credentials]
    real = next((sink for sink in sinks if sink is not None and not is_emulators(sink)), None)
    if real is not None:
        raise RefusedError(
            f"the plan stores secrets in {shown_text(real.target)}, and those of a local Photon "
            "are kept apart",
            hint="Make the plan again with --emulator, or apply it with --emulator-sinks.",
        )


def in_emulator(project: DesiredProject) -> DesiredProject:
    """Return a project whose every secret goes to a file of its own beside the emulator's state.

    A local secret must never take the place of a real one, nor reach the programs that keep those.
    """
    resources = {
        kind: {
            key: replace(d, secret=replace(d.secret, sink=_local(d.secret.sink))) if d.secret else d
            for key, d in declared.items()
        }
        for kind, declared in project.resources.items()
    }
    credentials = _local(project.credentials) if project.credentials else None
    return replace(project, resources=resources, credentials=credentials)


def _local(sink: SinkSpec) -> SinkSpec:
    """Return the file that replaces a sink: one for each place that the manifest names."""
    name = (
        sink.target
        if sink.type == "envFile"
        else "-".join((sink.type, sink.target, *sink.arguments))
    )
    parts = PurePosixPath(name).parts if sink.type == "envFile" else (name,)
    kept = (quote(part, safe="") if part != ".." else "%2E%2E" for part in parts if part != "/")
    target = str(PurePosixPath(*EMULATOR_FOLDER, *kept))
    if isinstance(sink.target, Filled):
        target = Filled(target, str(PurePosixPath(*EMULATOR_FOLDER, sink.target.raw)))
    return SinkSpec(type="envFile", target=target, key=sink.key, is_default=sink.is_default)


def refuse_commands(settings: Settings, sinks: Iterable[SinkSpec]) -> None:
    """Refuse sinks that run a command or a plugin, under --no-exec.

    Raises:
        RefusedError: there is one.
    """
    sink = next(filter(runs_code, sinks), None)
    if settings.no_exec and sink is not None:
        what = sink.target if sink.type == "exec" else f"the plugin {sink.type}"
        raise RefusedError(
            f"--no-exec forbids the secret sink that runs {shown_text(what)}",
            hint="Declare another sink, for example secret: {envFile: .env}, or leave out "
            "--no-exec.",
        )
