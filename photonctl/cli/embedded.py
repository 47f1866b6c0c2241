"""``--emulator``: a local Photon for the length of one command, its state beside the manifest."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe

from msgspec import Struct

from photonctl.errors import PhotonctlError, UsageError
from photonctl.extras import install_command
from photonctl.model.secret import Secret
from photonctl.state_folder import state_folder


class Local(Struct, frozen=True, kw_only=True):
    """Where the embedded emulator listens, and the token it accepts."""

    url: str
    token: Secret


def require_emulator() -> None:
    """Make sure that the libraries of the extra are there.

    Raises:
        UsageError: they aren't.
    """
    if not all(find_spec(name) for name in ("jinja2", "starlette", "uvicorn")):
        raise UsageError(
            "the emulator isn't installed",
            hint=f"Install what it needs:\n  {install_command('emulator')}",
        )


@contextmanager
def embedded(folder: Path) -> Iterator[Local]:
    """Run an emulator on a free port of loopback until the block ends.

    Raises:
        UsageError: the emulator isn't installed.
        PhotonctlError: its state is in use, or isn't its own.
    """
    require_emulator()
    from photonctl.emulator.server import EmulatorError, Settings, running

    try:
        data = state_folder(folder) / "emulator.db"
    except OSError as error:
        raise PhotonctlError(f"the emulator's state can't be kept: {error}") from error
    try:
        with running(Settings(data=data, token=token_urlsafe(32), is_private=True)) as local:
            yield Local(url=local.url, token=Secret(local.token))
    except EmulatorError as error:
        raise PhotonctlError(f"the embedded emulator can't run: {error}") from error
