"""``photonctl webhook verify`` and ``photonctl webhook rotate``."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from photonctl.cli.adopt import adopt
from photonctl.cli.durations import seconds
from photonctl.cli.options import DECLARING, EMULATOR, LOCK, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import PhotonctlError, UsageError
from photonctl.model.filled import shown_text
from photonctl.model.names import standard_name
from photonctl.model.places import place_name
from photonctl.views.terminal import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from photonctl.model.spec import Declared, OneTimeSecrets, SecretRule
    from photonctl.model.state import DesiredProject

LARGEST_BODY = 16 * 2**20
LARGEST_HEADERS = 2**20
_LONGEST_NAME = 60
_MOST_NAMES = 20
_LONGEST_OVERLAP_S = 604_800  # contract §4.4
_EXAMPLE = "photonctl webhook verify --headers headers.txt --body body.json"


@click.group()
def command() -> None:
    """Verify a delivery, rotate a signing secret, or take a known one over."""


command.add_command(adopt)


@command.command(cls=Command, epilog=_EXAMPLE)
@click.argument("url", required=False)
@click.option(
    "--headers",
    "headers_file",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The delivery's headers, as lines or JSON, in any usual form; - is standard input.",
)
@click.option(
    "--body",
    "body_file",
    required=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="The delivery's body, byte for byte; - is standard input.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@with_options(MANIFEST, DECLARING, EMULATOR)
def verify(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    url: str | None,
    project_name: str | None,
    headers_file: str,
    body_file: str,
    as_json: bool,
) -> int:
    """Check a captured delivery against the secret that apply stored. Nothing is sent.

    URL is the webhook's as declared in the manifest; it can be left out where there is only one.
    Exit code 0 = every signature for which a secret is stored is valid, 64 = there is none.
    """
    from photonctl.signatures import parse_headers, verify
    from photonctl.views.delivery import render_json, render_text

    if headers_file == body_file == "-":
        raise UsageError("standard input can't be both the headers and the body")
    key, secrets = _stored(settings, url, project_name)
    headers = parse_headers(captured(headers_file, LARGEST_HEADERS))
    require_signature(headers, headers_file)
    body = captured(body_file, LARGEST_BODY)
    verified = verify(headers, body, secrets, now_s=time.time())
    console = settings.console
    if as_json:
        console.document(render_json(verified))
    else:
        console.result(render_text(verified, key, console.paint(console.out)))
    return 0 if verified.is_valid else 1


@command.command(cls=Command, epilog="photonctl webhook rotate https://bot.example.com/hook")
@click.argument("url", required=False)
@click.option(
    "--overlap",
    default="24h",
    show_default=True,
    metavar="TIME",
    help="How long the old secret stays valid: 0 to 7d, for example 90s, 30m, 24h.",
)
@with_options(MANIFEST, DECLARING, EMULATOR, NETWORK, LOCK)
def rotate(
    settings: Settings,
    *,
    url: str | None,
    project_name: str | None,
    overlap: str,
    lock_timeout: float,
) -> None:
    """Rotate a webhook's standard signing secret, and store the new one in the webhook's sink.

    Both secrets sign until the overlap ends. The legacy signing secret (X-Spectrum-Signature) stays
    as it is: only registering the webhook again changes it.
    """
    from photonctl.cli.session import in_session

    overlap_s = seconds(overlap, "--overlap", _LONGEST_OVERLAP_S)
    project, webhook, rule = declared_webhook(settings, url, project_name)
    until = in_session(
        settings,
        lambda session: session.rotate_secret(project, "webhook", webhook.key, overlap_s),
        lock_timeout_s=lock_timeout,
    )
    name = " and ".join(
        f"{standard_name(shown_text(place.key))} in {shown_text(place.target)}"
        for place in rule.sink.places
    )
    if until is not None:
        end = f"The old one is valid until {until:%Y-%m-%d %H:%M:%S} UTC."
    elif overlap_s == 0:
        end = "The old one isn't valid any more."
    else:
        end = "Photon doesn't say until when the old one is valid."
    settings.console.result(
        f"The new standard secret of {safe(webhook.label)} is stored as {safe(name)}.\n{end}"
    )


def captured(path: str, limit: int) -> bytes:
    """Read a file that was named, or standard input, up to a limit of bytes."""
    from photonctl.files import read_bounded

    if path == "-":
        data = sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            raise UsageError(f"standard input is larger than {limit // 2**20} MiB")
        return data
    try:
        return read_bounded(Path(path), limit, may_wait=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error


def require_signature(headers: "Mapping[str, str]", path: str) -> None:
    """Refuse headers without a signature."""
    from photonctl.signatures import SIGNATURE_HEADERS

    if any(name in headers for name in SIGNATURE_HEADERS):
        return
    names = [name if len(name) <= _LONGEST_NAME else "…" for name in sorted(headers)]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    found = ", ".join(names[:_MOST_NAMES]) or "no header at all"
    raise UsageError(
        f"{'standard input' if path == '-' else path} holds no signature: it was looked for "
        f"{' and '.join(SIGNATURE_HEADERS)}",
        hint=f"Found: {found}{more}.\nCapture the headers as they came, for example as lines of "
        '"Name: value" or a JSON object.',
    )


def _stored(
    settings: Settings, url: str | None, project_name: str | None
) -> tuple[str, "OneTimeSecrets"]:
    """Return the sink's key and what it keeps for the declared webhook."""
    from photonctl.sinks import open_sink

    project, _, rule = declared_webhook(settings, url, project_name)
    secrets = open_sink(rule.sink, project.folder).kept()
    if secrets is None or not (secrets.signing or secrets.standard):
        raise PhotonctlError(
            f"no secret is stored as {place_name(rule.sink)}",
            hint="To see what is live and stored:\n  photonctl plan",
        )
    return shown_text(rule.sink.key), secrets


def declared_webhook(
    settings: Settings, url: str | None, project_name: str | None = None
) -> "tuple[DesiredProject, Declared[Any], SecretRule]":
    """Return the declared webhook of a URL, its project, and where its secret goes.

    Args:
        settings: the flags.
        url: None = the only one.
        project_name: a project's name or id, where several declare the URL.

    Raises:
        UsageError: there is none, or more than one.
    """
    from photonctl.urls import webhook_key

    every = [
        (project, webhook, webhook.secret)
        for project in settings.load()
        if project_name in (None, project.name, project.id)
        for webhook in project.resources.get("webhook", {}).values()
        if webhook.secret is not None
    ]
    found = [one for one in every if url is None or one[1].key == webhook_key(url)]
    if len(found) == 1:
        return found[0]
    if found and url is not None:
        named = (shown_text(project.id or project.name) for project, _, _ in found)
        names = "\n  ".join(sorted(named))
        hint = f"Name one of them with --project:\n  {names}"
        raise UsageError(f"{url} is declared in {len(found)} projects", hint=hint)
    known = "\n  ".join(sorted(webhook.label for _, webhook, _ in every)) or "(none)"
    said = "name a webhook" if url is None else f"{url} isn't declared"
    raise UsageError(said, hint=f"Declared are:\n  {known}")
