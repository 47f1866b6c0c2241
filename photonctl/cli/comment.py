"""``photonctl comment``."""

import os
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from photonctl.cli.console import refuse_secrets
from photonctl.cli.options import Command
from photonctl.cli.settings import Settings, with_options
from photonctl.commenting import LONGEST, Marker, State, checked_label, outdate, put_comment, title
from photonctl.errors import UsageError
from photonctl.views.markdown import escape

_ROOM = 1_000  # for the marker, the title and the last line
_TOO_LONG = (
    "**Not all that is deleted, replaced or refused, and not every place that a secret goes, fits "
    "here, so this comment approves nothing.** Look at the whole plan in the log, and approve it "
    "by its digest: `photonctl apply --expect DIGEST`"
)
_RUNS = {
    "GITHUB_RUN_ID": "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    "CI_JOB_URL": "{CI_JOB_URL}",
}


@click.command(
    cls=Command,
    epilog="photonctl comment plan.json --label prod\nphotonctl comment report.json --label prod\n"
    "photonctl comment --outdated --label prod",
)
@click.argument("file", required=False, type=click.Path())
@click.option("--label", required=True, metavar="NAME", help="Which comment: one for each label.")
@click.option("--outdated", is_flag=True, help="Say that newer commits have no plan yet.")
@click.option(
    "--on", "forge", type=click.Choice(["github", "gitlab"]), help="Where.  [default: this run's]"
)
@click.option(
    "--number",
    type=click.IntRange(1),
    metavar="N",
    help="Of the pull request.  [default: this run's]",
)
@click.option(
    "--redact",
    type=click.Choice(["people", "none"]),
    default="people",
    show_default=True,
    help="Hide people's names, numbers and e-mails.",
)
@with_options()
def command(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    file: str | None,
    label: str,
    outdated: bool,
    forge: str | None,
    number: int | None,
) -> None:
    """Show a saved plan or report as a comment of a pull request: one for each label, edited.

    FILE is a plan (photonctl plan --out) or a report (photonctl apply --report). The token is
    GITHUB_TOKEN or GITLAB_TOKEN; the pull request is that of the run, or the one whose merge the
    commit is.
    """
    from photonctl.forges import forge_named

    if (file is None) is not outdated:
        raise UsageError("name a plan or a report, or --outdated", hint="One of the two.")
    label = checked_label(label)
    shown = None if file is None else _content(settings, Path(file))
    where = forge_named(forge, os.environ, number)
    request = where.request()
    if shown is None:
        was_written = outdate(where, request, label)
    else:
        marker = Marker(label=label, state=shown.state, digest=shown.digest, head=request.head)
        body = f"{title(label, shown.state, shown.said)}\n\n{shown.text}\n\n{_last_line(shown)}"
        key = settings.environment.plan_key
        was_written = put_comment(where, request, marker, refuse_secrets(body), key)
    done = "comment written" if was_written else "nothing to write"
    settings.console.say(f"Pull request {request.number}: {done}.")


class _Shown(Struct, frozen=True, kw_only=True):
    """What a file says: in a few words, and as Markdown."""

    state: State
    digest: str
    said: str
    text: str
    made_at: str


def _content(settings: Settings, path: Path) -> _Shown:
    from photonctl.cli.saved import is_report, read_report, read_shown_plan

    if is_report(path):
        from photonctl.cli.viewing import redaction
        from photonctl.views.markdown_report import render_report, said
        from photonctl.views.people import without_people

        data = read_report(path)
        hidden = without_people(data, redaction(settings))
        ended = _ended(data)
        return _Shown(
            state=ended,
            # What says that nothing was done approves nothing: the file may be anybody's.
            digest="" if ended is State.NOTHING else str(data["digest"]),
            said=said(data),
            text=render_report(hidden, LONGEST - _ROOM),
            made_at=str(data.get("appliedAt") or ""),
        )
    from photonctl.cli.viewing import viewing
    from photonctl.views.markdown import render_within
    from photonctl.views.text import todo

    plan = read_shown_plan(settings, path)
    state = State.NOTHING if plan.is_as_declared and not plan.unplanned else State.PLANNED
    how = replace(viewing(settings, plan), folds_warnings=False)
    shown = render_within(plan, how, LONGEST - _ROOM)
    return _Shown(
        state=state,
        # What isn't shown isn't approved.
        digest="" if shown.is_short else plan.digest,
        said=todo(plan),
        text=f"{shown.text}\n\n{_TOO_LONG}" if shown.is_short else shown.text,
        made_at=plan.made_at.isoformat(timespec="minutes") if plan.made_at else "",
    )


def _ended(data: dict[str, Any]) -> State:
    """Say how an apply ended, by its report."""
    outcomes = [action for project in data["projects"] for action in project["actions"]]
    is_good = data["converged"] and all(action["status"] == "ok" for action in outcomes)
    if not is_good:
        return State.FAILED
    return State.APPLIED if outcomes else State.NOTHING


def _last_line(shown: _Shown) -> str:
    run = next((_RUNS[name] for name in _RUNS if os.environ.get(name)), "")
    try:
        url = run.format_map(os.environ)
    except KeyError:
        url = ""
    parts = [escape(shown.digest), f"[run]({url})" if url else "", escape(shown.made_at)]
    return f"<sub>{' · '.join(part for part in parts if part)}</sub>"
