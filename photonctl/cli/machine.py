"""What isn't allowed where the command runs: other commands, secrets on a disk that is new."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from photonctl.cli.settings import Settings
from photonctl.errors import RefusedError
from photonctl.model.plan import Plan
from photonctl.model.spec import SinkSpec
from photonctl.model.state import DesiredProject


def adapted(settings: Settings, declared: Sequence[DesiredProject]) -> list[DesiredProject]:
    """Return desired state with what isn't allowed here taken into account.

    Raises:
        RefusedError: a sink runs a command, and --no-exec was given.
    """
    webhooks = (w for p in declared for w in p.resources.get("webhook", {}).values())
    refuse_commands(settings, (w.secret.sink for w in webhooks if w.secret))
    allows = not settings.is_ci
    return [
        replace(project, policy=replace(project.policy, allows_default_sinks=allows))
        for project in declared
    ]


def adapted_plan(settings: Settings, saved: Plan) -> Plan:
    """Return a plan, perhaps made elsewhere, with what isn't allowed here refused.

    Raises:
        RefusedError: a sink runs a command, and --no-exec was given.
    """
    from photonctl.planner.limits import sink_refusals

    projects = []
    for project in saved.projects:
        refuse_commands(settings, (a.sink for a in project.actions if a.sink))
        here = sink_refusals(project.actions, allows_default_sinks=not settings.is_ci)
        refusals = tuple(dict.fromkeys((*project.refusals, *here)))
        projects.append(replace(project, refusals=refusals))
    return Plan(projects=tuple(projects))


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
