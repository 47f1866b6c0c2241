"""``photonctl whoami``."""

from datetime import UTC, datetime

import click
from msgspec.structs import replace

from photonctl import loop
from photonctl.cli.options import TIMEOUT, TOKEN_FILE, Command
from photonctl.cli.settings import Settings, with_options
from photonctl.views.inert import json_text
from photonctl.views.terminal import safe


@click.command(cls=Command, epilog="photonctl whoami")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_options(TOKEN_FILE, TIMEOUT)
def command(settings: Settings, *, as_json: bool) -> None:
    """Ask Photon whose token this is, and say where it was found."""
    from photonctl.api.access import Access
    from photonctl.api.account import Account
    from photonctl.cli.reporting import Reporter
    from photonctl.port import SessionUser

    async def ask(access: Access) -> SessionUser:
        async with Account(replace(access, on_event=Reporter(settings.console))) as account:
            return await account.check_token()

    access = settings.environment.access(timeout_s=settings.timeout)
    user = loop.run(ask(access))
    until = user.expires_at
    if as_json:
        detail = {
            "name": user.name,
            "email": user.email,
            "host": access.dashboard_url,
            "source": access.token_source,
            "expiresAt": until.isoformat() if until else None,
        }
        settings.console.document(json_text(detail))
        return
    name = " ".join(filter(None, (user.name, f"<{user.email}>" if user.email else "")))
    lines = [name or "a user without a name", f"at {access.dashboard_url}",
             f"by {access.token_source}"]  # fmt: skip
    if until is not None:
        left = until - datetime.now(UTC)
        lines.append(f"until {until:%Y-%m-%d %H:%M} UTC ({left.days} days left)")
    settings.console.result("\n".join(map(safe, lines)))
