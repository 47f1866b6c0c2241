"""What isn't allowed where the command runs: other commands, secrets on a disk that is new."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from photonctl.cli.settings import Settings
from photonctl.errors import RefusedError
from photonctl.files import STATE_FOLDER
from photonctl.model.plan import Plan
from photonctl.model.spec import SinkSpec
from photonctl.model.state import DesiredProject


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
    from photonctl.planner.secrets import sink_refusals

    projects = []
    for project in saved.projects:
        refuse_commands(settings, (a.sink for a in project.actions if a.sink))
        here = sink_refusals(project.actions, ci=settings.ci)
        refusals = tuple(dict.fromkeys((*project.refusals, *here)))
        projects.append(replace(project, refusals=refusals))
    return Plan(projects=tuple(projects))


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
    """Return the file that stands for a sink: of the same name, if it is a file."""
    folder = PurePosixPath(STATE_FOLDER, "emulator")
    name = sink.type if sink.type != "envFile" else sink.target
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..")]
    target = str(folder.joinpath(*parts))
    return SinkSpec(type="envFile", target=target, key=sink.key, is_default=sink.is_default)


def refuse_commands(settings: Settings, sinks: Iterable[SinkSpec]) -> None:
    """Refuse sinks that run a command, under --no-exec.

    Raises:
        RefusedError: there is one.
    """
    command = next((sink.target for sink in sinks if sink.type == "exec"), None)
    if settings.no_exec and command is not None:
        raise RefusedError(
            f"--no-exec forbids the secret sink that runs {command}",
            hint="Declare another sink, for example secret: {envFile: .env}, or leave out "
            "--no-exec.",
        )
