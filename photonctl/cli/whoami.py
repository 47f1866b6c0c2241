"""``photonctl whoami``."""

import asyncio
from datetime import UTC, datetime

import click

from photonctl.cli.settings import Settings, account_options
from photonctl.views.inert import json_text
from photonctl.views.terminal import safe


@click.command(epilog="Example:  photonctl whoami")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@account_options
def command(settings: Settings, *, as_json: bool) -> None:
    """Ask Photon whose token this is, and say where it was found."""
    from photonctl.api.access import Access
    from photonctl.api.account import Account
    from photonctl.api.rows import SessionUser

    async def ask(access: Access) -> SessionUser:
        async with Account(access) as account:
            return await account.check_token()

    with settings.access() as access:
        user = asyncio.run(ask(access))
    until = user.expires_at
    if as_json:
        told = {
            "name": user.name,
            "email": user.email,
            "host": access.dashboard_url,
            "source": access.token_source,
            "expiresAt": until.isoformat() if until else None,
        }
        settings.console.document(json_text(told))
        return
    name = " ".join(filter(None, (user.name, f"<{user.email}>" if user.email else "")))
    lines = [name or "a user without a name", f"at {access.dashboard_url}",
             f"by {access.token_source}"]  # fmt: skip
    if until is not None:
        left = until - datetime.now(UTC)
        lines.append(f"until {until:%Y-%m-%d %H:%M} UTC ({left.days} days left)")
    settings.console.result("\n".join(map(safe, lines)))
