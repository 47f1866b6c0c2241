"""``photonctl emulator``."""

from pathlib import Path

import click

from photonctl.cli.console import Console
from photonctl.cli.embedded import require_emulator
from photonctl.cli.options import Command
from photonctl.emulator.variants import TOKEN_SHAPES, VARIANTS
from photonctl.errors import PhotonctlError
from photonctl.hosts import is_loopback


@click.command(cls=Command, epilog="photonctl emulator --port 8787 --data photon.db")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 = any."
)
@click.option(
    "--data", metavar="FILE", type=click.Path(), help="Keep state here.  [default: in memory]"
)
@click.option(
    "--api-generation",
    type=click.Choice(["2026-06", "2026-09"]),
    default="2026-09",
    show_default=True,
    help="Which shapes of the API.",
)
@click.option(
    "--plan",
    type=click.Choice(["free", "pro", "business"]),
    default="business",
    show_default=True,
    help="Tier of new projects: 10, 100 or any number of shared users.",
)
@click.option(
    "--rate",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Requests/s per project; 0 = off.",
)
@click.option("--seed", type=int, help="Repeat a run's unpleasantness.  [default: random]")
@click.option(
    "--calm", is_flag=True, help="No unpleasantness: listed order, full pages, no extra fields."
)
@click.option("--approve-logins", is_flag=True, help="Device logins need nobody at the page.")
@click.option(
    "--token-shape",
    type=click.Choice(TOKEN_SHAPES),
    default="access_token",
    show_default=True,
    help="Where a device login's answer carries the token.",
)
@click.option(
    "--token-lifetime",
    type=click.FloatRange(0.1),
    default=7 * 24 * 60 * 60,
    metavar="SECONDS",
    help="How long a device login's token works.  [default: 7 days]",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    type=click.Choice(sorted(VARIANTS)),
    help="Another way in which Photon may behave; repeatable. docs/emulator.md lists them: "
    f"{', '.join(VARIANTS)}.",
)
@click.option(
    "--deliver-anywhere",
    is_flag=True,
    help="Webhook deliveries may leave this machine.  [default: loopback only]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="RULE",
    help="e.g. 'POST /projects/*/users/ : 503 : 3'; repeatable.",
)
def command(  # noqa: PLR0913  # one per flag
    *,
    host: str,
    port: int,
    data: str | None,
    api_generation: str,
    plan: str,
    rate: int,
    seed: int | None,
    calm: bool,
    approve_logins: bool,
    token_shape: str,
    token_lifetime: float,
    variants: tuple[str, ...],
    deliver_anywhere: bool,
    faults: tuple[str, ...],
) -> None:
    """Run a local Photon: dashboard and Spectrum on one port, until Ctrl-C."""
    require_emulator()
    from photonctl.emulator.server import EmulatorError, Settings, serve

    settings = Settings(
        data=Path(data) if data else None,
        host=host,
        port=port,
        generation=api_generation,  # type: ignore[arg-type]  # click has checked the words
        plan=plan,  # type: ignore[arg-type]
        rate=rate,
        seed=seed,
        calm=calm,
        approve_logins=approve_logins,
        token_shape=token_shape,
        token_lifetime_s=token_lifetime,
        variants=variants,
        deliver_anywhere=deliver_anywhere,
        faults=faults,
    )
    try:
        serve(settings, lambda url: _announce(url, settings.token, host))
    except EmulatorError as error:
        raise PhotonctlError(str(error)) from error


def _announce(url: str, token: str, host: str) -> None:
    console = Console()
    console.result(f"export PHOTON_DASHBOARD_HOST={url}")
    console.result(f"export PHOTON_SPECTRUM_HOST={url}")
    console.result(f"export PHOTON_TOKEN={token}")
    console.say(f"A local Photon is listening; look at it at {url}/  Ctrl-C ends it.")
    if not is_loopback(host):
        console.warn(
            f"{host} can be reached by others, and the token above is no secret: anybody who "
            "reaches this port can read and change everything in it"
        )
