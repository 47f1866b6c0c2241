"""``photonctl report merge``."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from photonctl.cli.options import Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError
from photonctl.views.inert import json_text


@click.group()
def command() -> None:
    """Join the reports of several runs."""


@command.command(cls=Command, epilog="photonctl report merge shard-*.json > report.json")
@click.argument("named", metavar="FILES...", nargs=-1, required=True, type=click.Path())
@with_options()
def merge(settings: Settings, *, named: tuple[str, ...]) -> int:
    """Join reports of photonctl apply --report into one, for example of shards.

    The exit code is 0 if every one of them converged, and 6 if not.
    """
    from photonctl.cli.saved import read_report

    reports = [read_report(Path(name)) for name in named]
    whole = _merged(reports, settings.environment.plan_key)
    settings.console.document(json_text(whole))
    return 0 if whole["converged"] else 6


def _merged(reports: list[dict[str, Any]], key: str) -> dict[str, Any]:
    from photonctl.sealed import digest_of_merged

    projects = [project for report in reports for project in report["projects"]]
    unplanned = [item for report in reports for item in report.get("unplanned", [])]
    ids = [project["id"] for project in projects if project.get("id")]
    twice = next((found for found, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise RefusedError(f"two reports hold the project {twice}", hint="Merge each report once.")
    times = [report["appliedAt"] for report in reports if report.get("appliedAt")]
    whole: dict[str, Any] = {
        "formatVersion": reports[0]["formatVersion"],
        "projects": projects,
        "hasChanges": any(report.get("hasChanges") for report in reports),
        "converged": all(report["converged"] for report in reports),
        "interrupted": any(report.get("interrupted") for report in reports),
        "photonctl": reports[0].get("photonctl"),
        "appliedAt": max(times, default=None),
        **({"unplanned": unplanned} if unplanned else {}),
        **({"isRedacted": True} if all(r.get("isRedacted") for r in reports) else {}),
    }
    return {**whole, "digest": digest_of_merged(whole, key)}
