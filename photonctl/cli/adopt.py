"""``photonctl webhook adopt``."""

import sys
import time
from collections.abc import Callable

import click

from photonctl.cli.options import DECLARING, EMULATOR, LOCK, MANIFEST, NETWORK, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import RefusedError, UsageError
from photonctl.model.places import place_name
from photonctl.model.secret import Secret
from photonctl.model.spec import STANDARD_PREFIX, OneTimeSecrets
from photonctl.own_credentials import credential_values, environment, holds_one
from photonctl.texts import is_plain_secret
from photonctl.views.terminal import safe

_LONGEST = 10_000


@click.command(
    cls=Command,
    epilog="pass show bot/signing-secret | photonctl webhook adopt https://bot.example.com/hook "
    "--headers headers.txt --body body.json",
)
@click.argument("url", required=False)
@click.option(
    "--headers",
    "headers_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="A captured delivery's headers, to check the secret against.",
)
@click.option(
    "--body",
    "body_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Its body, byte for byte.",
)
@click.option("--unverified", is_flag=True, help="Take your word for it; no delivery is checked.")
@with_options(MANIFEST, DECLARING, EMULATOR, NETWORK, LOCK)
def adopt(  # noqa: PLR0913  # one per flag
    settings: Settings,
    *,
    url: str | None,
    project_name: str | None,
    headers_file: str | None,
    body_file: str | None,
    unverified: bool,
    lock_timeout: float,
) -> None:
    """Store a webhook's secret that you know, where the manifest says, so that plan finds it.

    The secret is read from standard input: the legacy one, the standard one (whsec_…), or one on a
    line each. It is checked against a captured delivery, and never shown.
    """
    from photonctl.cli.session import in_session
    from photonctl.cli.webhook import declared_webhook

    if unverified is (headers_file is not None and body_file is not None):
        raise UsageError(
            "name a captured delivery, or say that there is none",
            hint="Either --headers FILE and --body FILE, or --unverified.",
        )
    project, webhook, _ = declared_webhook(settings, url, project_name)
    offered = _offered()
    check = _checker(headers_file, body_file)
    stored = in_session(
        settings,
        lambda session: session.adopt_secret(project, "webhook", webhook.key, offered, check),
        lock_timeout_s=lock_timeout,
    )
    name = " and ".join(map(place_name, stored))
    settings.console.result(f"The secret of {safe(webhook.label)} is stored as {safe(name)}.")


def _offered() -> OneTimeSecrets:
    """Read one or two secrets, from a pipe or typed without being shown."""
    if sys.stdin.isatty():
        import getpass

        text = getpass.getpass("Signing secret: ", stream=sys.stderr)
    else:
        text = sys.stdin.read(_LONGEST)
    words = text.split()
    standard = [word for word in words if word.startswith(STANDARD_PREFIX)]
    legacy = [word for word in words if not word.startswith(STANDARD_PREFIX)]
    known = frozenset(credential_values(environment()))
    is_plain = all(is_plain_secret(word) and not holds_one(word, known) for word in words)
    if not words or not is_plain or len(standard) > 1 or len(legacy) > 1:
        raise UsageError(
            "standard input holds no signing secret",
            hint="Pipe the legacy secret, the standard one (whsec_…), or one on a line each.",
        )
    return OneTimeSecrets(
        webhook_id="",
        signing=Secret(legacy[0]) if legacy else None,
        standard=Secret(standard[0]) if standard else None,
    )


def _checker(headers_file: str | None, body_file: str | None) -> Callable[[OneTimeSecrets], None]:
    """Return what refuses secrets that didn't sign the captured delivery."""
    if headers_file is None or body_file is None:
        return lambda _: None
    from photonctl.cli.webhook import LARGEST_BODY, LARGEST_HEADERS, captured, require_signature
    from photonctl.signatures import Verdict, parse_headers, verify

    headers = parse_headers(captured(headers_file, LARGEST_HEADERS))
    require_signature(headers, headers_file)
    body = captured(body_file, LARGEST_BODY)

    def check(secrets: OneTimeSecrets) -> None:
        found = verify(headers, body, secrets, now_s=time.time())
        if found.is_of_other:
            raise RefusedError("the delivery is of another webhook; nothing was stored")
        verdicts = {s.is_standard: s.verdict for s in found.signatures}
        offered = {False: secrets.signing, True: secrets.standard}
        proven = all(verdicts[kind] is Verdict.VALID for kind, one in offered.items() if one)
        if not (found.is_valid and proven):
            raise RefusedError(
                "the delivery isn't signed with each secret given, so nothing was stored",
                hint="Is it a delivery of this webhook, as it came? Check it with:\n"
                "  photonctl webhook verify",
            )

    return check
