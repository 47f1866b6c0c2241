"""``photonctl logout``."""

import click
from msgspec.structs import replace

from photonctl import loop
from photonctl.cli.options import TIMEOUT, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.own_credentials import environment


@click.command(cls=Command, epilog="photonctl logout")
@with_options(TIMEOUT)
def command(settings: Settings) -> None:
    """Revoke the stored token at the server, then forget it.

    Tokens in variables and the Photon CLI's own login are left alone.
    """
    from photonctl.api.account import Account
    from photonctl.credentials.sources import KEYRING_SERVICE, TOKEN_VARIABLES
    from photonctl.errors import PhotonctlError
    from photonctl.os_keyring import forget_keyring, read_keyring

    console = settings.console
    hosts, sources = settings.environment.sources()
    login = sources.file.login(hosts.dashboard)
    if login is None:
        console.result(f"Not signed in to {hosts.dashboard}: nothing is stored.")
    else:
        token = login.token or read_keyring(KEYRING_SERVICE, hosts.dashboard)
        access = settings.environment.anonymous_access(settings.timeout)
        access = replace(access, token=token, retrying=replace(access.retrying, attempts=2))

        async def revoke() -> None:
            async with Account(access) as account:
                await account.sign_out()

        try:
            loop.run(revoke())
        except PhotonctlError as error:
            console.warn(
                f"the session could not be revoked, so it stays valid until it expires: {error}"
            )
        if login.token is None:
            forget_keyring(KEYRING_SERVICE, hosts.dashboard)
        sources.file.forget_login(hosts.dashboard)
        console.result(f"Signed out of {hosts.dashboard}.")
    for name in TOKEN_VARIABLES:
        if environment().get(name):
            console.warn(f"{name} is still set, and is used.")
