"""``photonctl login``."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from photonctl.cli.options import TIMEOUT, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.errors import AuthError, RefusedError
from photonctl.own_credentials import environment
from photonctl.texts import printable
from photonctl.views.terminal import safe

if TYPE_CHECKING:
    from photonctl.api.access import Access
    from photonctl.api.device_login import DeviceCode
    from photonctl.api.sign_in import SignedIn
    from photonctl.credentials.store import CredentialFile

_TICK_S = 1.0


@click.command(cls=Command, epilog="photonctl login\nphotonctl login --no-browser --qr")
@click.option("--no-browser", is_flag=True, help="Don't open a browser.")
@click.option("--qr", is_flag=True, help="Show the page's address as a QR code, too.")
@click.option(
    "--store",
    type=click.Choice(["file", "keyring"]),
    default="file",
    show_default=True,
    help="Where the token is kept: a private file, or the operating system's keyring.",
)
@with_options(TIMEOUT)
def command(settings: Settings, *, no_browser: bool, qr: bool, store: str) -> None:
    """Sign in: show a code, wait until somebody approves it in a browser, store the token.

    The token is stored only after the session and the project list have both accepted it.
    """
    from photonctl.credentials.sources import TOKEN_VARIABLES

    access = settings.environment.anonymous_access(settings.timeout)
    signed_in = sign_in_and_keep(
        settings, access, opens_browser=not no_browser, shows_qr=qr, store=store
    )
    settings.console.result(f"Signed in to {access.dashboard_url} as {_name(signed_in)}.")
    hiding = [name for name in TOKEN_VARIABLES if environment().get(name)]
    if hiding:
        settings.console.warn(f"{hiding[0]} is set, and is used instead: unset it.")


def sign_in_and_keep(
    settings: Settings,
    access: "Access",
    *,
    opens_browser: bool = True,
    shows_qr: bool = False,
    store: str = "file",
) -> "SignedIn":
    """Log in, and store the token. An interruption leaves no trace.

    Raises:
        AuthError, ApiError, RefusedError: nothing is stored.
    """
    from photonctl.api.sign_in import LoginHooks, run_sign_in
    from photonctl.os_keyring import check_keyring

    hosts, sources = settings.environment.sources()
    file = sources.file  # before anybody is asked to approve: is there one?
    if store == "keyring":
        check_keyring()

    def show(code: "DeviceCode") -> None:
        _show(settings, code, shows_qr=shows_qr)
        if opens_browser:
            _open(code)

    async def wait(seconds: float, left_s: float) -> None:
        await _wait(settings, seconds, left_s)

    signed_in = run_sign_in(access, LoginHooks(show=show, wait=wait))
    if store == "keyring":
        _keep_in_keyring(file, hosts.dashboard, signed_in)
    else:
        _keep_in_file(settings, file, hosts.dashboard, signed_in)
    ends = signed_in.expires_at
    where = "the keyring" if store == "keyring" else str(file.path)
    until = f", works until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    settings.console.say(f"The token is stored in {where}{until}.")
    return signed_in


def _keep_in_keyring(file: "CredentialFile", host: str, signed_in: "SignedIn") -> None:
    from photonctl.credentials.sources import KEYRING_SERVICE
    from photonctl.os_keyring import write_keyring

    write_keyring(KEYRING_SERVICE, host, signed_in.token)
    file.keep_login(host, None, signed_in.expires_at)


def _keep_in_file(
    settings: Settings, file: "CredentialFile", host: str, signed_in: "SignedIn"
) -> None:
    """Store the token in the file; one of an earlier login in the keyring is no longer used."""
    from photonctl.credentials.sources import KEYRING_SERVICE
    from photonctl.os_keyring import forget_keyring

    try:
        earlier = file.login(host)
    except AuthError:  # it can't be read; it is kept aside
        earlier = None
    file.keep_login(host, signed_in.token, signed_in.expires_at)
    if earlier is not None and earlier.token is None:
        try:
            forget_keyring(KEYRING_SERVICE, host)
        except RefusedError as error:
            settings.console.warn(f"an earlier token is still in the keyring: {error}")


def _name(signed_in: "SignedIn") -> str:
    user = signed_in.user
    return safe(" ".join(filter(None, (user.name, f"<{user.email}>" if user.email else ""))))


def _show(settings: Settings, code: "DeviceCode", *, shows_qr: bool) -> None:
    console = settings.console
    large = safe(code.user_code)  # unbroken, so that it can be pasted into the page
    # Not silent under -q: without it nobody can sign in.
    console.write_err(
        f"To sign in, open\n  {printable(code.url)}\nand approve the request with this code:\n\n"
        f"    {console.paint(console.err)(large, 'bold')}\n\n"
    )
    if shows_qr:
        import segno

        segno.make(code.url, error="l").terminal(out=console.err, compact=True)


def _open(code: "DeviceCode") -> None:
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen:
        import webbrowser

        webbrowser.open(code.url)


async def _wait(settings: Settings, seconds: float, left_s: float) -> None:
    """Wait, and count down on a terminal."""
    err = settings.console.err
    if not settings.console.can_draw(err) or settings.console.verbosity < 0:
        await asyncio.sleep(seconds)
        return
    while seconds > 0:
        minutes, rest = divmod(int(left_s), 60)
        err.write(f"\rWaiting for the approval: {minutes}:{rest:02d} left ")
        err.flush()
        await asyncio.sleep(min(_TICK_S, seconds))
        seconds, left_s = seconds - _TICK_S, left_s - _TICK_S
    err.write("\r\x1b[K")
