"""The flags that commands share, in groups; a command takes the groups that apply to it."""

import re

import click

DEFAULT_MANIFEST = "photon.yaml"
_DIGEST = re.compile(r"(?:hmac-)?sha256:[0-9a-f]{64}")
FILES = (
    click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="PATH",
        type=click.Path(allow_dash=True),
        help="Manifest, folder of manifests, or - for standard input; repeatable.  "
        f"[default: {DEFAULT_MANIFEST}]",
    ),
)
TRUST = (
    click.option("--no-exec", is_flag=True, help="Refuse secret sinks that run commands or code."),
    click.option("--no-env", is_flag=True, help="Let manifests use no environment variable."),
    click.option(
        "--env-allow",
        metavar="NAME",
        multiple=True,
        help="Let manifests use this environment variable, and no others; repeatable.",
    ),
    click.option(
        "--allow-outside",
        metavar="DIR",
        multiple=True,
        type=click.Path(exists=True, file_okay=False),
        help="Let manifests read and write files in this folder, too; repeatable.",
    ),
)
EMULATOR = (
    click.option("--emulator", is_flag=True, help="Run against an embedded local Photon."),
    click.option(
        "--emulator-sinks",
        is_flag=True,
        help="With --emulator, store secrets where the manifest says, not beside its state.",
    ),
)
TOKEN_FILE = (
    click.option(
        "--token-file",
        metavar="FILE",
        type=click.Path(),
        help="Read the dashboard token from here, before any other place.",
    ),
)
TIMEOUT = (
    click.option(
        "--timeout",
        type=click.FloatRange(0.1, 3600),
        default=30.0,
        show_default="30",
        metavar="SECONDS",
        help="How long one request may take, with its retries.",
    ),
)
PACE = (
    click.option(
        "--parallelism",
        type=click.IntRange(1, 100),
        default=8,
        show_default="8",
        metavar="N",
        help="Requests in flight at the same time.",
    ),
    click.option(
        "--rate",
        type=click.IntRange(0, 1000),
        default=5,
        show_default="5",
        metavar="N",
        help="Requests per second and project; 0 = no limit.",
    ),
)
OUTPUT = (
    click.option("-v", "--verbose", count=True, help="Show each request; -vv adds tracebacks."),
    click.option("-q", "--quiet", is_flag=True, help="Only results, warnings and errors."),
    click.option("--no-color", is_flag=True, help="No colour, even on a terminal (or NO_COLOR)."),
)
DECLARING = (
    click.option(
        "--project",
        "project_name",
        metavar="NAME|ID",
        help="Which project, where several declare the URL.",
    ),
)
LOCK = (
    click.option(
        "--lock-timeout",
        type=click.FloatRange(0, 86_400),
        default=30.0,
        show_default="30",
        metavar="SECONDS",
        help="How long to wait for another apply of the same project.",
    ),
)

PART = (
    click.option(
        "--only",
        metavar="KIND[:PATTERN]",
        multiple=True,
        help="Only these resources, and what must be created for them; repeatable.",
    ),
    click.option(
        "--exclude",
        metavar="KIND[:PATTERN]",
        multiple=True,
        help="Leave these resources alone; repeatable.",
    ),
    click.option(
        "--replace",
        metavar="webhook:URL",
        multiple=True,
        help="Register this webhook again, for new secrets; repeatable.",
    ),
    click.option("--no-rotate", is_flag=True, help="Rotate no secret because of its age."),
)
VIEWS = (
    click.option("--full", is_flag=True, help="Fold nothing, however many actions are alike."),
    click.option(
        "--redact",
        type=click.Choice(["people", "none"]),
        help="Hide people's names, numbers and e-mails.  [default: people where others read: CI "
        "summaries and comments]",
    ),
)
FORM = (
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "markdown", "html"]),
        default="text",
        show_default="text",
        help="How it is shown.",
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
)
CI = (
    click.option(
        "--ci",
        is_flag=False,
        flag_value="auto",
        default="none",
        type=click.Choice(["auto", "github", "gitlab", "azure", "none"]),
        help="Also show annotations, a summary and outputs in this CI system.",
    ),
)
SHARD = (
    click.option(
        "--shard",
        metavar="I/N|auto",
        help="Only the I-th of N parts of the projects; auto: as the CI system says.",
    ),
)


def _digest(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    text = None if value is None else value.strip()
    if text is not None and _DIGEST.fullmatch(text) is None:
        raise click.BadParameter("it is no digest. Copy it from a plan: sha256:… or hmac-sha256:…")
    return text


EXPECT = (
    click.option(
        "--expect",
        metavar="DIGEST",
        callback=_digest,
        help="Refuse any plan except the one with this digest.",
    ),
)

MANIFEST = (*FILES, *TRUST)
NETWORK = (*TOKEN_FILE, *TIMEOUT, *PACE)


class Command(click.Command):
    """A command whose examples are lines that can be copied.

    Ranges are left out of the help: a value outside one is refused with the range.
    """

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each example on a line of its own, however narrow the terminal is."""
        if not self.epilog:
            return
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in self.epilog.split("\n")))
